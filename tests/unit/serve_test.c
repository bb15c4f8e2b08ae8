/* The whole host against a stand-in enclave that behaves and misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/wire/control.h"
#include "host/serve/serve.h"

#define WAIT_MS 10000 /* nothing here takes long; this is when a test gives up */

static char standin[PATH_MAX];

struct host {
    pid_t pid;
    int announce_fd;
    int log_fd;
    uint16_t port;
    char log[65536];
    size_t log_size;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void run_child(const char *behaviour, unsigned max_restarts, int announce_fd, int log_fd)
{
    struct nsl_serve_options options = {.enclave_path = standin,
                                        .listen_address = "127.0.0.1",
                                        .https_port = NSL_SERVE_OFF,
                                        .max_restarts = max_restarts,
                                        .ready_ms = 500,
                                        .stop_ms = 600,
                                        .settings = nsl_bytes_text(behaviour),
                                        .announce_fd = announce_fd,
                                        .log_fd = log_fd};
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing behind */
    nsl_log_init(log_fd, NSL_LOG_INFO, "host");
    enum nsl_serve_end end;
    struct nsl_serve_failure failure;
    nsl_err err = nsl_serve_run(&options, &end, &failure);
    _exit(err == NSL_OK ? 10 + (int)end : 50);
}

static void begin(struct host *host, const char *behaviour, unsigned max_restarts)
{
    int announce[2];
    int log[2];
    assert_int_equal(pipe2(announce, O_CLOEXEC), 0);
    assert_int_equal(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
    *host = (struct host){.announce_fd = announce[0], .log_fd = log[0]};
    host->pid = fork();
    if (host->pid == 0) {
        run_child(behaviour, max_restarts, announce[1], log[1]);
    }
    close(announce[1]);
    close(log[1]);
}

static void await_listening(struct host *host)
{
    char line[128] = "";
    size_t size = 0;
    struct pollfd ready = {.fd = host->announce_fd, .events = POLLIN};
    while (strchr(line, '\n') == NULL) {
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        ssize_t got = read(host->announce_fd, line + size, sizeof(line) - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
    }
    assert_memory_equal(line, "listening on http://127.0.0.1:", 30);
    host->port = (uint16_t)strtoul(line + 30, NULL, 10);
}

static void read_log(struct host *host)
{
    ssize_t got;
    while ((got = read(host->log_fd, host->log + host->log_size,
                       sizeof(host->log) - 1 - host->log_size)) > 0) {
        host->log_size += (size_t)got;
    }
    host->log[host->log_size] = '\0';
}

/* Waits until text stands in the log; how often it does. */
static int await_log(struct host *host, const char *text, int count)
{
    struct timespec pause = {.tv_nsec = 5000000};
    uint64_t until = now_ms() + WAIT_MS;
    int found = 0;
    while (now_ms() < until) {
        read_log(host);
        found = 0;
        for (const char *at = host->log; (at = strstr(at, text)) != NULL; at++) {
            found++;
        }
        if (found >= count) {
            return found;
        }
        nanosleep(&pause, NULL);
    }
    fail_msg("'%s' is only %d times in the log:\n%s", text, found, host->log);
    return found;
}

/* The host's exit code: 10 stopped, 11 killed, 12 gave up. */
static int await_end(struct host *host)
{
    struct timespec pause = {.tv_nsec = 5000000};
    uint64_t until = now_ms() + WAIT_MS;
    int status = -1;
    while (waitpid(host->pid, &status, WNOHANG) == 0) {
        if (now_ms() > until) {
            kill(host->pid, SIGKILL);
            fail_msg("the host did not end");
        }
        nanosleep(&pause, NULL);
    }
    read_log(host);
    close(host->announce_fd);
    close(host->log_fd);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int stop(struct host *host)
{
    kill(host->pid, SIGTERM);
    return await_end(host);
}

static int dial(const struct host *host)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(host->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    (void)!send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
    return fd;
}

/* Size of the answer; 0: the connection ended without one. */
static size_t read_answer(int fd, char *ret_text, size_t capacity)
{
    size_t size = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    ssize_t got = 1;
    while (got > 0) {
        assert_int_equal(poll(&ready, 1, WAIT_MS), 1);
        got = read(fd, ret_text + size, capacity - 1 - size);
        size += got > 0 ? (size_t)got : 0;
    }
    ret_text[size] = '\0';
    close(fd);
    return size;
}

static void expect_answer(const struct host *host)
{
    char text[4096];
    assert_true(read_answer(dial(host), text, sizeof(text)) > 0);
    assert_memory_equal(text, "HTTP/1.1 200 OK", 15);
}

/* ---- Tests. */

static void serves_and_stops_in_order(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "walls", 5);
    await_listening(&host);
    for (int i = 0; i < 100; i++) {
        expect_answer(&host);
    }
    char text[4096];
    read_answer(dial(&host), text, sizeof(text));
    assert_non_null(strstr(text, "kind=0 family=4"));
    assert_non_null(strstr(text, "address=127.0.0.1 nonblock=1 nodelay=1"));
    await_log(&host, "event=wall_missing wall=\"user namespace\"", 1);
    await_log(&host, "event=wall_missing wall=\"process namespace\"", 1);
    assert_int_equal(stop(&host), 10);
    assert_non_null(strstr(host.log, "event=enclave_stopped"));
    assert_null(strstr(host.log, "event=enclave_ended"));
    assert_null(strstr(host.log, "enclave_killed"));
}

static void waits_for_a_slow_ready(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "slow_ready", 0);
    await_listening(&host);
    expect_answer(&host);
    assert_int_equal(stop(&host), 10);
}

static void stop_kills_an_enclave_that_ignores_it(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "ignores_stop", 5);
    await_listening(&host);
    uint64_t before = now_ms();
    assert_int_equal(stop(&host), 11);
    assert_in_range(now_ms() - before, 590, 3000);
    assert_non_null(strstr(host.log, "reason=\"not_stopped_in_time\""));
}

static void second_signal_kills_at_once(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "ignores_stop", 5);
    await_listening(&host);
    uint64_t before = now_ms();
    kill(host.pid, SIGINT);
    await_log(&host, "event=stop", 1);
    kill(host.pid, SIGINT);
    assert_int_equal(await_end(&host), 11);
    assert_true(now_ms() - before < 590);
    assert_non_null(strstr(host.log, "reason=\"second_signal\""));
}

