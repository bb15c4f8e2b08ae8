/*
 * Images: states of the arena that calls start from. One base image (realm and host API) and, for
 * each function, its delta from the base. Both are read-only memory while calls run.
 *
 * The base image lies in a sealed memory file where the kernel has them: nobody can write it again.
 * A function's image is private to the process that built it, so no other runner ever uses it.
 *
 * Threads: one. Limits: the images together take at most the cache's bytes; least recently used ones
 * go first. An image that a parked call needs stays until that call ends.
 */
#ifndef NSL_ENGINE_IMAGE_H
#define NSL_ENGINE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/bytes.h"
#include "common/base/error.h"
#include "enclave/engine/delta.h"

struct nsl_image;

/* What names an image: two calls with equal names can share it. */
struct nsl_image_name {
    uint8_t code_hash[32];
    uint32_t depth_units; /* evaluating the top level may depend on them */
    uint32_t pending_jobs;
    uint32_t pending_host_calls;
    uint32_t unused;
};

struct nsl_images {
    const uint8_t *base; /* the heap's bytes, then the cold zone's */
    size_t heap_bytes;
    size_t cold_bytes;
    uint64_t max_bytes;
    uint64_t used_bytes;
    uint32_t count;
    struct nsl_image *newest;
    struct nsl_image *oldest;
    struct nsl_image *table[1024]; /* by the code hash's first bits */
};

/* Keeps the arena as it is as the base image. NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_images_init(struct nsl_images *images, uint64_t max_bytes);
void nsl_images_done(struct nsl_images *images);

/* Changes the cap; drops what is too much. */
void nsl_images_set_max(struct nsl_images *images, uint64_t max_bytes);

/* Drops every image that no parked call holds. */
void nsl_images_clear(struct nsl_images *images);

/* Puts the arena back: to the base when image is NULL. Everything written since is gone. */
void nsl_images_restore(const struct nsl_images *images, const struct nsl_image *image);

/* The image of that name, now the most recently used one, or NULL. */
struct nsl_image *nsl_images_find(struct nsl_images *images, const struct nsl_image_name *name);

/* Keeps the arena as it is under that name, instead of what had it. Owned by the cache; borrowed until the next add unless
 * held. NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_images_add(struct nsl_images *images, const struct nsl_image_name *name,
                                    struct nsl_image **ret_image);

/* A parked call keeps its image. */
void nsl_image_hold(struct nsl_image *image);
void nsl_images_release(struct nsl_images *images, struct nsl_image *image);

/* How the arena differs from an image. The arena is settled first (arena.h). `replica` is a mapping
 * of NSL_ARENA_SIZE bytes that is used for comparing. */
struct nsl_image_difference {
    struct nsl_span heap;
    struct nsl_span cold;
    size_t heap_delta_bytes;
    size_t delta_bytes;
};
void nsl_image_compare(const struct nsl_images *images, const struct nsl_image *image,
                       uint8_t *replica, struct nsl_image_difference *ret_difference);
void nsl_image_write_delta(const struct nsl_image_difference *difference, void *ret_delta);

/* Memory an idle image takes. */
size_t nsl_image_resident_bytes(const struct nsl_image *image);

#endif
