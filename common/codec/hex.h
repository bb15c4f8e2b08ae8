/* Hexadecimal: lower case out, either case in. Not constant-time: for public data only. */
#ifndef NSL_COMMON_CODEC_HEX_H
#define NSL_COMMON_CODEC_HEX_H

#include "common/base/bytes.h"
#include "common/base/error.h"

/* Writes exactly 2 * bytes.size characters, no NUL. NSL_ERR_TOO_LARGE when text_size is less. */
NSL_MUST_USE nsl_err nsl_hex_encode(nsl_bytes bytes, char *ret_text, size_t text_size);

/* Decodes all of the text into exactly byte_count bytes. NSL_ERR_BAD_ARGUMENT for another length or
 * a character that is no digit; then nothing is written. */
NSL_MUST_USE nsl_err nsl_hex_decode(nsl_bytes text, uint8_t *ret_bytes, size_t byte_count);

/* 0..15, or -1. */
int nsl_hex_digit(uint8_t character);

#endif
