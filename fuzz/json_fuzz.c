/*
 * JSON: whatever the bytes, checking ends with a value or an error that points into the text; what
 * was accepted can be walked to its end and lies inside the text.
 */
#include <stdlib.h>

#include "common/base/scratch.h"
#include "common/codec/json.h"

enum { SCRATCH_BYTES = 1 << 20, DEPTH = 32, STACK_COUNT = DEPTH + 1 };

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

static void walk_all(const struct nsl_json_doc *doc, nsl_bytes text, struct nsl_scratch *scratch)
{
    struct nsl_json_iter stack[STACK_COUNT];
    size_t depth = 0;
    stack[depth++] = nsl_json_walk_doc(doc);
    while (depth > 0) {
        struct nsl_json_member member;
        if (!nsl_json_next(&stack[depth - 1], &member)) {
            depth--;
            continue;
        }
        require_inside(member.value.raw, text);
        nsl_bytes string;
        if (nsl_json_text(&member.value, scratch, &string) == NSL_OK) {
            require(member.value.type == NSL_JSON_STRING && string.size < member.value.raw.size);
        }
        require(depth < STACK_COUNT);
        stack[depth++] = nsl_json_walk(&member.value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct nsl_scratch scratch;
    if (scratch.capacity == 0) {
        require(nsl_scratch_init(&scratch, SCRATCH_BYTES) == NSL_OK);
    }
    nsl_bytes text = nsl_bytes_of(data, size);
    struct nsl_json_options options = {.depth = DEPTH};
    struct nsl_json_error error = {0};
    struct nsl_json_doc doc;
    if (nsl_json_check(text, &options, &scratch, &doc, &error) == NSL_OK) {
        walk_all(&doc, text, &scratch);
    } else {
        require(error.reason != NULL && error.offset <= size && error.line >= 1);
    }
    nsl_scratch_reset(&scratch);
    return 0;
}
