/*
 * The call's random bytes: the ChaCha20 key stream (RFC 8439 2.3) of the call's recorded entropy, so
 * that a replay gives the same ones. Its state lies in the arena: parked and forgotten with the call.
 */
#ifndef NSL_ENGINE_RANDOM_H
#define NSL_ENGINE_RANDOM_H

#include "enclave/engine/call_state.h"

/* Streams of one key never meet: each purpose has its own nonce. */
enum nsl_random_purpose {
    NSL_RANDOM_MATH = 1,  /* the seed of Math.random */
    NSL_RANDOM_BYTES = 2, /* crypto.getRandomValues and the like */
};

/* One block of 64 bytes of the key stream. */
void nsl_chacha20_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12],
                        uint8_t ret_block[64]);

/* The seed of Math.random for this entropy. */
uint64_t nsl_random_seed(const uint8_t entropy[32]);

/* The next `size` bytes. */
void nsl_random_fill(struct nsl_call_state *state, uint8_t *ret_bytes, size_t size);

#endif
