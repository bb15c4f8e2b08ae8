#include "enclave/engine/text.h"

#include <string.h>

#include "common/base/wipe.h"

static void text_reserve(struct nsl_text *text, size_t more)
{
    size_t needed = text->size + more;
    if (needed <= text->capacity) {
        return;
    }
    size_t capacity = text->capacity == 0 ? 256 : text->capacity * 2;
    if (capacity < needed) {
        capacity = needed;
    }
    text->data = nsl_arena_realloc(text->data, capacity);
    text->capacity = capacity;
}

void nsl_text_add(struct nsl_text *text, nsl_bytes bytes)
{
    if (bytes.size == 0) {
        return;
    }
    text_reserve(text, bytes.size);
    nsl_copy(text->data + text->size, text->capacity - text->size, bytes);
    text->size += bytes.size;
}

/* The escape for a byte that may not stand in a JSON string, into `ret_escape`; its length. */
static size_t escape_of(uint8_t byte, char ret_escape[6])
{
    static const char digits[] = "0123456789abcdef";
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i < sizeof(named) - 1; i += 2) {
        if ((uint8_t)named[i] == byte) {
            ret_escape[0] = '\\';
            ret_escape[1] = named[i + 1];
            return 2;
        }
    }
    const char escape[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
    nsl_copy(ret_escape, 6, nsl_bytes_of(escape, sizeof(escape)));
    return sizeof(escape);
}

static bool is_surrogate(const uint8_t *at, size_t left)
{
    return left >= 3 && at[0] == 0xed && at[1] >= 0xa0;
}

void nsl_text_add_json(struct nsl_text *text, nsl_bytes bytes)
{
    text_reserve(text, bytes.size + 2);
    nsl_text_add(text, NSL_TEXT("\""));
    size_t from = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        uint8_t byte = bytes.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0xed) {
            continue;
        }
        if (byte == 0xed && !is_surrogate(bytes.data + i, bytes.size - i)) {
            continue;
        }
        nsl_text_add(text, nsl_bytes_of(bytes.data + from, i - from));
        if (byte == 0xed) {
            nsl_text_add(text, NSL_TEXT("\xef\xbf\xbd"));
            i += 2;
        } else {
            char escape[6];
            nsl_text_add(text, nsl_bytes_of(escape, escape_of(byte, escape)));
        }
        from = i + 1;
    }
    nsl_text_add(text, nsl_bytes_of(bytes.data + from, bytes.size - from));
    nsl_text_add(text, NSL_TEXT("\""));
}
