#include "enclave/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/wire/ring.h"
#include "enclave/role.h"
#include "enclave/runner/runner.h"
#include "enclave/wire/init_messages.h"

enum {
    RUNNERS_MAX = 256,
    LARGE_SIZE_MAX = 1 << 28,
    ORDERLY_END_MS = 1000,
    ORDERLY_STEP_MS = 5,
};

enum child { CHILD_KEEPER, CHILD_GATEWAY, CHILD_ZYGOTE, CHILD_COUNT };

struct runner_entry {
    uint32_t id;
    pid_t pid; /* 0 until the zygote answered */
    bool is_doomed;
};

struct init_state {
    pid_t pids[CHILD_COUNT];
    int channels[CHILD_COUNT];
    bool is_ready[CHILD_COUNT];
    uint32_t missing_walls;
    uint32_t large_size;
    struct runner_entry runners[RUNNERS_MAX];
    size_t runner_count;
    int exit_status; /* of the gateway, which decides the enclave's */
};

static const char *const child_names[CHILD_COUNT] = {"keeper", "gateway", "zygote"};

/* ---- Runners ---- */

static struct runner_entry *find_runner(struct init_state *state, uint32_t id)
{
    for (size_t index = 0; index < state->runner_count; index++) {
        if (state->runners[index].id == id) {
            return &state->runners[index];
        }
    }
    return NULL;
}

static nsl_err tell_exited(struct init_state *state, struct runner_entry *entry, int status)
{
    struct nsl_init_message message = {
        .type = NSL_INIT_RUNNER_EXITED,
        .runner_id = entry->id,
        .value = (uint32_t)status,
    };
    *entry = state->runners[--state->runner_count];
    return nsl_init_send(state->channels[CHILD_GATEWAY], &message);
}

static void close_all(int *fds, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        if (fds[index] >= 0) {
            (void)close(fds[index]);
        }
    }
}

