#include "enclave/wire/run_messages.h"

/* Room for fixed fields, names and ids; far above what they need. */
enum { FIXED_SIZE = 8192, ERROR_TEXT_MAX = 65536 };

size_t nsl_run_request_max(size_t code_max, size_t input_max, size_t secrets_max,
                           size_t secret_bytes_max)
{
    return FIXED_SIZE + code_max + input_max + secrets_max * (secret_bytes_max + 512);
}

size_t nsl_run_outcome_max(size_t result_max, size_t log_bytes_max)
{
    /* A log line may grow sixfold when it is escaped. */
    return FIXED_SIZE + result_max + 6 * log_bytes_max + 4 * (size_t)ERROR_TEXT_MAX;
}

static void put_limits(struct nsl_packet_writer *writer, const struct nsl_limits *limits)
{
    nsl_packet_put_u64(writer, limits->gas_units);
    nsl_packet_put_u64(writer, limits->heap_bytes);
    nsl_packet_put_u32(writer, limits->depth_units);
    nsl_packet_put_u32(writer, limits->time_ms);
    nsl_packet_put_u32(writer, limits->result_bytes);
    nsl_packet_put_u32(writer, limits->log_lines);
    nsl_packet_put_u32(writer, limits->log_bytes);
    nsl_packet_put_u32(writer, limits->pending_jobs);
    nsl_packet_put_u32(writer, limits->pending_host_calls);
}

static struct nsl_limits get_limits(struct nsl_packet_reader *reader)
{
    struct nsl_limits limits = {0};
    limits.gas_units = nsl_packet_get_u64(reader);
    limits.heap_bytes = nsl_packet_get_u64(reader);
    limits.depth_units = nsl_packet_get_u32(reader);
    limits.time_ms = nsl_packet_get_u32(reader);
    limits.result_bytes = nsl_packet_get_u32(reader);
    limits.log_lines = nsl_packet_get_u32(reader);
    limits.log_bytes = nsl_packet_get_u32(reader);
    limits.pending_jobs = nsl_packet_get_u32(reader);
    limits.pending_host_calls = nsl_packet_get_u32(reader);
    return limits;
}

nsl_err nsl_run_encode_call(const struct nsl_call *call, void *buffer, size_t capacity,
                            nsl_bytes *ret_payload)
{
    struct nsl_packet_writer writer = nsl_packet_writer_of(buffer, capacity);
    nsl_packet_put_raw(&writer, nsl_bytes_of(call->code_hash, sizeof(call->code_hash)));
    nsl_packet_put_raw(&writer, nsl_bytes_of(call->entropy, sizeof(call->entropy)));
    nsl_packet_put_u64(&writer, (uint64_t)call->start_ms);
    put_limits(&writer, &call->limits);
    nsl_packet_put_bytes(&writer, call->code);
    nsl_packet_put_bytes(&writer, call->input_json);
    nsl_packet_put_bytes(&writer, call->function_id);
    nsl_packet_put_bytes(&writer, call->user_id);
    nsl_packet_put_bytes(&writer, call->request_id);
    nsl_assert(call->secret_count <= NSL_RUN_SECRETS_MAX);
    nsl_packet_put_u32(&writer, (uint32_t)call->secret_count);
    for (size_t index = 0; index < call->secret_count; index++) {
        nsl_packet_put_bytes(&writer, call->secrets[index].name);
        nsl_packet_put_bytes(&writer, call->secrets[index].value);
    }
    return nsl_packet_finish(&writer, ret_payload);
}

nsl_err nsl_run_decode_call(nsl_bytes payload, uint64_t call_id, struct nsl_secret_value *secrets,
                            struct nsl_call *ret_call)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(payload);
    struct nsl_call call = {.call_id = call_id, .secrets = secrets};
    nsl_bytes hash = nsl_packet_get_raw(&reader, sizeof(call.code_hash));
    nsl_bytes entropy = nsl_packet_get_raw(&reader, sizeof(call.entropy));
    call.start_ms = (int64_t)nsl_packet_get_u64(&reader);
    call.limits = get_limits(&reader);
    call.code = nsl_packet_get_bytes(&reader, payload.size);
    call.input_json = nsl_packet_get_bytes(&reader, payload.size);
    call.function_id = nsl_packet_get_bytes(&reader, payload.size);
    call.user_id = nsl_packet_get_bytes(&reader, payload.size);
    call.request_id = nsl_packet_get_bytes(&reader, payload.size);
    call.secret_count = nsl_packet_get_u32(&reader);
    if (call.secret_count > NSL_RUN_SECRETS_MAX) {
        return NSL_ERR_BAD_MESSAGE;
    }
    for (size_t index = 0; index < call.secret_count; index++) {
        secrets[index].name = nsl_packet_get_bytes(&reader, payload.size);
        secrets[index].value = nsl_packet_get_bytes(&reader, payload.size);
    }
    NSL_TRY(nsl_packet_end(&reader));
    memcpy(call.code_hash, hash.data, hash.size);
    memcpy(call.entropy, entropy.data, entropy.size);
    *ret_call = call;
    return NSL_OK;
}

