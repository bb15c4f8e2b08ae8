/*
 * JSON (RFC 8259), strict, in two steps: check once, then walk without errors.
 *
 * nsl_json_check reads the exact bytes of a text and refuses everything that is not JSON: bytes that
 * are not UTF-8, raw control characters (NUL too), lone surrogates in \u escapes (unless allowed),
 * bytes after the value, nesting above the limit, and the same key twice in one object at any depth
 * (keys are compared after unescaping: "a" and "\u0061" are the same). A failure names offset, line,
 * column and reason. What was checked is then walked: values are slices of the text, strings are
 * unescaped on demand into a scratch. Numbers keep their text; only integers can be read out.
 *
 * No recursion. Memory: eight bytes of scratch for each open container and for each key of an open
 * object, given back at the end; a text needs at most twice its size (`{"a":0,"b":0...}`), and less
 * scratch than that means NSL_ERR_TOO_LARGE for such a text. Time: O(size), plus sorting the keys of
 * objects with many keys (O(n log n) also for chosen keys). Texts from 4 GiB on are refused.
 *
 * Does NOT bound the value of numbers or the count of members; does not convert floating point.
 */
#ifndef NSL_COMMON_CODEC_JSON_H
#define NSL_COMMON_CODEC_JSON_H

#include "common/base/buffer.h"
#include "common/base/scratch.h"

enum nsl_json_type {
    NSL_JSON_ABSENT, /* of a field that is not there; no checked value has it */
    NSL_JSON_NULL,
    NSL_JSON_BOOL,
    NSL_JSON_NUMBER,
    NSL_JSON_STRING,
    NSL_JSON_ARRAY,
    NSL_JSON_OBJECT,
};

/* A checked value. */
struct nsl_json_value {
    nsl_bytes raw; /* its exact text, strings with their quotes; borrowed from the checked text */
    enum nsl_json_type type;
    bool is_plain; /* a string without escapes: its content stands in raw between the quotes */
};

/* A member of an object; elements of an array have a key of type NSL_JSON_ABSENT. */
struct nsl_json_member {
    struct nsl_json_value key;
    struct nsl_json_value value;
};

enum nsl_json_surrogates { NSL_JSON_REFUSE_LONE_SURROGATES, NSL_JSON_ALLOW_LONE_SURROGATES };

struct nsl_json_options {
    uint32_t depth; /* containers within containers; 0 allows scalars only */
    enum nsl_json_surrogates surrogates;
};

/* Where and why a text was refused. */
struct nsl_json_error {
    const char *reason; /* a literal, for example "expected ',' or '}'" */
    size_t offset;      /* bytes from the start; the text's size when it ended too early */
    size_t line;        /* from 1 */
    size_t column;      /* characters, from 1 */
};

enum { NSL_JSON_INDEX_COUNT = 24 };

/* A checked text. The first members of a root object are remembered where they were seen, so that
 * reading a request's fields does not scan its large values again. */
struct nsl_json_doc {
    struct nsl_json_value root;
    size_t index_count;
    struct nsl_json_member index[NSL_JSON_INDEX_COUNT];
};

/* --- Check ------------------------------------------------------------------------------------ */

/* Checks the whole text. The doc borrows from text. NSL_ERR_BAD_JSON, NSL_ERR_BAD_UTF8,
 * NSL_ERR_DUPLICATE_KEY, NSL_ERR_TOO_DEEP: fix the input; NSL_ERR_TOO_LARGE: the text or the scratch
 * it needs. On failure *error is filled (may be NULL). The scratch is left as it was. */
NSL_MUST_USE nsl_err nsl_json_check(nsl_bytes text, const struct nsl_json_options *options,
                                    struct nsl_scratch *scratch, struct nsl_json_doc *ret_doc,
                                    struct nsl_json_error *error);

/* --- Walk (checked values only) --------------------------------------------------------------- */

struct nsl_json_iter {
    const uint8_t *at;
    const uint8_t *end;
    const struct nsl_json_member *index; /* members known already, served first */
    size_t index_count;
    bool is_object;
};

/* Walks an object or array; for other types there is nothing to walk. The doc form uses the index. */
struct nsl_json_iter nsl_json_walk(const struct nsl_json_value *container);
struct nsl_json_iter nsl_json_walk_doc(const struct nsl_json_doc *doc);

/* The next member or element; false at the end, then *ret_member is untouched. */
bool nsl_json_next(struct nsl_json_iter *iter, struct nsl_json_member *ret_member);

/* The member with this key (unescaped UTF-8); false when there is none or it is no object. */
bool nsl_json_find(const struct nsl_json_value *object, nsl_bytes key,
                   struct nsl_json_value *ret_value);

/* --- Fields: an object read against a table ----------------------------------------------------- */

