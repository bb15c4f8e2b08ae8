/*
 * The envelope of every JSON answer:
 *
 *   {"success":true,"data":{...},"metadata":{"requestId":"...","timestamp":"..."}}
 *   {"success":false,"error":{"code":"...","message":"...","details":{"field":"..."}},"metadata":{..}}
 *
 * Codes are stable words (VALIDATION_ERROR, NOT_FOUND, ...), one for each HTTP status used here.
 */
#ifndef NSL_ENCLAVE_API_RESPONSE_H
#define NSL_ENCLAVE_API_RESPONSE_H

#include "common/base/timestamp.h"
#include "common/codec/json.h"
#include "enclave/gateway/server.h"

enum { NSL_REQUEST_ID_SIZE = 32 };

/* 16 random bytes in lower-case hex. */
void nsl_response_new_id(char ret_id[NSL_REQUEST_ID_SIZE]);

/* The word for an HTTP status. */
const char *nsl_response_code(uint16_t status);

/* "metadata":{...} of an open object. */
void nsl_response_put_metadata(struct nsl_json_writer *writer, nsl_bytes request_id,
                               int64_t time_ms);

/* A whole error envelope; field may be empty. */
NSL_MUST_USE nsl_err nsl_response_write_error(uint16_t status, nsl_bytes field, nsl_bytes message,
                                              nsl_bytes request_id, struct nsl_buffer *body);

/* Answers with an error envelope. */
void nsl_response_error(struct nsl_exchange *exchange, uint16_t status, nsl_bytes field,
                        nsl_bytes message, nsl_bytes request_id);

/* Answers 200 with the body when err is NSL_OK, else 500 without details; takes the body. */
void nsl_response_send(struct nsl_exchange *exchange, nsl_err err, struct nsl_buffer *body);

#endif
