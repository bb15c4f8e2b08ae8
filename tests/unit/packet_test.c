#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/wire/packet.h"

static nsl_bytes write_sample(uint8_t *out, size_t capacity, nsl_err want)
{
    struct nsl_packet_writer writer = nsl_packet_writer_of(out, capacity);
    nsl_bytes packet = {0};
    nsl_packet_put_u8(&writer, 0x12);
    nsl_packet_put_u16(&writer, 0x3456);
    nsl_packet_put_u32(&writer, 0x789abcde);
    nsl_packet_put_u64(&writer, UINT64_C(0x0102030405060708));
    nsl_packet_put_raw(&writer, NSL_TEXT("raw"));
    nsl_packet_put_bytes(&writer, NSL_TEXT("sized"));
    nsl_packet_put_bytes(&writer, (nsl_bytes){0});
    assert_int_equal(nsl_packet_finish(&writer, &packet), want);
    return packet;
}

static const uint8_t sample[] = {
    0x12, 0x56, 0x34, 0xde, 0xbc, 0x9a, 0x78, 8,   7,   6,   5,   4, 3, 2, 1, 'r',
    'a',  'w',  5,    0,    0,    0,    's',  'i', 'z', 'e', 'd', 0, 0, 0, 0,
};

static void numbers_are_little_endian_and_bytes_carry_their_size(void **state)
{
    uint8_t out[sizeof(sample)];
    (void)state;
    nsl_bytes packet = write_sample(out, sizeof(out), NSL_OK);
    assert_int_equal(packet.size, sizeof(sample));
    assert_memory_equal(packet.data, sample, sizeof(sample));
}

static void finish_refuses_every_smaller_buffer(void **state)
{
    (void)state;
    for (size_t capacity = 0; capacity < sizeof(sample); capacity++) {
        uint8_t out[sizeof(sample) + 1];
        out[capacity] = 0xa5;
        nsl_bytes packet = write_sample(out, capacity, NSL_ERR_TOO_LARGE);
        assert_null(packet.data);
        assert_int_equal(out[capacity], 0xa5);
    }
}

struct fields {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    nsl_bytes raw;
    nsl_bytes sized;
    nsl_bytes empty;
};

static nsl_err read_sample(nsl_bytes packet, struct fields *ret)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(packet);
    ret->u8 = nsl_packet_get_u8(&reader);
    ret->u16 = nsl_packet_get_u16(&reader);
    ret->u32 = nsl_packet_get_u32(&reader);
    ret->u64 = nsl_packet_get_u64(&reader);
    ret->raw = nsl_packet_get_raw(&reader, 3);
    ret->sized = nsl_packet_get_bytes(&reader, 5);
    ret->empty = nsl_packet_get_bytes(&reader, 0);
    return nsl_packet_end(&reader);
}

static void reader_gives_back_what_was_written(void **state)
{
    struct fields fields;
    (void)state;
    assert_int_equal(read_sample(nsl_bytes_of(sample, sizeof(sample)), &fields), NSL_OK);
    assert_int_equal(fields.u8, 0x12);
    assert_int_equal(fields.u16, 0x3456);
    assert_int_equal(fields.u32, 0x789abcde);
    assert_true(fields.u64 == UINT64_C(0x0102030405060708));
    assert_true(nsl_bytes_equal(fields.raw, NSL_TEXT("raw")));
    assert_true(nsl_bytes_equal(fields.sized, NSL_TEXT("sized")));
    assert_int_equal(fields.empty.size, 0);
}

static void end_refuses_every_truncation_and_every_rest(void **state)
{
    struct fields fields;
    uint8_t longer[sizeof(sample) + 1] = {0};
    (void)state;
    for (size_t size = 0; size < sizeof(sample); size++) {
        assert_int_equal(read_sample(nsl_bytes_of(sample, size), &fields), NSL_ERR_BAD_MESSAGE);
    }
    for (size_t index = 0; index < sizeof(sample); index++) {
        longer[index] = sample[index];
    }
    assert_int_equal(read_sample(nsl_bytes_of(longer, sizeof(longer)), &fields),
                     NSL_ERR_BAD_MESSAGE);
}

static void values_after_a_failure_are_zero_for_good(void **state)
{
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    (void)state;
    struct nsl_packet_reader reader = nsl_packet_reader_of(nsl_bytes_of(bytes, sizeof(bytes)));
    assert_int_equal(nsl_packet_get_u64(&reader), 0);
    assert_int_equal(nsl_packet_get_u8(&reader), 0); /* though a byte would be there */
    assert_null(nsl_packet_get_raw(&reader, 1).data);
    assert_int_equal(nsl_packet_end(&reader), NSL_ERR_BAD_MESSAGE);
}

static void get_bytes_refuses_sizes_above_the_maximum_or_the_rest(void **state)
{
    (void)state;
    const uint8_t fits[] = {2, 0, 0, 0, 'a', 'b'};
    struct nsl_packet_reader reader = nsl_packet_reader_of(nsl_bytes_of(fits, sizeof(fits)));
    assert_int_equal(nsl_packet_get_bytes(&reader, 2).size, 2);
    assert_int_equal(nsl_packet_end(&reader), NSL_OK);
    reader = nsl_packet_reader_of(nsl_bytes_of(fits, sizeof(fits)));
    assert_int_equal(nsl_packet_get_bytes(&reader, 1).size, 0);
    assert_int_equal(nsl_packet_end(&reader), NSL_ERR_BAD_MESSAGE);
    const uint8_t lies[] = {0xff, 0xff, 0xff, 0xff, 'a', 'b'};
    reader = nsl_packet_reader_of(nsl_bytes_of(lies, sizeof(lies)));
    assert_null(nsl_packet_get_bytes(&reader, SIZE_MAX).data);
    assert_int_equal(nsl_packet_end(&reader), NSL_ERR_BAD_MESSAGE);
}

static void an_overflown_writer_stays_overflown_only_for_what_did_not_fit(void **state)
{
    uint8_t out[4];
    nsl_bytes packet;
    (void)state;
    struct nsl_packet_writer writer = nsl_packet_writer_of(out, sizeof(out));
    nsl_packet_put_u32(&writer, 1);
    assert_int_equal(nsl_packet_finish(&writer, &packet), NSL_OK);
    nsl_packet_put_raw(&writer, (nsl_bytes){0});
    assert_int_equal(nsl_packet_finish(&writer, &packet), NSL_OK);
    nsl_packet_put_u8(&writer, 1);
    assert_int_equal(nsl_packet_finish(&writer, &packet), NSL_ERR_TOO_LARGE);
    nsl_packet_put_raw(&writer, (nsl_bytes){0});
    assert_int_equal(nsl_packet_finish(&writer, &packet), NSL_ERR_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian_and_bytes_carry_their_size),
        cmocka_unit_test(finish_refuses_every_smaller_buffer),
        cmocka_unit_test(reader_gives_back_what_was_written),
        cmocka_unit_test(end_refuses_every_truncation_and_every_rest),
        cmocka_unit_test(values_after_a_failure_are_zero_for_good),
        cmocka_unit_test(get_bytes_refuses_sizes_above_the_maximum_or_the_rest),
        cmocka_unit_test(an_overflown_writer_stays_overflown_only_for_what_did_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
