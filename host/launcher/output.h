/*
 * What the enclave prints, on its way to the host's own standard error: whole lines, everything but
 * printable ASCII as \xNN (a terminal obeys control characters), cut at NSL_OUTPUT_LINE_MAX. The
 * text is an enclave's and believed by nobody. Pure: bytes in, lines out.
 */
#ifndef NSL_HOST_LAUNCHER_OUTPUT_H
#define NSL_HOST_LAUNCHER_OUTPUT_H

#include "common/base/bytes.h"

#define NSL_OUTPUT_LINE_MAX 4096 /* bytes with "..." and newline: one atomic write into a pipe */

struct nsl_output {
    char line[NSL_OUTPUT_LINE_MAX];
    size_t size;
    bool is_cut; /* the rest of this line is dropped */
};

/* Gets one finished line with its newline. */
typedef void nsl_output_sink(void *context, nsl_bytes line);

/* Takes bytes as they come; calls sink for each line that ends in them. Empty lines vanish. */
void nsl_output_push(struct nsl_output *output, nsl_bytes bytes, nsl_output_sink *sink,
                     void *context);

/* The end: a last line without newline is finished. */
void nsl_output_end(struct nsl_output *output, nsl_output_sink *sink, void *context);

#endif
