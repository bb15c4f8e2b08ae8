/*
 * Inside common/codec only: finding the bytes of a JSON string that need a look: the quote, the
 * backslash, control characters, and everything that is not ASCII. SSE2 where the compiler has it,
 * eight bytes at a time elsewhere.
 */
#ifndef NSL_COMMON_CODEC_JSON_SCAN_H
#define NSL_COMMON_CODEC_JSON_SCAN_H

#include "common/base/bytes.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline bool json_byte_is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

#ifdef __SSE2__
/* Bit i is set when byte i of the sixteen at `at` is not plain. */
static inline unsigned json_special_mask(const uint8_t *at)
{
    const __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
    const __m128i quote = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    /* Signed: bytes from 0x80 on are below zero, so one compare finds them and the controls. */
    const __m128i outside = _mm_cmplt_epi8(block, _mm_set1_epi8(0x20));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), outside));
}

static inline const uint8_t *json_skip_plain_blocks(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 16) {
        unsigned mask = json_special_mask(at);
        if (mask != 0) {
            return at + __builtin_ctz(mask);
        }
        at += 16;
    }
    return at;
}
#else
/* High bit of each byte that is not plain (exact for the lowest one set). Bit tricks from
 * S. E. Anderson, "Bit Twiddling Hacks": haszero, hasless. */
static inline uint64_t json_special_bits(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t highs = 0x8080808080808080U;
    uint64_t quote = word ^ (ones * '"');
    uint64_t backslash = word ^ (ones * '\\');
    return (word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & highs;
}

static inline const uint8_t *json_skip_plain_blocks(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        if (json_special_bits(nsl_load_u64(at)) != 0) {
            return at;
        }
        at += 8;
    }
    return at;
}
#endif

/* The first byte that is not plain, or end. */
static inline const uint8_t *json_skip_plain(const uint8_t *at, const uint8_t *end)
{
    at = json_skip_plain_blocks(at, end);
    while (at < end && json_byte_is_plain(*at)) {
        at++;
    }
    return at;
}

static inline const uint8_t *json_skip_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && *at <= ' ' && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    return at;
}

#endif
