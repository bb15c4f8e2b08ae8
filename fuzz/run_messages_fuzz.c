/*
 * Messages between gateway and runner: whatever the bytes, decoding gives an error or parts that lie
 * inside them and encode to exactly the bytes they came from.
 */
#include <stdlib.h>

#include "enclave/wire/run_messages.h"

enum { OUT_BYTES = 1 << 20 };

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void require_inside(nsl_bytes part, nsl_bytes whole)
{
    require(part.size == 0 || (part.data >= whole.data && part.size <= whole.size &&
                               (size_t)(part.data - whole.data) <= whole.size - part.size));
}

static uint8_t out[OUT_BYTES];

static void try_call(nsl_bytes payload)
{
    static struct nsl_secret_value secrets[NSL_RUN_SECRETS_MAX];
    struct nsl_call call;
    nsl_bytes again;
    if (nsl_run_decode_call(payload, 1, secrets, &call) != NSL_OK) {
        return;
    }
    require_inside(call.code, payload);
    require_inside(call.input_json, payload);
    require_inside(call.function_id, payload);
    require_inside(call.user_id, payload);
    require_inside(call.request_id, payload);
    for (size_t index = 0; index < call.secret_count; index++) {
        require_inside(call.secrets[index].name, payload);
        require_inside(call.secrets[index].value, payload);
    }
    require(nsl_run_encode_call(&call, out, sizeof(out), &again) == NSL_OK);
    require(nsl_bytes_equal(again, payload));
}

static void try_outcome(nsl_bytes payload)
{
    struct nsl_outcome outcome;
    nsl_bytes record;
    nsl_bytes head;
    if (nsl_run_decode_outcome(payload, &outcome, &record) != NSL_OK) {
        return;
    }
    require_inside(outcome.result_json, payload);
    require_inside(outcome.logs, payload);
    require_inside(outcome.error.type, payload);
    require_inside(outcome.error.message, payload);
    require_inside(outcome.error.stack, payload);
    require_inside(record, payload);
    require((outcome.kind == NSL_OUTCOME_PARKED) == (record.size != 0));
    require(nsl_run_encode_outcome(&outcome, record.size, out, sizeof(out), &head) == NSL_OK);
    require(head.size + record.size == payload.size);
    require(nsl_bytes_equal(head, nsl_bytes_of(payload.data, head.size)));
}

static void try_resume(nsl_bytes payload)
{
    nsl_bytes record;
    nsl_bytes call;
    if (nsl_run_decode_resume(payload, &record, &call) == NSL_OK) {
        require_inside(record, payload);
        require_inside(call, payload);
        require(NSL_RUN_RESUME_HEAD_SIZE + record.size + call.size == payload.size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nsl_bytes payload = nsl_bytes_of(data, size);
    if (size > OUT_BYTES / 2) {
        return 0;
    }
    try_call(payload);
    try_outcome(payload);
    try_resume(payload);
    return 0;
}
