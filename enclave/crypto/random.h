/*
 * Random bytes for keys, ids and calls' entropy: libcrypto's generator, seeded by the kernel.
 *
 * Small requests come from a pool that is filled ahead and wiped as it is used. No randomness is
 * fatal: the process ends. Does NOT survive fork: a forked child must not use the parent's pool;
 * only roles that never fork call this.
 */
#ifndef NSL_ENCLAVE_CRYPTO_RANDOM_H
#define NSL_ENCLAVE_CRYPTO_RANDOM_H

#include <stddef.h>

void nsl_random(void *data, size_t size);

#endif
