#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/launcher/channel.h"
#include "host/launcher/find.h"
#include "host/launcher/output.h"
#include "host/launcher/probe.h"
#include "host/launcher/process.h"
#include "host/launcher/restart.h"

#define MS 1000000ULL

static char standin[PATH_MAX];

/* ---- The policy of restarts. */

static void pause_doubles_up_to_five_seconds(void **state)
{
    (void)state;
    struct nsl_restart restart = nsl_restart_of(100);
    const unsigned want[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000};
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        unsigned pause = 0;
        assert_true(nsl_restart_ended(&restart, 1, &pause));
        assert_int_equal(pause, want[i]);
    }
}

static void pause_falls_back_after_thirty_healthy_seconds(void **state)
{
    (void)state;
    struct nsl_restart restart = nsl_restart_of(3);
    unsigned pause = 0;
    assert_true(nsl_restart_ended(&restart, 1, &pause));
    assert_true(nsl_restart_ended(&restart, 1, &pause));
    nsl_restart_ready(&restart, 1000 * MS);
    assert_true(nsl_restart_ended(&restart, 30999 * MS, &pause));
    assert_int_equal(pause, 400);
    nsl_restart_ready(&restart, 50000 * MS);
    assert_true(nsl_restart_ended(&restart, 80000 * MS, &pause));
    assert_int_equal(pause, 100);
}

static void gives_up_after_failed_starts_in_a_row_only(void **state)
{
    (void)state;
    struct nsl_restart restart = nsl_restart_of(2);
    unsigned pause = 0;
    assert_true(nsl_restart_ended(&restart, 1, &pause));
    assert_true(nsl_restart_ended(&restart, 1, &pause));
    nsl_restart_ready(&restart, 5); /* READY in between: the count starts anew */
    for (int i = 0; i < 2; i++) {
        assert_true(nsl_restart_ended(&restart, 6, &pause));
    }
    assert_true(nsl_restart_ended(&restart, 6, &pause));
    pause = 77;
    assert_false(nsl_restart_ended(&restart, 6, &pause));
    assert_int_equal(pause, 77);
    struct nsl_restart never = nsl_restart_of(0);
    assert_false(nsl_restart_ended(&never, 1, &pause));
}

/* ---- What the enclave prints. */

struct lines {
    char text[16384];
    size_t size;
    int count;
    size_t longest;
};

static void keep(void *context, nsl_bytes line)
{
    struct lines *lines = context;
    assert_true(line.size <= NSL_OUTPUT_LINE_MAX);
    assert_int_equal(line.data[line.size - 1], '\n');
    for (size_t i = 0; i < line.size && lines->size < sizeof(lines->text) - 1; i++) {
        lines->text[lines->size++] = (char)line.data[i];
    }
    lines->count++;
    lines->longest = line.size > lines->longest ? line.size : lines->longest;
}

static void output_is_the_same_however_it_is_cut_up(void **state)
{
    (void)state;
    const char text[] = "one\n\ntwo \x1b[2Jx\ttab\x7f\xc3\xa9\r\n\0nul\nlast";
    const char want[] = "one\ntwo \\x1b[2Jx\\x09tab\\x7f\\xc3\\xa9\\x0d\n\\x00nul\nlast\n";
    for (size_t step = 1; step < sizeof(text); step++) {
        struct nsl_output output = {0};
        struct lines lines = {0};
        for (size_t at = 0; at < sizeof(text) - 1; at += step) {
            size_t size = sizeof(text) - 1 - at < step ? sizeof(text) - 1 - at : step;
            nsl_output_push(&output, nsl_bytes_of(text + at, size), keep, &lines);
        }
        nsl_output_end(&output, keep, &lines);
        nsl_output_end(&output, keep, &lines); /* nothing left */
        assert_string_equal(lines.text, want);
        assert_int_equal(lines.count, 4);
    }
}

