#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>

#include "common/codec/hex.h"
#include "enclave/crypto/digest.h"
#include "enclave/crypto/random.h"

static void assert_digest(nsl_bytes data, const char *want)
{
    uint8_t digest[NSL_SHA256_SIZE];
    char hex[2 * NSL_SHA256_SIZE + 1] = {0};
    nsl_digest_sha256(data, digest);
    assert_int_equal(nsl_hex_encode(nsl_bytes_of(digest, sizeof(digest)), hex, sizeof(hex) - 1),
                     NSL_OK);
    assert_string_equal(hex, want);
}

/* FIPS 180-4 examples, as published by NIST ("SHA256.pdf" and "SHA2_Additional.pdf"). */
static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    assert_digest((nsl_bytes){0},
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(NSL_TEXT("abc"),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(NSL_TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    uint8_t *million = malloc(1000000);
    assert_non_null(million);
    for (size_t index = 0; index < 1000000; index++) {
        million[index] = 'a';
    }
    assert_digest(nsl_bytes_of(million, 1000000),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void one_digest_does_not_depend_on_the_one_before(void **state)
{
    uint8_t first[NSL_SHA256_SIZE];
    uint8_t again[NSL_SHA256_SIZE];
    (void)state;
    nsl_digest_sha256(NSL_TEXT("one"), first);
    nsl_digest_sha256(NSL_TEXT("something else"), again);
    assert_memory_not_equal(first, again, sizeof(first));
    nsl_digest_sha256(NSL_TEXT("one"), again);
    assert_memory_equal(first, again, sizeof(first));
}

/* Not a test of quality: the pool must hand out each byte once, in every size, across refills. */
static void random_bytes_never_repeat_across_refills(void **state)
{
    static uint64_t seen[40000];
    size_t count = 0;
    (void)state;
    for (size_t size = 8; size <= 1024; size += 8) {
        uint64_t values[128] = {0};
        nsl_random(values, size);
        for (size_t index = 0; index < size / 8; index++) {
            assert_true(values[index] != 0);
            seen[count++] = values[index];
        }
    }
    for (size_t a = 0; a < count; a++) {
        for (size_t b = a + 1; b < count; b++) {
            if (seen[a] == seen[b]) {
                fail_msg("draws %zu and %zu are equal", a, b);
            }
        }
    }
    assert_true(count > 8000);
}

static void random_of_no_bytes_writes_nothing(void **state)
{
    uint8_t byte = 0x5a;
    (void)state;
    nsl_random(&byte, 0);
    assert_int_equal(byte, 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(one_digest_does_not_depend_on_the_one_before),
        cmocka_unit_test(random_bytes_never_repeat_across_refills),
        cmocka_unit_test(random_of_no_bytes_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
