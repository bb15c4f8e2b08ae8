#include "common/wire/ring.h"

#include <stdatomic.h>

enum { HEAD_SIZE = 16, ALIGNMENT = 16 };
enum place { PLACE_INLINE, PLACE_LARGE };

struct shared_head {
    _Alignas(64) _Atomic uint64_t written;
    _Alignas(64) _Atomic uint64_t consumed;
    _Atomic uint64_t large_released;
    _Alignas(64) _Atomic uint32_t reader_waits;
};

struct message_head {
    uint32_t payload_size;
    uint16_t type;
    uint16_t place;
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

static uint8_t *large_of(const struct nsl_ring *ring)
{
    return (uint8_t *)ring->shared + NSL_RING_LARGE_OFFSET;
}

struct nsl_ring nsl_ring_of(void *shared, uint64_t large_size)
{
    return (struct nsl_ring){.shared = shared, .large_size = large_size};
}

static void copy_in(const struct nsl_ring *ring, uint64_t position, nsl_bytes bytes)
{
    uint64_t offset = position & (NSL_RING_CAPACITY - 1);
    uint64_t first = NSL_RING_CAPACITY - offset;
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
    uint64_t offset = position & (NSL_RING_CAPACITY - 1);
    uint64_t first = NSL_RING_CAPACITY - offset;
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

static nsl_err check_room(const struct nsl_ring *ring, uint64_t total, enum place place)
{
    struct shared_head *head = head_of(ring);
    uint64_t consumed = atomic_load_explicit(&head->consumed, memory_order_acquire);
    uint64_t released = atomic_load_explicit(&head->large_released, memory_order_acquire);
    uint64_t in_use = ring->own - consumed;
    if (in_use > NSL_RING_CAPACITY || ring->own_large - released > 1) {
        return NSL_ERR_BAD_MESSAGE;
    }
    bool has_room = NSL_RING_CAPACITY - in_use >= total &&
                    (place == PLACE_INLINE || ring->own_large == released);
    return has_room ? NSL_OK : NSL_ERR_FULL;
}

static void copy_large(struct nsl_ring *ring, const nsl_bytes *parts, size_t part_count)
{
    uint8_t *target = large_of(ring);
    for (size_t index = 0; index < part_count; index++) {
        if (parts[index].size != 0) {
            memcpy(target, parts[index].data, parts[index].size);
        }
        target += parts[index].size;
    }
    ring->own_large++;
}

static void copy_inline(struct nsl_ring *ring, const nsl_bytes *parts, size_t part_count)
{
    uint64_t position = ring->own + HEAD_SIZE;
    for (size_t index = 0; index < part_count; index++) {
        copy_in(ring, position, parts[index]);
        position += parts[index].size;
    }
}

nsl_err nsl_ring_write(struct nsl_ring *ring, uint16_t type, uint64_t id, const nsl_bytes *parts,
                       size_t part_count)
{
    uint64_t payload_size = 0;
    for (size_t index = 0; index < part_count; index++) {
        payload_size += parts[index].size;
    }
    enum place place = payload_size <= NSL_RING_INLINE_MAX ? PLACE_INLINE : PLACE_LARGE;
    if (place == PLACE_LARGE && (payload_size > ring->large_size || payload_size > UINT32_MAX)) {
        return NSL_ERR_TOO_LARGE;
    }
    uint64_t total = place == PLACE_INLINE ? padded(payload_size) : HEAD_SIZE;
    NSL_TRY(check_room(ring, total, place));
    struct message_head head = {
        .payload_size = (uint32_t)payload_size,
        .type = type,
        .place = (uint16_t)place,
        .id = id,
    };
    copy_in(ring, ring->own, nsl_bytes_of(&head, sizeof(head)));
    if (place == PLACE_INLINE) {
        copy_inline(ring, parts, part_count);
    } else {
        copy_large(ring, parts, part_count);
    }
    ring->own += total;
    atomic_store_explicit(&head_of(ring)->written, ring->own, memory_order_seq_cst);
    return NSL_OK;
}

uint64_t nsl_ring_consumed(const struct nsl_ring *ring)
{
    return atomic_load_explicit(&head_of(ring)->consumed, memory_order_acquire);
}

bool nsl_ring_must_wake(struct nsl_ring *ring)
{
    _Atomic uint32_t *waits = &head_of(ring)->reader_waits;
    if (atomic_load_explicit(waits, memory_order_seq_cst) == 0) {
        return false;
    }
    return atomic_exchange_explicit(waits, 0, memory_order_seq_cst) != 0;
}

static void take_large(struct nsl_ring *ring, uint8_t *target, size_t size)
{
    memcpy(target, large_of(ring), size);
    memset(large_of(ring), 0, size);
    ring->own_large++;
    atomic_store_explicit(&head_of(ring)->large_released, ring->own_large, memory_order_release);
}

static nsl_err check_head(const struct nsl_ring *ring, const struct message_head *head,
                          uint64_t available, uint64_t *ret_total)
{
    bool is_inline = head->place == PLACE_INLINE;
    uint64_t total = is_inline ? padded(head->payload_size) : HEAD_SIZE;
    if (head->place > PLACE_LARGE || total > available ||
        head->payload_size > (is_inline ? (uint64_t)NSL_RING_INLINE_MAX : ring->large_size)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    *ret_total = total;
    return NSL_OK;
}

nsl_err nsl_ring_read(struct nsl_ring *ring, void *buffer, size_t buffer_size,
                      struct nsl_ring_message *ret_message)
{
    uint64_t written = atomic_load_explicit(&head_of(ring)->written, memory_order_acquire);
    uint64_t available = written - ring->own;
    if (available == 0) {
        return NSL_ERR_AGAIN;
    }
    if (available > NSL_RING_CAPACITY || available < HEAD_SIZE) {
        return NSL_ERR_BAD_MESSAGE;
    }
    struct message_head head;
    uint64_t total = 0;
    move_out(ring, ring->own, (uint8_t *)&head, sizeof(head));
    NSL_TRY(check_head(ring, &head, available, &total));
    if (head.payload_size > buffer_size) {
        return NSL_ERR_TOO_LARGE;
    }
    if (head.place == PLACE_INLINE) {
        move_out(ring, ring->own + HEAD_SIZE, buffer, head.payload_size);
    } else {
        take_large(ring, buffer, head.payload_size);
    }
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

uint32_t *nsl_ring_wait_word(struct nsl_ring *ring)
{
    return (uint32_t *)&head_of(ring)->reader_waits;
}
