/*
 * A second reading of RFC 8259, as plain as possible, to compare the product's against: recursive,
 * byte by byte, quadratic in the number of keys. Says accept or refuse only.
 */
#ifndef NSL_TESTS_UNIT_JSON_REFERENCE_H
#define NSL_TESTS_UNIT_JSON_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct reference {
    const uint8_t *at;
    const uint8_t *end;
    unsigned depth_left;
    bool allows_lone;
};

static int reference_peek(const struct reference *ref)
{
    return ref->at < ref->end ? *ref->at : -1;
}

static bool reference_take(struct reference *ref, const char *word)
{
    size_t size = strlen(word);
    if ((size_t)(ref->end - ref->at) < size || memcmp(ref->at, word, size) != 0) {
        return false;
    }
    ref->at += size;
    return true;
}

static void reference_space(struct reference *ref)
{
    while (reference_peek(ref) == ' ' || reference_peek(ref) == '\t' ||
           reference_peek(ref) == '\n' || reference_peek(ref) == '\r') {
        ref->at++;
    }
}

static bool reference_digits(struct reference *ref)
{
    bool has_one = false;
    while (reference_peek(ref) >= '0' && reference_peek(ref) <= '9') {
        ref->at++;
        has_one = true;
    }
    return has_one;
}

static bool reference_number(struct reference *ref)
{
    reference_take(ref, "-");
    if (!reference_take(ref, "0") && !reference_digits(ref)) {
        return false;
    }
    if (reference_take(ref, ".") && !reference_digits(ref)) {
        return false;
    }
    if (reference_take(ref, "e") || reference_take(ref, "E")) {
        if (!reference_take(ref, "+")) {
            reference_take(ref, "-");
        }
        return reference_digits(ref);
    }
    return true;
}

static int reference_hex4(struct reference *ref)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = reference_peek(ref);
        int number = digit >= '0' && digit <= '9'   ? digit - '0'
                     : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                     : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                    : -1;
        if (number < 0) {
            return -1;
        }
        value = value * 16 + number;
        ref->at++;
    }
    return value;
}

/* Code points, so that escaped and plain spellings of a key are equal. */
struct reference_text {
    uint32_t *points;
    size_t count;
};

static bool reference_utf8(struct reference *ref, uint32_t *ret_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = *ref->at;
    size_t size = first < 0x80       ? 1
                  : first >> 5 == 6  ? 2
                  : first >> 4 == 14 ? 3
                  : first >> 3 == 30 ? 4
                                     : 0;
    if (size == 0 || (size_t)(ref->end - ref->at) < size) {
        return false;
    }
    uint32_t point = size == 1 ? first : first & (0x7fU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((ref->at[i] & 0xc0) != 0x80) {
            return false;
        }
        point = point << 6 | (ref->at[i] & 0x3fU);
    }
    if (point < least[size] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) {
        return false;
    }
    ref->at += size;
    *ret_point = point;
    return true;
}

static bool reference_escape(struct reference *ref, uint32_t *ret_point)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    int letter = reference_peek(ref);
    ref->at++;
    if (letter > 0 && letter != 'u') {
        const char *found = strchr(from, letter);
        *ret_point = found != NULL ? (uint8_t)to[found - from] : 0;
        return found != NULL;
    }
    int unit = letter == 'u' ? reference_hex4(ref) : -1;
    if (unit < 0) {
        return false;
    }
    *ret_point = (uint32_t)unit;
    if (unit < 0xd800 || unit > 0xdfff) {
        return true;
    }
    struct reference ahead = *ref;
    int low = unit < 0xdc00 && reference_take(&ahead, "\\u") ? reference_hex4(&ahead) : -1;
    if (low >= 0xdc00 && low <= 0xdfff) {
        *ref = ahead;
        *ret_point = 0x10000U + (uint32_t)(unit - 0xd800) * 0x400U + (uint32_t)(low - 0xdc00);
        return true;
    }
    return ref->allows_lone;
}

/* The caller frees points, also on failure. */
static bool reference_string(struct reference *ref, struct reference_text *ret_text)
{
    ret_text->points = malloc(sizeof(uint32_t) * ((size_t)(ref->end - ref->at) + 1));
    ret_text->count = 0;
    if (ret_text->points == NULL || !reference_take(ref, "\"")) {
        return false;
    }
    while (reference_peek(ref) != '"') {
        uint32_t point = 0;
        if (reference_peek(ref) < 0x20) {
            return false;
        }
        bool is_ok = reference_take(ref, "\\") ? ref->at < ref->end && reference_escape(ref, &point)
                                               : reference_utf8(ref, &point);
        if (!is_ok) {
            return false;
        }
        ret_text->points[ret_text->count++] = point;
    }
    ref->at++;
    return true;
}

static bool reference_value(struct reference *ref);

struct reference_keys {
    struct reference_text *keys;
    size_t count;
};

static bool reference_member(struct reference *ref, struct reference_keys *keys)
{
    keys->keys = realloc(keys->keys, sizeof(struct reference_text) * (keys->count + 1));
    struct reference_text *key = &keys->keys[keys->count++];
    if (!reference_string(ref, key)) {
        return false;
    }
    for (size_t i = 0; i + 1 < keys->count; i++) {
        if (keys->keys[i].count == key->count &&
            memcmp(keys->keys[i].points, key->points, key->count * sizeof(uint32_t)) == 0) {
            return false;
        }
    }
    reference_space(ref);
    if (!reference_take(ref, ":")) {
        return false;
    }
    reference_space(ref);
    return reference_value(ref);
}

static bool reference_container(struct reference *ref, struct reference_keys *keys, bool is_object)
{
    reference_space(ref);
    if (reference_take(ref, is_object ? "}" : "]")) {
        return true;
    }
    for (;;) {
        reference_space(ref);
        if (!(is_object ? reference_member(ref, keys) : reference_value(ref))) {
            return false;
        }
        reference_space(ref);
        if (reference_take(ref, is_object ? "}" : "]")) {
            return true;
        }
        if (!reference_take(ref, ",")) {
            return false;
        }
    }
}

static bool reference_value(struct reference *ref)
{
    if (reference_peek(ref) == '{' || reference_peek(ref) == '[') {
        bool is_object = *ref->at++ == '{';
        if (ref->depth_left == 0) {
            return false;
        }
        ref->depth_left--;
        struct reference_keys keys = {0};
        bool is_ok = reference_container(ref, &keys, is_object);
        for (size_t i = 0; i < keys.count; i++) {
            free(keys.keys[i].points);
        }
        free(keys.keys);
        ref->depth_left++;
        return is_ok;
    }
    if (reference_peek(ref) == '"') {
        struct reference_text text;
        bool is_ok = reference_string(ref, &text);
        free(text.points);
        return is_ok;
    }
    return reference_take(ref, "true") || reference_take(ref, "false") ||
           reference_take(ref, "null") || reference_number(ref);
}

static bool reference_accepts(const uint8_t *text, size_t size, unsigned depth, bool allows_lone)
{
    struct reference ref = {
        .at = text, .end = text + size, .depth_left = depth, .allows_lone = allows_lone};
    reference_space(&ref);
    if (!reference_value(&ref)) {
        return false;
    }
    reference_space(&ref);
    return ref.at == ref.end;
}

#endif
