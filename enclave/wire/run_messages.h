/*
 * What the gateway and a runner say to each other over the two rings of a runner. Payloads, packet
 * encoding (common/wire/packet.h), the ring's message id is the call id:
 *
 * gateway to runner
 *   CONFIGURE  u64 image cache bytes, u64 parked bytes; once, first
 *   RUN        the fields of struct nsl_call in their order, see run_messages.c
 *   RESUME     bytes the record of the parked call, then as RUN: the parked call's time has come
 * runner to gateway, one for each RUN and RESUME, in their order
 *   OUTCOME    the fields of struct nsl_outcome in their order, then bytes the record (PARKED only)
 *   FAILED     u32 nsl_err: the engine could not be used; the call did not run
 *
 * A parked call lives in its record, which the gateway holds: any runner of the tenant may go on with
 * it, and a runner's end costs no waiting call.
 *
 * The runner may be in a tenant's hands: the gateway decodes its answers as hostile input.
 */
#ifndef NSL_ENCLAVE_WIRE_RUN_MESSAGES_H
#define NSL_ENCLAVE_WIRE_RUN_MESSAGES_H

#include "common/wire/packet.h"
#include "enclave/engine/isolate.h"

#define NSL_RUN_SECRETS_MAX 1000 /* the largest value of Functions.MaxSecrets */

enum nsl_run_type {
    NSL_RUN_CONFIGURE = 1,
    NSL_RUN_RUN = 2,
    NSL_RUN_RESUME = 3,
    NSL_RUN_OUTCOME = 16,
    NSL_RUN_FAILED = 17,
};

/* Upper bounds of the messages for the given limits, so that rings and buffers are sized once. */
size_t nsl_run_request_max(size_t code_max, size_t input_max, size_t secrets_max,
                           size_t secret_bytes_max);
size_t nsl_run_outcome_max(size_t result_max, size_t log_bytes_max);

NSL_MUST_USE nsl_err nsl_run_encode_call(const struct nsl_call *call, void *buffer, size_t capacity,
                                         nsl_bytes *ret_payload);
/* secrets: room for NSL_RUN_SECRETS_MAX; *ret_call borrows from payload and secrets. */
NSL_MUST_USE nsl_err nsl_run_decode_call(nsl_bytes payload, uint64_t call_id,
                                         struct nsl_secret_value *secrets,
                                         struct nsl_call *ret_call);

/* The outcome without its record, and the record's size, which the record must follow. */
NSL_MUST_USE nsl_err nsl_run_encode_outcome(const struct nsl_outcome *outcome, size_t record_size,
                                            void *buffer, size_t capacity, nsl_bytes *ret_payload);
/* *ret_record is empty unless the call is parked. Borrowed from payload. NSL_ERR_BAD_MESSAGE. */
NSL_MUST_USE nsl_err nsl_run_decode_outcome(nsl_bytes payload, struct nsl_outcome *ret_outcome,
                                            nsl_bytes *ret_record);

/* RESUME: the record's size, which the record and then the encoded call must follow; and back. */
enum { NSL_RUN_RESUME_HEAD_SIZE = 4 };
void nsl_run_encode_resume_head(size_t record_size, uint8_t ret_head[NSL_RUN_RESUME_HEAD_SIZE]);
NSL_MUST_USE nsl_err nsl_run_decode_resume(nsl_bytes payload, nsl_bytes *ret_record,
                                           nsl_bytes *ret_call);

#endif