/* Rings and event descriptor; the memory can never change its size again. */
static nsl_err make_runner_fds(uint32_t large_size, int ret_fds[NSL_RUNNER_FD_COUNT])
{
    int memory = memfd_create("nsl-rings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int to_gateway = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int fds[NSL_RUNNER_FD_COUNT] = {memory, to_gateway};
    if (memory < 0 || to_gateway < 0 ||
        ftruncate(memory, (off_t)nsl_runner_memory_size(large_size)) != 0 ||
        fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        close_all(fds, NSL_RUNNER_FD_COUNT);
        return NSL_ERR_IO;
    }
    memcpy(ret_fds, fds, sizeof(fds));
    return NSL_OK;
}

static nsl_err start_runner(struct init_state *state, uint32_t id)
{
    if (state->large_size == 0 || id == 0 || find_runner(state, id) != NULL ||
        state->runner_count == RUNNERS_MAX) {
        return NSL_ERR_BAD_MESSAGE;
    }
    struct nsl_init_message fork_order = {
        .type = NSL_INIT_FORK,
        .runner_id = id,
        .value = state->large_size,
        .fd_count = NSL_RUNNER_FD_COUNT,
    };
    NSL_TRY(make_runner_fds(state->large_size, fork_order.fds));
    struct nsl_init_message started = fork_order;
    started.type = NSL_INIT_RUNNER_STARTED;
    state->runners[state->runner_count++] = (struct runner_entry){.id = id};
    nsl_err err = nsl_init_send(state->channels[CHILD_ZYGOTE], &fork_order);
    if (err == NSL_OK) {
        err = nsl_init_send(state->channels[CHILD_GATEWAY], &started);
    }
    close_all(fork_order.fds, NSL_RUNNER_FD_COUNT);
    return err;
}

static nsl_err kill_runner(struct init_state *state, uint32_t id)
{
    struct runner_entry *entry = find_runner(state, id);
    if (entry == NULL) {
        return NSL_OK; /* its end is already on the way to the gateway */
    }
    entry->is_doomed = true;
    if (entry->pid != 0) {
        (void)kill(entry->pid, SIGKILL);
    }
    return NSL_OK;
}

static nsl_err note_forked(struct init_state *state, const struct nsl_init_message *message)
{
    struct runner_entry *entry = find_runner(state, message->runner_id);
    if (entry == NULL || entry->pid != 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (message->value == 0) {
        return tell_exited(state, entry, 0);
    }
    entry->pid = (pid_t)message->value;
    if (entry->is_doomed) {
        (void)kill(entry->pid, SIGKILL);
    }
    return NSL_OK;
}

/* ---- Messages ---- */

static nsl_err note_ready(struct init_state *state, enum child child, uint32_t missing_walls)
{
    if (state->is_ready[child]) {
        return NSL_ERR_BAD_MESSAGE;
    }
    state->is_ready[child] = true;
    state->missing_walls |= missing_walls;
    for (size_t index = 0; index < CHILD_COUNT; index++) {
        if (!state->is_ready[index]) {
            return NSL_OK;
        }
    }
    struct nsl_init_message all = {.type = NSL_INIT_ALL_READY, .value = state->missing_walls};
    return nsl_init_send(state->channels[CHILD_GATEWAY], &all);
}

static nsl_err handle(struct init_state *state, enum child child,
                      const struct nsl_init_message *message)
{
    switch (message->type) {
    case NSL_INIT_KEEPER_READY:
    case NSL_INIT_GATEWAY_READY:
    case NSL_INIT_ZYGOTE_READY:
        return note_ready(state, child, message->value);
    case NSL_INIT_LARGE_SIZE:
        if (message->value > LARGE_SIZE_MAX) {
            return NSL_ERR_BAD_MESSAGE;
        }
        state->large_size = message->value;
        return NSL_OK;
    case NSL_INIT_START_RUNNER:
        return start_runner(state, message->runner_id);
    case NSL_INIT_KILL_RUNNER:
        return kill_runner(state, message->runner_id);
    case NSL_INIT_FORKED:
        return note_forked(state, message);
    default:
        return NSL_ERR_BAD_MESSAGE;
    }
}

static nsl_err read_channel(struct init_state *state, enum child child)
{
    static const enum nsl_role roles[CHILD_COUNT] = {NSL_ROLE_KEEPER, NSL_ROLE_GATEWAY,
                                                     NSL_ROLE_ZYGOTE};
    struct nsl_init_message message;
    nsl_err err = nsl_init_receive(state->channels[child], NSL_CHANNEL_POLL, roles[child],
                                   NSL_ROLE_INIT, &message);
    if (err == NSL_ERR_AGAIN) {
        return NSL_OK;
    }
    NSL_TRY(err);
    return handle(state, child, &message);
}

/* ---- Children ---- */

static void report_end(enum child child, pid_t pid, int status)
{
    nsl_log(NSL_EVENT_role_ended, NSL_LOG_TEXT("role", child_names[child]), NSL_LOG_I64("pid", pid),
            NSL_LOG_I64("status", status));
}

/* The keeper ends in order when the gateway has closed its channel, which it does by ending: then
 * the gateway decides how the enclave ends. */
static bool has_gateway_ended(struct init_state *state, int *ret_status)
{
    for (int waited_ms = 0; waited_ms < ORDERLY_END_MS; waited_ms += ORDERLY_STEP_MS) {
        if (waitpid(state->pids[CHILD_GATEWAY], ret_status, WNOHANG) ==
            state->pids[CHILD_GATEWAY]) {
            return true;
        }
        (void)poll(NULL, 0, ORDERLY_STEP_MS);
    }
    return false;
}

static nsl_err note_role_end(struct init_state *state, enum child child, int status)
{
    int gateway_status = 0;
    pid_t pid = state->pids[child];
    state->pids[child] = 0;
    if (child == CHILD_KEEPER && status == 0 && has_gateway_ended(state, &gateway_status)) {
        return note_role_end(state, CHILD_GATEWAY, gateway_status);
    }
    bool is_orderly = child == CHILD_GATEWAY && status == 0;
    state->exit_status = is_orderly ? 0 : 1;
    if (!is_orderly) {
        report_end(child, pid, status);
    }
    return NSL_ERR_CLOSED;
}

/* NSL_ERR_CLOSED when a role ended that the enclave cannot do without. */
static nsl_err note_end(struct init_state *state, pid_t pid, int status)
{
    for (size_t index = 0; index < CHILD_COUNT; index++) {
        if (state->pids[index] == pid) {
            return note_role_end(state, (enum child)index, status);
        }
    }
    for (size_t index = 0; index < state->runner_count; index++) {
        if (state->runners[index].pid == pid) {
            return tell_exited(state, &state->runners[index], status);
        }
    }
    return NSL_OK;
}

static bool is_known(const struct init_state *state, pid_t pid)
{
    for (size_t index = 0; index < CHILD_COUNT; index++) {
        if (state->pids[index] == pid) {
            return true;
        }
    }
    for (size_t index = 0; index < state->runner_count; index++) {
        if (state->runners[index].pid == pid) {
            return true;
        }
    }
    return false;
}

/* A runner may end before the zygote's answer has named it: that answer is waited for. */
static nsl_err reap_one(struct init_state *state, pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) {
        return NSL_ERR_IO;
    }
    while (!is_known(state, pid)) {
        struct nsl_init_message message;
        NSL_TRY(nsl_init_receive(state->channels[CHILD_ZYGOTE], NSL_CHANNEL_BLOCK, NSL_ROLE_ZYGOTE,
                                 NSL_ROLE_INIT, &message));
        NSL_TRY(handle(state, CHILD_ZYGOTE, &message));
    }
    return note_end(state, pid, status);
}

static nsl_err reap(struct init_state *state)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) {
            return NSL_OK;
        }
        NSL_TRY(reap_one(state, info.si_pid));
    }
}

