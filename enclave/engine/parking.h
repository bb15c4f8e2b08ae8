/*
 * Parked calls: what differs between a waiting call's arena and its function's image, with the meter
 * and what the outcome needs. Kept outside the arena, wiped when freed.
 *
 * Does NOT outlive the process, nor work in one that was not forked from the same parent: it holds
 * addresses. Threads: one. Limits: all parked calls together take at most max_bytes.
 */
#ifndef NSL_ENGINE_PARKING_H
#define NSL_ENGINE_PARKING_H

#include "enclave/engine/image.h"
#include "enclave/engine/meter.h"

struct nsl_parked {
    struct nsl_parked *next_in_row;
    uint64_t call_id;
    struct nsl_image *image; /* held */
    struct nsl_meter meter;
    uint64_t run_ns;
    size_t delta_bytes;
    uint64_t delta[]; /* against the image */
};

struct nsl_parking {
    uint64_t max_bytes;
    uint64_t used_bytes;
    uint32_t count;
    uint8_t *replica; /* the image a waiting call is compared with; holds nothing of any call */
    struct nsl_parked *table[4096];
};

void nsl_parking_init(struct nsl_parking *parking, uint64_t max_bytes);
void nsl_parking_done(struct nsl_parking *parking, struct nsl_images *images);

/* Saves the call in the arena, whose image is given. NSL_ERR_FULL: parked calls take max_bytes
 * already; NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_parking_add(struct nsl_parking *parking, const struct nsl_images *images,
                                     struct nsl_image *image, uint64_t call_id, uint64_t run_ns);

/* Takes a parked call out. The caller frees it by nsl_parked_free. NULL: unknown id. */
struct nsl_parked *nsl_parking_take(struct nsl_parking *parking, uint64_t call_id);

/* A parked call as one run of bytes for another process of the same fork generation: its meter, its
 * running time and its delta. Borrowed from parked. */
nsl_bytes nsl_parked_record(const struct nsl_parked *parked);

/* Parks a call from such a record. NSL_ERR_BAD_MESSAGE: not a record, or a delta that reaches outside
 * the arena; NSL_ERR_FULL, NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_parking_put(struct nsl_parking *parking, struct nsl_image *image,
                                     uint64_t call_id, nsl_bytes record);

/* Makes the arena, which holds the call's image, the waiting call's; sets what the meter had counted. */
void nsl_parked_restore(const struct nsl_parked *parked);
void nsl_parked_free(struct nsl_parked *parked, struct nsl_images *images);

#endif
