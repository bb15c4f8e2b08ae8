#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/secret.h"

static size_t unmapped_count;
static bool found_content_at_unmap;
static bool looks_at_unmap = true;

/* Stands in for libc's: looks at the secret's pages just before they go. */
int munmap(void *address, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uint8_t *body = (const uint8_t *)address + page;
    for (size_t i = 0; looks_at_unmap && i < size - 2 * page; i++) {
        found_content_at_unmap = found_content_at_unmap || body[i] != 0;
    }
    unmapped_count++;
    return (int)syscall(SYS_munmap, address, size);
}

/* The next call that asks the system for protection or advice fails when its countdown ends. */
static int calls_until_failure = -1;
static bool locking_fails;

static bool is_failing_now(void)
{
    return calls_until_failure >= 0 && calls_until_failure-- == 0;
}

int mprotect(void *address, size_t size, int protection)
{
    return is_failing_now() ? -1 : (int)syscall(SYS_mprotect, address, size, protection);
}

int madvise(void *address, size_t size, int advice)
{
    return is_failing_now() ? -1 : (int)syscall(SYS_madvise, address, size, advice);
}

int mlock(const void *address, size_t size)
{
    return locking_fails ? -1 : (int)syscall(SYS_mlock, address, size);
}

static void each_refused_system_call_is_an_error_that_leaves_nothing_mapped(void **state)
{
    (void)state;
    for (int call = 0; call < 3; call++) {
        struct nsl_secret secret = {.size = 9};
        unmapped_count = 0;
        looks_at_unmap = false; /* the pages may not even be readable yet */
        calls_until_failure = call;
        assert_int_equal(nsl_secret_init(&secret, 32), NSL_ERR_NO_MEMORY);
        assert_int_equal(calls_until_failure, -1);
        looks_at_unmap = true;
        assert_int_equal(unmapped_count, 1);
        assert_int_equal(secret.size, 9);
    }
}

static void a_secret_that_cannot_be_locked_says_so_and_works(void **state)
{
    (void)state;
    locking_fails = true;
    {
        NSL_AUTO(nsl_secret) secret = {0};
        assert_int_equal(nsl_secret_init(&secret, 32), NSL_OK);
        assert_false(nsl_secret_is_locked(&secret));
        memset(secret.data, 1, secret.size);
    }
    locking_fails = false;
}

static void the_pages_are_zero_when_they_are_given_back(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 32, 4095, 4096, 4097, NSL_SECRET_MAX_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        unmapped_count = 0;
        found_content_at_unmap = false;
        {
            NSL_AUTO(nsl_secret) secret = {0};
            assert_int_equal(nsl_secret_init(&secret, sizes[i]), NSL_OK);
            assert_int_equal(secret.size, sizes[i]);
            assert_int_equal(secret.data[0], 0);
            assert_int_equal(secret.data[sizes[i] - 1], 0);
            memset(secret.data, 0xa5, secret.size);
        }
        assert_int_equal(unmapped_count, 1);
        assert_false(found_content_at_unmap);
    }
}

static void sizes_outside_the_range_are_refused(void **state)
{
    (void)state;
    struct nsl_secret secret = {.size = 9};
    assert_int_equal(nsl_secret_init(&secret, 0), NSL_ERR_BAD_ARGUMENT);
    assert_int_equal(nsl_secret_init(&secret, NSL_SECRET_MAX_BYTES + 1), NSL_ERR_BAD_ARGUMENT);
    assert_int_equal(nsl_secret_init(&secret, SIZE_MAX), NSL_ERR_BAD_ARGUMENT);
    assert_int_equal(secret.size, 9);
}

static void done_accepts_nothing_and_twice(void **state)
{
    (void)state;
    nsl_secret_done(NULL);
    struct nsl_secret secret = {0};
    nsl_secret_done(&secret);
    assert_int_equal(nsl_secret_init(&secret, 8), NSL_OK);
    nsl_secret_done(&secret);
    nsl_secret_done(&secret);
    assert_null(secret.data);
    assert_int_equal(secret.size, 0);
}

/* True when writing there kills a child. */
static bool kills(uint8_t *place, bool is_fork_test)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        if (is_fork_test) {
            _exit(*(volatile uint8_t *)place == 0 ? 0 : 1);
        }
        *(volatile uint8_t *)place = 1;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) > 1);
}

static void guard_pages_catch_the_byte_before_and_the_byte_behind(void **state)
{
    (void)state;
    NSL_AUTO(nsl_secret) secret = {0};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    assert_int_equal(nsl_secret_init(&secret, page), NSL_OK);
    assert_true(kills(secret.data + page, false));
    assert_true(kills(secret.data - 1, false));
}

static void a_forked_child_does_not_have_the_secret(void **state)
{
    (void)state;
    NSL_AUTO(nsl_secret) secret = {0};
    assert_int_equal(nsl_secret_init(&secret, 32), NSL_OK);
    memset(secret.data, 7, 32);
    assert_true(kills(secret.data, true));
    assert_int_equal(secret.data[31], 7);
}

/* The flags of the mapping that holds the address, from /proc/self/smaps. */
static bool mapping_has_flag(const uint8_t *place, const char *flag)
{
    FILE *file = fopen("/proc/self/smaps", "r");
    assert_non_null(file);
    char line[512];
    bool is_ours = false;
    bool is_set = false;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long start = 0;
        unsigned long end = 0;
        if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
            is_ours = (uintptr_t)place >= start && (uintptr_t)place < end;
        } else if (is_ours && strncmp(line, "VmFlags:", 8) == 0) {
            is_set = strstr(line, flag) != NULL;
            break;
        }
    }
    assert_int_equal(fclose(file), 0);
    return is_set;
}

static void the_pages_are_locked_and_left_out_of_dumps_and_forks(void **state)
{
    (void)state;
    NSL_AUTO(nsl_secret) secret = {0};
    assert_int_equal(nsl_secret_init(&secret, 32), NSL_OK);
    assert_true(mapping_has_flag(secret.data, " dd"));
    assert_true(mapping_has_flag(secret.data, " dc"));
    assert_int_equal(mapping_has_flag(secret.data, " lo"), nsl_secret_is_locked(&secret));
}

static void comparing_secrets_finds_each_single_difference(void **state)
{
    (void)state;
    uint8_t a[64];
    uint8_t b[64];
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    assert_true(nsl_secret_equal(nsl_bytes_of(a, 64), nsl_bytes_of(b, 64)));
    assert_true(nsl_secret_equal((nsl_bytes){0}, (nsl_bytes){0}));
    assert_false(nsl_secret_equal(nsl_bytes_of(a, 64), nsl_bytes_of(b, 63)));
    for (size_t i = 0; i < sizeof a; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b[i] = (uint8_t)(0x5a ^ 1 << bit);
            assert_false(nsl_secret_equal(nsl_bytes_of(a, 64), nsl_bytes_of(b, 64)));
        }
        b[i] = 0x5a;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_pages_are_zero_when_they_are_given_back),
        cmocka_unit_test(each_refused_system_call_is_an_error_that_leaves_nothing_mapped),
        cmocka_unit_test(a_secret_that_cannot_be_locked_says_so_and_works),
        cmocka_unit_test(sizes_outside_the_range_are_refused),
        cmocka_unit_test(done_accepts_nothing_and_twice),
        cmocka_unit_test(guard_pages_catch_the_byte_before_and_the_byte_behind),
        cmocka_unit_test(a_forked_child_does_not_have_the_secret),
        cmocka_unit_test(the_pages_are_locked_and_left_out_of_dumps_and_forks),
        cmocka_unit_test(comparing_secrets_finds_each_single_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
