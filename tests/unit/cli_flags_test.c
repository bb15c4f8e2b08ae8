#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cli/flags.h"

static const struct nsl_flag table[] = {
    {"port", "N", "", NSL_FLAG_ONCE},
    {"listen", "ADDRESS", "", NSL_FLAG_ONCE},
    {"dev", NULL, "", NSL_FLAG_ONCE},
    {"secret", "NAME", "", NSL_FLAG_REPEATS},
};

static nsl_err parse(char *const *argv, struct nsl_flags *ret, char error[NSL_FLAGS_ERROR_BYTES])
{
    int argc = 0;
    while (argv[argc] != NULL) {
        argc++;
    }
    return nsl_flags_parse(table, sizeof(table) / sizeof(table[0]), argc, argv, ret, error);
}

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})

static void reads_values_switches_words_and_repeats(void **state)
{
    (void)state;
    struct nsl_flags flags;
    char error[NSL_FLAGS_ERROR_BYTES] = "";
    assert_int_equal(parse(ARGV("one", "--port", "80", "--dev", "--listen=a=b", "--secret", "A",
                                "-", "--secret=B", "--", "--port"),
                           &flags, error),
                     NSL_OK);
    assert_string_equal(nsl_flags_value(&flags, "port"), "80");
    assert_string_equal(nsl_flags_value(&flags, "listen"), "a=b");
    assert_string_equal(nsl_flags_value(&flags, "dev"), "");
    assert_true(nsl_flags_has(&flags, "dev"));
    assert_int_equal(flags.word_count, 3);
    assert_string_equal(flags.words[0], "one");
    assert_string_equal(flags.words[1], "-");
    assert_string_equal(flags.words[2], "--port");
    assert_int_equal(flags.given_count, 5);
    assert_string_equal(flags.given[3].value, "A");
    assert_string_equal(flags.given[4].value, "B");
    assert_int_equal(parse(ARGV("--port", "-1", "--listen", ""), &flags, error), NSL_OK);
    assert_string_equal(nsl_flags_value(&flags, "port"), "-1");
    assert_string_equal(nsl_flags_value(&flags, "listen"), "");
    assert_null(nsl_flags_value(&flags, "dev"));
    assert_false(nsl_flags_has(&flags, "secret"));
}

static void refuses_with_a_sentence_each(void **state)
{
    (void)state;
    static const struct {
        char *argv[6];
        const char *error;
    } cases[] = {
        {{"--prot", "80"}, "unknown flag --prot; did you mean --port?"},
        {{"--lisen=x"}, "unknown flag --lisen; did you mean --listen?"},
        {{"--zzzzzz"}, "unknown flag --zzzzzz"},
        {{"--"}, NULL},
        {{"-p"}, "unknown flag -p; flags are written with two dashes"},
        {{"--port"}, "--port needs a value: N"},
        {{"--port", "--dev"}, "--port needs a value: N"},
        {{"--dev=1"}, "--dev takes no value"},
        {{"--port", "1", "--port", "2"}, "--port is given twice"},
        {{"a", "b", "c", "d", "e"}, "too many words, the first is 'e'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct nsl_flags flags = {.word_count = 77};
        char error[NSL_FLAGS_ERROR_BYTES] = "";
        nsl_err err = parse(cases[i].argv, &flags, error);
        if (cases[i].error == NULL) {
            assert_int_equal(err, NSL_OK);
            continue;
        }
        assert_int_equal(err, NSL_ERR_BAD_ARGUMENT);
        assert_string_equal(error, cases[i].error);
        assert_int_equal(flags.word_count, 77);
    }
}

static void refuses_too_many_flags_and_very_long_ones(void **state)
{
    (void)state;
    static char *many[2 * NSL_FLAGS_GIVEN_MAX + 3];
    static char flag[] = "--secret=x";
    struct nsl_flags flags;
    char error[NSL_FLAGS_ERROR_BYTES] = "";
    for (size_t i = 0; i < NSL_FLAGS_GIVEN_MAX; i++) {
        many[i] = flag;
    }
    assert_int_equal(parse(many, &flags, error), NSL_OK);
    many[NSL_FLAGS_GIVEN_MAX] = flag;
    assert_int_equal(parse(many, &flags, error), NSL_ERR_BAD_ARGUMENT);
    static char long_flag[5000] = "--";
    for (size_t i = 2; i < sizeof(long_flag) - 1; i++) {
        long_flag[i] = 'x';
    }
    assert_int_equal(parse(ARGV(long_flag), &flags, error), NSL_ERR_BAD_ARGUMENT);
    assert_true(strlen(error) < 80);
}

static void nearest_finds_slips_and_nothing_else(void **state)
{
    (void)state;
    static const char *const names[] = {"serve", "run", "config", "version", "help"};
    static const struct {
        const char *typed;
        const char *nearest;
    } cases[] = {{"serv", "serve"},   {"sevre", "serve"},     {"rnu", "run"},
                 {"confg", "config"}, {"verison", "version"}, {"hlep", "help"},
                 {"serve", "serve"},  {"xyz", NULL},          {"", NULL},
                 {"execute", NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *got = nsl_nearest(cases[i].typed, names, 5);
        if (cases[i].nearest == NULL) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, cases[i].nearest);
        }
    }
}

static void numbers_are_digits_within_their_range(void **state)
{
    (void)state;
    uint64_t number = 7;
    assert_int_equal(nsl_parse_u64("0", 0, 10, &number), NSL_OK);
    assert_int_equal(number, 0);
    assert_int_equal(nsl_parse_u64("18446744073709551615", 0, UINT64_MAX, &number), NSL_OK);
    assert_true(number == UINT64_MAX);
    static const char *const bad[] = {"",
                                      " 1",
                                      "1 ",
                                      "-1",
                                      "+1",
                                      "0x10",
                                      "1e3",
                                      "1.0",
                                      "11",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        number = 42;
        assert_int_equal(nsl_parse_u64(bad[i], 0, 10, &number), NSL_ERR_BAD_ARGUMENT);
        assert_int_equal(number, 42);
    }
    assert_int_equal(nsl_parse_u64("0", 1, 10, &number), NSL_ERR_BAD_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_values_switches_words_and_repeats),
        cmocka_unit_test(refuses_with_a_sentence_each),
        cmocka_unit_test(refuses_too_many_flags_and_very_long_ones),
        cmocka_unit_test(nearest_finds_slips_and_nothing_else),
        cmocka_unit_test(numbers_are_digits_within_their_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
