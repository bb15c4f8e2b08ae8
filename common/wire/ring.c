#include "common/wire/ring.h"

#include <stdatomic.h>

enum { HEAD_SIZE = 16, ALIGNMENT = 16, LEAST_CAPACITY = 4096 };

struct shared_head {
    _Alignas(64) _Atomic uint64_t written;
    _Alignas(64) _Atomic uint64_t consumed;
    _Alignas(64) _Atomic uint32_t reader_waits;
};

struct message_head {
    uint32_t payload_size;
    uint16_t type;
    uint16_t zero;
    uint64_t id;
};
_Static_assert(sizeof(struct message_head) == HEAD_SIZE, "the documented head");

static struct shared_head *head_of(const struct nsl_ring *ring)
{
    return ring->shared;
}

static uint8_t *data_of(const struct nsl_ring *ring)
{
    return (uint8_t *)ring->shared + NSL_RING_DATA_OFFSET;
}

static uint64_t padded(uint64_t payload_size)
{
    return (HEAD_SIZE + payload_size + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

uint64_t nsl_ring_capacity_for(uint64_t longest_payload)
{
    uint64_t capacity = LEAST_CAPACITY;
    while (capacity < 2 * padded(longest_payload)) {
        capacity *= 2;
    }
    return capacity;
}

struct nsl_ring nsl_ring_of(void *shared, uint64_t capacity)
{
    nsl_assert(capacity >= LEAST_CAPACITY && (capacity & (capacity - 1)) == 0);
    return (struct nsl_ring){.shared = shared, .capacity = capacity};
}

static void copy_in(const struct nsl_ring *ring, uint64_t position, nsl_bytes bytes)
{
    uint64_t offset = position & (ring->capacity - 1);
    uint64_t first = ring->capacity - offset;
    if (bytes.size == 0) {
        return;
    }
    if (bytes.size <= first) {
        memcpy(data_of(ring) + offset, bytes.data, bytes.size);
        return;
    }
    memcpy(data_of(ring) + offset, bytes.data, first);
    memcpy(data_of(ring), bytes.data + first, bytes.size - first);
}

/* Copies out and zeroes what was copied. */
static void move_out(const struct nsl_ring *ring, uint64_t position, uint8_t *target, size_t size)
{
    uint64_t offset = position & (ring->capacity - 1);
    uint64_t first = ring->capacity - offset;
    if (size <= first) {
        memcpy(target, data_of(ring) + offset, size);
        memset(data_of(ring) + offset, 0, size);
        return;
    }
    memcpy(target, data_of(ring) + offset, first);
    memset(data_of(ring) + offset, 0, first);
    memcpy(target + first, data_of(ring), size - first);
    memset(data_of(ring), 0, size - first);
}

nsl_err nsl_ring_write(struct nsl_ring *ring, uint16_t type, uint64_t id, const nsl_bytes *parts,
                       size_t part_count)
{
    uint64_t payload_size = 0;
    for (size_t index = 0; index < part_count; index++) {
        payload_size += parts[index].size;
    }
    uint64_t total = padded(payload_size);
    if (payload_size > UINT32_MAX || total > ring->capacity) {
        return NSL_ERR_TOO_LARGE;
    }
    uint64_t consumed = atomic_load_explicit(&head_of(ring)->consumed, memory_order_acquire);
    uint64_t in_use = ring->own - consumed;
    if (in_use > ring->capacity) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (ring->capacity - in_use < total) {
        return NSL_ERR_FULL;
    }
    struct message_head head = {.payload_size = (uint32_t)payload_size, .type = type, .id = id};
    copy_in(ring, ring->own, nsl_bytes_of(&head, sizeof(head)));
    uint64_t position = ring->own + HEAD_SIZE;
    for (size_t index = 0; index < part_count; index++) {
        copy_in(ring, position, parts[index]);
        position += parts[index].size;
    }
    ring->own += total;
    atomic_store_explicit(&head_of(ring)->written, ring->own, memory_order_seq_cst);
    return NSL_OK;
}

bool nsl_ring_must_wake(struct nsl_ring *ring)
{
    _Atomic uint32_t *waits = &head_of(ring)->reader_waits;
    if (atomic_load_explicit(waits, memory_order_seq_cst) == 0) {
        return false;
    }
    return atomic_exchange_explicit(waits, 0, memory_order_seq_cst) != 0;
}

nsl_err nsl_ring_read(struct nsl_ring *ring, void *buffer, size_t buffer_size,
                      struct nsl_ring_message *ret_message)
{
    uint64_t written = atomic_load_explicit(&head_of(ring)->written, memory_order_acquire);
    uint64_t available = written - ring->own;
    if (available == 0) {
        return NSL_ERR_AGAIN;
    }
    if (available > ring->capacity || available < HEAD_SIZE) {
        return NSL_ERR_BAD_MESSAGE;
    }
    struct message_head head;
    move_out(ring, ring->own, (uint8_t *)&head, sizeof(head));
    uint64_t total = padded(head.payload_size);
    if (total > available || head.zero != 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (head.payload_size > buffer_size) {
        return NSL_ERR_TOO_LARGE;
    }
    move_out(ring, ring->own + HEAD_SIZE, buffer, head.payload_size);
    ring->own += total;
    atomic_store_explicit(&head_of(ring)->consumed, ring->own, memory_order_release);
    *ret_message = (struct nsl_ring_message){
        .type = head.type,
        .id = head.id,
        .payload = nsl_bytes_of(buffer, head.payload_size),
    };
    return NSL_OK;
}

bool nsl_ring_prepare_wait(struct nsl_ring *ring)
{
    atomic_store_explicit(&head_of(ring)->reader_waits, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&head_of(ring)->written, memory_order_seq_cst) == ring->own) {
        return true;
    }
    nsl_ring_cancel_wait(ring);
    return false;
}

void nsl_ring_cancel_wait(struct nsl_ring *ring)
{
    atomic_store_explicit(&head_of(ring)->reader_waits, 0, memory_order_seq_cst);
}
