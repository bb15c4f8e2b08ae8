/* Walks and reads text that nsl_json_check accepted; nothing here is checked a second time. */
#include "common/base/wipe.h"
#include "common/codec/json.h"
#include "common/codec/json_scan.h"
#include "common/codec/json_string.h"

/* From an opening quote to behind the closing one. */
static const uint8_t *skip_string(const uint8_t *at, const uint8_t *end, bool *ret_is_plain)
{
    *ret_is_plain = true;
    at++;
    for (;;) {
        at = json_skip_plain(at, end);
        nsl_assert(at < end);
        if (*at == '"') {
            return at + 1;
        }
        if (*at == '\\') {
            *ret_is_plain = false;
            at++;
        }
        at++;
    }
}

static const uint8_t *skip_container(const uint8_t *at, const uint8_t *end)
{
    size_t depth = 0;
    bool is_plain;
    do {
        nsl_assert(at < end);
        switch (*at) {
        case '"':
            at = skip_string(at, end, &is_plain);
            break;
        case '{':
        case '[':
            depth++;
            at++;
            break;
        case '}':
        case ']':
            depth--;
            at++;
            break;
        default:
            at++;
            break;
        }
    } while (depth > 0);
    return at;
}

static bool ends_scalar(uint8_t byte)
{
    return byte == ',' || byte == '}' || byte == ']' || byte <= ' ';
}

static struct nsl_json_value read_value(const uint8_t **at, const uint8_t *end)
{
    const uint8_t *start = *at;
    nsl_assert(start < end);
    struct nsl_json_value value = {.raw = {.data = start}};
    const uint8_t *next = start + 1;
    switch (*start) {
    case '"':
        value.type = NSL_JSON_STRING;
        next = skip_string(start, end, &value.is_plain);
        break;
    case '{':
    case '[':
        value.type = *start == '{' ? NSL_JSON_OBJECT : NSL_JSON_ARRAY;
        next = skip_container(start, end);
        break;
    default:
        value.type = *start == 'n'                    ? NSL_JSON_NULL
                     : *start == 't' || *start == 'f' ? NSL_JSON_BOOL
                                                      : NSL_JSON_NUMBER;
        while (next < end && !ends_scalar(*next)) {
            next++;
        }
        break;
    }
    value.raw.size = (size_t)(next - start);
    *at = next;
    return value;
}

struct nsl_json_iter nsl_json_walk(const struct nsl_json_value *container)
{
    if (container->type != NSL_JSON_OBJECT && container->type != NSL_JSON_ARRAY) {
        return (struct nsl_json_iter){0};
    }
    return (struct nsl_json_iter){
        .at = container->raw.data + 1,
        .end = container->raw.data + container->raw.size,
        .is_object = container->type == NSL_JSON_OBJECT,
    };
}

struct nsl_json_iter nsl_json_walk_doc(const struct nsl_json_doc *doc)
{
    struct nsl_json_iter iter = nsl_json_walk(&doc->root);
    if (doc->index_count > 0) {
        const struct nsl_json_value *last = &doc->index[doc->index_count - 1].value;
        iter.index = doc->index;
        iter.index_count = doc->index_count;
        iter.at = last->raw.data + last->raw.size;
    }
    return iter;
}

bool nsl_json_next(struct nsl_json_iter *iter, struct nsl_json_member *ret_member)
{
    if (iter->index_count > 0) {
        *ret_member = *iter->index++;
        iter->index_count--;
        return true;
    }
    const uint8_t *at = iter->at;
    while (at < iter->end && (*at == ',' || *at <= ' ')) {
        at++;
    }
    if (at >= iter->end || *at == '}' || *at == ']') {
        return false;
    }
    struct nsl_json_member member = {0};
    if (iter->is_object) {
        member.key = read_value(&at, iter->end);
        at = json_skip_space(at, iter->end);
        nsl_assert(at < iter->end && *at == ':');
        at = json_skip_space(at + 1, iter->end);
    }
    member.value = read_value(&at, iter->end);
    iter->at = at;
    *ret_member = member;
    return true;
}

bool nsl_json_find(const struct nsl_json_value *object, nsl_bytes key,
                   struct nsl_json_value *ret_value)
{
    struct nsl_json_iter iter = nsl_json_walk(object);
    struct nsl_json_member member;
    while (iter.is_object && nsl_json_next(&iter, &member)) {
        if (nsl_json_text_is(&member.key, key)) {
            *ret_value = member.value;
            return true;
        }
    }
    return false;
}

static size_t find_field(const struct nsl_json_value *key, const struct nsl_json_field *fields,
                         size_t field_count)
{
    size_t i = 0;
    while (i < field_count && !nsl_json_text_is(key, fields[i].name)) {
        i++;
    }
    return i;
}

static nsl_err set_misfit(struct nsl_json_misfit *misfit, nsl_bytes name, size_t index,
                          const char *reason)
{
    if (misfit != NULL) {
        *misfit = (struct nsl_json_misfit){.name = name, .reason = reason, .field_index = index};
    }
    return NSL_ERR_BAD_ARGUMENT;
}