static void stop_without_the_stopped_message_is_fine(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "ends_silently", 5);
    await_listening(&host);
    assert_int_equal(stop(&host), 10);
}

static void stop_works_before_ready_and_between_starts(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "never_ready", 5);
    await_log(&host, "event=enclave_started", 1);
    assert_int_equal(stop(&host), 10);
    begin(&host, "crash_at_start", 50);
    await_log(&host, "after_ms=800", 1);
    assert_int_equal(stop(&host), 10);
}

static void crash_is_followed_by_a_new_enclave_on_the_same_port(void **state)
{
    (void)state;
    static const char *const behaviours[] = {"crash_on_first", "crash_by_signal"};
    static const char *const ends[] = {"status=\"exit 7\"", "status=\"signal 15\""};
    for (size_t i = 0; i < 2; i++) {
        struct host host;
        char text[4096];
        begin(&host, behaviours[i], 1);
        await_listening(&host);
        assert_int_equal(read_answer(dial(&host), text, sizeof(text)), 0);
        await_log(&host, ends[i], 1);
        /* Each of these ends one more enclave; READY in between keeps the host going. */
        for (int ready = 2; ready <= 4; ready++) {
            await_log(&host, "event=enclave_ready", ready);
            assert_int_equal(read_answer(dial(&host), text, sizeof(text)), 0);
        }
        assert_int_equal(stop(&host), 10);
    }
}

static void gives_up_when_the_enclave_never_becomes_ready(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "crash_at_start", 3);
    assert_int_equal(await_end(&host), 12);
    assert_int_equal(await_log(&host, "event=enclave_started", 4), 4);
    assert_non_null(strstr(host.log, "event=enclave_given_up starts=4"));
}

static void enclave_that_says_nothing_is_killed(void **state)
{
    (void)state;
    struct host host;
    uint64_t before = now_ms();
    begin(&host, "never_ready", 0);
    assert_int_equal(await_end(&host), 12);
    assert_in_range(now_ms() - before, 490, 5000);
    assert_non_null(strstr(host.log, "reason=\"not_ready_in_time\""));
}

static void each_lie_before_ready_ends_the_enclave(void **state)
{
    (void)state;
    static const char *const lies[] = {
        "short_ready",  "long_ready", "ready_size_lies", "tiny_packet",       "other_version",
        "unknown_type", "host_type",  "huge_packet",     "full_before_ready", "stopped_unasked"};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct host host;
        begin(&host, lies[i], 0);
        assert_int_equal(await_end(&host), 12);
        assert_non_null(strstr(host.log, "event=enclave_killed"));
        assert_non_null(strstr(host.log, "reason=\"message_"));
        assert_null(strstr(host.log, "event=enclave_ready"));
    }
}

static void each_lie_after_ready_ends_the_enclave_and_a_new_one_serves(void **state)
{
    (void)state;
    static const char *const lies[] = {"full_twice", "resume_unasked", "sends_descriptor",
                                       "closes_control"};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct host host;
        begin(&host, lies[i], 0);
        await_listening(&host);
        expect_answer(&host);
        await_log(&host, "event=enclave_killed", 1);
        await_log(&host, "event=enclave_ready", 2);
        expect_answer(&host);
        assert_int_equal(await_log(&host, "event=enclave_ready", 2) >= 2, 1);
        kill(host.pid, SIGTERM);
        assert_in_range(await_end(&host), 10, 11);
    }
}

static void ready_twice_ends_the_enclave(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "ready_twice", 0);
    await_log(&host, "reason=\"message_out_of_turn\"", 2);
    assert_in_range(stop(&host), 10, 11);
}

