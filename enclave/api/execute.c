/*
 * POST .../functions/execute-javascript: runs a function once.
 *
 *   {"code": text, "functionId": text, "userId": text, "input": any or JSON text,
 *    "secrets": object of texts or JSON text of one, "codeHash": hex, "gasLimit": n, "timeoutMs": n}
 *
 * The code's SHA-256 is computed here, compared with codeHash when one is given, and part of every
 * answer. The request's memory is wiped as soon as the call is encoded for its runner.
 */
#include "enclave/api/execute_request.h"
#include "enclave/api/response.h"

#include <stdlib.h>

#include "common/base/wipe.h"
#include "common/codec/hex.h"
#include "enclave/api/api.h"
#include "enclave/crypto/random.h"
#include "enclave/wire/run_messages.h"

enum { ANSWER_OVERHEAD = 16 * 1024, RESULT_DEPTH = 20000 };

struct execution {
    struct nsl_job job;
    struct nsl_api *api;
    uint8_t *payload; /* owned; the encoded call, wiped when freed */
    size_t payload_size;
    int64_t start_ms;
    char request_id[NSL_REQUEST_ID_SIZE];
    char code_hash[2 * NSL_SHA256_SIZE];
    uint8_t function_id[NSL_EXECUTE_ID_MAX];
    size_t function_id_size;
    uint8_t user_id[NSL_EXECUTE_ID_MAX];
};

size_t nsl_api_execute_extra_bytes(void)
{
    return sizeof(struct execution);
}

static nsl_bytes request_id_of(const struct execution *execution)
{
    return nsl_bytes_of(execution->request_id, NSL_REQUEST_ID_SIZE);
}

static void free_payload(struct execution *execution)
{
    nsl_wipe(execution->payload, execution->payload_size);
    free(execution->payload);
    execution->payload = NULL;
    execution->payload_size = 0;
}

/* ---- Answers ---- */

static void put_ms(struct nsl_json_writer *writer, uint64_t ns)
{
    char text[32];
    uint64_t us = ns / 1000;
    size_t size = nsl_format_u64(us / 1000, text);
    text[size++] = '.';
    text[size++] = (char)('0' + us / 100 % 10);
    text[size++] = (char)('0' + us / 10 % 10);
    text[size++] = (char)('0' + us % 10);
    nsl_json_put_raw(writer, nsl_bytes_of(text, size));
}

static void put_figures(struct nsl_json_writer *writer, const struct execution *execution,
                        const struct nsl_outcome *outcome)
{
    nsl_json_put_key(writer, NSL_TEXT("gasUsed"));
    nsl_json_put_u64(writer, outcome->gas_used);
    nsl_json_put_key(writer, NSL_TEXT("executionTimeMs"));
    put_ms(writer, outcome->run_ns);
    nsl_json_put_key(writer, NSL_TEXT("memoryUsed"));
    nsl_json_put_u64(writer, outcome->heap_peak_bytes);
    nsl_json_put_key(writer, NSL_TEXT("codeHash"));
    nsl_json_put_text(writer, nsl_bytes_of(execution->code_hash, sizeof(execution->code_hash)));
    nsl_json_put_key(writer, NSL_TEXT("functionId"));
    nsl_json_put_text(writer, nsl_bytes_of(execution->function_id, execution->function_id_size));
    nsl_json_put_key(writer, NSL_TEXT("logs"));
    nsl_json_put_raw(writer, outcome->logs.size == 0 ? NSL_TEXT("[]") : outcome->logs);
}

static void put_error(struct nsl_json_writer *writer, const struct nsl_outcome *outcome)
{
    const struct nsl_js_error *error = &outcome->error;
    nsl_json_put_key(writer, NSL_TEXT("code"));
    nsl_json_put_text(writer, outcome->kind == NSL_OUTCOME_EXHAUSTED
                                  ? NSL_TEXT("LIMIT_EXCEEDED")
                                  : NSL_TEXT("EXECUTION_FAILED"));
    nsl_json_put_key(writer, NSL_TEXT("error"));
    nsl_json_put_text(writer, error->message);
    nsl_json_put_key(writer, NSL_TEXT("type"));
    nsl_json_put_text(writer, error->type);
    nsl_json_put_key(writer, NSL_TEXT("message"));
    nsl_json_put_text(writer, error->message);
    nsl_json_put_key(writer, NSL_TEXT("stack"));
    nsl_json_put_text(writer, error->stack);
    nsl_json_put_key(writer, NSL_TEXT("lineNumber"));
    nsl_json_put_u64(writer, error->line);
    nsl_json_put_key(writer, NSL_TEXT("columnNumber"));
    nsl_json_put_u64(writer, error->column);
}