#define NSL_JSON_IS(type) (1U << NSL_JSON_##type)

enum nsl_json_presence { NSL_JSON_OPTIONAL, NSL_JSON_REQUIRED };

struct nsl_json_field {
    nsl_bytes name; /* in a static table: NSL_TEXT_INIT("code") */
    unsigned types; /* NSL_JSON_IS(STRING) | NSL_JSON_IS(OBJECT) ... */
    enum nsl_json_presence presence;
};

enum nsl_json_unknown { NSL_JSON_IGNORE_UNKNOWN, NSL_JSON_REFUSE_UNKNOWN };

/* Why the object does not fit: the field's name (of an unknown one the raw key, quotes included) and
 * a literal: "is missing", "has the wrong type", "is not known", "is not an object" (no name). */
struct nsl_json_misfit {
    nsl_bytes name;
    const char *reason;
    size_t field_index; /* of the table; field count for an unknown field */
};

/* Fills ret_values[i] for fields[i]; type NSL_JSON_ABSENT where an optional one is not there. The walk
 * is of an object (nsl_json_walk...). NSL_ERR_BAD_ARGUMENT with *misfit filled (may be NULL). */
NSL_MUST_USE nsl_err nsl_json_read_fields(struct nsl_json_iter walk,
                                          const struct nsl_json_field *fields, size_t field_count,
                                          enum nsl_json_unknown unknown,
                                          struct nsl_json_value *ret_values,
                                          struct nsl_json_misfit *misfit);

/* --- Read values out ---------------------------------------------------------------------------- */

/* The content of a string, UTF-8. A plain one is a slice of the text, others are unescaped into the
 * scratch; borrowed as long as both. A lone surrogate (if they were allowed) becomes U+FFFD, \u0000 a
 * zero byte. NSL_ERR_BAD_ARGUMENT for another type, NSL_ERR_TOO_LARGE when the scratch is full. */
NSL_MUST_USE nsl_err nsl_json_text(const struct nsl_json_value *value, struct nsl_scratch *scratch,
                                   nsl_bytes *ret_text);

/* True when it is a string whose content is this. Unescapes on the fly. */
bool nsl_json_text_is(const struct nsl_json_value *value, nsl_bytes text);

/* Integers: digits only, no fraction, no exponent. NSL_ERR_BAD_ARGUMENT for another type or form,
 * NSL_ERR_TOO_LARGE outside the type's range. */
NSL_MUST_USE nsl_err nsl_json_u64(const struct nsl_json_value *value, uint64_t *ret_number);
NSL_MUST_USE nsl_err nsl_json_i64(const struct nsl_json_value *value, int64_t *ret_number);
NSL_MUST_USE nsl_err nsl_json_bool(const struct nsl_json_value *value, bool *ret_flag);

/* "null", "boolean", "number", "string", "array", "object", "nothing". */
const char *nsl_json_type_name(enum nsl_json_type type);

/* --- Write -------------------------------------------------------------------------------------- */

/* Appends JSON to a buffer; sets commas itself. The first error sticks, later calls do nothing, and
 * nsl_json_finish returns it: so callers check once. */
struct nsl_json_writer {
    struct nsl_buffer *out; /* borrowed */
    nsl_err err;
    uint32_t depth;
    bool needs_comma;
};

void nsl_json_writer_init(struct nsl_json_writer *writer, struct nsl_buffer *out);
void nsl_json_begin_object(struct nsl_json_writer *writer);
void nsl_json_end_object(struct nsl_json_writer *writer);
void nsl_json_begin_array(struct nsl_json_writer *writer);
void nsl_json_end_array(struct nsl_json_writer *writer);
void nsl_json_put_key(struct nsl_json_writer *writer, nsl_bytes key);
void nsl_json_put_text(struct nsl_json_writer *writer, nsl_bytes text); /* UTF-8, else BAD_UTF8 */
void nsl_json_put_u64(struct nsl_json_writer *writer, uint64_t number);
void nsl_json_put_i64(struct nsl_json_writer *writer, int64_t number);
void nsl_json_put_bool(struct nsl_json_writer *writer, bool flag);
void nsl_json_put_null(struct nsl_json_writer *writer);
void nsl_json_put_raw(struct nsl_json_writer *writer, nsl_bytes json); /* one JSON text, trusted */

/* NSL_ERR_TOO_LARGE, NSL_ERR_NO_MEMORY, NSL_ERR_BAD_UTF8: the first error of the writer. */
NSL_MUST_USE nsl_err nsl_json_finish(struct nsl_json_writer *writer);

/* One escaped string with its quotes, whole or not at all. Errors as nsl_json_finish. */
NSL_MUST_USE nsl_err nsl_json_append_string(struct nsl_buffer *buffer, nsl_bytes text);

#endif
