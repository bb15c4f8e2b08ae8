/*
 * The gateway: TLS, HTTP, the API and the scheduling of calls. One event loop, no thread, no root
 * key. Everything clients, the host and runners send is hostile input here.
 */
#ifndef NSL_ENCLAVE_GATEWAY_GATEWAY_H
#define NSL_ENCLAVE_GATEWAY_GATEWAY_H

#include "common/base/error.h"

/* Serves until the host says STOP. The descriptors: channels to init, keeper and host. NSL_OK after
 * an orderly stop. */
NSL_MUST_USE nsl_err nsl_gateway_main(int init, int keeper, int host, uint32_t missing_walls);

#endif