static nsl_err write_answer(const struct execution *execution, const struct nsl_outcome *outcome,
                            struct nsl_buffer *body)
{
    struct nsl_json_writer writer;
    bool is_done = outcome->kind == NSL_OUTCOME_DONE;
    NSL_TRY(nsl_buffer_reserve(body, outcome->result_json.size + outcome->logs.size + 768));
    nsl_json_writer_init(&writer, body);
    nsl_json_begin_object(&writer);
    nsl_json_put_key(&writer, NSL_TEXT("success"));
    nsl_json_put_bool(&writer, is_done);
    if (!is_done) {
        nsl_json_put_key(&writer, NSL_TEXT("error"));
        nsl_json_begin_object(&writer);
        put_error(&writer, outcome);
        nsl_json_end_object(&writer);
    }
    nsl_json_put_key(&writer, NSL_TEXT("data"));
    nsl_json_begin_object(&writer);
    if (is_done) {
        nsl_json_put_key(&writer, NSL_TEXT("result"));
        nsl_json_put_raw(&writer, outcome->result_json);
    }
    put_figures(&writer, execution, outcome);
    nsl_json_end_object(&writer);
    nsl_response_put_metadata(&writer, request_id_of(execution), execution->start_ms);
    nsl_json_end_object(&writer);
    return nsl_json_finish(&writer);
}

static bool is_json(struct nsl_api *api, nsl_bytes text, enum nsl_json_type type)
{
    const struct nsl_json_options options = {
        .depth = RESULT_DEPTH,
        .surrogates = NSL_JSON_ALLOW_LONE_SURROGATES,
    };
    struct nsl_json_doc doc;
    bool is_valid = nsl_json_check(text, &options, &api->scratch, &doc, NULL) == NSL_OK &&
                    (type == NSL_JSON_ABSENT || doc.root.type == type);
    nsl_scratch_reset(&api->scratch);
    return is_valid;
}

/* A runner that was taken over must not write into the envelope. */
static nsl_err check_outcome(struct nsl_api *api, const struct nsl_outcome *outcome)
{
    bool is_sound = (outcome->kind != NSL_OUTCOME_DONE ||
                     is_json(api, outcome->result_json, NSL_JSON_ABSENT)) &&
                    (outcome->logs.size == 0 || is_json(api, outcome->logs, NSL_JSON_ARRAY));
    return is_sound ? NSL_OK : NSL_ERR_BAD_MESSAGE;
}

static void count_outcome(struct nsl_api_counters *counters, const struct nsl_outcome *outcome)
{
    counters->gas_used += outcome->gas_used;
    switch (outcome->kind) {
    case NSL_OUTCOME_DONE:
        counters->calls_done++;
        break;
    case NSL_OUTCOME_THROWN:
        counters->calls_thrown++;
        break;
    default:
        counters->calls_exhausted++;
        break;
    }
}

static void answer_failed(struct execution *execution, nsl_err err)
{
    struct nsl_exchange *exchange = nsl_exchange_of_extra(execution);
    nsl_bytes message = NSL_TEXT("the call could not be run; it had no effect");
    uint16_t status = 503;
    execution->api->counters.calls_failed++;
    if (err == NSL_ERR_CLOSED) {
        status = 500;
        message = NSL_TEXT("the runner crashed while it ran this call; others are not affected");
    } else if (err == NSL_ERR_TIMEOUT) {
        status = 500;
        message = NSL_TEXT("the runner did not stop in time and was ended");
    } else if (err == NSL_ERR_TOO_LARGE) {
        status = 413;
        message = NSL_TEXT("the call's state or result is larger than a runner may hand over");
    } else if (err == NSL_ERR_CANCELLED) {
        status = 408;
        message = NSL_TEXT("the connection was closed while the call waited, so it was ended");
    } else if (err == NSL_ERR_FULL) {
        message = NSL_TEXT("too many calls are waiting; try again");
    }
    nsl_response_error(exchange, status, (nsl_bytes){0}, message, request_id_of(execution));
}

static void on_done(struct nsl_job *job, nsl_err err, const struct nsl_outcome *outcome)
{
    struct execution *execution = (struct execution *)(void *)job;
    struct nsl_exchange *exchange = nsl_exchange_of_extra(execution);
    struct nsl_api *api = execution->api;
    struct nsl_buffer body;
    free_payload(execution);
    if (err == NSL_OK) {
        err = check_outcome(api, outcome);
    }
    if (err != NSL_OK) {
        answer_failed(execution, err);
        return;
    }
    count_outcome(&api->counters, outcome);
    nsl_buffer_init(&body,
                    nsl_run_outcome_max((size_t)api->settings.functions_max_result_bytes,
                                        (size_t)api->settings.functions_max_log_bytes) +
                        ANSWER_OVERHEAD,
                    NSL_BUFFER_WIPE);
    err = write_answer(execution, outcome, &body);
    if (err == NSL_OK && outcome->kind != NSL_OUTCOME_DONE) {
        nsl_exchange_respond(exchange, 422, "application/json", &body);
        return;
    }
    nsl_response_send(exchange, err, &body);
}

