/* One HTTP request at a time over libcurl: bounded, without proxies, redirects or cookies. */
#ifndef NSL_CLIENT_HTTP_H
#define NSL_CLIENT_HTTP_H

#include "common/base/buffer.h"
#include "include/nsl/client.h"

struct nsl_http;

struct nsl_http_answer {
    unsigned status;
    uint64_t round_trip_us;
};

NSL_MUST_USE nsl_err nsl_http_new(const struct nsl_client_options *options,
                                  struct nsl_http **ret_http);
void nsl_http_free(struct nsl_http *http);

/* Posts JSON to the path below the server's address. The answer's body goes into body. */
enum nsl_client_status nsl_http_post(struct nsl_http *http, const char *path, nsl_bytes json,
                                     struct nsl_buffer *body, struct nsl_http_answer *ret_answer);

/* A sentence about the last failure. */
const char *nsl_http_error(const struct nsl_http *http);

#endif
