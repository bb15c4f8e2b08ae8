#include "enclave/api/execute_request.h"

#include <stdio.h>

#include "common/codec/hex.h"
#include "common/codec/json.h"

enum { UNKNOWN_KEY_SHOWN = 128 };

enum field {
    FIELD_CODE,
    FIELD_FUNCTION_ID,
    FIELD_USER_ID,
    FIELD_INPUT,
    FIELD_SECRETS,
    FIELD_CODE_HASH,
    FIELD_GAS_LIMIT,
    FIELD_TIMEOUT_MS,
    FIELD_COUNT,
};

#define ANY_TYPE                                                                                   \
    (NSL_JSON_IS(NULL) | NSL_JSON_IS(BOOL) | NSL_JSON_IS(NUMBER) | NSL_JSON_IS(STRING) |           \
     NSL_JSON_IS(ARRAY) | NSL_JSON_IS(OBJECT))

static const struct nsl_json_field fields[FIELD_COUNT] = {
    [FIELD_CODE] = {NSL_TEXT_INIT("code"), NSL_JSON_IS(STRING), NSL_JSON_REQUIRED},
    [FIELD_FUNCTION_ID] = {NSL_TEXT_INIT("functionId"), NSL_JSON_IS(STRING), NSL_JSON_REQUIRED},
    [FIELD_USER_ID] = {NSL_TEXT_INIT("userId"), NSL_JSON_IS(STRING), NSL_JSON_REQUIRED},
    [FIELD_INPUT] = {NSL_TEXT_INIT("input"), ANY_TYPE, NSL_JSON_OPTIONAL},
    [FIELD_SECRETS] = {NSL_TEXT_INIT("secrets"),
                       NSL_JSON_IS(OBJECT) | NSL_JSON_IS(STRING) | NSL_JSON_IS(NULL),
                       NSL_JSON_OPTIONAL},
    [FIELD_CODE_HASH] = {NSL_TEXT_INIT("codeHash"), NSL_JSON_IS(STRING), NSL_JSON_OPTIONAL},
    [FIELD_GAS_LIMIT] = {NSL_TEXT_INIT("gasLimit"), NSL_JSON_IS(NUMBER), NSL_JSON_OPTIONAL},
    [FIELD_TIMEOUT_MS] = {NSL_TEXT_INIT("timeoutMs"), NSL_JSON_IS(NUMBER), NSL_JSON_OPTIONAL},
};

struct reader {
    const struct nsl_settings *settings;
    struct nsl_scratch *scratch;
    struct nsl_json_value values[FIELD_COUNT];
    struct nsl_execute_request request;
    struct nsl_execute_refusal *refusal;
};

static bool refuse(struct reader *reader, uint16_t status, nsl_bytes field, const char *message)
{
    reader->refusal->status = status;
    reader->refusal->field = field;
    (void)snprintf(reader->refusal->message, sizeof(reader->refusal->message), "%s", message);
    return false;
}

static bool refuse_field(struct reader *reader, uint16_t status, enum field field,
                         const char *message)
{
    return refuse(reader, status, fields[field].name, message);
}

static bool refuse_too_large(struct reader *reader, enum field field, const char *setting,
                             int64_t limit)
{
    char message[128];
    (void)snprintf(message, sizeof(message), "is above %s, which is %lld", setting,
                   (long long)limit);
    return refuse_field(reader, 413, field, message);
}

/* Checks a JSON text that came as a field's content, or as the body (field empty). */
static bool check_json(struct reader *reader, nsl_bytes text, nsl_bytes field,
                       struct nsl_json_doc *ret_doc)
{
    const struct nsl_json_options options = {
        .depth = NSL_EXECUTE_DEPTH_MAX,
        .surrogates = NSL_JSON_REFUSE_LONE_SURROGATES,
    };
    struct nsl_json_error error = {0};
    char message[256];
    nsl_err err = nsl_json_check(text, &options, reader->scratch, ret_doc, &error);
    if (err == NSL_OK) {
        return true;
    }
    (void)snprintf(message, sizeof(message), "invalid JSON at line %zu, column %zu: %s", error.line,
                   error.column, error.reason == NULL ? nsl_err_text(err) : error.reason);
    return refuse(reader, err == NSL_ERR_TOO_LARGE ? 413 : 400, field, message);
}

/* An unknown key as it stands in the text, without its quotes; a long one cut between characters. */
static nsl_bytes shown_key(nsl_bytes raw)
{
    nsl_bytes key = nsl_bytes_of(raw.data + 1, raw.size - 2);
    if (key.size > UNKNOWN_KEY_SHOWN) {
        key.size = UNKNOWN_KEY_SHOWN;
        while (key.size > 0 && (key.data[key.size] & 0xc0) == 0x80) {
            key.size--;
        }
    }
    return key;
}

