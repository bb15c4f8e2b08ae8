/* Inside confine: loads a role's system call filter. NSL_ERR_NO_MEMORY, NSL_ERR_UNSUPPORTED. */
#ifndef NSL_ENCLAVE_CONFINE_FILTER_H
#define NSL_ENCLAVE_CONFINE_FILTER_H

#include "enclave/confine/confine.h"

NSL_MUST_USE nsl_err nsl_filter_load(enum nsl_role role);

#endif