/* A role that closed its channel is ending, or has lost its way: either way the enclave ends. */
static nsl_err wait_for_role(struct init_state *state, enum child child)
{
    int status = 0;
    pid_t pid = state->pids[child];
    if (child == CHILD_ZYGOTE) {
        (void)kill(pid, SIGKILL);
    }
    return waitpid(pid, &status, 0) == pid ? note_role_end(state, child, status) : NSL_ERR_IO;
}

static nsl_err loop(struct init_state *state, int child_signal)
{
    for (;;) {
        struct pollfd polled[CHILD_COUNT + 1] = {[CHILD_COUNT] = {child_signal, POLLIN, 0}};
        for (size_t index = 0; index < CHILD_COUNT; index++) {
            polled[index] = (struct pollfd){state->channels[index], POLLIN, 0};
        }
        if (poll(polled, CHILD_COUNT + 1, -1) < 0 && errno != EINTR) {
            return NSL_ERR_IO;
        }
        if (polled[CHILD_COUNT].revents != 0) {
            uint8_t drained[128 * 4];
            (void)!read(child_signal, drained, sizeof(drained));
            NSL_TRY(reap(state));
        }
        for (size_t index = 0; index < CHILD_COUNT; index++) {
            if (polled[index].revents != 0) {
                nsl_err err = read_channel(state, (enum child)index);
                NSL_TRY(err == NSL_ERR_CLOSED ? wait_for_role(state, (enum child)index) : err);
            }
        }
    }
}

static void kill_children(struct init_state *state)
{
    for (size_t index = 0; index < state->runner_count; index++) {
        if (state->runners[index].pid > 0) {
            (void)kill(state->runners[index].pid, SIGKILL);
        }
    }
    for (size_t index = 0; index < CHILD_COUNT; index++) {
        if (state->pids[index] > 0) {
            (void)kill(state->pids[index], SIGKILL);
        }
    }
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}

/* ---- Start ---- */

static nsl_err spawn_all(struct init_state *state, int control, int program)
{
    int keeper_gateway[2];
    NSL_TRY(nsl_channel_pair(keeper_gateway));
    for (size_t index = 0; index < CHILD_COUNT; index++) {
        int ends[2];
        NSL_TRY(nsl_channel_pair(ends));
        state->channels[index] = ends[0];
        const int gateway_fds[] = {ends[1], keeper_gateway[0], control};
        const int keeper_fds[] = {ends[1], keeper_gateway[1]};
        const int *fds = index == CHILD_GATEWAY ? gateway_fds : keeper_fds;
        size_t fd_count = index == CHILD_GATEWAY ? 3 : (index == CHILD_KEEPER ? 2 : 1);
        NSL_TRY(nsl_role_spawn(program, child_names[index], state->missing_walls, fds, fd_count,
                               &state->pids[index]));
        nsl_log(NSL_EVENT_role_started, NSL_LOG_TEXT("role", child_names[index]),
                NSL_LOG_I64("pid", state->pids[index]));
        (void)close(ends[1]);
    }
    (void)close(keeper_gateway[0]);
    (void)close(keeper_gateway[1]);
    (void)close(control);
    (void)close(program);
    return NSL_OK;
}

int nsl_init_main(int control, int program, uint32_t missing_walls)
{
    static struct init_state state;
    state.missing_walls = missing_walls;
    state.exit_status = 1;
    int child_signal = -1;
    nsl_err err = nsl_role_child_signal(&child_signal);
    if (err == NSL_OK) {
        err = spawn_all(&state, control, program);
    }
    if (err == NSL_OK) {
        err = nsl_confine_role(NSL_ROLE_INIT, &state.missing_walls);
    }
    if (err == NSL_OK) {
        err = loop(&state, child_signal);
    }
    if (err != NSL_ERR_CLOSED) {
        nsl_log(NSL_EVENT_fatal, NSL_LOG_TEXT("error", nsl_err_name(err)),
                NSL_LOG_TEXT("where", "init"));
        state.exit_status = 1;
    }
    kill_children(&state);
    return state.exit_status;
}
