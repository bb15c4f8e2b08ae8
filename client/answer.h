/* An answer's JSON, read into struct nsl_client_answer. The server's bytes are not trusted. */
#ifndef NSL_CLIENT_ANSWER_H
#define NSL_CLIENT_ANSWER_H

#include "common/base/buffer.h"
#include "include/nsl/client.h"

/*
 * Takes the body. BAD_ANSWER: not JSON, or not an answer of this API; *ret_answer is untouched and
 * the body is freed too.
 */
enum nsl_client_status nsl_answer_read(struct nsl_buffer *body, unsigned http_status,
                                       uint64_t round_trip_us,
                                       struct nsl_client_answer **ret_answer);

#endif