static void output_cuts_lines_at_the_limit(void **state)
{
    (void)state;
    for (size_t size = NSL_OUTPUT_LINE_MAX - 10; size < NSL_OUTPUT_LINE_MAX + 10; size++) {
        struct nsl_output output = {0};
        struct lines lines = {0};
        for (size_t i = 0; i < size; i++) {
            nsl_output_push(&output, NSL_TEXT("x"), keep, &lines);
        }
        nsl_output_push(&output, NSL_TEXT("\nnext\n"), keep, &lines);
        assert_int_equal(lines.count, 2);
        bool is_cut = size > NSL_OUTPUT_LINE_MAX - 4;
        assert_int_equal(lines.longest, is_cut ? NSL_OUTPUT_LINE_MAX : size + 1);
        assert_true(is_cut == (strstr(lines.text, "x...\nnext\n") != NULL));
    }
    struct nsl_output output = {0};
    struct lines lines = {0};
    for (size_t i = 0; i < 3000; i++) {
        nsl_output_push(&output, NSL_TEXT("\x01"), keep, &lines); /* four bytes each */
    }
    nsl_output_end(&output, keep, &lines);
    assert_int_equal(lines.count, 1);
    assert_true(lines.longest <= NSL_OUTPUT_LINE_MAX);
    assert_non_null(strstr(lines.text, "\\x01...\n"));
}

/* ---- The child process and the channel. */

static int wait_end(struct nsl_process *process)
{
    struct timespec pause = {.tv_nsec = 2000000};
    for (int i = 0; i < 2500; i++) {
        int status;
        if (nsl_process_reap(process, &status)) {
            return status;
        }
        nanosleep(&pause, NULL);
    }
    fail_msg("the process did not end");
    return -1;
}

static struct nsl_control_message receive(int fd)
{
    struct nsl_control_message message;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, 5000), 1);
    assert_int_equal(nsl_channel_receive(fd, &message), NSL_OK);
    return message;
}

static struct nsl_process start(const char *behaviour)
{
    struct nsl_process process = NSL_PROCESS_NONE;
    assert_int_equal(nsl_process_start(standin, &process), NSL_OK);
    struct nsl_control_message settings = {.type = NSL_CONTROL_SETTINGS,
                                           .settings = nsl_bytes_text(behaviour)};
    assert_int_equal(nsl_channel_send(process.control_fd, &settings), NSL_OK);
    return process;
}

static void close_process(struct nsl_process *process)
{
    nsl_process_close_control(process);
    nsl_process_close_output(process);
    assert_int_equal(process->control_fd, -1);
}

static void start_ready_stop_and_exit(void **state)
{
    (void)state;
    struct nsl_process process = start("serve");
    struct nsl_control_message message;
    message = receive(process.control_fd);
    assert_int_equal(message.type, NSL_CONTROL_READY);
    assert_string_equal(message.ready.engine_version, "stand-in 1");
    assert_int_equal(nsl_channel_receive(process.control_fd, &message), NSL_ERR_AGAIN);
    struct nsl_control_message stop = {.type = NSL_CONTROL_STOP, .stop_ms = 1000};
    assert_int_equal(nsl_channel_send(process.control_fd, &stop), NSL_OK);
    assert_int_equal(receive(process.control_fd).type, NSL_CONTROL_STOPPED);
    int status = wait_end(&process);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(nsl_channel_receive(process.control_fd, &message), NSL_ERR_CLOSED);
    assert_int_equal(nsl_channel_send(process.control_fd, &stop), NSL_ERR_CLOSED);
    assert_false(nsl_process_reap(&process, &status)); /* once only */
    close_process(&process);
}

