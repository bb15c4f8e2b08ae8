/*
 * Rings: two honest ends and a memory that someone else writes to between their steps. Whatever
 * happens, each end returns, stays inside the memory and the buffer, and never gives out a payload
 * that is longer than either. While nobody interferes every message arrives whole and in order.
 *
 * Input: steps. A byte below 96: write that many * 37 bytes (every 8th a large payload); below 192:
 * read; else write 8 bytes of the input over the shared memory at an offset of the input.
 */
#include <stdlib.h>

#include "common/wire/ring.h"

enum {
    LARGE_SIZE = 40 * 1024,
    BUFFER_SIZE = 36 * 1024,
    STEP_WRITE = 96,
    STEP_READ = 192,
    WRITE_UNIT = 37,
    LARGE_UNIT = 420,
    POKE_BYTES = 8,
};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

struct world {
    uint8_t *memory;
    struct nsl_ring writer;
    struct nsl_ring reader;
    uint64_t written; /* messages */
    uint64_t read;
    bool is_poked; /* broken by somebody: nothing but safety is promised */
};

static uint8_t payload_byte(uint64_t id, size_t index)
{
    return (uint8_t)(id * 13 + index);
}

static void write_one(struct world *world, uint8_t step)
{
    static uint8_t bytes[LARGE_SIZE];
    size_t size = step % 8 == 7 ? (size_t)step * LARGE_UNIT : (size_t)step * WRITE_UNIT;
    if (size > LARGE_SIZE) {
        size = LARGE_SIZE;
    }
    for (size_t index = 0; index < size; index++) {
        bytes[index] = payload_byte(world->written, index);
    }
    const nsl_bytes parts[] = {nsl_bytes_of(bytes, size / 2),
                               nsl_bytes_of(bytes + size / 2, size - size / 2)};
    nsl_err err = nsl_ring_write(&world->writer, step, world->written, parts, 2);
    require(err == NSL_OK || err == NSL_ERR_FULL ||
            (world->is_poked && err == NSL_ERR_BAD_MESSAGE));
    world->written += err == NSL_OK;
    (void)nsl_ring_must_wake(&world->writer);
}

static void read_one(struct world *world)
{
    static uint8_t buffer[BUFFER_SIZE];
    struct nsl_ring_message message;
    nsl_err err = nsl_ring_read(&world->reader, buffer, sizeof(buffer), &message);
    if (err != NSL_OK) {
        require(err == NSL_ERR_AGAIN || err == NSL_ERR_TOO_LARGE ||
                (world->is_poked && err == NSL_ERR_BAD_MESSAGE));
        require(world->is_poked || err == NSL_ERR_TOO_LARGE || world->read == world->written);
        world->is_poked |= err == NSL_ERR_TOO_LARGE; /* the ring is to be given up */
        return;
    }
    require(message.payload.data == buffer && message.payload.size <= sizeof(buffer));
    if (world->is_poked) {
        return;
    }
    require(message.id == world->read);
    for (size_t index = 0; index < message.payload.size; index++) {
        require(buffer[index] == payload_byte(message.id, index));
    }
    world->read++;
}

/* As a role that was taken over: any bytes anywhere, the counters more often than not. */
static size_t poke(struct world *world, const uint8_t *data, size_t size)
{
    if (size < 3 + POKE_BYTES) {
        return size;
    }
    size_t offset = (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;
    offset %= data[0] % 2 == 0 ? 160 : nsl_ring_memory_size(LARGE_SIZE) - POKE_BYTES;
    for (size_t index = 0; index < POKE_BYTES; index++) {
        world->memory[offset + index] = data[3 + index];
    }
    world->is_poked = true;
    return 3 + POKE_BYTES;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *memory;
    size_t memory_size = nsl_ring_memory_size(LARGE_SIZE);
    if (memory == NULL) {
        memory = malloc(memory_size); /* from malloc, so that its ends are guarded */
        require(memory != NULL);
    }
    memset(memory, 0, memory_size);
    struct world world = {
        .memory = memory,
        .writer = nsl_ring_of(memory, LARGE_SIZE),
        .reader = nsl_ring_of(memory, LARGE_SIZE),
    };
    for (size_t at = 0; at < size;) {
        uint8_t step = data[at++];
        if (step < STEP_WRITE) {
            write_one(&world, step);
        } else if (step < STEP_READ) {
            read_one(&world);
            if (step % 4 == 0 && nsl_ring_prepare_wait(&world.reader)) {
                nsl_ring_cancel_wait(&world.reader);
            }
        } else {
            at += poke(&world, data + at, size - at);
        }
    }
    return 0;
}
