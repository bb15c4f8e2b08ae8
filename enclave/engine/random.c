#include "enclave/engine/random.h"

#include <string.h>

#include "common/base/wipe.h"

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t x[16], unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

static uint32_t load_word(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

static void store_word(uint8_t *to, uint32_t word)
{
    for (unsigned i = 0; i < 4; i++) {
        to[i] = (uint8_t)(word >> (8 * i));
    }
}

void nsl_chacha20_block(const uint8_t key[32], uint32_t counter, const uint8_t nonce[12],
                        uint8_t ret_block[64])
{
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (unsigned i = 0; i < 8; i++) {
        start[4 + i] = load_word(key + 4 * (size_t)i);
    }
    start[12] = counter;
    for (unsigned i = 0; i < 3; i++) {
        start[13 + i] = load_word(nonce + 4 * (size_t)i);
    }
    uint32_t x[16];
    nsl_copy(x, sizeof(x), nsl_bytes_of(start, sizeof(start)));
    for (unsigned round = 0; round < 10; round++) {
        quarter_round(x, 0, 4, 8, 12);
        quarter_round(x, 1, 5, 9, 13);
        quarter_round(x, 2, 6, 10, 14);
        quarter_round(x, 3, 7, 11, 15);
        quarter_round(x, 0, 5, 10, 15);
        quarter_round(x, 1, 6, 11, 12);
        quarter_round(x, 2, 7, 8, 13);
        quarter_round(x, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < 16; i++) {
        store_word(ret_block + 4 * (size_t)i, x[i] + start[i]);
    }
}

uint64_t nsl_random_seed(const uint8_t entropy[32])
{
    return load_word(entropy) | (uint64_t)load_word(entropy + 4) << 32;
}

/* The key is what the seed of Math.random does not show: 192 bits. */
static void stream_block(const uint8_t entropy[32], uint64_t number, uint8_t ret_block[64])
{
    static const uint8_t nonce[12] = {'n', 's', 'l', '-', 'b', 'y', 't', 'e', 's'};
    uint8_t key[32] = {0};
    nsl_copy(key, sizeof(key), nsl_bytes_of(entropy + 8, 24));
    nsl_chacha20_block(key, (uint32_t)number, nonce, ret_block);
}

void nsl_random_fill(struct nsl_call_state *state, uint8_t *ret_bytes, size_t size)
{
    struct nsl_random *random = &state->random;
    while (size > 0) {
        if (random->next_block == 0 || random->used == sizeof(random->block)) {
            stream_block(state->entropy, random->next_block++, random->block);
            random->used = 0;
        }
        size_t step = sizeof(random->block) - random->used;
        step = step < size ? step : size;
        nsl_copy(ret_bytes, size, nsl_bytes_of(random->block + random->used, step));
        random->used += (uint32_t)step;
        ret_bytes += step;
        size -= step;
    }
}