static bool read_fields(struct reader *reader, nsl_bytes body)
{
    struct nsl_json_doc doc;
    struct nsl_json_misfit misfit = {0};
    if (body.size == 0) {
        return refuse(reader, 400, (nsl_bytes){0}, "the body is empty; a JSON object is expected");
    }
    if (!check_json(reader, body, (nsl_bytes){0}, &doc)) {
        return false;
    }
    if (nsl_json_read_fields(nsl_json_walk_doc(&doc), fields, FIELD_COUNT, NSL_JSON_REFUSE_UNKNOWN,
                             reader->values, &misfit) != NSL_OK) {
        nsl_bytes name = misfit.name;
        if (misfit.field_index == FIELD_COUNT && name.size >= 2) {
            name = shown_key(name);
        }
        return refuse(reader, 400, name, misfit.reason);
    }
    return true;
}

static bool read_text(struct reader *reader, enum field field, nsl_bytes *ret_text)
{
    if (nsl_json_text(&reader->values[field], reader->scratch, ret_text) != NSL_OK) {
        return refuse_field(reader, 413, field, "is too large");
    }
    return true;
}

static bool has_control(nsl_bytes text)
{
    for (size_t index = 0; index < text.size; index++) {
        if (text.data[index] < 0x20 || text.data[index] == 0x7f) {
            return true;
        }
    }
    return false;
}

static bool read_id(struct reader *reader, enum field field, const char *empty_message,
                    nsl_bytes *ret_id)
{
    if (!read_text(reader, field, ret_id)) {
        return false;
    }
    if (ret_id->size == 0) {
        return refuse_field(reader, 400, field, empty_message);
    }
    if (ret_id->size > NSL_EXECUTE_ID_MAX) {
        return refuse_field(reader, 400, field, "is longer than 256 bytes");
    }
    if (has_control(*ret_id)) {
        return refuse_field(reader, 400, field, "holds a control character");
    }
    return true;
}

static bool check_hash(struct reader *reader)
{
    uint8_t expected[NSL_SHA256_SIZE];
    nsl_bytes text;
    if (reader->values[FIELD_CODE_HASH].type == NSL_JSON_ABSENT) {
        return true;
    }
    if (!read_text(reader, FIELD_CODE_HASH, &text)) {
        return false;
    }
    if (nsl_hex_decode(text, expected, sizeof(expected)) != NSL_OK) {
        return refuse_field(reader, 400, FIELD_CODE_HASH, "is not a SHA-256 in 64 hex digits");
    }
    if (!nsl_bytes_equal(nsl_bytes_of(expected, sizeof(expected)),
                         nsl_bytes_of(reader->request.code_hash, NSL_SHA256_SIZE))) {
        return refuse_field(reader, 409, FIELD_CODE_HASH,
                            "the code's SHA-256 is another one; nothing was run");
    }
    return true;
}

static bool read_code(struct reader *reader)
{
    int64_t limit = reader->settings->functions_max_code_bytes;
    nsl_bytes *code = &reader->request.code;
    if (!read_text(reader, FIELD_CODE, code)) {
        return false;
    }
    if (code->size == 0) {
        return refuse_field(reader, 400, FIELD_CODE, "Empty code provided");
    }
    if (code->size > (size_t)limit) {
        return refuse_too_large(reader, FIELD_CODE, "Functions.MaxCodeBytes", limit);
    }
    if (memchr(code->data, 0, code->size) != NULL) {
        return refuse_field(reader, 400, FIELD_CODE, "holds a NUL character");
    }
    nsl_digest_sha256(*code, reader->request.code_hash);
    return check_hash(reader);
}

/* A text is taken as JSON text, as the specification's example sends it; anything else as it is. */
static bool read_input(struct reader *reader)
{
    const struct nsl_json_value *value = &reader->values[FIELD_INPUT];
    int64_t limit = reader->settings->functions_max_input_bytes;
    nsl_bytes *input = &reader->request.input_json;
    struct nsl_json_doc doc;
    if (value->type == NSL_JSON_ABSENT) {
        return true;
    }
    *input = value->raw;
    if (value->type == NSL_JSON_STRING && !read_text(reader, FIELD_INPUT, input)) {
        return false;
    }
    if (input->size > (size_t)limit) {
        return refuse_too_large(reader, FIELD_INPUT, "Functions.MaxInputBytes", limit);
    }
    return value->type != NSL_JSON_STRING ||
           check_json(reader, *input, fields[FIELD_INPUT].name, &doc);
}

