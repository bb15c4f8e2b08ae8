/* Text built in the arena for the outcome: never charged as heap, bounded by the call's own limits. */
#ifndef NSL_ENGINE_TEXT_H
#define NSL_ENGINE_TEXT_H

#include "enclave/engine/call_state.h"

void nsl_text_add(struct nsl_text *text, nsl_bytes bytes);

/* Adds a JSON string with its quotes: UTF-8 in, `bytes` is valid or WTF-8 (lone surrogates become
 * U+FFFD). */
void nsl_text_add_json(struct nsl_text *text, nsl_bytes bytes);

static inline nsl_bytes nsl_text_bytes(const struct nsl_text *text)
{
    return nsl_bytes_of(text->data, text->size);
}

#endif