/* The answer to one connection, passed on as the host does it. */
static void ask(struct nsl_process *process, char *ret_text, size_t capacity)
{
    assert_int_equal(receive(process->control_fd).type, NSL_CONTROL_READY);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    struct nsl_channel_connection connection = {
        .fd = pair[1], .from = {.family = NSL_CONTROL_IPV4, .port = 99, .address = {1, 2, 3, 4}}};
    size_t sent = 0;
    assert_int_equal(nsl_channel_send_connections(process->control_fd, &connection, 1, &sent),
                     NSL_OK);
    assert_int_equal(sent, 1);
    close(pair[1]);
    assert_int_equal(write(pair[0], "GET\n", 4), 4);
    size_t size = 0;
    struct pollfd ready = {.fd = pair[0], .events = POLLIN};
    while (poll(&ready, 1, 5000) == 1) {
        ssize_t got = read(pair[0], ret_text + size, capacity - 1 - size);
        assert_true(got >= 0);
        if (got == 0) {
            break;
        }
        size += (size_t)got;
    }
    ret_text[size] = '\0';
    close(pair[0]);
}

static void child_gets_nothing_but_what_is_documented(void **state)
{
    (void)state;
    int stray = open("/dev/zero", O_RDONLY); /* not close-on-exec, as an inherited one would be */
    assert_true(stray >= 0);
    assert_int_equal(setenv("NSL_TEST_STRAY", "1", 1), 0);
    struct nsl_process process = start("surroundings");
    char text[8192];
    ask(&process, text, sizeof(text));
    assert_non_null(strstr(text, "port=99 address=1.2.3.4"));
    /* 4 is the connection itself. */
    assert_non_null(strstr(text, "env=0 stdin_null=1 death=1 blocked=0 leader=1 fds=0,1,2,3,4,"));
    assert_null(strstr(text, "fds=0,1,2,3,4,5"));
    close(stray);
    nsl_process_kill(&process);
    int status = wait_end(&process);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    close_process(&process);
}

static void enclave_dies_with_its_host(void **state)
{
    (void)state;
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    pid_t host = fork();
    if (host == 0) {
        struct nsl_process process = NSL_PROCESS_NONE;
        if (nsl_process_start(standin, &process) != NSL_OK) {
            _exit(1);
        }
        (void)!write(pair[1], &process.pid, sizeof(process.pid));
        sleep(60);
        _exit(0);
    }
    pid_t enclave = 0;
    assert_int_equal(read(pair[0], &enclave, sizeof(enclave)), sizeof(enclave));
    assert_int_equal(kill(enclave, 0), 0);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    struct timespec pause = {.tv_nsec = 2000000};
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)enclave);
    bool is_gone = false;
    for (int i = 0; i < 2500 && !is_gone; i++) {
        char line[256] = "";
        int fd = open(path, O_RDONLY);
        is_gone = fd < 0 || read(fd, line, sizeof(line) - 1) <= 0 ||
                  strstr(line, ") Z ") != NULL; /* nobody may be there to reap it */
        if (fd >= 0) {
            close(fd);
        }
        nanosleep(&pause, NULL);
    }
    assert_true(is_gone);
    close(pair[0]);
    close(pair[1]);
}

static void start_refuses_what_is_no_program(void **state)
{
    (void)state;
    struct nsl_process process = {.pid = 42};
    assert_int_equal(nsl_process_start("/nonexistent/enclave", &process), NSL_ERR_NOT_FOUND);
    assert_int_equal(nsl_process_start("/etc/passwd", &process), NSL_ERR_NOT_FOUND);
    assert_int_equal(process.pid, 42);
}

static void program_the_kernel_refuses_exits_with_127(void **state)
{
    (void)state;
    char path[] = "/tmp/nsl-launcher-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "no program\n", 11), 11);
    assert_int_equal(fchmod(fd, 0700), 0);
    close(fd);
    struct nsl_process process = NSL_PROCESS_NONE;
    assert_int_equal(nsl_process_start(path, &process), NSL_OK);
    int status = wait_end(&process);
    assert_int_equal(WEXITSTATUS(status), 127);
    char text[128] = "";
    assert_true(read(process.output_fd, text, sizeof(text) - 1) > 0);
    assert_string_equal(text, "Exec format error");
    close_process(&process);
    unlink(path);
}

