/*
 * The engine's fmod is exact: IEEE 754 defines every bit, so it is compared with the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "enclave/engine/math_redirect.h"

/* The C library's, under a name that is not redirected. */
double reference_fmod(double x, double y) __asm__("fmod");

static uint64_t random_state;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return value == value ? bits : 1;
}

/* Any bits, whole numbers, subnormal numbers, powers of two and short fractions in turn. */
static double random_double(void)
{
    uint64_t bits = random_next();
    switch (random_next() % 5) {
    case 0:
        return double_of(bits);
    case 1:
        return (double)(int64_t)(bits >> 40);
    case 2:
        return double_of(bits & 0x800fffffffffffffULL);
    case 3:
        return double_of((bits % 2047) << 52);
    default:
        return double_of((bits & 0x8000000000000fffULL) | ((random_next() % 2047) << 52));
    }
}

static void assert_same(double x, double y)
{
    uint64_t expected = bits_of(reference_fmod(x, y));
    uint64_t got = bits_of(fmod(x, y));
    if (expected != got) {
        print_error("fmod(%a, %a): expected %016llx, got %016llx\n", x, y,
                    (unsigned long long)expected, (unsigned long long)got);
    }
    assert_int_equal(got, expected);
}

static void every_pair_of_edges_is_exact(void **state)
{
    (void)state;
    const double edges[] = {0.0,
                            1.0,
                            2.0,
                            3.0,
                            7.5,
                            0.1,
                            5e-324,
                            1e-323,
                            2.2250738585072009e-308,
                            2.2250738585072014e-308,
                            4503599627370497.0,
                            9007199254740991.0,
                            9007199254740992.0,
                            1e22,
                            1e308,
                            1.7976931348623157e308,
                            double_of(0x7ff0000000000000ULL),
                            double_of(0x7ff8000000000000ULL)};
    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++) {
            assert_same(edges[i], edges[k]);
            assert_same(-edges[i], edges[k]);
            assert_same(edges[i], -edges[k]);
            assert_same(-edges[i], -edges[k]);
        }
    }
}

static void random_pairs_are_exact(void **state)
{
    (void)state;
    random_state = 88172645463325252ULL;
    for (int pair = 0; pair < 300000; pair++) {
        double x = random_double();
        assert_same(x, random_double());
    }
}

static void neighbours_are_exact(void **state)
{
    (void)state;
    random_state = 88172645463325252ULL;
    for (int pair = 0; pair < 100000; pair++) {
        uint64_t bits = random_next() & 0x7fffffffffffffffULL;
        assert_same(double_of(bits), double_of(bits + 1));
        assert_same(double_of(bits + 1), double_of(bits));
        assert_same(double_of(bits), double_of(bits));
    }
}

static void remainder_of_zero_keeps_the_sign_of_x(void **state)
{
    (void)state;
    assert_int_equal(bits_of(fmod(-4.0, 2.0)), 1ULL << 63);
    assert_int_equal(bits_of(fmod(4.0, -2.0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_of_edges_is_exact),
        cmocka_unit_test(random_pairs_are_exact),
        cmocka_unit_test(neighbours_are_exact),
        cmocka_unit_test(remainder_of_zero_keeps_the_sign_of_x),
    };
    return cmocka_run_group_tests_name("math_fmod", tests, NULL, NULL);
}
