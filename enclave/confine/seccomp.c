/* The system call filter, from syscalls.def. */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "enclave/confine/confine.h"
#include "enclave/confine/filter.h"

enum {
    I = 1 << NSL_ROLE_INIT,
    K = 1 << NSL_ROLE_KEEPER,
    G = 1 << NSL_ROLE_GATEWAY,
    Z = 1 << NSL_ROLE_ZYGOTE,
    R = 1 << NSL_ROLE_RUNNER,
};

struct allowed {
    int roles;
    int number;
};

static const struct allowed allow_list[] = {
#define NSL_SYSCALL(role_set, name) {.roles = (role_set), .number = SCMP_SYS(name)},
#include "enclave/confine/syscalls.def"
#undef NSL_SYSCALL
};

static int add_rows(scmp_filter_ctx filter, enum nsl_role role)
{
    for (size_t index = 0; index < sizeof(allow_list) / sizeof(allow_list[0]); index++) {
        if ((allow_list[index].roles & (1 << role)) == 0) {
            continue;
        }
        int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allow_list[index].number, 0);
        if (failed != 0) {
            return failed;
        }
    }
    return 0;
}

/* Memory that may be run is never made. */
static int add_conditions(scmp_filter_ctx filter, enum nsl_role role)
{
    int failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (failed == 0) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    if (failed == 0 && role == NSL_ROLE_ZYGOTE) {
        failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_EQ, CLONE_PARENT | SIGCHLD, 0));
    }
    return failed;
}

nsl_err nsl_filter_load(enum nsl_role role)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    int failed = add_rows(filter, role);
    if (failed == 0) {
        failed = add_conditions(filter, role);
    }
    if (failed == 0) {
        failed = seccomp_load(filter);
    }
    seccomp_release(filter);
    return failed == 0 ? NSL_OK : NSL_ERR_UNSUPPORTED;
}
