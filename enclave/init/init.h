/*
 * init: the first process of the enclave. Starts keeper, gateway and zygote, makes the memory of
 * runners, reaps and kills them. Holds no secret and parses nothing but fixed 12-byte packets.
 *
 * The keeper, the gateway or the zygote ending ends the enclave: the host starts a new one. A runner
 * ending is told to the gateway, which asks for another. On every way out all children are dead.
 */
#ifndef NSL_ENCLAVE_INIT_INIT_H
#define NSL_ENCLAVE_INIT_INIT_H

#include "common/base/error.h"

/* Runs init; control is the host's channel, which is handed to the gateway untouched. program is an
 * open descriptor of this executable. Returns the exit status of the enclave. */
int nsl_init_main(int control, int program, uint32_t missing_walls);

#endif
