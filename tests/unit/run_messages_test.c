#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <stdlib.h>

#include "enclave/wire/run_messages.h"

enum { BUFFER = 4096, HASH_AT = 0, ENTROPY_AT = 32, START_AT = 64, LIMITS_AT = 72, CODE_AT = 116 };

static const struct nsl_secret_value two_secrets[] = {
    {NSL_TEXT_INIT("NAME"), NSL_TEXT_INIT("value")},
    {NSL_TEXT_INIT("OTHER"), NSL_TEXT_INIT("")},
};

static struct nsl_call sample_call(void)
{
    struct nsl_call call = {
        .call_id = 77,
        .code = NSL_TEXT("function main(){}"),
        .input_json = NSL_TEXT("{\"a\":1}"),
        .function_id = NSL_TEXT("f"),
        .user_id = NSL_TEXT("user"),
        .request_id = NSL_TEXT("0123456789abcdef"),
        .start_ms = -5,
        .secrets = two_secrets,
        .secret_count = 2,
        .limits = {.gas_units = UINT64_C(0x1122334455667788),
                   .heap_bytes = 1 << 20,
                   .depth_units = 3,
                   .time_ms = 4,
                   .result_bytes = 5,
                   .log_lines = 6,
                   .log_bytes = 7,
                   .pending_jobs = 8,
                   .pending_host_calls = 9},
    };
    for (size_t index = 0; index < 32; index++) {
        call.code_hash[index] = (uint8_t)index;
        call.entropy[index] = (uint8_t)(255 - index);
    }
    return call;
}

static void assert_bytes(nsl_bytes got, nsl_bytes want)
{
    assert_int_equal(got.size, want.size);
    assert_true(nsl_bytes_equal(got, want));
}

static void assert_calls_equal(const struct nsl_call *got, const struct nsl_call *want)
{
    assert_int_equal(got->call_id, want->call_id);
    assert_bytes(got->code, want->code);
    assert_memory_equal(got->code_hash, want->code_hash, 32);
    assert_bytes(got->input_json, want->input_json);
    assert_bytes(got->function_id, want->function_id);
    assert_bytes(got->user_id, want->user_id);
    assert_bytes(got->request_id, want->request_id);
    assert_true(got->start_ms == want->start_ms);
    assert_memory_equal(got->entropy, want->entropy, 32);
    assert_int_equal(got->secret_count, want->secret_count);
    for (size_t index = 0; index < want->secret_count; index++) {
        assert_bytes(got->secrets[index].name, want->secrets[index].name);
        assert_bytes(got->secrets[index].value, want->secrets[index].value);
    }
    assert_true(got->limits.gas_units == want->limits.gas_units);
    assert_true(got->limits.heap_bytes == want->limits.heap_bytes);
    assert_int_equal(got->limits.depth_units, want->limits.depth_units);
    assert_int_equal(got->limits.time_ms, want->limits.time_ms);
    assert_int_equal(got->limits.result_bytes, want->limits.result_bytes);
    assert_int_equal(got->limits.log_lines, want->limits.log_lines);
    assert_int_equal(got->limits.log_bytes, want->limits.log_bytes);
    assert_int_equal(got->limits.pending_jobs, want->limits.pending_jobs);
    assert_int_equal(got->limits.pending_host_calls, want->limits.pending_host_calls);
}

static nsl_bytes encode(const struct nsl_call *call, uint8_t out[BUFFER])
{
    nsl_bytes payload = {0};
    assert_int_equal(nsl_run_encode_call(call, out, BUFFER, &payload), NSL_OK);
    return payload;
}

static struct nsl_secret_value room[NSL_RUN_SECRETS_MAX];

static void a_call_comes_out_as_it_went_in(void **state)
{
    uint8_t out[BUFFER];
    struct nsl_call want = sample_call();
    struct nsl_call got;
    (void)state;
    nsl_bytes payload = encode(&want, out);
    assert_int_equal(nsl_run_decode_call(payload, 77, room, &got), NSL_OK);
    assert_calls_equal(&got, &want);
    want = (struct nsl_call){.call_id = 1};
    payload = encode(&want, out);
    assert_int_equal(nsl_run_decode_call(payload, 1, room, &got), NSL_OK);
    assert_calls_equal(&got, &want);
}

static void call_encoding_refuses_every_smaller_buffer(void **state)
{
    uint8_t out[BUFFER];
    struct nsl_call call = sample_call();
    (void)state;
    size_t size = encode(&call, out).size;
    for (size_t capacity = 0; capacity < size; capacity++) {
        nsl_bytes payload = {0};
        assert_int_equal(nsl_run_encode_call(&call, out, capacity, &payload), NSL_ERR_TOO_LARGE);
        assert_null(payload.data);
    }
}

