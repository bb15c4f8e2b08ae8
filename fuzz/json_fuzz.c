/*
 * JSON: whatever the bytes, the verdict is that of a second, plain reading of the grammar
 * (tests/unit/json_reference.h); an error points into the text; what was accepted can be walked to its
 * end, lies inside the text, and written again from its parts is accepted again.
 */
#include <stdlib.h>

#include "common/base/utf8.h"
#include "common/codec/json.h"
#include "tests/unit/json_reference.h"

enum {
    SCRATCH_BYTES = 1 << 20,
    DEPTH = 32,
    STACK_COUNT = DEPTH + 1,
    REFERENCE_MAX_BYTES = 4096, /* the reference is quadratic */
};

static struct nsl_scratch scratch;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void require_inside(nsl_bytes part, nsl_bytes whole)
{
    require(part.data >= whole.data && part.size <= whole.size &&
            (size_t)(part.data - whole.data) <= whole.size - part.size);
}

static void write_scalar(struct nsl_json_writer *writer, const struct nsl_json_value *value)
{
    nsl_bytes text;
    if (nsl_json_text(value, &scratch, &text) == NSL_OK) {
        require(text.size < value->raw.size && nsl_utf8_is_valid(text));
        require(!value->is_plain || nsl_json_text_is(value, text));
        nsl_json_put_text(writer, text);
    } else {
        nsl_json_put_raw(writer, value->raw);
    }
}

static void begin(struct nsl_json_writer *writer, bool is_object)
{
    if (is_object) {
        nsl_json_begin_object(writer);
    } else {
        nsl_json_begin_array(writer);
    }
}

static void end(struct nsl_json_writer *writer, bool is_object)
{
    if (is_object) {
        nsl_json_end_object(writer);
    } else {
        nsl_json_end_array(writer);
    }
}

static bool is_container(const struct nsl_json_value *value)
{
    return value->type == NSL_JSON_OBJECT || value->type == NSL_JSON_ARRAY;
}

/* Walks everything and writes it again. */
static void copy_all(const struct nsl_json_doc *doc, nsl_bytes text, struct nsl_buffer *out)
{
    struct nsl_json_writer writer;
    nsl_json_writer_init(&writer, out);
    struct nsl_json_iter stack[STACK_COUNT];
    size_t depth = 0;
    if (!is_container(&doc->root)) {
        write_scalar(&writer, &doc->root);
        require(nsl_json_finish(&writer) == NSL_OK);
        return;
    }
    stack[depth++] = nsl_json_walk_doc(doc);
    begin(&writer, doc->root.type == NSL_JSON_OBJECT);
    while (depth > 0) {
        struct nsl_json_member member;
        if (!nsl_json_next(&stack[depth - 1], &member)) {
            end(&writer, stack[--depth].is_object);
            continue;
        }
        require_inside(member.value.raw, text);
        nsl_bytes key;
        if (nsl_json_text(&member.key, &scratch, &key) == NSL_OK) {
            require_inside(member.key.raw, text);
            nsl_json_put_key(&writer, key);
        }
        if (is_container(&member.value)) {
            require(depth < STACK_COUNT);
            stack[depth++] = nsl_json_walk(&member.value);
            begin(&writer, member.value.type == NSL_JSON_OBJECT);
        } else {
            write_scalar(&writer, &member.value);
        }
    }
    require(nsl_json_finish(&writer) == NSL_OK);
}

static void check(nsl_bytes text, enum nsl_json_surrogates surrogates)
{
    const struct nsl_json_options options = {.depth = DEPTH, .surrogates = surrogates};
    struct nsl_json_error error = {0};
    struct nsl_json_doc doc;
    nsl_err err = nsl_json_check(text, &options, &scratch, &doc, &error);
    require(scratch.used == 0);
    if (text.size <= REFERENCE_MAX_BYTES && err != NSL_ERR_TOO_LARGE) {
        bool allows_lone = surrogates == NSL_JSON_ALLOW_LONE_SURROGATES;
        require((err == NSL_OK) == reference_accepts(text.data, text.size, DEPTH, allows_lone));
    }
    if (err != NSL_OK) {
        require(error.reason != NULL && error.offset <= text.size && error.line >= 1 &&
                error.column >= 1);
        return;
    }
    NSL_AUTO(nsl_buffer) out;
    nsl_buffer_init(&out, 8 * text.size + 64, NSL_BUFFER_PLAIN);
    copy_all(&doc, text, &out);
    nsl_scratch_reset(&scratch);
    /* With lone surrogates two keys may become the same replacement character. */
    nsl_err again = nsl_json_check(nsl_buffer_bytes(&out), &options, &scratch, &doc, &error);
    require(again == NSL_OK ||
            (again == NSL_ERR_DUPLICATE_KEY && surrogates == NSL_JSON_ALLOW_LONE_SURROGATES));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (scratch.capacity == 0) {
        require(nsl_scratch_init(&scratch, SCRATCH_BYTES) == NSL_OK);
    }
    check(nsl_bytes_of(data, size), NSL_JSON_REFUSE_LONE_SURROGATES);
    check(nsl_bytes_of(data, size), NSL_JSON_ALLOW_LONE_SURROGATES);
    nsl_scratch_reset(&scratch);
    return 0;
}
