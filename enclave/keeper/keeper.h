/*
 * The keeper: the only role that holds long-lived keys. It parses fixed packets and nothing else: no
 * JSON, no HTTP, no JavaScript.
 *
 * Today it holds the enclave instance's signing key, born at start and gone at the end, and issues
 * the gateway's TLS certificate with it, so that the key which a client pins never lies in the
 * process that parses what clients send.
 */
#ifndef NSL_ENCLAVE_KEEPER_KEEPER_H
#define NSL_ENCLAVE_KEEPER_KEEPER_H

#include "common/base/error.h"

/* Serves the gateway until its channel ends; NSL_OK then. */
NSL_MUST_USE nsl_err nsl_keeper_main(int init, int gateway, uint32_t missing_walls);

#endif
