/*
 * Opens many connections to 127.0.0.1, puts one waiting call on each, and checks every answer.
 *
 * usage: park_load PORT COUNT WAIT_MS LIMIT_S HEAD TAIL
 * Connection i posts HEAD, the number i, TAIL to the execute-javascript endpoint; the answer must be
 * 200 with "result":2i. All connections exist before the first call is sent. Output, key=value: how
 * many were answered, how long connecting, sending and all of it took, when the first answer came
 * after the last call was sent (positive: all were waiting at once), and the longest one.
 *
 * Benchmark only. One thread; every buffer, loop and wait is bounded; LIMIT_S ends it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    COUNT_MAX = 20000,
    REQUEST_MAX = 4096,
    ANSWER_MAX = 1024,
    EVENT_MAX = 512,
    CONNECTING_MAX = 256, /* below every listen backlog, so that no connection request is dropped */
};

struct connection {
    int fd;
    bool is_open;
    bool is_answered;
    size_t sent_size;
    size_t answer_size;
    int64_t sent_ns;
    char answer[ANSWER_MAX + 1];
};

struct load {
    struct sockaddr_in address;
    uint32_t count;
    int64_t wait_ns;
    int64_t deadline_ns;
    const char *head;
    const char *tail;
    int epoll;
    uint32_t open_count;
    uint32_t sent_count;
    uint32_t answered_count;
    int64_t last_sent_ns;
    int64_t first_answer_ns;
    int64_t longest_ns;
    int64_t shortest_ns;
    struct connection *connections;
};

static void fail(const char *what, uint32_t index)
{
    fprintf(stderr, "park_load: connection %u: %s (%s)\n", index, what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec now = {0};
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        fail("clock_gettime", 0);
    }
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t number_parse(const char *text, int64_t low, int64_t high)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < low || value > high) {
        fprintf(stderr, "park_load: '%s' is not a number from %lld to %lld\n", text, (long long)low,
                (long long)high);
        exit(2);
    }
    return value;
}

static void files_allow(uint32_t count)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        fail("getrlimit", 0);
    }
    rlim_t wanted = (rlim_t)count + 64;
    if (limit.rlim_cur < wanted) {
        limit.rlim_cur = wanted;
        limit.rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            fail("the limit on open files cannot be raised", count);
        }
    }
}

static void events_want(struct load *load, uint32_t index, int operation, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u32 = index};
    if (epoll_ctl(load->epoll, operation, load->connections[index].fd, &event) != 0) {
        fail("epoll_ctl", index);
    }
}

static void connection_start(struct load *load, uint32_t index)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0) {
        fail("socket", index);
    }
    load->connections[index].fd = fd;
    if (connect(fd, (struct sockaddr *)&load->address, sizeof(load->address)) != 0 &&
        errno != EINPROGRESS) {
        fail("connect", index);
    }
    events_want(load, index, EPOLL_CTL_ADD, EPOLLOUT);
}

static size_t request_write(const struct load *load, uint32_t index, char *request)
{
    char value[16];
    int digits = snprintf(value, sizeof(value), "%u", index);
    size_t body_size = strlen(load->head) + (size_t)digits + strlen(load->tail);
    int size = snprintf(request, REQUEST_MAX,
                        "POST /api/v1/functions/execute-javascript HTTP/1.1\r\n"
                        "Host: 127.0.0.1\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s%s%s",
                        body_size, load->head, value, load->tail);
    if (size < 0 || size >= REQUEST_MAX) {
        fail("the request is too long", index);
    }
    return (size_t)size;
}

static void call_send(struct load *load, uint32_t index)
{
    struct connection *connection = &load->connections[index];
    char request[REQUEST_MAX];
    size_t size = request_write(load, index, request);
    ssize_t done = send(connection->fd, request + connection->sent_size,
                        size - connection->sent_size, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN && errno != EINTR) {
        fail("send", index);
    }
    connection->sent_size += done > 0 ? (size_t)done : 0;
    if (connection->sent_size < size) {
        events_want(load, index, EPOLL_CTL_MOD, EPOLLOUT | EPOLLIN);
        return;
    }
    connection->sent_ns = now_ns();
    load->last_sent_ns = connection->sent_ns;
    load->sent_count++;
    events_want(load, index, EPOLL_CTL_MOD, EPOLLIN);
}

/* Head and body are there when Content-Length bytes follow the empty line. */
static bool is_complete(const struct connection *connection)
{
    const char *body = strstr(connection->answer, "\r\n\r\n");
    const char *length = strcasestr(connection->answer, "\r\ncontent-length:");
    if (body == NULL || length == NULL || length > body) {
        return false;
    }
    unsigned long size = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    return connection->answer_size >= (size_t)(body + 4 - connection->answer) + size;
}

