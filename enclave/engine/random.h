/*
 * The call's random bytes: the ChaCha20 key stream (RFC 8439 2.3) of the call's recorded entropy, so
 * that a replay gives the same ones. Its state lies in the arena: parked and forgotten with the call.
 */
#ifndef NSL_ENGINE_RANDOM_H
#define NSL_ENGINE_RANDOM_H

#include "enclave/engine/call_state.h"

/* One block of 64 bytes of the key stream. */
void nsl_chacha20_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12],
                        uint8_t ret_block[64]);

/* The seed of Math.random: the first 8 bytes of the entropy. The other 24 are the stream's key, since
 * the numbers of Math.random give their seed away. */
uint64_t nsl_random_seed(const uint8_t entropy[32]);

/* The next `size` bytes, of at most 2^32 blocks. */
void nsl_random_fill(struct nsl_call_state *state, uint8_t *ret_bytes, size_t size);

#endif
