#include "enclave/engine/parking.h"

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
    free(parking->scratch);
    *parking = (struct nsl_parking){0};
}

static nsl_err scratch_compose(struct nsl_parking *parking, const struct nsl_images *images,
                               const struct nsl_image *image)
{
    size_t bytes = nsl_image_bytes(images, image);
    if (bytes > parking->scratch_bytes) {
        free(parking->scratch);
        parking->scratch_bytes = 0;
        parking->scratch = malloc(bytes);
        if (parking->scratch == NULL) {
            return NSL_ERR_NO_MEMORY;
        }
        parking->scratch_bytes = bytes;
    }
    nsl_image_compose(images, image, parking->scratch);
    return NSL_OK;
}

/* The arena's bytes that matter, from its base. */
static size_t arena_bytes(size_t image_bytes)
{
    size_t top = nsl_arena_settle();
    return top > image_bytes ? top : image_bytes;
}

nsl_err nsl_parking_add(struct nsl_parking *parking, const struct nsl_images *images,
                        struct nsl_image *image, uint64_t call_id, uint64_t run_ns)
{
    NSL_TRY(scratch_compose(parking, images, image));
    size_t old_bytes = nsl_image_bytes(images, image);
    size_t now_bytes = arena_bytes(old_bytes);
    const void *arena = nsl_arena_state();
    size_t delta_bytes = nsl_delta_size(parking->scratch, old_bytes, arena, now_bytes);
    if (parking->used_bytes + record_bytes(delta_bytes) > parking->max_bytes) {
        return NSL_ERR_FULL;
    }
    struct nsl_parked *parked = calloc(1, record_bytes(delta_bytes));
    if (parked == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_delta_write(parking->scratch, old_bytes, arena, now_bytes, parked->delta);
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

void nsl_parked_restore(const struct nsl_parked *parked)
{
    nsl_delta_apply(parked->delta, parked->delta_bytes, nsl_arena_state());
    nsl_meter = parked->meter;
}
