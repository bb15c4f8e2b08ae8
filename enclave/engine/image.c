#include "enclave/engine/image.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "enclave/engine/arena.h"
#include "enclave/engine/placement.h"
#include "enclave/engine/tracking.h"

enum { PAGE_BYTES = 4096 };

struct nsl_image {
    struct nsl_image_name name;
    struct nsl_image *newer;
    struct nsl_image *older;
    struct nsl_image *next_in_row;
    uint8_t *delta; /* read-only pages */
    size_t delta_bytes;
    size_t mapped_bytes;
    size_t heap_bytes; /* of the arena this image fills */
    uint32_t holders;
    bool is_listed;
};

static size_t page_round(size_t bytes)
{
    return (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

static struct nsl_image **row_of(struct nsl_images *images, const struct nsl_image_name *name)
{
    size_t index = (size_t)name->code_hash[0] << 8 | name->code_hash[1];
    return &images->table[index % (sizeof(images->table) / sizeof(images->table[0]))];
}

static bool name_equal(const struct nsl_image_name *a, const struct nsl_image_name *b)
{
    return nsl_bytes_equal(nsl_bytes_of(a, sizeof(*a)), nsl_bytes_of(b, sizeof(*b)));
}

static const uint8_t *cold_zone(void)
{
    return (const uint8_t *)(uintptr_t)(NSL_ARENA_BASE + NSL_ARENA_COLD);
}

static bool write_all(int file, const uint8_t *from, size_t bytes)
{
    size_t written = 0;
    while (written < bytes) {
        ssize_t step = write(file, from + written, bytes - written);
        if (step <= 0) {
            return false;
        }
        written += (size_t)step;
    }
    return true;
}

/* A copy of both parts in a memory file that nobody can write or resize any more. */
static const uint8_t *seal_base(size_t heap_bytes, size_t cold_bytes)
{
    int file = memfd_create("nsl-base-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) {
        return NULL;
    }
    int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    void *mapped = MAP_FAILED;
    if (write_all(file, (const uint8_t *)nsl_arena_state(), heap_bytes) &&
        write_all(file, cold_zone(), cold_bytes) && fcntl(file, F_ADD_SEALS, seals) == 0) {
        mapped = mmap(NULL, heap_bytes + cold_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, file, 0);
    }
    close(file);
    return mapped == MAP_FAILED ? NULL : mapped;
}

/* Where there are no memory files: pages of our own, made read-only. */
static const uint8_t *copy_base(size_t heap_bytes, size_t cold_bytes)
{
    uint8_t *mapped = mmap(NULL, heap_bytes + cold_bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    memcpy(mapped, nsl_arena_state(), heap_bytes);
    memcpy(mapped + heap_bytes, cold_zone(), cold_bytes);
    if (mprotect(mapped, heap_bytes + cold_bytes, PROT_READ) != 0) {
        munmap(mapped, heap_bytes + cold_bytes);
        return NULL;
    }
    return mapped;
}

nsl_err nsl_images_init(struct nsl_images *images, uint64_t max_bytes)
{
    memset(images, 0, sizeof(*images));
    size_t heap_bytes = nsl_arena_settle();
    size_t cold_bytes = nsl_placement_cold_bytes();
    const uint8_t *base = seal_base(heap_bytes, cold_bytes);
    if (base == NULL) {
        base = copy_base(heap_bytes, cold_bytes);
    }
    if (base == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    images->base = base;
    images->heap_bytes = heap_bytes;
    images->cold_bytes = cold_bytes;
    images->max_bytes = max_bytes;
    return NSL_OK;
}

static void image_free(struct nsl_image *image)
{
    munmap(image->delta, image->mapped_bytes);
    free(image);
}

static void list_remove(struct nsl_images *images, struct nsl_image *image)
{
    if (image->newer != NULL) {
        image->newer->older = image->older;
    } else {
        images->newest = image->older;
    }
    if (image->older != NULL) {
        image->older->newer = image->newer;
    } else {
        images->oldest = image->newer;
    }
}

static void list_add_newest(struct nsl_images *images, struct nsl_image *image)
{
    image->newer = NULL;
    image->older = images->newest;
    if (images->newest != NULL) {
        images->newest->newer = image;
    } else {
        images->oldest = image;
    }
    images->newest = image;
}

/* Takes the image out of the cache; it lives on while a parked call holds it. */
static void image_drop(struct nsl_images *images, struct nsl_image *image)
{
    struct nsl_image **link = row_of(images, &image->name);
    while (*link != image) {
        link = &(*link)->next_in_row;
    }
    *link = image->next_in_row;
    list_remove(images, image);
    image->is_listed = false;
    images->used_bytes -= nsl_image_resident_bytes(image);
    images->count--;
    if (image->holders == 0) {
        image_free(image);
    }
}

static void make_room(struct nsl_images *images, uint64_t bytes)
{
    while (images->oldest != NULL && images->used_bytes + bytes > images->max_bytes) {
        image_drop(images, images->oldest);
    }
}

void nsl_images_set_max(struct nsl_images *images, uint64_t max_bytes)
{
    images->max_bytes = max_bytes;
    make_room(images, 0);
}

void nsl_images_clear(struct nsl_images *images)
{
    while (images->oldest != NULL) {
        image_drop(images, images->oldest);
    }
}

void nsl_images_done(struct nsl_images *images)
{
    nsl_images_clear(images);
    if (images->base != NULL) {
        munmap((void *)(uintptr_t)images->base, images->heap_bytes + images->cold_bytes);
    }
    images->base = NULL;
}

void nsl_images_restore(const struct nsl_images *images, const struct nsl_image *image)
{
    uint8_t *arena = (uint8_t *)nsl_arena_state();
    nsl_arena_zero_from(images->heap_bytes);
    memcpy(arena, images->base, images->heap_bytes);
    nsl_tracking_restore(images->base + images->heap_bytes, images->cold_bytes);
    if (image != NULL) {
        nsl_delta_apply(image->delta, image->delta_bytes, arena);
    }
}

struct nsl_image *nsl_images_find(struct nsl_images *images, const struct nsl_image_name *name)
{
    struct nsl_image *image = *row_of(images, name);
    while (image != NULL && !name_equal(&image->name, name)) {
        image = image->next_in_row;
    }
    if (image != NULL && image != images->newest) {
        list_remove(images, image);
        list_add_newest(images, image);
    }
    return image;
}

/* The replica's bytes are compared with the arena's; without an image the base's own are. */
static void compare(const struct nsl_images *images, const uint8_t *old_heap, size_t old_heap_bytes,
                    const uint8_t *old_cold, struct nsl_image_difference *ret_difference)
{
    size_t top = nsl_arena_settle();
    *ret_difference = (struct nsl_image_difference){
        .heap = {.old = old_heap,
                 .old_bytes = old_heap_bytes,
                 .now = nsl_arena_state(),
                 .now_bytes = top > old_heap_bytes ? top : old_heap_bytes},
        .cold = {.old = old_cold,
                 .old_bytes = images->cold_bytes,
                 .now = cold_zone(),
                 .now_bytes = images->cold_bytes,
                 .offset = NSL_ARENA_COLD},
    };
    ret_difference->heap_delta_bytes = nsl_delta_size(&ret_difference->heap);
    ret_difference->delta_bytes =
        ret_difference->heap_delta_bytes + nsl_delta_size(&ret_difference->cold);
}

void nsl_image_write_delta(const struct nsl_image_difference *difference, void *ret_delta)
{
    nsl_delta_write(&difference->heap, ret_delta);
    nsl_delta_write(&difference->cold, (uint8_t *)ret_delta + difference->heap_delta_bytes);
}

void nsl_image_compare(const struct nsl_images *images, const struct nsl_image *image,
                       uint8_t *replica, struct nsl_image_difference *ret_difference)
{
    size_t heap_bytes = image->heap_bytes;
    memcpy(replica, images->base, images->heap_bytes);
    if (heap_bytes > images->heap_bytes) {
        memset(replica + images->heap_bytes, 0, heap_bytes - images->heap_bytes);
    } else {
        heap_bytes = images->heap_bytes;
    }
    memcpy(replica + NSL_ARENA_COLD, images->base + images->heap_bytes, images->cold_bytes);
    nsl_delta_apply(image->delta, image->delta_bytes, replica);
    compare(images, replica, heap_bytes, replica + NSL_ARENA_COLD, ret_difference);
}

/* Fills image->delta with read-only pages. */
static nsl_err image_fill(const struct nsl_images *images, struct nsl_image *image)
{
    struct nsl_image_difference difference;
    compare(images, images->base, images->heap_bytes, images->base + images->heap_bytes,
            &difference);
    image->heap_bytes = nsl_arena_state()->top;
    image->delta_bytes = difference.delta_bytes;
    image->mapped_bytes = page_round(image->delta_bytes == 0 ? 1 : image->delta_bytes);
    void *mapped =
        mmap(NULL, image->mapped_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_image_write_delta(&difference, mapped);
    if (mprotect(mapped, image->mapped_bytes, PROT_READ) != 0) {
        munmap(mapped, image->mapped_bytes);
        return NSL_ERR_NO_MEMORY;
    }
    image->delta = mapped;
    return NSL_OK;
}

nsl_err nsl_images_add(struct nsl_images *images, const struct nsl_image_name *name,
                       struct nsl_image **ret_image)
{
    struct nsl_image *image = calloc(1, sizeof(*image));
    if (image == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    image->name = *name;
    nsl_err err = image_fill(images, image);
    if (err != NSL_OK) {
        free(image);
        return err;
    }
    struct nsl_image *older = nsl_images_find(images, name);
    if (older != NULL) {
        image_drop(images, older);
    }
    make_room(images, nsl_image_resident_bytes(image));
    struct nsl_image **row = row_of(images, name);
    image->next_in_row = *row;
    *row = image;
    list_add_newest(images, image);
    image->is_listed = true;
    images->used_bytes += nsl_image_resident_bytes(image);
    images->count++;
    *ret_image = image;
    return NSL_OK;
}

void nsl_image_hold(struct nsl_image *image)
{
    image->holders++;
}

void nsl_images_release(struct nsl_images *images, struct nsl_image *image)
{
    (void)images;
    nsl_assert(image->holders > 0);
    image->holders--;
    if (image->holders == 0 && !image->is_listed) {
        image_free(image);
    }
}

size_t nsl_image_resident_bytes(const struct nsl_image *image)
{
    return sizeof(*image) + image->mapped_bytes;
}
