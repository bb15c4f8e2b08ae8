/*
 * Stands in for the enclave in tests of the host: speaks the control channel and behaves, or
 * misbehaves, as the settings say. The settings are one word, a row of `behaviours` below; the HTTP
 * answer to every connection is what the test wants to look at.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/wire/control.h"

extern char **environ;

static char behaviour[64];

static bool is_behaviour(const char *name)
{
    return strcmp(behaviour, name) == 0;
}

static void sleep_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void send_raw(const void *packet, size_t size)
{
    if (send(NSL_CONTROL_FD, packet, size, MSG_NOSIGNAL) < 0) {
        _exit(90);
    }
}

static void send_message(const struct nsl_control_message *message)
{
    uint8_t packet[NSL_CONTROL_SMALL_MAX];
    size_t size;
    if (nsl_control_encode(message, packet, sizeof(packet), &size) != NSL_OK) {
        _exit(91);
    }
    send_raw(packet, size);
}

static void send_empty(enum nsl_control_type type)
{
    struct nsl_control_message message = {.type = type};
    send_message(&message);
}

static void send_ready(void)
{
    struct nsl_control_message ready = {.type = NSL_CONTROL_READY,
                                        .ready = {.missing_walls = is_behaviour("walls") ? 0x3 : 0,
                                                  .gas_version = 1,
                                                  .engine_version = "stand-in 1"}};
    send_message(&ready);
}

/* One packet; the descriptor that came along or -1. Ends the process at end of file. */
static int receive(struct nsl_control_message *ret_message)
{
    static uint8_t packet[NSL_CONTROL_PACKET_MAX];
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = packet, .iov_len = sizeof(packet)};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof(control.space)};
    ssize_t size = recvmsg(NSL_CONTROL_FD, &header, 0);
    if (size <= 0) {
        _exit(0);
    }
    if (nsl_control_decode(nsl_bytes_of(packet, (size_t)size), NSL_CONTROL_FROM_HOST,
                           ret_message) != NSL_OK) {
        _exit(92);
    }
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    return rights == NULL ? -1 : *(int *)(void *)CMSG_DATA(rights);
}

/* ---- What the enclave was started with, as text. */

static void describe_surroundings(FILE *out)
{
    struct stat null_info;
    struct stat stdin_info;
    fstat(STDIN_FILENO, &stdin_info);
    stat("/dev/null", &null_info);
    int death_signal = 0;
    prctl(PR_GET_PDEATHSIG, &death_signal);
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    int blocked = 0;
    for (int number = 1; number < NSIG; number++) {
        blocked += sigismember(&mask, number) == 1;
    }
    size_t variables = 0;
    while (environ[variables] != NULL) {
        variables++;
    }
    fprintf(out, "env=%zu stdin_null=%d death=%d blocked=%d leader=%d fds=", variables,
            stdin_info.st_rdev == null_info.st_rdev, death_signal == SIGKILL, blocked,
            getsid(0) == getpid());
    for (int fd = 0; fd < 1024; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) {
            fprintf(out, "%d,", fd);
        }
    }
}

static void describe(const struct nsl_control_message *message, int fd, FILE *out)
{
    int nodelay = 0;
    socklen_t size = sizeof(nodelay);
    getsockopt(fd, 6 /* TCP */, 1 /* TCP_NODELAY */, &nodelay, &size);
    fprintf(out, "pid=%d kind=%u family=%u port=%u address=%u.%u.%u.%u nonblock=%d nodelay=%d\n",
            (int)getpid(), message->connection.kind, message->connection.family,
            message->connection.port, message->connection.address[0],
            message->connection.address[1], message->connection.address[2],
            message->connection.address[3], (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0, nodelay != 0);
}

static void answer(const struct nsl_control_message *message, int fd)
{
    static char body[4096];
    static char text[8192];
    FILE *out = fmemopen(body, sizeof(body), "w");
    describe(message, fd, out);
    if (is_behaviour("surroundings")) {
        describe_surroundings(out);
    }
    fclose(out);
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char request[4096];
    if (poll(&ready, 1, 5000) != 1 || read(fd, request, sizeof(request)) <= 0) {
        close(fd);
        return;
    }
    int size = snprintf(text, sizeof(text),
                        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                        strlen(body), body);
    (void)!write(fd, text, (size_t)size);
    shutdown(fd, SHUT_WR);
    close(fd);
}

/* ---- Lies, told instead of READY. */

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
} lies[] = {
#define LIE(name, text)                                                                            \
    {                                                                                              \
        name, text, sizeof(text) - 1                                                               \
    }
    LIE("short_ready", "\1\x10\0\0\x0b\0\0\0\0\0\0\0\1\0q\1\0\0"),
    LIE("long_ready", "\1\x10\0\0\x0b\0\0\0\0\0\0\0\1\0q\1\0\0\0!"),
    LIE("ready_size_lies", "\1\x10\0\0\x0b\0\0\0\0\0\0\0\xff\xffq\1\0\0\0"),
    LIE("tiny_packet", "\1"),
    LIE("other_version", "\2\x10\0\0\x0b\0\0\0\0\0\0\0\1\0q\1\0\0\0"),
    LIE("unknown_type", "\1\x63\0\0\0\0\0\0"),
    LIE("host_type", "\1\2\0\0\0\0\0\0"),
    LIE("full_before_ready", "\1\x11\0\0\0\0\0\0"),
    LIE("stopped_unasked", "\1\x13\0\0\0\0\0\0"),
#undef LIE
};

