#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/wire/ring.h"

enum {
    LARGE_SIZE = 300 * 1024,
    BUFFER_SIZE = LARGE_SIZE,
    OFFSET_WRITTEN = 0,
    OFFSET_CONSUMED = 64,
    OFFSET_RELEASED = 72,
    OFFSET_WAITS = 128,
    HEAD_SIZE = 16,
};

/* Two ends over one memory, as two processes have them. */
struct ends {
    uint8_t *memory;
    struct nsl_ring writer;
    struct nsl_ring reader;
    uint8_t *buffer;
};

static int ends_up(void **state)
{
    struct ends *ends = calloc(1, sizeof(*ends));
    assert_non_null(ends);
    ends->memory = mmap(NULL, nsl_ring_memory_size(LARGE_SIZE), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(ends->memory != MAP_FAILED);
    ends->writer = nsl_ring_of(ends->memory, LARGE_SIZE);
    ends->reader = nsl_ring_of(ends->memory, LARGE_SIZE);
    ends->buffer = malloc(BUFFER_SIZE);
    assert_non_null(ends->buffer);
    *state = ends;
    return 0;
}

static int ends_down(void **state)
{
    struct ends *ends = *state;
    (void)munmap(ends->memory, nsl_ring_memory_size(LARGE_SIZE));
    free(ends->buffer);
    free(ends);
    return 0;
}

static uint64_t get_u64(const struct ends *ends, size_t offset)
{
    return atomic_load((_Atomic uint64_t *)(void *)(ends->memory + offset));
}

static void set_u64(const struct ends *ends, size_t offset, uint64_t value)
{
    atomic_store((_Atomic uint64_t *)(void *)(ends->memory + offset), value);
}

static uint8_t pattern(uint64_t id, size_t index)
{
    return (uint8_t)(id * 31 + index * 7 + (index >> 8) + 1);
}

static nsl_err write_pattern(struct ends *ends, uint64_t id, size_t size)
{
    static uint8_t bytes[LARGE_SIZE + 1];
    for (size_t index = 0; index < size; index++) {
        bytes[index] = pattern(id, index);
    }
    /* In three parts, so that parts are put together too. */
    size_t third = size / 3;
    const nsl_bytes parts[] = {
        nsl_bytes_of(bytes, third),
        nsl_bytes_of(bytes + third, third),
        nsl_bytes_of(bytes + 2 * third, size - 2 * third),
    };
    return nsl_ring_write(&ends->writer, (uint16_t)(id & 0xffff), id, parts, 3);
}

static void read_pattern(struct ends *ends, uint64_t id, size_t size)
{
    struct nsl_ring_message message;
    assert_int_equal(nsl_ring_read(&ends->reader, ends->buffer, BUFFER_SIZE, &message), NSL_OK);
    assert_int_equal(message.id, id);
    assert_int_equal(message.type, id & 0xffff);
    assert_int_equal(message.payload.size, size);
    for (size_t index = 0; index < size; index++) {
        if (message.payload.data[index] != pattern(id, index)) {
            fail_msg("message %llu differs at byte %zu", (unsigned long long)id, index);
        }
    }
}

static nsl_err read_any(struct ends *ends)
{
    struct nsl_ring_message message;
    return nsl_ring_read(&ends->reader, ends->buffer, BUFFER_SIZE, &message);
}

static void assert_all_zero(const struct ends *ends, size_t offset, size_t size)
{
    for (size_t index = 0; index < size; index++) {
        if (ends->memory[offset + index] != 0) {
            fail_msg("byte %zu of %zu was not zeroed", index, size);
        }
    }
}

static void layout_is_the_documented_one(void **state)
{
    struct ends *ends = *state;
    const nsl_bytes part = NSL_TEXT("abc");
    assert_int_equal(nsl_ring_memory_size(0), 4096 + 131072);
    assert_int_equal(nsl_ring_memory_size(10), 4096 + 131072 + 10);
    assert_int_equal(nsl_ring_write(&ends->writer, 0x1234, 0x0102030405060708, &part, 1), NSL_OK);
    assert_int_equal(get_u64(ends, OFFSET_WRITTEN), 32);
    const uint8_t head[] = {3, 0, 0, 0, 0x34, 0x12, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1, 'a', 'b', 'c'};
    assert_memory_equal(ends->memory + NSL_RING_DATA_OFFSET, head, sizeof(head));
    assert_int_equal(read_any(ends), NSL_OK);
    assert_int_equal(get_u64(ends, OFFSET_CONSUMED), 32);
}

static void read_of_an_empty_ring_says_again(void **state)
{
    struct ends *ends = *state;
    assert_int_equal(read_any(ends), NSL_ERR_AGAIN);
    assert_int_equal(write_pattern(ends, 1, 5), NSL_OK);
    read_pattern(ends, 1, 5);
    assert_int_equal(read_any(ends), NSL_ERR_AGAIN);
}

static void messages_arrive_in_order_across_many_wraps(void **state)
{
    struct ends *ends = *state;
    uint64_t written = 1;
    uint64_t read = 1;
    uint64_t seed = 42;
    while (read < 4000) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
        for (uint64_t burst = seed >> 61; burst > 0; burst--) {
            if (write_pattern(ends, written, (size_t)(written * 977 % 9001)) != NSL_OK) {
                break;
            }
            written++;
        }
        if (read < written) {
            read_pattern(ends, read, (size_t)(read * 977 % 9001));
            read++;
        }
    }
    assert_true(get_u64(ends, OFFSET_WRITTEN) > 100 * (uint64_t)NSL_RING_CAPACITY);
}

