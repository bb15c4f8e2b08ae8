#include "common/codec/hex.h"

int nsl_hex_digit(uint8_t character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    uint8_t lower = character | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

nsl_err nsl_hex_encode(nsl_bytes bytes, char *ret_text, size_t text_size)
{
    static const char digits[] = "0123456789abcdef";
    if (bytes.size > text_size / 2) {
        return NSL_ERR_TOO_LARGE;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        ret_text[2 * i] = digits[bytes.data[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes.data[i] & 15];
    }
    return NSL_OK;
}

nsl_err nsl_hex_decode(nsl_bytes text, uint8_t *ret_bytes, size_t byte_count)
{
    if (text.size % 2 != 0 || text.size / 2 != byte_count) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (nsl_hex_digit(text.data[i]) < 0) {
            return NSL_ERR_BAD_ARGUMENT;
        }
    }
    for (size_t i = 0; i < byte_count; i++) {
        ret_bytes[i] =
            (uint8_t)(nsl_hex_digit(text.data[2 * i]) << 4 | nsl_hex_digit(text.data[2 * i + 1]));
    }
    return NSL_OK;
}
