/*
 * A ring: a one-way queue of messages in memory shared by two roles, one writing, one reading.
 *
 * Layout (native byte order, both ends are one build on one machine):
 *
 *   offset                  size        meaning
 *   0                       8           written: bytes ever written, by the writer only
 *   64                      8           consumed: bytes ever consumed, by the reader only
 *   72                      8           large_released: large payloads ever taken, reader only
 *   128                     4           reader_waits: 1 while the reader sleeps or is about to
 *   4096                    131072      message bytes; position p lies at p modulo 131072
 *   135168                  large_size  one payload that is too large for the ring itself
 *
 * A message is a 16-byte head (u32 payload size, u16 type, u16 place, u64 id) and, where place is 0,
 * the payload and zero bytes up to a multiple of 16; it may wrap round the end. Place 1 means that
 * the payload lies in the large area, which holds one payload at a time. So the bytes that small
 * messages cycle through stay in the cache, whatever the largest message is.
 *
 * Each end keeps its own counters privately and treats the other's as untrusted: one that claims more
 * than was written, or than fits, is NSL_ERR_BAD_MESSAGE, after which the ring must be given up. (A
 * reader that takes back what it consumed only makes its own ring smaller.)
 * The reader copies a message out once and zeroes its bytes, so that a role which serves the next
 * call finds nothing of this one. Does NOT protect against the other end reading what it wrote.
 *
 * Sleeping: the reader sets reader_waits, looks once more, and sleeps until the writer, told so by
 * nsl_ring_must_wake, wakes it: by an event descriptor, or by the word itself (futex(2)). The waker must
 * be unable to block: nobody may wake by writing to a descriptor that the sleeper could have filled.
 * No lock, no thread.
 */
#ifndef NSL_COMMON_WIRE_RING_H
#define NSL_COMMON_WIRE_RING_H

#include "common/base/bytes.h"
#include "common/base/error.h"

enum {
    NSL_RING_DATA_OFFSET = 4096,
    NSL_RING_CAPACITY = 128 * 1024,  /* bytes, a power of two */
    NSL_RING_INLINE_MAX = 32 * 1024, /* bytes of payload; larger ones use the large area */
    NSL_RING_LARGE_OFFSET = NSL_RING_DATA_OFFSET + NSL_RING_CAPACITY,
};

struct nsl_ring_message {
    uint16_t type;
    uint64_t id;
    nsl_bytes payload; /* in the caller's buffer */
};

struct nsl_ring {
    void *shared;        /* borrowed; nsl_ring_memory_size bytes */
    uint64_t large_size; /* bytes of the large area, 0: none */
    uint64_t own;        /* this end's counter: written or consumed */
    uint64_t own_large;  /* large payloads this end has written or taken */
};

/* Bytes of shared memory of a ring with this large area. */
static inline uint64_t nsl_ring_memory_size(uint64_t large_size)
{
    return NSL_RING_LARGE_OFFSET + large_size;
}

struct nsl_ring nsl_ring_of(void *shared, uint64_t large_size);

/* Appends one message made of parts. NSL_ERR_FULL: retry after the reader consumed; NSL_ERR_TOO_LARGE:
 * can never fit; NSL_ERR_BAD_MESSAGE: the reader's counter is not possible. */
NSL_MUST_USE nsl_err nsl_ring_write(struct nsl_ring *ring, uint16_t type, uint64_t id,
                                    const nsl_bytes *parts, size_t part_count);

/* The reader's counter as it claims: a message written when `own` was p has been taken when this is
 * above p. For the writer; not checked. */
uint64_t nsl_ring_consumed(const struct nsl_ring *ring);

/* True once for each sleep of the reader: signal its event descriptor now. */
bool nsl_ring_must_wake(struct nsl_ring *ring);

/* Takes the next message into buffer. NSL_ERR_AGAIN: empty; NSL_ERR_TOO_LARGE: longer than the
 * buffer; NSL_ERR_BAD_MESSAGE: the writer broke the format; after those two give the ring up. */
NSL_MUST_USE nsl_err nsl_ring_read(struct nsl_ring *ring, void *buffer, size_t buffer_size,
                                   struct nsl_ring_message *ret_message);

/* Announces a sleep; false when a message is there already, and the sleep must not happen. */
bool nsl_ring_prepare_wait(struct nsl_ring *ring);
void nsl_ring_cancel_wait(struct nsl_ring *ring);
/* The word reader_waits, for futex(2). */
uint32_t *nsl_ring_wait_word(struct nsl_ring *ring);

#endif
