/* The classes of host_web.c, made from a prototype that has the host functions of its rows. */
#ifndef NSL_ENGINE_HOST_WEB_H
#define NSL_ENGINE_HOST_WEB_H

#include "enclave/engine/host.h"

JSValue nsl_host_encoder_class(JSContext *context, JSValue prototype);
JSValue nsl_host_decoder_class(JSContext *context, JSValue prototype);

/* Bytes of the malformed start of a text that one U+FFFD stands for; at least 1. */
size_t nsl_host_malformed_size(nsl_bytes text);

#endif