static void messages_of_every_small_size_survive(void **state)
{
    struct ends *ends = *state;
    for (size_t size = 0; size < 200; size++) {
        assert_int_equal(write_pattern(ends, size + 1, size), NSL_OK);
        read_pattern(ends, size + 1, size);
    }
    const size_t edges[] = {NSL_RING_INLINE_MAX - 1, NSL_RING_INLINE_MAX, NSL_RING_INLINE_MAX + 1,
                            LARGE_SIZE - 1, LARGE_SIZE};
    for (size_t index = 0; index < sizeof(edges) / sizeof(edges[0]); index++) {
        assert_int_equal(write_pattern(ends, index + 1, edges[index]), NSL_OK);
        read_pattern(ends, index + 1, edges[index]);
    }
}

static void a_full_ring_refuses_and_takes_more_after_a_read(void **state)
{
    struct ends *ends = *state;
    uint64_t count = 0;
    while (write_pattern(ends, count + 1, 1008) == NSL_OK) { /* 1024 with its head */
        count++;
    }
    assert_int_equal(count, NSL_RING_CAPACITY / 1024);
    assert_int_equal(write_pattern(ends, count + 1, 1008), NSL_ERR_FULL);
    assert_int_equal(write_pattern(ends, count + 1, 0), NSL_ERR_FULL);
    read_pattern(ends, 1, 1008);
    assert_int_equal(write_pattern(ends, count + 1, 1009), NSL_ERR_FULL);
    assert_int_equal(write_pattern(ends, count + 1, 1008), NSL_OK);
    for (uint64_t id = 2; id <= count + 1; id++) {
        read_pattern(ends, id, 1008);
    }
    assert_int_equal(read_any(ends), NSL_ERR_AGAIN);
}

static void the_large_area_holds_one_payload_at_a_time(void **state)
{
    struct ends *ends = *state;
    assert_int_equal(write_pattern(ends, 1, LARGE_SIZE), NSL_OK);
    assert_int_equal(write_pattern(ends, 2, NSL_RING_INLINE_MAX + 1), NSL_ERR_FULL);
    assert_int_equal(write_pattern(ends, 3, 10), NSL_OK); /* small ones go on */
    read_pattern(ends, 1, LARGE_SIZE);
    assert_int_equal(get_u64(ends, OFFSET_RELEASED), 1);
    assert_int_equal(write_pattern(ends, 4, NSL_RING_INLINE_MAX + 1), NSL_OK);
    read_pattern(ends, 3, 10);
    read_pattern(ends, 4, NSL_RING_INLINE_MAX + 1);
    assert_int_equal(get_u64(ends, OFFSET_RELEASED), 2);
}

