/*
 * Base64 (RFC 4648): sections 4 (standard, padded) and 5 (URL and file name safe, unpadded).
 *
 * Decoding is strict: one text for one value. The padding must be there (standard) or absent (URL),
 * unused bits must be zero, and there is no white space. Not constant-time: for public data only.
 */
#ifndef NSL_COMMON_CODEC_BASE64_H
#define NSL_COMMON_CODEC_BASE64_H

#include "common/base/bytes.h"
#include "common/base/error.h"

enum nsl_base64_form { NSL_BASE64_STANDARD, NSL_BASE64_URL };

/* Characters that `size` bytes encode to. NSL_ERR_TOO_LARGE on overflow. */
NSL_MUST_USE nsl_err nsl_base64_encoded_size(size_t size, enum nsl_base64_form form,
                                             size_t *ret_size);

/* Writes the text, no NUL; ret_size is its size. NSL_ERR_TOO_LARGE when text_size is too small. */
NSL_MUST_USE nsl_err nsl_base64_encode(nsl_bytes bytes, enum nsl_base64_form form, char *ret_text,
                                       size_t text_size, size_t *ret_size);

/* Decodes all of the text; ret_size is the number of bytes written (at most 3 for each 4
 * characters). NSL_ERR_BAD_ARGUMENT, NSL_ERR_TOO_LARGE when bytes_size is too small. On failure the
 * content of ret_bytes is unspecified. */
NSL_MUST_USE nsl_err nsl_base64_decode(nsl_bytes text, enum nsl_base64_form form,
                                       uint8_t *ret_bytes, size_t bytes_size, size_t *ret_size);

#endif
