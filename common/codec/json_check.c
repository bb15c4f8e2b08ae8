#include "common/base/utf8.h"
#include "common/base/wipe.h"
#include "common/codec/json.h"
#include "common/codec/json_keys.h"
#include "common/codec/json_scan.h"
#include "common/codec/json_string.h"

struct checker {
    const uint8_t *at;
    const uint8_t *end;
    struct json_keys keys;
    struct nsl_json_options options;
    struct nsl_json_doc *doc;
    bool is_indexing;     /* the last member of the root object is in the index */
    bool is_string_plain; /* of the last string read */
    const char *reason;   /* of a failure */
    const uint8_t *fault; /* its place */
};

static nsl_err fail(struct checker *check, nsl_err err, const uint8_t *place, const char *reason)
{
    check->fault = place;
    check->reason = reason;
    return err;
}

static nsl_err fail_syntax(struct checker *check, const uint8_t *place, const char *reason)
{
    return fail(check, NSL_ERR_BAD_JSON, place, place < check->end ? reason : "unexpected end");
}

/* Mostly there is none: decided inline. */
static inline void skip_space(struct checker *check)
{
    if (check->at < check->end && *check->at <= ' ') {
        check->at = json_skip_space(check->at, check->end);
    }
}

static bool is_next(const struct checker *check, uint8_t byte)
{
    return check->at < check->end && *check->at == byte;
}

/* At a backslash; moves behind the escape. */
static nsl_err check_escape(struct checker *check)
{
    const uint8_t *at = check->at;
    if (check->end - at < 2) {
        return fail_syntax(check, check->end, "");
    }
    if (at[1] != 'u') {
        if (memchr("\"\\/bfnrt", at[1], 8) == NULL) {
            return fail_syntax(check, at, "unknown escape");
        }
        check->at = at + 2;
        return NSL_OK;
    }
    int32_t unit = check->end - at >= 6 ? json_hex4(at + 2) : -1;
    if (unit < 0) {
        return fail_syntax(check, at, "\\u needs four hexadecimal digits");
    }
    check->at = at + 6;
    bool is_pair = json_is_high_surrogate(unit) && check->end - at >= 12 && at[6] == '\\' &&
                   at[7] == 'u' && json_is_low_surrogate(json_hex4(at + 8));
    if (is_pair) {
        check->at = at + 12;
        return NSL_OK;
    }
    if (unit >= 0xd800 && unit < 0xe000 &&
        check->options.surrogates == NSL_JSON_REFUSE_LONE_SURROGATES) {
        return fail_syntax(check, at, "half of a surrogate pair");
    }
    return NSL_OK;
}

/* At a byte that is not plain and not the quote. */
static nsl_err check_special(struct checker *check)
{
    if (*check->at == '\\') {
        check->is_string_plain = false;
        return check_escape(check);
    }
    if (*check->at < 0x20) {
        return fail_syntax(check, check->at, "control character in a string");
    }
    size_t size = nsl_utf8_char_size(nsl_bytes_of(check->at, (size_t)(check->end - check->at)));
    if (size == 0) {
        return fail(check, NSL_ERR_BAD_UTF8, check->at, "not UTF-8");
    }
    check->at += size;
    return NSL_OK;
}

/* At the opening quote; moves behind the closing one. */
static nsl_err check_string(struct checker *check)
{
    check->at++;
    check->is_string_plain = true;
    for (;;) {
        check->at = json_skip_plain(check->at, check->end);
        if (check->at >= check->end) {
            return fail_syntax(check, check->end, "");
        }
        if (*check->at == '"') {
            check->at++;
            return NSL_OK;
        }
        do {
            NSL_TRY(check_special(check));
        } while (check->at < check->end && *check->at >= 0x80);
    }
}

static bool skip_digits(struct checker *check)
{
    const uint8_t *start = check->at;
    while (check->at < check->end && (uint8_t)(*check->at - '0') < 10) {
        check->at++;
    }
    return check->at > start;
}

