#include "enclave/engine/parking.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "common/base/wipe.h"
#include "enclave/engine/arena.h"
#include "enclave/engine/delta.h"

void nsl_parking_init(struct nsl_parking *parking, uint64_t max_bytes)
{
    *parking = (struct nsl_parking){.max_bytes = max_bytes};
}

static struct nsl_parked **row_of(struct nsl_parking *parking, uint64_t call_id)
{
    return &parking->table[call_id % (sizeof(parking->table) / sizeof(parking->table[0]))];
}

static uint64_t record_bytes(size_t delta_bytes)
{
    return sizeof(struct nsl_parked) + delta_bytes;
}

void nsl_parked_free(struct nsl_parked *parked, struct nsl_images *images)
{
    if (parked == NULL) {
        return;
    }
    nsl_images_release(images, parked->image);
    nsl_wipe(parked, record_bytes(parked->delta_bytes));
    free(parked);
}

void nsl_parking_done(struct nsl_parking *parking, struct nsl_images *images)
{
    for (size_t i = 0; i < sizeof(parking->table) / sizeof(parking->table[0]); i++) {
        while (parking->table[i] != NULL) {
            struct nsl_parked *parked = parking->table[i];
            parking->table[i] = parked->next_in_row;
            nsl_parked_free(parked, images);
        }
    }
    if (parking->replica != NULL) {
        munmap(parking->replica, NSL_ARENA_SIZE);
    }
    *parking = (struct nsl_parking){0};
}

/* Address space as large as the arena; only what images fill is ever touched. */
static nsl_err replica_map(struct nsl_parking *parking)
{
    if (parking->replica == NULL) {
        void *mapped = mmap(NULL, NSL_ARENA_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (mapped == MAP_FAILED) {
            return NSL_ERR_NO_MEMORY;
        }
        parking->replica = mapped;
    }
    return NSL_OK;
}

nsl_err nsl_parking_add(struct nsl_parking *parking, const struct nsl_images *images,
                        struct nsl_image *image, uint64_t call_id, uint64_t run_ns)
{
    NSL_TRY(replica_map(parking));
    struct nsl_image_difference difference;
    nsl_image_compare(images, image, parking->replica, &difference);
    size_t delta_bytes = difference.delta_bytes;
    if (parking->used_bytes + record_bytes(delta_bytes) > parking->max_bytes) {
        return NSL_ERR_FULL;
    }
    struct nsl_parked *parked = calloc(1, record_bytes(delta_bytes));
    if (parked == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_image_write_delta(&difference, parked->delta);
    parked->delta_bytes = delta_bytes;
    parked->call_id = call_id;
    parked->meter = nsl_meter;
    parked->run_ns = run_ns;
    parked->image = image;
    nsl_image_hold(image);
    struct nsl_parked **row = row_of(parking, call_id);
    parked->next_in_row = *row;
    *row = parked;
    parking->used_bytes += record_bytes(delta_bytes);
    parking->count++;
    return NSL_OK;
}

struct nsl_parked *nsl_parking_take(struct nsl_parking *parking, uint64_t call_id)
{
    struct nsl_parked **link = row_of(parking, call_id);
    while (*link != NULL && (*link)->call_id != call_id) {
        link = &(*link)->next_in_row;
    }
    struct nsl_parked *parked = *link;
    if (parked != NULL) {
        *link = parked->next_in_row;
        parking->used_bytes -= record_bytes(parked->delta_bytes);
        parking->count--;
    }
    return parked;
}

enum { RECORD_START = offsetof(struct nsl_parked, meter) };

nsl_bytes nsl_parked_record(const struct nsl_parked *parked)
{
    return nsl_bytes_of((const uint8_t *)parked + RECORD_START,
                        record_bytes(parked->delta_bytes) - RECORD_START);
}

nsl_err nsl_parking_put(struct nsl_parking *parking, struct nsl_image *image, uint64_t call_id,
                        nsl_bytes record)
{
    uint64_t bytes = record.size + RECORD_START;
    if (bytes < sizeof(struct nsl_parked) || record.size % sizeof(uint64_t) != 0) {
        return NSL_ERR_BAD_MESSAGE;
    }
    if (parking->used_bytes + bytes > parking->max_bytes) {
        return NSL_ERR_FULL;
    }
    struct nsl_parked *parked = calloc(1, bytes);
    if (parked == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy((uint8_t *)parked + RECORD_START, bytes - RECORD_START, record);
    if (record_bytes(parked->delta_bytes) != bytes ||
        !nsl_delta_is_within(parked->delta, parked->delta_bytes, NSL_ARENA_SIZE)) {
        nsl_wipe(parked, bytes);
        free(parked);
        return NSL_ERR_BAD_MESSAGE;
    }
    parked->call_id = call_id;
    parked->image = image;
    nsl_image_hold(image);
    struct nsl_parked **row = row_of(parking, call_id);
    parked->next_in_row = *row;
    *row = parked;
    parking->used_bytes += bytes;
    parking->count++;
    return NSL_OK;
}

/* A record may come from another process, whose word is taken for the call's own use only. */
void nsl_parked_restore(const struct nsl_parked *parked)
{
    nsl_delta_apply(parked->delta, parked->delta_bytes, nsl_arena_state());
    nsl_meter.gas_used = parked->meter.gas_used;
    nsl_meter.heap_used = parked->meter.heap_used;
    nsl_meter.heap_peak = parked->meter.heap_peak;
    nsl_meter.jobs_pending = parked->meter.jobs_pending;
    nsl_meter.now_ms = parked->meter.now_ms;
}