static bool tell_lie(void)
{
    static const char huge[60000] = {1, 16};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        if (is_behaviour(lies[i].name)) {
            send_raw(lies[i].bytes, lies[i].size);
            return true;
        }
    }
    if (is_behaviour("huge_packet")) {
        send_raw(huge, sizeof(huge));
        return true;
    }
    return false;
}

static void send_descriptor(void)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char packet[] = "\1\x11\0\0\0\0\0";
    struct iovec part = {.iov_base = packet, .iov_len = 8};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control.space,
                            .msg_controllen = sizeof(control.space)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    *(int *)(void *)CMSG_DATA(rights) = STDIN_FILENO;
    (void)!sendmsg(NSL_CONTROL_FD, &header, MSG_NOSIGNAL);
}

static void print_things(void)
{
    if (is_behaviour("print")) {
        printf("event=hello\n\n\x1b[31mred\x1b[0m \xc3\xa9 tab\there\n");
        for (int i = 0; i < 10000; i++) {
            putchar('x');
        }
        printf("\nlast line without end");
        fflush(stdout);
    }
    for (int i = 0; is_behaviour("flood") && i < 50000; i++) {
        printf("line %d of a flood that nobody reads, long enough to fill every pipe\n", i);
    }
    fflush(stdout);
}

/* ---- Serving. */

static int connections;

static void on_connection(const struct nsl_control_message *message, int fd)
{
    connections++;
    if (is_behaviour("crash_on_first")) {
        _exit(7);
    }
    if (is_behaviour("crash_by_signal")) {
        raise(SIGTERM);
    }
    if (is_behaviour("slow")) {
        sleep_ms(5);
    }
    answer(message, fd);
    if (is_behaviour("full") && connections == 1) {
        send_empty(NSL_CONTROL_FULL);
        sleep_ms(400);
        send_empty(NSL_CONTROL_RESUME);
    }
    if (is_behaviour("full_twice")) {
        send_empty(NSL_CONTROL_FULL);
        send_empty(NSL_CONTROL_FULL);
    }
    if (is_behaviour("resume_unasked")) {
        send_empty(NSL_CONTROL_RESUME);
    }
    if (is_behaviour("sends_descriptor")) {
        send_descriptor();
    }
    if (is_behaviour("closes_control")) {
        close(NSL_CONTROL_FD);
        sleep_ms(60000);
    }
}

static void on_stop(void)
{
    if (is_behaviour("ignores_stop")) {
        sleep_ms(60000);
    }
    if (!is_behaviour("ends_silently")) {
        send_empty(NSL_CONTROL_STOPPED);
    }
    _exit(0);
}

int main(void)
{
    struct nsl_control_message message;
    receive(&message);
    if (message.type != NSL_CONTROL_SETTINGS || message.settings.size >= sizeof(behaviour)) {
        return 93;
    }
    for (size_t i = 0; i < message.settings.size; i++) {
        behaviour[i] = (char)message.settings.data[i];
    }
    if (is_behaviour("crash_at_start")) {
        return 9;
    }
    if (is_behaviour("slow_ready")) {
        sleep_ms(300);
    }
    print_things();
    if (!is_behaviour("never_ready") && !tell_lie()) {
        send_ready();
    }
    if (is_behaviour("ready_twice")) {
        send_ready();
    }
    for (;;) {
        int fd = receive(&message);
        if (message.type == NSL_CONTROL_CONNECTION && fd >= 0) {
            on_connection(&message, fd);
        } else if (message.type == NSL_CONTROL_STOP) {
            on_stop();
        } else {
            return 94;
        }
    }
}