static void channel_refuses_each_lie(void **state)
{
    (void)state;
    static const char *const lies[] = {"short_ready", "long_ready",    "ready_size_lies",
                                       "tiny_packet", "other_version", "unknown_type",
                                       "host_type",   "huge_packet"};
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        struct nsl_process process = start(lies[i]);
        struct pollfd ready = {.fd = process.control_fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, 5000), 1);
        struct nsl_control_message message;
        assert_int_equal(nsl_channel_receive(process.control_fd, &message), NSL_ERR_BAD_MESSAGE);
        nsl_process_kill(&process);
        wait_end(&process);
        close_process(&process);
    }
}

static nsl_err probe(const char *behaviour, struct nsl_control_ready *ret_ready)
{
    return nsl_probe_enclave(standin, nsl_bytes_text(behaviour), 300, ret_ready);
}

static void probe_asks_and_ends_what_it_started(void **state)
{
    (void)state;
    struct nsl_control_ready ready = {0};
    assert_int_equal(probe("walls", &ready), NSL_OK);
    assert_string_equal(ready.engine_version, "stand-in 1");
    assert_int_equal(ready.missing_walls, 3);
    assert_int_equal(probe("flood", &ready), NSL_OK); /* more output than a pipe holds */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    assert_int_equal(errno, ECHILD);
}

static void probe_reports_silence_crashes_and_lies(void **state)
{
    (void)state;
    struct nsl_control_ready ready = {.gas_version = 77};
    assert_int_equal(probe("never_ready", &ready), NSL_ERR_TIMEOUT);
    assert_int_equal(probe("crash_at_start", &ready), NSL_ERR_CLOSED);
    assert_int_equal(probe("long_ready", &ready), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(probe("full_before_ready", &ready), NSL_ERR_BAD_MESSAGE);
    assert_int_equal(nsl_probe_enclave("/nonexistent", NSL_TEXT("x"), 300, &ready),
                     NSL_ERR_NOT_FOUND);
    assert_int_equal(ready.gas_version, 77);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* ---- Looking for the program. */

static void find_takes_the_path_asked_for_or_says_where_it_looked(void **state)
{
    (void)state;
    char path[PATH_MAX];
    assert_int_equal(nsl_find_enclave(standin, path, sizeof(path)), NSL_OK);
    assert_string_equal(path, standin);
    assert_int_equal(nsl_find_enclave("/nonexistent", path, sizeof(path)), NSL_ERR_NOT_FOUND);
    assert_string_equal(path, "/nonexistent");
    assert_int_equal(nsl_find_enclave("/tmp", path, sizeof(path)), NSL_ERR_NOT_FOUND);
    assert_int_equal(nsl_find_enclave(standin, path, 4), NSL_ERR_TOO_LARGE);
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
        cmocka_unit_test(pause_doubles_up_to_five_seconds),
        cmocka_unit_test(pause_falls_back_after_thirty_healthy_seconds),
        cmocka_unit_test(gives_up_after_failed_starts_in_a_row_only),
        cmocka_unit_test(output_is_the_same_however_it_is_cut_up),
        cmocka_unit_test(output_cuts_lines_at_the_limit),
        cmocka_unit_test(start_ready_stop_and_exit),
        cmocka_unit_test(child_gets_nothing_but_what_is_documented),
        cmocka_unit_test(enclave_dies_with_its_host),
        cmocka_unit_test(start_refuses_what_is_no_program),
        cmocka_unit_test(program_the_kernel_refuses_exits_with_127),
        cmocka_unit_test(channel_refuses_each_lie),
        cmocka_unit_test(probe_asks_and_ends_what_it_started),
        cmocka_unit_test(probe_reports_silence_crashes_and_lies),
        cmocka_unit_test(find_takes_the_path_asked_for_or_says_where_it_looked),
    };
    if (!find_standin()) {
        fprintf(stderr, "no enclave_standin beside this program\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
