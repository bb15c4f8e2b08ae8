/*
 * Bytes that a function passes to the host: strings as UTF-8, array buffers and views as they are.
 * They are borrowed: no JavaScript may run between reading and using them, so read all arguments that
 * convert (numbers, options) first.
 */
#ifndef NSL_ENGINE_HOST_BYTES_H
#define NSL_ENGINE_HOST_BYTES_H

#include "enclave/engine/host.h"

enum nsl_host_bytes_kinds {
    NSL_HOST_BUFFERS_ONLY,
    NSL_HOST_BUFFERS_OR_TEXT,
};

/* Converts what is not bytes yet to a string, which may run JavaScript; reading the answer does not.
 * For functions that take more than one: prepare all, then read all. */
JSValue nsl_host_bytes_prepare(JSContext *context, JSValueConst value);

struct nsl_host_bytes {
    nsl_bytes bytes;
    uint8_t *writable; /* the same; NULL for text */
    const char *text;  /* held */
};

/* False: the exception is set. */
bool nsl_host_bytes_read(JSContext *context, JSValueConst value, enum nsl_host_bytes_kinds kinds,
                         struct nsl_host_bytes *ret_bytes);
void nsl_host_bytes_done(JSContext *context, struct nsl_host_bytes *bytes);

/* Bytes as lower-case hexadecimal, base64, and an ArrayBuffer or Uint8Array. */
JSValue nsl_host_hex(JSContext *context, nsl_bytes bytes);
JSValue nsl_host_base64(JSContext *context, nsl_bytes bytes);

/* A whole number from 0 to max; throws a RangeError that names what. */
bool nsl_host_count(JSContext *context, JSValueConst value, const char *what, uint64_t max,
                    uint64_t *ret_count);

#endif