static void call_decoding_refuses_every_truncation_and_every_rest(void **state)
{
    uint8_t out[BUFFER] = {0};
    struct nsl_call call = sample_call();
    struct nsl_call got = {.call_id = 123};
    (void)state;
    size_t size = encode(&call, out).size;
    for (size_t cut = 0; cut < size; cut++) {
        /* A copy of exact size, so that a read beyond it is seen by sanitizers. */
        uint8_t *copy = malloc(cut + 1);
        assert_non_null(copy);
        for (size_t index = 0; index < cut; index++) {
            copy[index] = out[index];
        }
        assert_int_equal(nsl_run_decode_call(nsl_bytes_of(copy, cut), 1, room, &got),
                         NSL_ERR_BAD_MESSAGE);
        free(copy);
    }
    assert_int_equal(nsl_run_decode_call(nsl_bytes_of(out, size + 1), 1, room, &got),
                     NSL_ERR_BAD_MESSAGE);
    assert_int_equal(got.call_id, 123);
}

/* Fixed fields: a flip changes that field. Sizes: refused, or another split of the same bytes, which
 * encodes to the same bytes again. Never anything outside the payload. */
static void every_flipped_bit_of_a_call_is_refused_or_encodes_back(void **state)
{
    uint8_t clean[BUFFER];
    struct nsl_call call = sample_call();
    (void)state;
    size_t size = encode(&call, clean).size;
    size_t accepted = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        uint8_t bytes[BUFFER];
        uint8_t again[BUFFER];
        struct nsl_call got;
        for (size_t index = 0; index < size; index++) {
            bytes[index] = clean[index];
        }
        bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (nsl_run_decode_call(nsl_bytes_of(bytes, size), 77, room, &got) != NSL_OK) {
            assert_true(bit / 8 >= CODE_AT);
            continue;
        }
        accepted++;
        nsl_bytes payload = encode(&got, again);
        assert_bytes(payload, nsl_bytes_of(bytes, size));
    }
    assert_true(accepted >= 8 * CODE_AT);
}

static void a_call_with_too_many_secrets_is_refused(void **state)
{
    uint8_t out[BUFFER];
    struct nsl_call call = sample_call();
    struct nsl_call got;
    (void)state;
    call.secret_count = 0;
    size_t size = encode(&call, out).size;
    uint32_t counts[] = {NSL_RUN_SECRETS_MAX + 1, UINT32_MAX, NSL_RUN_SECRETS_MAX};
    for (size_t round = 0; round < 3; round++) {
        for (size_t index = 0; index < 4; index++) {
            out[size - 4 + index] = (uint8_t)(counts[round] >> (8 * index));
        }
        assert_int_equal(nsl_run_decode_call(nsl_bytes_of(out, size), 1, room, &got),
                         NSL_ERR_BAD_MESSAGE);
    }
}

static void request_max_is_enough_for_the_largest_call(void **state)
{
    (void)state;
    enum { CODE = 2000, INPUT = 3000, SECRETS = 7, SECRET = 100, NAME = 128, ID = 256 };
    static uint8_t bytes[CODE + INPUT];
    struct nsl_secret_value secrets[SECRETS];
    for (size_t index = 0; index < SECRETS; index++) {
        secrets[index].name = nsl_bytes_of(bytes, NAME);
        secrets[index].value = nsl_bytes_of(bytes, SECRET);
    }
    struct nsl_call call = {
        .code = nsl_bytes_of(bytes, CODE),
        .input_json = nsl_bytes_of(bytes, INPUT),
        .function_id = nsl_bytes_of(bytes, ID),
        .user_id = nsl_bytes_of(bytes, ID),
        .request_id = nsl_bytes_of(bytes, 32),
        .secrets = secrets,
        .secret_count = SECRETS,
    };
    size_t max = nsl_run_request_max(CODE, INPUT, SECRETS, SECRET);
    uint8_t *out = malloc(max);
    nsl_bytes payload;
    assert_non_null(out);
    assert_int_equal(nsl_run_encode_call(&call, out, max, &payload), NSL_OK);
    free(out);
}

/* ---- Outcomes ---- */

static struct nsl_outcome sample_outcome(enum nsl_outcome_kind kind)
{
    return (struct nsl_outcome){
        .kind = kind,
        .result_json = NSL_TEXT("{\"r\":1}"),
        .logs = NSL_TEXT("[\"x\"]"),
        .error = {.type = NSL_TEXT("TypeError"),
                  .message = NSL_TEXT("m"),
                  .stack = NSL_TEXT("at f"),
                  .line = 3,
                  .column = 4},
        .gas_used = 10,
        .heap_peak_bytes = 11,
        .run_ns = 12,
        .wait_ns = 13,
        .image_was_cold = true,
    };
}

