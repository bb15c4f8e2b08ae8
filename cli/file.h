/* Files read whole, up to a limit. */
#ifndef NSL_CLI_FILE_H
#define NSL_CLI_FILE_H

#include "common/base/buffer.h"

/*
 * Appends the file's bytes; "-" is standard input. TOO_LARGE: more than the buffer's maximum.
 * NOT_FOUND, IO: errno still says why.
 */
NSL_MUST_USE nsl_err nsl_file_read(const char *path, struct nsl_buffer *buffer);

/* The same, and complains in one sentence that names the file. */
NSL_MUST_USE nsl_err nsl_file_read_or_complain(const char *path, struct nsl_buffer *buffer);

#endif
