/*
 * The realm every call starts from: runtime, context, hardened primordials, host API. Made once in
 * an empty arena; its bytes are the base image. Runs on the engine's stack.
 */
#ifndef NSL_ENGINE_REALM_H
#define NSL_ENGINE_REALM_H

#include "enclave/engine/call_state.h"

/* Fills the base part of the call state. NSL_ERR_ENGINE. */
NSL_MUST_USE nsl_err nsl_realm_build(void);

#endif