static bool read_secret(struct reader *reader, const struct nsl_json_member *member,
                        struct nsl_secret_value *ret_secret)
{
    if (member->value.type != NSL_JSON_STRING) {
        return refuse_field(reader, 400, FIELD_SECRETS, "every secret's value must be a string");
    }
    if (nsl_json_text(&member->key, reader->scratch, &ret_secret->name) != NSL_OK ||
        nsl_json_text(&member->value, reader->scratch, &ret_secret->value) != NSL_OK) {
        return refuse_field(reader, 413, FIELD_SECRETS, "is too large");
    }
    if (ret_secret->name.size == 0 || ret_secret->name.size > NSL_EXECUTE_SECRET_NAME_MAX ||
        has_control(ret_secret->name)) {
        return refuse_field(reader, 400, FIELD_SECRETS,
                            "a secret's name must have 1 to 128 bytes and no control character");
    }
    if (ret_secret->value.size > (size_t)reader->settings->functions_max_secret_bytes) {
        return refuse_too_large(reader, FIELD_SECRETS, "Functions.MaxSecretBytes",
                                reader->settings->functions_max_secret_bytes);
    }
    return true;
}

static bool read_secret_list(struct reader *reader, struct nsl_json_iter walk)
{
    size_t limit = (size_t)reader->settings->functions_max_secrets;
    struct nsl_json_member member;
    void *memory = NULL;
    if (nsl_scratch_alloc(reader->scratch, (limit + 1) * sizeof(struct nsl_secret_value),
                          &memory) != NSL_OK) {
        return refuse_field(reader, 413, FIELD_SECRETS, "is too large");
    }
    reader->request.secrets = memory;
    while (nsl_json_next(&walk, &member)) {
        if (reader->request.secret_count == limit) {
            return refuse_too_large(reader, FIELD_SECRETS, "Functions.MaxSecrets", (int64_t)limit);
        }
        if (!read_secret(reader, &member,
                         &reader->request.secrets[reader->request.secret_count++])) {
            return false;
        }
    }
    return true;
}

static bool read_secrets(struct reader *reader)
{
    const struct nsl_json_value *value = &reader->values[FIELD_SECRETS];
    struct nsl_json_doc doc;
    nsl_bytes text;
    if (value->type == NSL_JSON_OBJECT) {
        return read_secret_list(reader, nsl_json_walk(value));
    }
    if (value->type != NSL_JSON_STRING) {
        return true; /* absent or null */
    }
    if (!read_text(reader, FIELD_SECRETS, &text) ||
        !check_json(reader, text, fields[FIELD_SECRETS].name, &doc)) {
        return false;
    }
    if (doc.root.type != NSL_JSON_OBJECT) {
        return refuse_field(reader, 400, FIELD_SECRETS, "must be an object");
    }
    return read_secret_list(reader, nsl_json_walk_doc(&doc));
}

static bool read_limit(struct reader *reader, enum field field, uint64_t min, uint64_t max,
                       uint64_t *ret_limit)
{
    char message[128];
    uint64_t number = 0;
    *ret_limit = max;
    if (reader->values[field].type == NSL_JSON_ABSENT) {
        return true;
    }
    if (nsl_json_u64(&reader->values[field], &number) != NSL_OK || number < min || number > max) {
        (void)snprintf(message, sizeof(message), "must be a whole number from %llu to %llu",
                       (unsigned long long)min, (unsigned long long)max);
        return refuse_field(reader, 400, field, message);
    }
    *ret_limit = number;
    return true;
}

static bool read_limits(struct reader *reader)
{
    uint64_t time_ms = 0;
    if (!read_limit(reader, FIELD_GAS_LIMIT, 1, (uint64_t)reader->settings->functions_gas_limit,
                    &reader->request.gas_limit) ||
        !read_limit(reader, FIELD_TIMEOUT_MS, 1,
                    (uint64_t)nsl_settings_time_limit_ms(reader->settings), &time_ms)) {
        return false;
    }
    reader->request.time_ms = (uint32_t)time_ms;
    return true;
}

bool nsl_execute_request_read(const struct nsl_settings *settings, nsl_bytes body,
                              struct nsl_scratch *scratch, struct nsl_execute_request *ret_request,
                              struct nsl_execute_refusal *refusal)
{
    struct reader reader = {.settings = settings, .scratch = scratch, .refusal = refusal};
    bool is_read =
        read_fields(&reader, body) && read_code(&reader) &&
        read_id(&reader, FIELD_FUNCTION_ID, "Empty function ID provided",
                &reader.request.function_id) &&
        read_id(&reader, FIELD_USER_ID, "Empty user ID provided", &reader.request.user_id) &&
        read_input(&reader) && read_secrets(&reader) && read_limits(&reader);
    if (is_read) {
        *ret_request = reader.request;
    }
    return is_read;
}
