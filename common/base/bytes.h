/*
 * A borrowed run of bytes: (pointer, size) travel as one value. Never owns, never NUL-terminated.
 * Text is bytes too; whoever needs UTF-8 checks it.
 */
#ifndef NSL_COMMON_BASE_BYTES_H
#define NSL_COMMON_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct nsl_bytes {
    const uint8_t *data; /* may be NULL when size is 0 */
    size_t size;
} nsl_bytes;

static inline nsl_bytes nsl_bytes_of(const void *data, size_t size)
{
    return (nsl_bytes){.data = data, .size = size};
}

/* The bytes of a NUL-terminated string, without the NUL. */
static inline nsl_bytes nsl_bytes_text(const char *text)
{
    return nsl_bytes_of(text, strlen(text));
}

/* A string literal, size known at compile time. */
#define NSL_TEXT(literal) nsl_bytes_of((literal), sizeof(literal) - 1)

/* The same as an initialiser of static tables. */
#define NSL_TEXT_INIT(literal)                                                                     \
    {                                                                                              \
        .data = (const uint8_t *)(literal), .size = sizeof(literal) - 1                            \
    }

/* The same as an initializer of static data. */
#define NSL_TEXT_INIT(literal)                                                                     \
    {                                                                                              \
        .data = (const uint8_t *)(literal), .size = sizeof(literal) - 1                            \
    }

/* Eight bytes at any address, in the machine's order. The caller has checked that they are there. */
static inline uint64_t nsl_load_u64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/* Not constant-time: for public data only (secrets: nsl_secret_equal). */
static inline bool nsl_bytes_equal(nsl_bytes a, nsl_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

#endif
