#include "common/base/secret.h"

#include <sys/mman.h>
#include <unistd.h>

struct layout {
    size_t page;
    size_t body; /* whole pages that hold the secret */
};

static struct layout layout_of(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (struct layout){.page = page, .body = (size + page - 1) & ~(page - 1)};
}

nsl_err nsl_secret_init(struct nsl_secret *ret_secret, size_t size)
{
    if (size == 0 || size > NSL_SECRET_MAX_BYTES) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    struct layout layout = layout_of(size);
    size_t whole = layout.body + 2 * layout.page;
    uint8_t *base = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return NSL_ERR_NO_MEMORY;
    }
    uint8_t *body = base + layout.page;
    if (mprotect(body, layout.body, PROT_READ | PROT_WRITE) != 0 ||
        madvise(body, layout.body, MADV_DONTDUMP) != 0 ||
        madvise(body, layout.body, MADV_DONTFORK) != 0) {
        munmap(base, whole);
        return NSL_ERR_NO_MEMORY;
    }
    bool is_locked = mlock(body, layout.body) == 0;
    /* Ends at the upper guard page: one byte too far faults. */
    *ret_secret = (struct nsl_secret){
        .data = body + layout.body - size, .size = size, .is_locked = is_locked};
    return NSL_OK;
}

void nsl_secret_done(struct nsl_secret *secret)
{
    if (secret == NULL || secret->data == NULL) {
        return;
    }
    struct layout layout = layout_of(secret->size);
    uint8_t *body = secret->data + secret->size - layout.body;
    nsl_wipe(body, layout.body);
    munmap(body - layout.page, layout.body + 2 * layout.page);
    *secret = (struct nsl_secret){0};
}

bool nsl_secret_equal(nsl_bytes a, nsl_bytes b)
{
    if (a.size != b.size) {
        return false;
    }
    /* volatile: the compiler may not find a shorter way out of the loop. */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.size; i++) {
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    }
    return difference == 0;
}
