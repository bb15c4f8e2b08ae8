/* Inside common/codec only: unescaping of checked strings, one character at a time. */
#ifndef NSL_COMMON_CODEC_JSON_STRING_H
#define NSL_COMMON_CODEC_JSON_STRING_H

#include "common/base/bytes.h"

/* Four hexadecimal digits, or -1. */
int32_t json_hex4(const uint8_t *at);

static inline bool json_is_high_surrogate(int32_t unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static inline bool json_is_low_surrogate(int32_t unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

/* The content of a checked string, without its quotes. */
static inline nsl_bytes json_content(nsl_bytes raw)
{
    return nsl_bytes_of(raw.data + 1, raw.size - 2);
}

enum json_lone { JSON_LONE_KEEP, JSON_LONE_REPLACE };

/* Unescapes the escape sequence at *at (a backslash of a checked string) into 1..4 bytes, moves *at
 * behind it. A lone surrogate gives U+FFFD, or with KEEP its own three bytes, which no other text
 * gives (for comparing). */
size_t json_unescape(const uint8_t **at, const uint8_t *end, enum json_lone lone,
                     uint8_t ret_bytes[4]);

/* Reads a string's content as unescaped bytes, one by one. */
struct json_cursor {
    const uint8_t *at;
    const uint8_t *end;
    uint8_t pending[4];
    size_t pending_at;
    size_t pending_size;
};

static inline struct json_cursor json_cursor_of(nsl_bytes content)
{
    return (struct json_cursor){.at = content.data, .end = content.data + content.size};
}

/* The next byte, or -1 at the end. */
int json_cursor_next(struct json_cursor *cursor);

#endif
