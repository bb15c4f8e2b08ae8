#include "common/codec/json_string.h"

#include "common/base/error.h"
#include "common/base/utf8.h"
#include "common/codec/hex.h"

int32_t json_hex4(const uint8_t *at)
{
    int32_t unit = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = nsl_hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit << 4 | digit;
    }
    return unit;
}

static uint8_t simple_escape(uint8_t letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

size_t json_unescape(const uint8_t **at, const uint8_t *end, enum json_lone lone,
                     uint8_t ret_bytes[4])
{
    const uint8_t *from = *at;
    nsl_assert(end - from >= 2 && from[0] == '\\');
    if (from[1] != 'u') {
        *at = from + 2;
        ret_bytes[0] = simple_escape(from[1]);
        return 1;
    }
    nsl_assert(end - from >= 6);
    int32_t unit = json_hex4(from + 2);
    *at = from + 6;
    if (json_is_high_surrogate(unit) && end - from >= 12 && from[6] == '\\' && from[7] == 'u') {
        int32_t low = json_hex4(from + 8);
        if (json_is_low_surrogate(low)) {
            *at = from + 12;
            unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    if (unit >= 0xd800 && unit < 0xe000 && lone == JSON_LONE_REPLACE) {
        unit = 0xfffd;
    }
    return nsl_utf8_put((uint32_t)unit, ret_bytes);
}

int json_cursor_next(struct json_cursor *cursor)
{
    if (cursor->pending_at < cursor->pending_size) {
        return cursor->pending[cursor->pending_at++];
    }
    if (cursor->at >= cursor->end) {
        return -1;
    }
    if (*cursor->at != '\\') {
        return *cursor->at++;
    }
    cursor->pending_size = json_unescape(&cursor->at, cursor->end, JSON_LONE_KEEP, cursor->pending);
    cursor->pending_at = 1;
    return cursor->pending[0];
}
