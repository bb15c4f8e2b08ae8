#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enclave/runner/runner.h"

/* Until the gateway says otherwise (NSL_RUN_CONFIGURE). */
enum { FIRST_CACHE_BYTES = 64 * 1024 * 1024, FIRST_PARKED_BYTES = 64 * 1024 * 1024 };

static void run_child(struct nsl_engine *engine, int init, const struct nsl_init_message *order)
{
    (void)close(init);
    (void)close(STDIN_FILENO);
    (void)close(STDOUT_FILENO);
    (void)close(STDERR_FILENO);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0) {
        nsl_err err = nsl_runner_main(engine, order->fds, order->value);
        _exit(err == NSL_OK ? 0 : 1);
    }
    _exit(1);
}

/* The child becomes init's, not ours: init reaps and kills it by process id. */
static nsl_err fork_runner(struct nsl_engine *engine, int init, struct nsl_init_message *order)
{
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        run_child(engine, init, order);
    }
    for (size_t index = 0; index < order->fd_count; index++) {
        (void)close(order->fds[index]);
    }
    struct nsl_init_message answer = {
        .type = NSL_INIT_FORKED,
        .runner_id = order->runner_id,
        .value = pid > 0 ? (uint32_t)pid : 0,
    };
    return nsl_init_send(init, &answer);
}

nsl_err nsl_zygote_main(int init, uint32_t missing_walls)
{
    struct nsl_engine *engine = NULL;
    NSL_TRY(nsl_engine_new(FIRST_CACHE_BYTES, FIRST_PARKED_BYTES, &engine));
    NSL_TRY(nsl_confine_role(NSL_ROLE_ZYGOTE, &missing_walls));
    struct nsl_init_message ready = {.type = NSL_INIT_ZYGOTE_READY, .value = missing_walls};
    NSL_TRY(nsl_init_send(init, &ready));
    for (;;) {
        struct nsl_init_message order;
        NSL_TRY(nsl_init_receive(init, NSL_CHANNEL_BLOCK, NSL_ROLE_INIT, NSL_ROLE_ZYGOTE, &order));
        NSL_TRY(fork_runner(engine, init, &order));
    }
}