/* RFC 8259 section 6: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)? */
static nsl_err check_number(struct checker *check)
{
    if (*check->at == '-') {
        check->at++;
    }
    if (is_next(check, '0')) {
        check->at++;
    } else if (!skip_digits(check)) {
        return fail_syntax(check, check->at, "expected a digit");
    }
    if (is_next(check, '.')) {
        check->at++;
        if (!skip_digits(check)) {
            return fail_syntax(check, check->at, "expected a digit");
        }
    }
    if (is_next(check, 'e') || is_next(check, 'E')) {
        check->at++;
        if (is_next(check, '+') || is_next(check, '-')) {
            check->at++;
        }
        if (!skip_digits(check)) {
            return fail_syntax(check, check->at, "expected a digit");
        }
    }
    if (check->at < check->end && (uint8_t)(*check->at - '0') < 10) {
        return fail_syntax(check, check->at, "a number must not start with 0");
    }
    return NSL_OK;
}

static nsl_err check_literal(struct checker *check, const char *word, size_t size)
{
    if ((size_t)(check->end - check->at) < size || memcmp(check->at, word, size) != 0) {
        return fail_syntax(check, check->at, "expected a value");
    }
    check->at += size;
    return NSL_OK;
}

static void index_key(struct checker *check, nsl_bytes raw)
{
    struct nsl_json_doc *doc = check->doc;
    check->is_indexing = doc->index_count < NSL_JSON_INDEX_COUNT;
    if (check->is_indexing) {
        struct nsl_json_member *member = &doc->index[doc->index_count++];
        member->key = (struct nsl_json_value){raw, NSL_JSON_STRING, check->is_string_plain};
        member->value = (struct nsl_json_value){.raw = {.data = check->at}};
    }
}

static enum nsl_json_type type_at(const uint8_t *at)
{
    switch (*at) {
    case '{':
        return NSL_JSON_OBJECT;
    case '[':
        return NSL_JSON_ARRAY;
    case '"':
        return NSL_JSON_STRING;
    case 't':
    case 'f':
        return NSL_JSON_BOOL;
    case 'n':
        return NSL_JSON_NULL;
    default:
        return NSL_JSON_NUMBER;
    }
}

/* The value that started at value->raw.data ends here. */
static void end_value(const struct checker *check, struct nsl_json_value *value)
{
    value->raw.size = (size_t)(check->at - value->raw.data);
    value->type = type_at(value->raw.data);
    value->is_plain = value->type == NSL_JSON_STRING && check->is_string_plain;
}

/* A member's key and colon; moves to the value. */
static nsl_err check_key(struct checker *check)
{
    if (!is_next(check, '"')) {
        return fail_syntax(check, check->at, "expected a key in quotes");
    }
    const uint8_t *start = check->at;
    NSL_TRY(check_string(check));
    nsl_bytes raw = nsl_bytes_of(start, (size_t)(check->at - start));
    nsl_err err = json_keys_add(&check->keys, json_content(raw),
                                check->is_string_plain ? JSON_PLAIN : JSON_ESCAPED);
    if (err != NSL_OK) {
        return fail(check, err, start, "too many keys for the memory given");
    }
    skip_space(check);
    if (!is_next(check, ':')) {
        return fail_syntax(check, check->at, "expected ':'");
    }
    check->at++;
    skip_space(check);
    if (check->keys.depth == 1) {
        index_key(check, raw);
    }
    return NSL_OK;
}

static nsl_err close_container(struct checker *check)
{
    const uint8_t *again;
    if (check->keys.is_object && json_keys_check_unique(&check->keys, &again) != NSL_OK) {
        return fail(check, NSL_ERR_DUPLICATE_KEY, again - 1, "the same key twice");
    }
    json_keys_close(&check->keys);
    check->at++;
    return NSL_OK;
}

/* At '{' or '['. *ret_is_open is false when the container was empty and is closed again. */
static nsl_err open_container(struct checker *check, bool *ret_is_open)
{
    bool is_object = *check->at == '{';
    if (check->keys.depth >= check->options.depth) {
        return fail(check, NSL_ERR_TOO_DEEP, check->at, "nested too deeply");
    }
    nsl_err err = json_keys_open(&check->keys, is_object);
    if (err != NSL_OK) {
        return fail(check, err, check->at, "too many keys for the memory given");
    }
    check->at++;
    skip_space(check);
    if (is_next(check, is_object ? '}' : ']')) {
        *ret_is_open = false;
        return close_container(check);
    }
    *ret_is_open = true;
    return is_object ? check_key(check) : NSL_OK;
}