static void write_refuses_what_can_never_fit(void **state)
{
    struct ends *ends = *state;
    assert_int_equal(write_pattern(ends, 1, LARGE_SIZE + 1), NSL_ERR_TOO_LARGE);
    struct nsl_ring small = nsl_ring_of(ends->memory, 0);
    static const uint8_t bytes[NSL_RING_INLINE_MAX + 1];
    const nsl_bytes part = nsl_bytes_of(bytes, sizeof(bytes));
    assert_int_equal(nsl_ring_write(&small, 1, 1, &part, 1), NSL_ERR_TOO_LARGE);
    assert_int_equal(get_u64(ends, OFFSET_WRITTEN), 0);
}

static void read_refuses_a_message_longer_than_the_buffer(void **state)
{
    struct ends *ends = *state;
    struct nsl_ring_message message;
    assert_int_equal(write_pattern(ends, 1, 100), NSL_OK);
    assert_int_equal(nsl_ring_read(&ends->reader, ends->buffer, 99, &message), NSL_ERR_TOO_LARGE);
}

static void nothing_stays_behind_after_a_read(void **state)
{
    struct ends *ends = *state;
    /* Start near the end, so that head and payload wrap. */
    for (uint64_t id = 1; id <= 4; id++) {
        assert_int_equal(write_pattern(ends, id, NSL_RING_INLINE_MAX - 32), NSL_OK);
        read_pattern(ends, id, NSL_RING_INLINE_MAX - 32);
    }
    assert_true(get_u64(ends, OFFSET_WRITTEN) < NSL_RING_CAPACITY);
    assert_int_equal(write_pattern(ends, 5, NSL_RING_INLINE_MAX), NSL_OK);
    assert_true(get_u64(ends, OFFSET_WRITTEN) > NSL_RING_CAPACITY);
    read_pattern(ends, 5, NSL_RING_INLINE_MAX);
    assert_int_equal(write_pattern(ends, 6, LARGE_SIZE), NSL_OK);
    read_pattern(ends, 6, LARGE_SIZE);
    assert_all_zero(ends, NSL_RING_DATA_OFFSET, NSL_RING_CAPACITY);
    assert_all_zero(ends, NSL_RING_LARGE_OFFSET, LARGE_SIZE);
}

static void reader_refuses_a_writers_impossible_counter(void **state)
{
    struct ends *ends = *state;
    assert_int_equal(write_pattern(ends, 1, 10), NSL_OK);
    read_pattern(ends, 1, 10);
    const uint64_t lies[] = {
        0,                          /* backwards */
        31,                         /* one byte backwards */
        33,                         /* less than a head */
        32 + HEAD_SIZE - 1,         /* one byte less than a head */
        32 + NSL_RING_CAPACITY + 1, /* more than fits */
        UINT64_MAX,
        UINT64_C(1) << 63,
    };
    for (size_t index = 0; index < sizeof(lies) / sizeof(lies[0]); index++) {
        set_u64(ends, OFFSET_WRITTEN, lies[index]);
        assert_int_equal(read_any(ends), NSL_ERR_BAD_MESSAGE);
    }
}

/* Puts a head into the ring as a writer that was taken over would. */
static void forge(struct ends *ends, uint32_t size, uint16_t place, uint64_t claimed)
{
    uint8_t *head = ends->memory + NSL_RING_DATA_OFFSET;
    for (size_t index = 0; index < 4; index++) {
        head[index] = (uint8_t)(size >> (8 * index));
    }
    head[6] = (uint8_t)place;
    head[7] = (uint8_t)(place >> 8);
    set_u64(ends, OFFSET_WRITTEN, claimed);
    ends->reader = nsl_ring_of(ends->memory, LARGE_SIZE);
}

static void reader_refuses_forged_heads(void **state)
{
    struct ends *ends = *state;
    static const struct {
        uint32_t size;
        uint16_t place;
        uint64_t claimed;
    } lies[] = {
        {1, 0, 16},                                      /* more payload than was written */
        {17, 0, 32},                                     /* one byte more than was written */
        {UINT32_MAX, 0, NSL_RING_CAPACITY},              /* far more */
        {UINT32_MAX - 15, 0, NSL_RING_CAPACITY},         /* wraps when it is padded */
        {NSL_RING_INLINE_MAX + 1, 0, NSL_RING_CAPACITY}, /* not allowed inside */
        {LARGE_SIZE + 1, 1, 16},                         /* beyond the large area */
        {UINT32_MAX, 1, 16},
        {0, 2, 16}, /* no such place */
        {0, UINT16_MAX, 16},
    };
    for (size_t index = 0; index < sizeof(lies) / sizeof(lies[0]); index++) {
        forge(ends, lies[index].size, lies[index].place, lies[index].claimed);
        assert_int_equal(read_any(ends), NSL_ERR_BAD_MESSAGE);
    }
    forge(ends, 16, 0, 32);
    assert_int_equal(read_any(ends), NSL_OK);
}

