#include "common/codec/base64.h"

#include "common/base/arithmetic.h"

static const char *alphabet_of(enum nsl_base64_form form)
{
    return form == NSL_BASE64_URL
               ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
               : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

nsl_err nsl_base64_encoded_size(size_t size, enum nsl_base64_form form, size_t *ret_size)
{
    size_t whole;
    NSL_TRY(nsl_mul(size / 3, 4, &whole));
    size_t rest = size % 3;
    size_t tail = rest == 0 ? 0 : form == NSL_BASE64_URL ? rest + 1 : 4;
    return nsl_add(whole, tail, ret_size);
}

nsl_err nsl_base64_encode(nsl_bytes bytes, enum nsl_base64_form form, char *ret_text,
                          size_t text_size, size_t *ret_size)
{
    const char *alphabet = alphabet_of(form);
    size_t size;
    NSL_TRY(nsl_base64_encoded_size(bytes.size, form, &size));
    if (size > text_size) {
        return NSL_ERR_TOO_LARGE;
    }
    size_t out = 0;
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t count = bytes.size - at < 3 ? bytes.size - at : 3;
        uint32_t group = (uint32_t)bytes.data[at] << 16;
        group |= count > 1 ? (uint32_t)bytes.data[at + 1] << 8 : 0;
        group |= count > 2 ? bytes.data[at + 2] : 0;
        for (size_t i = 0; i < 4 && out < size; i++) {
            ret_text[out++] = i <= count ? alphabet[group >> (18 - 6 * i) & 63] : '=';
        }
    }
    nsl_assert(out == size);
    *ret_size = size;
    return NSL_OK;
}

/* 0..63, or -1. */
static int digit_of(uint8_t character, enum nsl_base64_form form)
{
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    if (character == (form == NSL_BASE64_URL ? '-' : '+')) {
        return 62;
    }
    return character == (form == NSL_BASE64_URL ? '_' : '/') ? 63 : -1;
}

/* Drops the padding of the standard form, which must complete the last group of four. */
static nsl_err strip_padding(nsl_bytes *text, enum nsl_base64_form form)
{
    if (form == NSL_BASE64_URL) {
        return NSL_OK;
    }
    if (text->size % 4 != 0) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    for (size_t i = 0; i < 2 && text->size > 0 && text->data[text->size - 1] == '='; i++) {
        text->size--;
    }
    return NSL_OK;
}

static nsl_err decode_group(nsl_bytes text, size_t at, size_t count, enum nsl_base64_form form,
                            uint32_t *ret_group)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < count ? digit_of(text.data[at + i], form) : 0;
        if (digit < 0) {
            return NSL_ERR_BAD_ARGUMENT;
        }
        group = group << 6 | (uint32_t)digit;
    }
    /* Bits that no byte uses must be zero, or two texts would mean the same bytes. */
    if ((count == 2 && (group & 0xffff) != 0) || (count == 3 && (group & 0xff) != 0)) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    *ret_group = group;
    return NSL_OK;
}

nsl_err nsl_base64_decode(nsl_bytes text, enum nsl_base64_form form, uint8_t *ret_bytes,
                          size_t bytes_size, size_t *ret_size)
{
    NSL_TRY(strip_padding(&text, form));
    if (text.size % 4 == 1) {
        return NSL_ERR_BAD_ARGUMENT;
    }
    size_t out = 0;
    for (size_t at = 0; at < text.size; at += 4) {
        size_t count = text.size - at < 4 ? text.size - at : 4;
        uint32_t group = 0;
        NSL_TRY(decode_group(text, at, count, form, &group));
        if (count - 1 > bytes_size - out) {
            return NSL_ERR_TOO_LARGE;
        }
        for (size_t i = 0; i + 1 < count; i++) {
            ret_bytes[out++] = (uint8_t)(group >> (16 - 8 * i));
        }
    }
    *ret_size = out;
    return NSL_OK;
}