static void answer_check(struct load *load, uint32_t index)
{
    struct connection *connection = &load->connections[index];
    char number[64];
    char text[64];
    snprintf(number, sizeof(number), "\"result\":%u,", index * 2);
    snprintf(text, sizeof(text), "\"result\":\"%u\",", index * 2);
    if (strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0 ||
        (strstr(connection->answer, number) == NULL && strstr(connection->answer, text) == NULL)) {
        fprintf(stderr, "park_load: connection %u: wrong answer:\n%s\n", index, connection->answer);
        exit(1);
    }
    int64_t now = now_ns();
    int64_t took = now - connection->sent_ns;
    if (load->answered_count == 0) {
        load->first_answer_ns = now;
        load->shortest_ns = took;
    }
    load->shortest_ns = took < load->shortest_ns ? took : load->shortest_ns;
    load->longest_ns = took > load->longest_ns ? took : load->longest_ns;
    load->answered_count++;
    connection->is_answered = true;
    close(connection->fd);
}

static void answer_read(struct load *load, uint32_t index)
{
    struct connection *connection = &load->connections[index];
    ssize_t done = recv(connection->fd, connection->answer + connection->answer_size,
                        ANSWER_MAX - connection->answer_size, 0);
    if (done < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (done <= 0) {
        fail("closed before the answer was complete", index);
    }
    connection->answer_size += (size_t)done;
    connection->answer[connection->answer_size] = '\0';
    if (is_complete(connection)) {
        answer_check(load, index);
    } else if (connection->answer_size == ANSWER_MAX) {
        fail("the answer is too long", index);
    }
}

static void connection_opened(struct load *load, uint32_t index)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(load->connections[index].fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 ||
        error != 0) {
        errno = error != 0 ? error : errno;
        fail("connect", index);
    }
    load->connections[index].is_open = true;
    load->open_count++;
    events_want(load, index, EPOLL_CTL_MOD, 0);
}

static void event_handle(struct load *load, const struct epoll_event *event)
{
    uint32_t index = event->data.u32;
    struct connection *connection = &load->connections[index];
    if (!connection->is_open) {
        connection_opened(load, index);
    } else if ((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        answer_read(load, index);
    } else if (connection->sent_ns == 0) {
        call_send(load, index);
    }
}

static void events_wait(struct load *load)
{
    struct epoll_event events[EVENT_MAX];
    int count = epoll_wait(load->epoll, events, EVENT_MAX, 100);
    if (count < 0 && errno != EINTR) {
        fail("epoll_wait", 0);
    }
    if (now_ns() > load->deadline_ns) {
        fprintf(stderr, "park_load: out of time: %u open, %u sent, %u answered of %u\n",
                load->open_count, load->sent_count, load->answered_count, load->count);
        exit(1);
    }
    for (int i = 0; i < count; i++) {
        event_handle(load, &events[i]);
    }
}

static void connections_open(struct load *load)
{
    uint32_t started = 0;
    while (load->open_count < load->count) {
        while (started < load->count && started - load->open_count < CONNECTING_MAX) {
            connection_start(load, started++);
        }
        events_wait(load);
    }
}

static void calls_run(struct load *load)
{
    for (uint32_t i = 0; i < load->count; i++) {
        call_send(load, i);
    }
    while (load->answered_count < load->count) {
        events_wait(load);
    }
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: park_load PORT COUNT WAIT_MS LIMIT_S HEAD TAIL\n");
        return 2;
    }
    struct load load = {
        .address = {.sin_family = AF_INET,
                    .sin_port = htons((uint16_t)number_parse(argv[1], 1, UINT16_MAX)),
                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
        .count = (uint32_t)number_parse(argv[2], 1, COUNT_MAX),
        .wait_ns = number_parse(argv[3], 1, 60000) * 1000000,
        .head = argv[5],
        .tail = argv[6],
    };
    int64_t start_ns = now_ns();
    load.deadline_ns = start_ns + number_parse(argv[4], 1, 600) * 1000000000;
    files_allow(load.count);
    load.connections = calloc(load.count, sizeof(*load.connections));
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (load.connections == NULL || load.epoll < 0) {
        fail("no memory or no epoll", 0);
    }
    connections_open(&load);
    int64_t opened_ns = now_ns();
    printf("opened=%.3f\n", seconds(opened_ns - start_ns));
    fflush(stdout);
    calls_run(&load);
    int64_t end_ns = now_ns();
    if (load.shortest_ns < load.wait_ns) {
        fprintf(stderr, "park_load: an answer came before its timer\n");
        return 1;
    }
    printf("answered=%u\nsending=%.3f\noverlap=%.3f\nshortest=%.3f\nlongest=%.3f\nall=%.3f\n",
           load.answered_count, seconds(load.last_sent_ns - opened_ns),
           seconds(load.first_answer_ns - load.last_sent_ns), seconds(load.shortest_ns),
           seconds(load.longest_ns), seconds(end_ns - opened_ns));
    close(load.epoll);
    free(load.connections);
    return 0;
}