/* ---- Requests ---- */

static struct nsl_limits limits_of(const struct nsl_settings *settings,
                                   const struct nsl_execute_request *request)
{
    return (struct nsl_limits){
        .gas_units = request->gas_limit,
        .heap_bytes = (uint64_t)settings->functions_heap_bytes,
        .depth_units = (uint32_t)settings->functions_stack_units,
        .time_ms = request->time_ms,
        .result_bytes = (uint32_t)settings->functions_max_result_bytes,
        .log_lines = (uint32_t)settings->functions_max_log_lines,
        .log_bytes = (uint32_t)settings->functions_max_log_bytes,
        .pending_jobs = (uint32_t)settings->functions_pending_jobs,
        .pending_host_calls = (uint32_t)settings->functions_pending_jobs,
    };
}

static nsl_err encode(struct nsl_api *api, struct execution *execution,
                      const struct nsl_execute_request *request)
{
    struct nsl_call call = {
        .code = request->code,
        .input_json = request->input_json,
        .function_id = request->function_id,
        .user_id = request->user_id,
        .request_id = request_id_of(execution),
        .start_ms = execution->start_ms,
        .secrets = request->secrets,
        .secret_count = request->secret_count,
        .limits = limits_of(&api->settings, request),
    };
    nsl_bytes encoded;
    nsl_copy(call.code_hash, sizeof(call.code_hash),
             nsl_bytes_of(request->code_hash, NSL_SHA256_SIZE));
    nsl_random(call.entropy, sizeof(call.entropy));
    NSL_TRY(nsl_run_encode_call(&call, api->payload.data, api->payload.capacity, &encoded));
    execution->payload = malloc(encoded.size);
    if (execution->payload == NULL) {
        return NSL_ERR_NO_MEMORY;
    }
    nsl_copy(execution->payload, encoded.size, encoded);
    execution->payload_size = encoded.size;
    nsl_wipe(api->payload.data, encoded.size);
    return NSL_OK;
}

static nsl_err submit(struct nsl_api *api, struct execution *execution,
                      const struct nsl_execute_request *request)
{
    NSL_TRY(encode(api, execution, request));
    nsl_copy(execution->function_id, sizeof(execution->function_id), request->function_id);
    execution->function_id_size = request->function_id.size;
    nsl_copy(execution->user_id, sizeof(execution->user_id), request->user_id);
    NSL_TRY(nsl_hex_encode(nsl_bytes_of(request->code_hash, NSL_SHA256_SIZE), execution->code_hash,
                           sizeof(execution->code_hash)));
    execution->job.payload = nsl_bytes_of(execution->payload, execution->payload_size);
    execution->job.tenant = nsl_bytes_of(execution->user_id, request->user_id.size);
    execution->job.time_ms = request->time_ms;
    execution->job.done = on_done;
    nsl_err err = nsl_scheduler_submit(api->scheduler, &execution->job);
    if (err != NSL_OK) {
        free_payload(execution);
    }
    return err;
}

void nsl_api_execute_abandon(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct execution *execution = nsl_exchange_extra(exchange);
    nsl_scheduler_cancel(api->scheduler, &execution->job);
}

void nsl_api_execute(struct nsl_api *api, struct nsl_exchange *exchange)
{
    struct execution *execution = nsl_exchange_extra(exchange);
    struct nsl_execute_request request;
    struct nsl_execute_refusal refusal = {0};
    execution->api = api;
    execution->start_ms = nsl_api_now_ms();
    nsl_response_new_id(execution->request_id);
    bool is_read =
        nsl_execute_request_read(&api->settings, nsl_buffer_bytes(nsl_exchange_body(exchange)),
                                 &api->scratch, &request, &refusal);
    nsl_err err = is_read ? submit(api, execution, &request) : NSL_OK;
    if (!is_read) {
        api->counters.calls_refused++;
        nsl_response_error(exchange, refusal.status, refusal.field, nsl_bytes_text(refusal.message),
                           request_id_of(execution));
    } else if (err != NSL_OK) {
        answer_failed(execution, err);
    }
    nsl_scratch_reset(&api->scratch);
    nsl_buffer_done(nsl_exchange_body(exchange));
}
