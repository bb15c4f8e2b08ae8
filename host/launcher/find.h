/*
 * Where the enclave program is: the path asked for; else beside the running program (a build
 * directory); else ../libexec/neosl/ from there (an installation).
 */
#ifndef NSL_HOST_LAUNCHER_FIND_H
#define NSL_HOST_LAUNCHER_FIND_H

#include <stddef.h>

#include "common/base/error.h"

#define NSL_ENCLAVE_PROGRAM "nsl-enclave"

/*
 * wanted: a path, or NULL to look around. Writes a NUL-terminated path. NOT_FOUND: no executable
 * file there; ret_path then holds the (first) place looked at. TOO_LARGE: the path does not fit.
 */
NSL_MUST_USE nsl_err nsl_find_enclave(const char *wanted, char *ret_path, size_t capacity);

#endif