static void writer_refuses_a_readers_impossible_counters(void **state)
{
    struct ends *ends = *state;
    assert_int_equal(write_pattern(ends, 1, 10), NSL_OK);
    const uint64_t lies[] = {33, 64, UINT64_C(32) - NSL_RING_CAPACITY - 1, UINT64_C(1) << 63};
    for (size_t index = 0; index < sizeof(lies) / sizeof(lies[0]); index++) {
        set_u64(ends, OFFSET_CONSUMED, lies[index]);
        assert_int_equal(write_pattern(ends, 2, 10), NSL_ERR_BAD_MESSAGE);
    }
    set_u64(ends, OFFSET_CONSUMED, 0);
    const uint64_t released[] = {1, 2, UINT64_MAX - 1};
    for (size_t index = 0; index < sizeof(released) / sizeof(released[0]); index++) {
        set_u64(ends, OFFSET_RELEASED, released[index]);
        assert_int_equal(write_pattern(ends, 2, LARGE_SIZE), NSL_ERR_BAD_MESSAGE);
    }
    set_u64(ends, OFFSET_RELEASED, 0);
    assert_int_equal(write_pattern(ends, 2, LARGE_SIZE), NSL_OK);
}

/* The payload is copied before it is looked at: changing it afterwards changes nothing. */
static void what_was_read_is_a_copy(void **state)
{
    struct ends *ends = *state;
    struct nsl_ring_message message;
    assert_int_equal(write_pattern(ends, 1, 100), NSL_OK);
    assert_int_equal(nsl_ring_read(&ends->reader, ends->buffer, BUFFER_SIZE, &message), NSL_OK);
    assert_ptr_equal(message.payload.data, ends->buffer);
    for (size_t index = 0; index < NSL_RING_CAPACITY; index++) {
        ends->memory[NSL_RING_DATA_OFFSET + index] = 0xff;
    }
    assert_int_equal(message.payload.data[50], pattern(1, 50));
}

static void a_waiting_reader_is_woken_exactly_once(void **state)
{
    struct ends *ends = *state;
    assert_false(nsl_ring_must_wake(&ends->writer));
    assert_true(nsl_ring_prepare_wait(&ends->reader));
    assert_int_equal(write_pattern(ends, 1, 10), NSL_OK);
    assert_true(nsl_ring_must_wake(&ends->writer));
    assert_false(nsl_ring_must_wake(&ends->writer));
    /* Something is there: the sleep must not happen, and nobody is told to wake. */
    assert_false(nsl_ring_prepare_wait(&ends->reader));
    assert_false(nsl_ring_must_wake(&ends->writer));
    read_pattern(ends, 1, 10);
    assert_true(nsl_ring_prepare_wait(&ends->reader));
    nsl_ring_cancel_wait(&ends->reader);
    assert_false(nsl_ring_must_wake(&ends->writer));
    /* A hostile value of the flag is one wake-up and no more. */
    atomic_store((_Atomic uint32_t *)(void *)(ends->memory + OFFSET_WAITS), UINT32_MAX);
    assert_true(nsl_ring_must_wake(&ends->writer));
    assert_false(nsl_ring_must_wake(&ends->writer));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ends_up, ends_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(layout_is_the_documented_one),
        TEST(read_of_an_empty_ring_says_again),
        TEST(messages_arrive_in_order_across_many_wraps),
        TEST(messages_of_every_small_size_survive),
        TEST(a_full_ring_refuses_and_takes_more_after_a_read),
        TEST(the_large_area_holds_one_payload_at_a_time),
        TEST(write_refuses_what_can_never_fit),
        TEST(read_refuses_a_message_longer_than_the_buffer),
        TEST(nothing_stays_behind_after_a_read),
        TEST(reader_refuses_a_writers_impossible_counter),
        TEST(reader_refuses_forged_heads),
        TEST(writer_refuses_a_readers_impossible_counters),
        TEST(what_was_read_is_a_copy),
        TEST(a_waiting_reader_is_woken_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
