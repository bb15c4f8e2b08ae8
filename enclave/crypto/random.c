#include "enclave/crypto/random.h"

#include <openssl/rand.h>
#include <stdlib.h>

#include "common/base/wipe.h"

enum { POOL_BYTES = 4096 };

static uint8_t pool[POOL_BYTES];
static size_t pool_left;

static void fill(void *data, size_t size)
{
    nsl_assert(size <= INT32_MAX);
    if (RAND_bytes(data, (int)size) != 1) {
        abort();
    }
}

void nsl_random(void *data, size_t size)
{
    if (size > POOL_BYTES / 8) {
        fill(data, size);
        return;
    }
    if (pool_left < size) {
        fill(pool, POOL_BYTES);
        pool_left = POOL_BYTES;
    }
    pool_left -= size;
    nsl_copy(data, size, nsl_bytes_of(pool + pool_left, size));
    nsl_wipe(pool + pool_left, size);
}
