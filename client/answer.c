/*
 *   {"success": bool,
 *    "data": {"result": any, "gasUsed": n, "executionTimeMs": n, "memoryUsed": n, "codeHash": text,
 *             "functionId": text, "logs": [text]},
 *    "error": {"code": text, "message": text, "type": text, "stack": text, "lineNumber": n,
 *              "columnNumber": n, "details": {"field": text}},
 *    "metadata": {"requestId": text, "timestamp": text}}
 *
 * Unknown members are ignored: a newer server may say more. Known ones must have their type.
 */
#include "client/answer.h"

#include <stdlib.h>

#include "common/codec/json.h"

enum { DEPTH_MAX = 20100, SCRATCH_EXTRA = 64 * 1024 };

struct owner {
    struct nsl_client_answer answer; /* first: what the caller sees */
    struct nsl_buffer body;
    struct nsl_scratch scratch;
};

/* ---- Members, by their types. The first failure sticks. */

struct fields {
    struct nsl_json_value object;
    struct nsl_scratch *scratch;
    nsl_err err;
};

static struct nsl_client_text text_of(nsl_bytes bytes)
{
    return (struct nsl_client_text){.data = (const char *)bytes.data, .size = bytes.size};
}

static bool find(struct fields *fields, const char *name, struct nsl_json_value *ret_value)
{
    return fields->err == NSL_OK &&
           nsl_json_find(&fields->object, nsl_bytes_text(name), ret_value) &&
           ret_value->type != NSL_JSON_NULL;
}

static void read_text(struct fields *fields, const char *name, struct nsl_client_text *ret_text)
{
    struct nsl_json_value value;
    nsl_bytes text;
    if (find(fields, name, &value)) {
        fields->err = nsl_json_text(&value, fields->scratch, &text);
        if (fields->err == NSL_OK) {
            *ret_text = text_of(text);
        }
    }
}

static void read_number(struct fields *fields, const char *name, uint64_t *ret_number)
{
    struct nsl_json_value value;
    if (find(fields, name, &value)) {
        fields->err = nsl_json_u64(&value, ret_number);
    }
}

/* A number with a fraction stays text. */
static void read_decimal(struct fields *fields, const char *name, struct nsl_client_text *ret_text)
{
    struct nsl_json_value value;
    if (find(fields, name, &value)) {
        if (value.type != NSL_JSON_NUMBER) {
            fields->err = NSL_ERR_BAD_ARGUMENT;
            return;
        }
        *ret_text = text_of(value.raw);
    }
}

static struct fields fields_of(struct fields *parent, const char *name)
{
    struct fields child = {.scratch = parent->scratch, .err = parent->err};
    if (find(parent, name, &child.object) && child.object.type != NSL_JSON_OBJECT) {
        child.err = NSL_ERR_BAD_ARGUMENT;
    }
    return child;
}

static void read_logs(struct fields *data, struct nsl_client_answer *answer)
{
    struct nsl_json_value list;
    struct nsl_json_member line;
    void *memory;
    size_t count = 0;
    if (!find(data, "logs", &list)) {
        return;
    }
    struct nsl_json_iter walk = nsl_json_walk(&list);
    while (nsl_json_next(&walk, &line)) {
        count++;
    }
    data->err = list.type == NSL_JSON_ARRAY
                    ? nsl_scratch_alloc(data->scratch, (count + 1) * sizeof(*answer->logs), &memory)
                    : NSL_ERR_BAD_ARGUMENT;
    if (data->err != NSL_OK) {
        return;
    }
    struct nsl_client_text *lines = memory;
    walk = nsl_json_walk(&list);
    for (size_t i = 0; data->err == NSL_OK && nsl_json_next(&walk, &line); i++) {
        nsl_bytes text = {0};
        data->err = nsl_json_text(&line.value, data->scratch, &text);
        lines[i] = text_of(text);
    }
    answer->logs = lines;
    answer->log_count = count;
}

/* ---- The parts of an answer. */