/* Between two characters: half of one would make the answer's JSON invalid. */
static nsl_bytes cut(nsl_bytes text)
{
    size_t size = text.size;
    if (size > ERROR_TEXT_MAX) {
        size = ERROR_TEXT_MAX;
        while (size > ERROR_TEXT_MAX - 4 && (text.data[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    return nsl_bytes_of(text.data, size);
}

nsl_err nsl_run_encode_outcome(const struct nsl_outcome *outcome, size_t record_size, void *buffer,
                               size_t capacity, nsl_bytes *ret_payload)
{
    struct nsl_packet_writer writer = nsl_packet_writer_of(buffer, capacity);
    nsl_packet_put_u8(&writer, (uint8_t)outcome->kind);
    nsl_packet_put_u8(&writer, outcome->image_was_cold ? 1 : 0);
    nsl_packet_put_u64(&writer, outcome->gas_used);
    nsl_packet_put_u64(&writer, outcome->heap_peak_bytes);
    nsl_packet_put_u64(&writer, outcome->run_ns);
    nsl_packet_put_u64(&writer, outcome->wait_ns);
    nsl_packet_put_u32(&writer, outcome->error.line);
    nsl_packet_put_u32(&writer, outcome->error.column);
    nsl_packet_put_bytes(&writer, outcome->result_json);
    nsl_packet_put_bytes(&writer, outcome->logs);
    nsl_packet_put_bytes(&writer, cut(outcome->error.type));
    nsl_packet_put_bytes(&writer, cut(outcome->error.message));
    nsl_packet_put_bytes(&writer, cut(outcome->error.stack));
    nsl_packet_put_u32(&writer, (uint32_t)record_size);
    return nsl_packet_finish(&writer, ret_payload);
}

nsl_err nsl_run_decode_outcome(nsl_bytes payload, struct nsl_outcome *ret_outcome,
                               nsl_bytes *ret_record)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(payload);
    struct nsl_outcome outcome = {0};
    uint8_t kind = nsl_packet_get_u8(&reader);
    uint8_t is_cold = nsl_packet_get_u8(&reader);
    outcome.gas_used = nsl_packet_get_u64(&reader);
    outcome.heap_peak_bytes = nsl_packet_get_u64(&reader);
    outcome.run_ns = nsl_packet_get_u64(&reader);
    outcome.wait_ns = nsl_packet_get_u64(&reader);
    outcome.error.line = nsl_packet_get_u32(&reader);
    outcome.error.column = nsl_packet_get_u32(&reader);
    outcome.result_json = nsl_packet_get_bytes(&reader, payload.size);
    outcome.logs = nsl_packet_get_bytes(&reader, payload.size);
    outcome.error.type = nsl_packet_get_bytes(&reader, ERROR_TEXT_MAX);
    outcome.error.message = nsl_packet_get_bytes(&reader, ERROR_TEXT_MAX);
    outcome.error.stack = nsl_packet_get_bytes(&reader, ERROR_TEXT_MAX);
    nsl_bytes record = nsl_packet_get_bytes(&reader, payload.size);
    NSL_TRY(nsl_packet_end(&reader));
    if (kind > NSL_OUTCOME_PARKED || is_cold > 1 ||
        (kind == NSL_OUTCOME_PARKED) != (record.size != 0)) {
        return NSL_ERR_BAD_MESSAGE;
    }
    outcome.kind = (enum nsl_outcome_kind)kind;
    outcome.image_was_cold = is_cold == 1;
    *ret_outcome = outcome;
    *ret_record = record;
    return NSL_OK;
}

void nsl_run_encode_resume_head(size_t record_size, uint8_t ret_head[NSL_RUN_RESUME_HEAD_SIZE])
{
    struct nsl_packet_writer writer = nsl_packet_writer_of(ret_head, NSL_RUN_RESUME_HEAD_SIZE);
    nsl_packet_put_u32(&writer, (uint32_t)record_size);
}

nsl_err nsl_run_decode_resume(nsl_bytes payload, nsl_bytes *ret_record, nsl_bytes *ret_call)
{
    struct nsl_packet_reader reader = nsl_packet_reader_of(payload);
    nsl_bytes record = nsl_packet_get_bytes(&reader, payload.size);
    if (reader.is_short) {
        return NSL_ERR_BAD_MESSAGE;
    }
    *ret_record = record;
    *ret_call = reader.rest;
    return NSL_OK;
}