static void full_stops_connections_until_resume(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "full", 5);
    await_listening(&host);
    expect_answer(&host);
    await_log(&host, "event=full queue=\"connections\"", 1);
    uint64_t before = now_ms();
    expect_answer(&host); /* waits in the backlog */
    assert_in_range(now_ms() - before, 100, 5000);
    expect_answer(&host);
    assert_int_equal(stop(&host), 10);
}

static void many_clients_wait_for_a_slow_enclave_and_none_is_lost(void **state)
{
    (void)state;
    enum { CLIENTS = 400 };
    static int clients[CLIENTS];
    struct host host;
    begin(&host, "slow", 5);
    await_listening(&host);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = dial(&host);
    }
    for (int i = 0; i < CLIENTS; i++) {
        char text[4096];
        assert_true(read_answer(clients[i], text, sizeof(text)) > 0);
    }
    assert_int_equal(stop(&host), 10);
}

static void clients_that_come_while_the_enclave_is_away_are_answered(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "closes_control", 5);
    await_listening(&host);
    expect_answer(&host); /* the enclave goes away after each */
    for (int i = 1; i <= 3; i++) {
        await_log(&host, "event=enclave_killed", i);
        expect_answer(&host);
    }
    assert_in_range(stop(&host), 10, 11);
}

static void what_the_enclave_prints_is_escaped_and_cut(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "print", 5);
    await_listening(&host);
    await_log(&host, "event=hello\n\\x1b[31mred\\x1b[0m \\xc3\\xa9 tab\\x09here\nxxx", 1);
    await_log(&host, "xxx...\n", 1);
    assert_null(strchr(host.log, '\x1b'));
    assert_int_equal(stop(&host), 10);
    assert_non_null(strstr(host.log, "\nlast line without end\n"));
}

static void unread_log_does_not_stop_the_service(void **state)
{
    (void)state;
    struct host host;
    begin(&host, "flood", 5);
    await_listening(&host); /* READY comes behind 3 MB of output that this test does not read */
    expect_answer(&host);
    assert_int_equal(stop(&host), 10);
}

static void begin_reports_what_failed(void **state)
{
    (void)state;
    enum nsl_serve_end end = NSL_SERVE_GAVE_UP;
    struct nsl_serve_failure failure = {0};
    struct nsl_serve_options options = {.enclave_path = "/nonexistent/enclave",
                                        .listen_address = "127.0.0.1",
                                        .https_port = NSL_SERVE_OFF};
    assert_int_equal(nsl_serve_run(&options, &end, &failure), NSL_ERR_NOT_FOUND);
    assert_string_equal(failure.what, "find the enclave program");
    options.listen_address = "example";
    assert_int_equal(nsl_serve_run(&options, &end, &failure), NSL_ERR_BAD_ARGUMENT);
    options.listen_address = "192.0.2.1"; /* not ours */
    assert_int_equal(nsl_serve_run(&options, &end, &failure), NSL_ERR_IO);
    assert_string_equal(failure.what, "listen for HTTP");
    assert_true(failure.number != 0);
    assert_int_equal(end, NSL_SERVE_GAVE_UP);
}

static bool find_standin(void)
{
    ssize_t size = readlink("/proc/self/exe", standin, sizeof(standin) - 32);
    char *slash = size > 0 ? strrchr(standin, '/') : NULL;
    if (slash == NULL) {
        return false;
    }
    snprintf(slash, 32, "/enclave_standin");
    return access(standin, X_OK) == 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_and_stops_in_order),
        cmocka_unit_test(waits_for_a_slow_ready),
        cmocka_unit_test(stop_kills_an_enclave_that_ignores_it),
        cmocka_unit_test(second_signal_kills_at_once),
        cmocka_unit_test(stop_without_the_stopped_message_is_fine),
        cmocka_unit_test(stop_works_before_ready_and_between_starts),
        cmocka_unit_test(crash_is_followed_by_a_new_enclave_on_the_same_port),
        cmocka_unit_test(gives_up_when_the_enclave_never_becomes_ready),
        cmocka_unit_test(enclave_that_says_nothing_is_killed),
        cmocka_unit_test(each_lie_before_ready_ends_the_enclave),
        cmocka_unit_test(each_lie_after_ready_ends_the_enclave_and_a_new_one_serves),
        cmocka_unit_test(ready_twice_ends_the_enclave),
        cmocka_unit_test(full_stops_connections_until_resume),
        cmocka_unit_test(many_clients_wait_for_a_slow_enclave_and_none_is_lost),
        cmocka_unit_test(clients_that_come_while_the_enclave_is_away_are_answered),
        cmocka_unit_test(what_the_enclave_prints_is_escaped_and_cut),
        cmocka_unit_test(unread_log_does_not_stop_the_service),
        cmocka_unit_test(begin_reports_what_failed),
    };
    if (!find_standin()) {
        fprintf(stderr, "no enclave_standin beside this program\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
