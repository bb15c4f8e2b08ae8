/*
 * A growing run of bytes with a maximum given at birth. Never grows over it: NSL_ERR_TOO_LARGE,
 * contents unchanged. One that holds secrets (NSL_BUFFER_WIPE) is zeroed before memory is given back.
 *
 * Not locked and not guarded: keys belong into nsl_secret. Threads: none. The buffer itself is not
 * NUL-terminated.
 */
#ifndef NSL_COMMON_BASE_BUFFER_H
#define NSL_COMMON_BASE_BUFFER_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/error.h"

enum nsl_buffer_kind { NSL_BUFFER_PLAIN, NSL_BUFFER_WIPE };

/* A zeroed struct is an empty buffer of maximum 0; it may be given to nsl_buffer_done. */
struct nsl_buffer {
    uint8_t *data; /* borrowed until the next append or done */
    size_t size;   /* bytes in use */
    size_t capacity;
    size_t max; /* bytes, never exceeded */
    enum nsl_buffer_kind kind;
};

typedef struct nsl_buffer nsl_buffer;

/* Allocates nothing yet. */
void nsl_buffer_init(struct nsl_buffer *buffer, size_t max, enum nsl_buffer_kind kind);
void nsl_buffer_done(struct nsl_buffer *buffer);
NSL_DEFINE_AUTO(nsl_buffer, nsl_buffer_done);

/* Forgets the content, keeps the memory (zeroed first when kind is NSL_BUFFER_WIPE). */
void nsl_buffer_clear(struct nsl_buffer *buffer);

/* Room for `more` bytes behind size. NSL_ERR_TOO_LARGE above max, NSL_ERR_NO_MEMORY. */
NSL_MUST_USE nsl_err nsl_buffer_reserve(struct nsl_buffer *buffer, size_t more);

/* Each appends whole or not at all. Errors as nsl_buffer_reserve. */
NSL_MUST_USE nsl_err nsl_buffer_append(struct nsl_buffer *buffer, nsl_bytes bytes);
NSL_MUST_USE nsl_err nsl_buffer_append_text(struct nsl_buffer *buffer, const char *text);
NSL_MUST_USE nsl_err nsl_buffer_append_byte(struct nsl_buffer *buffer, uint8_t byte);
NSL_MUST_USE nsl_err nsl_buffer_append_u64(struct nsl_buffer *buffer, uint64_t number);
NSL_MUST_USE nsl_err nsl_buffer_append_i64(struct nsl_buffer *buffer, int64_t number);
/* JSON: quotes and escapes: nsl_json_append_string in common/codec/json.h. */

/* Fixed-width little-endian numbers, for wire forms. */
NSL_MUST_USE nsl_err nsl_buffer_append_le(struct nsl_buffer *buffer, uint64_t number,
                                          size_t byte_count);

/* The content, borrowed until the next append or done. */
static inline nsl_bytes nsl_buffer_bytes(const struct nsl_buffer *buffer)
{
    return nsl_bytes_of(buffer->data, buffer->size);
}

/* Decimal digits of a number; returns how many (1..20). */
size_t nsl_format_u64(uint64_t number, char ret_digits[20]);

#endif
