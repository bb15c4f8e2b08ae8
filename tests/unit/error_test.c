#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/error.h"

static void every_row_has_a_name_a_text_and_an_error_status(void **state)
{
    (void)state;
    size_t count = 0;
#define NSL_ERROR(name, code, http, action, text)                                                  \
    assert_string_equal(nsl_err_name(NSL_ERR_##name), #name);                                      \
    assert_string_equal(nsl_err_text(NSL_ERR_##name), text);                                       \
    assert_int_equal(nsl_err_http_status(NSL_ERR_##name), http);                                   \
    assert_int_equal(nsl_err_caller_action(NSL_ERR_##name), NSL_ACTION_##action);                  \
    assert_in_range(http, 400, 599);                                                               \
    assert_true(strlen(text) > 0);                                                                 \
    count++;
#include "common/base/errors.def"
#undef NSL_ERROR
    assert_true(count >= 19);
}

static void codes_are_unique_and_never_zero(void **state)
{
    (void)state;
    static const int codes[] = {
#define NSL_ERROR(name, code, http, action, text) code,
#include "common/base/errors.def"
#undef NSL_ERROR
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_not_equal(codes[i], 0);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(codes[i], codes[j]);
        }
    }
}

static void success_and_unknown_codes_have_answers_too(void **state)
{
    (void)state;
    assert_string_equal(nsl_err_name(NSL_OK), "OK");
    assert_int_equal(nsl_err_http_status(NSL_OK), 200);
    assert_string_equal(nsl_err_name((nsl_err)9999), "UNKNOWN");
    assert_int_equal(nsl_err_http_status((nsl_err)9999), 500);
    assert_int_equal(nsl_err_caller_action((nsl_err)9999), NSL_ACTION_GIVE_UP);
    assert_true(strlen(nsl_err_text((nsl_err)9999)) > 0);
}

static nsl_err try_it(nsl_err err, int *ret_reached)
{
    NSL_TRY(err);
    *ret_reached = 1;
    return NSL_OK;
}

static void try_returns_the_first_error_and_nothing_else_happens(void **state)
{
    (void)state;
    int reached = 0;
    assert_int_equal(try_it(NSL_ERR_IO, &reached), NSL_ERR_IO);
    assert_int_equal(reached, 0);
    assert_int_equal(try_it(NSL_OK, &reached), NSL_OK);
    assert_int_equal(reached, 1);
}

static void a_failed_assertion_names_its_place_and_aborts(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        dup2(ends[1], STDERR_FILENO);
        nsl_assert_failed("1 == 2", "somewhere.c", 1207);
    }
    close(ends[1]);
    char text[128] = {0};
    assert_true(read(ends[0], text, sizeof text - 1) > 0);
    size_t size = strlen(text);
    while (size < sizeof text - 1) {
        ssize_t more = read(ends[0], text + size, sizeof text - 1 - size);
        if (more <= 0) {
            break;
        }
        size += (size_t)more;
    }
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_string_equal(text, "assertion failed: 1 == 2 at somewhere.c:1207\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_has_a_name_a_text_and_an_error_status),
        cmocka_unit_test(codes_are_unique_and_never_zero),
        cmocka_unit_test(success_and_unknown_codes_have_answers_too),
        cmocka_unit_test(try_returns_the_first_error_and_nothing_else_happens),
        cmocka_unit_test(a_failed_assertion_names_its_place_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
