/*
 * nsl-enclave: all trusted roles in one program. The host starts it without arguments and with its
 * control channel as descriptor 3; it starts itself again for each role (role.h).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/wire/control.h"
#include "enclave/confine/confine.h"
#include "enclave/gateway/gateway.h"
#include "enclave/init/init.h"
#include "enclave/keeper/keeper.h"
#include "enclave/role.h"
#include "enclave/runner/runner.h"

static nsl_err keeper_role(uint32_t missing_walls)
{
    return nsl_keeper_main(NSL_ROLE_FIRST_FD, NSL_ROLE_FIRST_FD + 1, missing_walls);
}

static nsl_err gateway_role(uint32_t missing_walls)
{
    return nsl_gateway_main(NSL_ROLE_FIRST_FD, NSL_ROLE_FIRST_FD + 1, NSL_ROLE_FIRST_FD + 2,
                            missing_walls);
}

static nsl_err zygote_role(uint32_t missing_walls)
{
    return nsl_zygote_main(NSL_ROLE_FIRST_FD, missing_walls);
}

struct role_row {
    const char *name;
    nsl_err (*main)(uint32_t missing_walls);
};

static const struct role_row roles[] = {
    {"keeper", keeper_role},
    {"gateway", gateway_role},
    {"zygote", zygote_role},
};

static int run_role(const char *name, const char *walls)
{
    for (size_t index = 0; index < sizeof(roles) / sizeof(roles[0]); index++) {
        if (strcmp(roles[index].name, name) == 0) {
            nsl_log_init(STDERR_FILENO, NSL_LOG_INFO, roles[index].name);
            nsl_err err = roles[index].main((uint32_t)strtoul(walls, NULL, 10));
            if (err != NSL_OK && err != NSL_ERR_CLOSED) {
                nsl_log(NSL_EVENT_fatal, NSL_LOG_TEXT("error", nsl_err_name(err)),
                        NSL_LOG_TEXT("where", roles[index].name));
            }
            return err == NSL_OK ? 0 : 1;
        }
    }
    return 2;
}

/* The outermost process only waits: it stands outside the namespaces, and holds nothing. */
static int wait_for_init(pid_t init)
{
    int status = 0;
    if (nsl_confine_bystander() != NSL_OK || waitpid(init, &status, 0) != init) {
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* Connections are descriptors: as many as the machine allows. Inherited by all roles. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit = {0};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int start_init(void)
{
    pid_t init = 0;
    uint32_t missing_walls = 0;
    nsl_log_init(STDERR_FILENO, NSL_LOG_INFO, "init");
    int program = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (program < 0 || fcntl(NSL_CONTROL_FD, F_GETFD) < 0) {
        static const char text[] = "nsl-enclave is started by `nsl serve`, not by hand\n";
        (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
        return 2;
    }
    raise_descriptor_limit();
    nsl_err err = nsl_confine_fork(&init, &missing_walls);
    if (err != NSL_OK) {
        nsl_log(NSL_EVENT_fatal, NSL_LOG_TEXT("error", nsl_err_name(err)),
                NSL_LOG_TEXT("where", "namespaces"));
        return 1;
    }
    if (init == 0) {
        return nsl_init_main(NSL_CONTROL_FD, program, missing_walls);
    }
    (void)close(NSL_CONTROL_FD);
    (void)close(program);
    return wait_for_init(init);
}

int main(int argc, char **argv)
{
    if (nsl_confine_harden() != NSL_OK) {
        return 1;
    }
    return argc == 3 ? run_role(argv[1], argv[2]) : start_init();
}