static size_t encode_outcome(const struct nsl_outcome *outcome, nsl_bytes record,
                             uint8_t out[BUFFER])
{
    nsl_bytes head;
    assert_int_equal(nsl_run_encode_outcome(outcome, record.size, out, BUFFER, &head), NSL_OK);
    for (size_t index = 0; index < record.size; index++) {
        out[head.size + index] = record.data[index];
    }
    return head.size + record.size;
}

static nsl_bytes record_for(enum nsl_outcome_kind kind)
{
    return kind == NSL_OUTCOME_PARKED ? NSL_TEXT("record") : (nsl_bytes){0};
}

static void an_outcome_comes_out_as_it_went_in(void **state)
{
    (void)state;
    for (int kind = NSL_OUTCOME_DONE; kind <= NSL_OUTCOME_PARKED; kind++) {
        uint8_t out[BUFFER];
        struct nsl_outcome want = sample_outcome((enum nsl_outcome_kind)kind);
        struct nsl_outcome got;
        nsl_bytes record;
        size_t size = encode_outcome(&want, record_for(want.kind), out);
        assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, size), &got, &record), NSL_OK);
        assert_int_equal(got.kind, want.kind);
        assert_bytes(got.result_json, want.result_json);
        assert_bytes(got.logs, want.logs);
        assert_bytes(got.error.type, want.error.type);
        assert_bytes(got.error.message, want.error.message);
        assert_bytes(got.error.stack, want.error.stack);
        assert_int_equal(got.error.line, 3);
        assert_int_equal(got.error.column, 4);
        assert_int_equal(got.gas_used, 10);
        assert_int_equal(got.heap_peak_bytes, 11);
        assert_int_equal(got.run_ns, 12);
        assert_int_equal(got.wait_ns, 13);
        assert_true(got.image_was_cold);
        assert_bytes(record, record_for(want.kind));
    }
}

static void outcome_decoding_refuses_every_truncation_and_every_rest(void **state)
{
    (void)state;
    for (int kind = NSL_OUTCOME_DONE; kind <= NSL_OUTCOME_PARKED; kind++) {
        uint8_t out[BUFFER] = {0};
        struct nsl_outcome want = sample_outcome((enum nsl_outcome_kind)kind);
        struct nsl_outcome got;
        nsl_bytes record;
        size_t size = encode_outcome(&want, record_for(want.kind), out);
        for (size_t cut = 0; cut < size; cut++) {
            assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, cut), &got, &record),
                             NSL_ERR_BAD_MESSAGE);
        }
        assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, size + 1), &got, &record),
                         NSL_ERR_BAD_MESSAGE);
    }
}

static void outcome_decoding_refuses_values_that_do_not_exist(void **state)
{
    uint8_t out[BUFFER];
    struct nsl_outcome outcome = sample_outcome(NSL_OUTCOME_DONE);
    struct nsl_outcome got;
    nsl_bytes record;
    (void)state;
    size_t size = encode_outcome(&outcome, (nsl_bytes){0}, out);
    for (unsigned kind = 0; kind < 256; kind++) {
        out[0] = (uint8_t)kind;
        bool is_fine = kind <= NSL_OUTCOME_EXHAUSTED; /* PARKED needs a record */
        assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, size), &got, &record),
                         is_fine ? NSL_OK : NSL_ERR_BAD_MESSAGE);
    }
    out[0] = NSL_OUTCOME_DONE;
    for (unsigned cold = 0; cold < 256; cold++) {
        out[1] = (uint8_t)cold;
        assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, size), &got, &record),
                         cold <= 1 ? NSL_OK : NSL_ERR_BAD_MESSAGE);
    }
    /* Only a parked call has a record, and it has one. */
    size = encode_outcome(&outcome, NSL_TEXT("record"), out);
    assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, size), &got, &record),
                     NSL_ERR_BAD_MESSAGE);
    outcome.kind = NSL_OUTCOME_PARKED;
    size = encode_outcome(&outcome, (nsl_bytes){0}, out);
    assert_int_equal(nsl_run_decode_outcome(nsl_bytes_of(out, size), &got, &record),
                     NSL_ERR_BAD_MESSAGE);
}