nsl_err nsl_json_read_fields(struct nsl_json_iter walk, const struct nsl_json_field *fields,
                             size_t field_count, enum nsl_json_unknown unknown,
                             struct nsl_json_value *ret_values, struct nsl_json_misfit *misfit)
{
    if (!walk.is_object) {
        return set_misfit(misfit, (nsl_bytes){0}, field_count, "is not an object");
    }
    for (size_t i = 0; i < field_count; i++) {
        ret_values[i] = (struct nsl_json_value){0};
    }
    struct nsl_json_member member;
    while (nsl_json_next(&walk, &member)) {
        size_t i = find_field(&member.key, fields, field_count);
        if (i < field_count) {
            if ((fields[i].types & 1U << member.value.type) == 0) {
                return set_misfit(misfit, fields[i].name, i, "has the wrong type");
            }
            ret_values[i] = member.value;
        } else if (unknown == NSL_JSON_REFUSE_UNKNOWN) {
            return set_misfit(misfit, member.key.raw, i, "is not known");
        }
    }
    for (size_t i = 0; i < field_count; i++) {
        if (fields[i].presence == NSL_JSON_REQUIRED && ret_values[i].type == NSL_JSON_ABSENT) {
            return set_misfit(misfit, fields[i].name, i, "is missing");
        }
    }
    return NSL_OK;
}

/* Unescaped text is never longer than its escaped form. */
static size_t unescape_all(nsl_bytes content, uint8_t *out)
{
    const uint8_t *at = content.data;
    const uint8_t *end = content.data + content.size;
    size_t size = 0;
    while (at < end) {
        const uint8_t *escape = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((escape != NULL ? escape : end) - at);
        nsl_copy(out + size, content.size - size, nsl_bytes_of(at, run));
        size += run;
        at += run;
        if (at < end) {
            uint8_t bytes[4];
            size_t count = json_unescape(&at, end, JSON_LONE_REPLACE, bytes);
            nsl_copy(out + size, content.size - size, nsl_bytes_of(bytes, count));
            size += count;
        }
    }
    return size;
}

nsl_err nsl_json_text(const struct nsl_json_value *value, struct nsl_scratch *scratch,
                      nsl_bytes *ret_text)
{
    if (value->type != NSL_JSON_STRING) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    nsl_bytes content = json_content(value->raw);
    if (value->is_plain) {
        *ret_text = content;
        return NSL_OK;
    }
    void *memory;
    NSL_TRY(nsl_scratch_alloc(scratch, content.size, &memory));
    *ret_text = nsl_bytes_of(memory, unescape_all(content, memory));
    return NSL_OK;
}

bool nsl_json_text_is(const struct nsl_json_value *value, nsl_bytes text)
{
    if (value->type != NSL_JSON_STRING) {
        return false;
    }
    nsl_bytes content = json_content(value->raw);
    if (value->is_plain) {
        return nsl_bytes_equal(content, text);
    }
    struct json_cursor cursor = json_cursor_of(content);
    for (size_t i = 0; i < text.size; i++) {
        if (json_cursor_next(&cursor) != text.data[i]) {
            return false;
        }
    }
    return json_cursor_next(&cursor) < 0;
}

/* Digits only, without sign. */
static nsl_err read_digits(nsl_bytes digits, uint64_t *ret_number)
{
    uint64_t number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = (unsigned)digits.data[i] - '0';
        if (digit > 9) {
            return NSL_ERR_BAD_ARGUMENT;
        }
    }
    for (size_t i = 0; i < digits.size; i++) {
        if (__builtin_mul_overflow(number, 10U, &number) ||
            __builtin_add_overflow(number, (uint64_t)(digits.data[i] - '0'), &number)) {
            return NSL_ERR_TOO_LARGE;
        }
    }
    *ret_number = number;
    return NSL_OK;
}

nsl_err nsl_json_u64(const struct nsl_json_value *value, uint64_t *ret_number)
{
    if (value->type != NSL_JSON_NUMBER) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    if (value->raw.data[0] != '-') {
        return read_digits(value->raw, ret_number);
    }
    /* An integer below zero is out of range, -1.5 is no integer. */
    uint64_t ignored = 0;
    nsl_err err = read_digits(nsl_bytes_of(value->raw.data + 1, value->raw.size - 1), &ignored);
    return err == NSL_OK ? NSL_ERR_TOO_LARGE : err;
}

nsl_err nsl_json_i64(const struct nsl_json_value *value, int64_t *ret_number)
{
    if (value->type != NSL_JSON_NUMBER) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    size_t sign = value->raw.data[0] == '-' ? 1 : 0;
    uint64_t magnitude = 0;
    NSL_TRY(read_digits(nsl_bytes_of(value->raw.data + sign, value->raw.size - sign), &magnitude));
    if (magnitude > (uint64_t)INT64_MAX + sign) {
        return NSL_ERR_TOO_LARGE;
    }
    /* Through zero minus the magnitude, so that the smallest number does not overflow. */
    *ret_number = (int64_t)(sign == 1 ? 0 - magnitude : magnitude);
    return NSL_OK;
}

nsl_err nsl_json_bool(const struct nsl_json_value *value, bool *ret_flag)
{
    if (value->type != NSL_JSON_BOOL) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    *ret_flag = value->raw.data[0] == 't';
    return NSL_OK;
}

const char *nsl_json_type_name(enum nsl_json_type type)
{
    static const char *const names[] = {
        [NSL_JSON_ABSENT] = "nothing", [NSL_JSON_NULL] = "null",     [NSL_JSON_BOOL] = "boolean",
        [NSL_JSON_NUMBER] = "number",  [NSL_JSON_STRING] = "string", [NSL_JSON_ARRAY] = "array",
        [NSL_JSON_OBJECT] = "object",
    };
    return names[type];
}
