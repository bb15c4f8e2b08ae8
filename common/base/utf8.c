#include "common/base/utf8.h"

static bool is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* RFC 3629 section 4: the second byte's range depends on the first. */
size_t nsl_utf8_char_size(nsl_bytes text)
{
    const uint8_t *at = text.data;
    if (text.size == 0) {
        return 0;
    }
    if (at[0] < 0x80) {
        return 1;
    }
    if (at[0] < 0xc2 || at[0] > 0xf4 || text.size < 2) {
        return 0;
    }
    if (at[0] < 0xe0) {
        return is_tail(at[1]) ? 2 : 0;
    }
    uint8_t low = at[0] == 0xe0 ? 0xa0 : at[0] == 0xf0 ? 0x90 : 0x80;
    uint8_t high = at[0] == 0xed ? 0x9f : at[0] == 0xf4 ? 0x8f : 0xbf;
    if (at[1] < low || at[1] > high || text.size < 3 || !is_tail(at[2])) {
        return 0;
    }
    if (at[0] < 0xf0) {
        return 3;
    }
    return text.size >= 4 && is_tail(at[3]) ? 4 : 0;
}

size_t nsl_utf8_valid_size(nsl_bytes text)
{
    static const uint64_t high_bits = 0x8080808080808080U;
    size_t at = 0;
    while (at < text.size) {
        if (text.size - at >= 8 && (nsl_load_u64(text.data + at) & high_bits) == 0) {
            at += 8;
            continue;
        }
        size_t size = nsl_utf8_char_size(nsl_bytes_of(text.data + at, text.size - at));
        if (size == 0) {
            return at;
        }
        at += size;
    }
    return at;
}

bool nsl_utf8_is_valid(nsl_bytes text)
{
    return nsl_utf8_valid_size(text) == text.size;
}

size_t nsl_utf8_put(uint32_t code_point, uint8_t ret_bytes[4])
{
    if (code_point < 0x80) {
        ret_bytes[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        ret_bytes[0] = (uint8_t)(0xc0 | code_point >> 6);
        ret_bytes[1] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 2;
    }
    if (code_point < 0x10000) {
        ret_bytes[0] = (uint8_t)(0xe0 | code_point >> 12);
        ret_bytes[1] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
        ret_bytes[2] = (uint8_t)(0x80 | (code_point & 0x3f));
        return 3;
    }
    ret_bytes[0] = (uint8_t)(0xf0 | code_point >> 18);
    ret_bytes[1] = (uint8_t)(0x80 | (code_point >> 12 & 0x3f));
    ret_bytes[2] = (uint8_t)(0x80 | (code_point >> 6 & 0x3f));
    ret_bytes[3] = (uint8_t)(0x80 | (code_point & 0x3f));
    return 4;
}