static void every_flipped_bit_of_an_outcome_is_refused_or_encodes_back(void **state)
{
    uint8_t clean[BUFFER];
    struct nsl_outcome outcome = sample_outcome(NSL_OUTCOME_PARKED);
    (void)state;
    size_t size = encode_outcome(&outcome, NSL_TEXT("record"), clean);
    size_t accepted = 0;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        uint8_t bytes[BUFFER];
        uint8_t again[BUFFER];
        struct nsl_outcome got;
        nsl_bytes record;
        for (size_t index = 0; index < size; index++) {
            bytes[index] = clean[index];
        }
        bytes[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        if (nsl_run_decode_outcome(nsl_bytes_of(bytes, size), &got, &record) != NSL_OK) {
            continue;
        }
        accepted++;
        size_t again_size = encode_outcome(&got, record, again);
        assert_bytes(nsl_bytes_of(again, again_size), nsl_bytes_of(bytes, size));
    }
    assert_true(accepted > 8 * 40);
}

static void long_error_texts_are_cut_and_not_refused(void **state)
{
    (void)state;
    static uint8_t text[100000];
    static uint8_t out[1 << 20];
    struct nsl_outcome outcome = sample_outcome(NSL_OUTCOME_THROWN);
    struct nsl_outcome got;
    nsl_bytes payload;
    nsl_bytes record;
    for (size_t index = 0; index < sizeof(text); index++) {
        text[index] = 'e';
    }
    outcome.error.message = nsl_bytes_of(text, sizeof(text));
    outcome.error.stack = outcome.error.message;
    outcome.error.type = outcome.error.message;
    size_t max = nsl_run_outcome_max(outcome.result_json.size, outcome.logs.size);
    assert_true(max <= sizeof(out));
    assert_int_equal(nsl_run_encode_outcome(&outcome, 0, out, max, &payload), NSL_OK);
    assert_int_equal(nsl_run_decode_outcome(payload, &got, &record), NSL_OK);
    assert_int_equal(got.error.message.size, 65536);
    assert_int_equal(got.error.stack.size, 65536);
}

static void a_cut_error_text_is_still_utf8(void **state)
{
    (void)state;
    static uint8_t text[65538];
    static uint8_t out[1 << 20];
    struct nsl_outcome outcome = sample_outcome(NSL_OUTCOME_THROWN);
    struct nsl_outcome got;
    nsl_bytes payload;
    nsl_bytes record;
    for (size_t index = 0; index < sizeof(text); index++) {
        text[index] = 'e';
    }
    text[65534] = 0xe2; /* U+20AC lies across the cut */
    text[65535] = 0x82;
    text[65536] = 0xac;
    outcome.error.message = nsl_bytes_of(text, sizeof(text));
    assert_int_equal(nsl_run_encode_outcome(&outcome, 0, out, sizeof(out), &payload), NSL_OK);
    assert_int_equal(nsl_run_decode_outcome(payload, &got, &record), NSL_OK);
    assert_int_equal(got.error.message.size, 65534);
}

/* ---- Resume ---- */

static void resume_gives_the_record_and_the_call_apart(void **state)
{
    uint8_t bytes[64];
    nsl_bytes record;
    nsl_bytes call;
    (void)state;
    nsl_run_encode_resume_head(3, bytes);
    for (size_t index = 0; index < 8; index++) {
        bytes[NSL_RUN_RESUME_HEAD_SIZE + index] = (uint8_t) "recCALL!"[index];
    }
    assert_int_equal(nsl_run_decode_resume(nsl_bytes_of(bytes, 12), &record, &call), NSL_OK);
    assert_bytes(record, NSL_TEXT("rec"));
    assert_bytes(call, NSL_TEXT("CALL!"));
    for (size_t cut = 0; cut < 7; cut++) {
        assert_int_equal(nsl_run_decode_resume(nsl_bytes_of(bytes, cut), &record, &call),
                         NSL_ERR_BAD_MESSAGE);
    }
    assert_int_equal(nsl_run_decode_resume(nsl_bytes_of(bytes, 7), &record, &call), NSL_OK);
    assert_int_equal(call.size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_comes_out_as_it_went_in),
        cmocka_unit_test(call_encoding_refuses_every_smaller_buffer),
        cmocka_unit_test(call_decoding_refuses_every_truncation_and_every_rest),
        cmocka_unit_test(every_flipped_bit_of_a_call_is_refused_or_encodes_back),
        cmocka_unit_test(a_call_with_too_many_secrets_is_refused),
        cmocka_unit_test(request_max_is_enough_for_the_largest_call),
        cmocka_unit_test(an_outcome_comes_out_as_it_went_in),
        cmocka_unit_test(outcome_decoding_refuses_every_truncation_and_every_rest),
        cmocka_unit_test(outcome_decoding_refuses_values_that_do_not_exist),
        cmocka_unit_test(every_flipped_bit_of_an_outcome_is_refused_or_encodes_back),
        cmocka_unit_test(long_error_texts_are_cut_and_not_refused),
        cmocka_unit_test(a_cut_error_text_is_still_utf8),
        cmocka_unit_test(resume_gives_the_record_and_the_call_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
