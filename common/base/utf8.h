/*
 * UTF-8 as RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF.
 */
#ifndef NSL_COMMON_BASE_UTF8_H
#define NSL_COMMON_BASE_UTF8_H

#include "common/base/bytes.h"

/* Size (1..4) of the valid character that starts the text; 0 when there is none. */
size_t nsl_utf8_char_size(nsl_bytes text);

/* True when the whole text is valid. NUL characters are. */
bool nsl_utf8_is_valid(nsl_bytes text);

/* Bytes of the longest valid start of the text: its size when it is valid whole. */
size_t nsl_utf8_valid_size(nsl_bytes text);

/* Writes a code point (<= 0x10ffff) as 1..4 bytes and returns how many. A surrogate is written as
 * its three bytes, which is not UTF-8: the caller decides. */
size_t nsl_utf8_put(uint32_t code_point, uint8_t ret_bytes[4]);

#endif