/* A scalar, or a container up to its first value. */
static nsl_err enter_value(struct checker *check, bool *ret_is_open)
{
    *ret_is_open = false;
    if (check->at >= check->end) {
        return fail_syntax(check, check->end, "");
    }
    switch (*check->at) {
    case '"':
        return check_string(check);
    case '{':
    case '[':
        return open_container(check, ret_is_open);
    case 't':
        return check_literal(check, "true", 4);
    case 'f':
        return check_literal(check, "false", 5);
    case 'n':
        return check_literal(check, "null", 4);
    default:
        break;
    }
    if (*check->at != '-' && (uint8_t)(*check->at - '0') >= 10) {
        return fail_syntax(check, check->at, "expected a value");
    }
    return check_number(check);
}

/* Behind a value: closes what ends here and moves to the next value. *ret_is_done: the root ended. */
static nsl_err leave_value(struct checker *check, bool *ret_is_done)
{
    struct json_keys *keys = &check->keys;
    while (keys->depth > 0) {
        if (keys->depth == 1 && check->is_indexing) {
            end_value(check, &check->doc->index[check->doc->index_count - 1].value);
        }
        skip_space(check);
        if (is_next(check, ',')) {
            check->at++;
            skip_space(check);
            *ret_is_done = false;
            return keys->is_object ? check_key(check) : NSL_OK;
        }
        if (!is_next(check, keys->is_object ? '}' : ']')) {
            return fail_syntax(check, check->at,
                               keys->is_object ? "expected ',' or '}'" : "expected ',' or ']'");
        }
        NSL_TRY(close_container(check));
    }
    *ret_is_done = true;
    return NSL_OK;
}

static nsl_err check_text(struct checker *check)
{
    skip_space(check);
    check->doc->root = (struct nsl_json_value){.raw = {.data = check->at}};
    for (bool is_done = false; !is_done;) {
        bool is_open;
        NSL_TRY(enter_value(check, &is_open));
        if (!is_open) {
            NSL_TRY(leave_value(check, &is_done));
        }
    }
    end_value(check, &check->doc->root);
    skip_space(check);
    if (check->at < check->end) {
        return fail_syntax(check, check->at, "unexpected text behind the value");
    }
    return NSL_OK;
}

static void describe(const struct checker *check, nsl_bytes text, struct nsl_json_error *error)
{
    size_t offset = (size_t)(check->fault - text.data);
    *error =
        (struct nsl_json_error){.reason = check->reason, .offset = offset, .line = 1, .column = 1};
    for (size_t i = 0; i < offset; i++) {
        if (text.data[i] == '\n') {
            error->line++;
            error->column = 1;
        } else if ((text.data[i] & 0xc0) != 0x80) {
            error->column++;
        }
    }
}

nsl_err nsl_json_check(nsl_bytes text, const struct nsl_json_options *options,
                       struct nsl_scratch *scratch, struct nsl_json_doc *ret_doc,
                       struct nsl_json_error *error)
{
    static const uint8_t nothing[1];
    if (text.data == NULL) {
        text = nsl_bytes_of(nothing, 0);
    }
    struct nsl_json_doc doc;
    doc.index_count = 0;
    size_t mark = nsl_scratch_mark(scratch);
    const uint8_t *end = text.data + text.size;
    struct checker check = {
        .at = text.data,
        .end = end,
        .keys = {.scratch = scratch, .text = text.data, .text_end = end},
        .options = *options,
        .doc = &doc,
    };
    nsl_err err = text.size <= UINT32_MAX
                      ? check_text(&check)
                      : fail(&check, NSL_ERR_TOO_LARGE, text.data, "4 GiB or more");
    nsl_scratch_release(scratch, mark);
    if (err == NSL_OK) {
        ret_doc->root = doc.root;
        ret_doc->index_count = doc.index_count;
        nsl_copy(ret_doc->index, sizeof ret_doc->index,
                 nsl_bytes_of(doc.index, doc.index_count * sizeof doc.index[0]));
    } else if (error != NULL) {
        describe(&check, text, error);
    }
    return err;
}