static nsl_err read_data(struct fields *root, struct nsl_client_answer *answer)
{
    struct fields data = fields_of(root, "data");
    struct nsl_json_value result;
    read_number(&data, "gasUsed", &answer->gas_used);
    read_number(&data, "memoryUsed", &answer->memory_used);
    read_decimal(&data, "executionTimeMs", &answer->time_ms);
    read_text(&data, "codeHash", &answer->code_hash);
    read_text(&data, "functionId", &answer->function_id);
    read_logs(&data, answer);
    if (data.err == NSL_OK && answer->is_success) {
        if (!nsl_json_find(&data.object, NSL_TEXT("result"), &result)) {
            return NSL_ERR_BAD_ARGUMENT;
        }
        answer->result = text_of(result.raw);
    }
    return data.err;
}

static nsl_err read_error(struct fields *root, struct nsl_client_answer *answer)
{
    struct fields error = fields_of(root, "error");
    struct fields details = fields_of(&error, "details");
    read_text(&error, "code", &answer->error_code);
    read_text(&error, "type", &answer->error_type);
    read_text(&error, "message", &answer->error_message);
    read_text(&error, "stack", &answer->error_stack);
    read_number(&error, "lineNumber", &answer->error_line);
    read_number(&error, "columnNumber", &answer->error_column);
    read_text(&details, "field", &answer->error_field);
    if (answer->error_code.size == 0) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    return error.err != NSL_OK ? error.err : details.err;
}

static nsl_err read_root(struct owner *owner)
{
    const struct nsl_json_options options = {.depth = DEPTH_MAX,
                                             .surrogates = NSL_JSON_ALLOW_LONE_SURROGATES};
    struct nsl_client_answer *answer = &owner->answer;
    struct nsl_json_doc doc;
    struct nsl_json_value success;
    bool is_success;
    /* Checking needs up to twice the text at once, then unescaping up to once, and log lines. */
    NSL_TRY(nsl_scratch_init(&owner->scratch, 20 * owner->body.size + SCRATCH_EXTRA));
    NSL_TRY(nsl_json_check(nsl_buffer_bytes(&owner->body), &options, &owner->scratch, &doc, NULL));
    if (!nsl_json_find(&doc.root, NSL_TEXT("success"), &success)) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    NSL_TRY(nsl_json_bool(&success, &is_success));
    answer->is_success = is_success ? 1 : 0;
    struct fields root = {.object = doc.root, .scratch = &owner->scratch};
    struct fields metadata = fields_of(&root, "metadata");
    read_text(&metadata, "requestId", &answer->request_id);
    NSL_TRY(metadata.err);
    NSL_TRY(read_data(&root, answer));
    return is_success ? NSL_OK : read_error(&root, answer);
}

enum nsl_client_status nsl_answer_read(struct nsl_buffer *body, unsigned http_status,
                                       uint64_t round_trip_us,
                                       struct nsl_client_answer **ret_answer)
{
    struct owner *owner = calloc(1, sizeof(*owner));
    if (owner == NULL) {
        nsl_buffer_done(body);
        return NSL_CLIENT_NO_MEMORY;
    }
    owner->body = *body;
    *body = (struct nsl_buffer){0};
    nsl_err err = read_root(owner);
    /* 200 and success belong together. */
    if (err == NSL_OK && (http_status == 200) != (owner->answer.is_success != 0)) {
        err = NSL_ERR_BAD_ARGUMENT;
    }
    if (err != NSL_OK) {
        nsl_client_answer_free(&owner->answer);
        return err == NSL_ERR_NO_MEMORY ? NSL_CLIENT_NO_MEMORY : NSL_CLIENT_BAD_ANSWER;
    }
    owner->answer.http_status = http_status;
    owner->answer.round_trip_us = round_trip_us;
    owner->answer.body = text_of(nsl_buffer_bytes(&owner->body));
    *ret_answer = &owner->answer;
    return NSL_CLIENT_OK;
}

void nsl_client_answer_free(struct nsl_client_answer *answer)
{
    struct owner *owner = (struct owner *)(void *)answer;
    if (owner != NULL) {
        nsl_scratch_done(&owner->scratch);
        nsl_buffer_done(&owner->body);
        free(owner);
    }
}
