/*
 * For constant_time_test.sh: compares bytes that memcheck knows to be undefined. It reports every
 * branch, index and length that depends on them.
 *
 *     constant_time_probe ours     nsl_secret_equal
 *     constant_time_probe leaky    a comparison that stops early: memcheck must complain
 */
#include <stdlib.h>

#include "common/base/wipe.h"

enum { SIZE_BYTES = 64 };

__attribute__((noinline)) static bool leaky_equal(const volatile uint8_t *a,
                                                  const volatile uint8_t *b)
{
    for (size_t i = 0; i < SIZE_BYTES; i++) {
        if (a[i] != b[i]) {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        return 2;
    }
    /* Never written: that is what makes them undefined (volatile, so that the compiler does not see
     * it). The verdict is stored, not looked at. */
    uint8_t *volatile a = malloc(SIZE_BYTES);
    uint8_t *volatile b = malloc(SIZE_BYTES);
    volatile bool is_equal = false;
    if (a == NULL || b == NULL) {
        return 2;
    }
    if (argv[1][0] == 'o') {
        is_equal = nsl_secret_equal(nsl_bytes_of(a, SIZE_BYTES), nsl_bytes_of(b, SIZE_BYTES));
    } else {
        is_equal = leaky_equal(a, b);
    }
    (void)is_equal;
    free(a);
    free(b);
    return 0;
}
