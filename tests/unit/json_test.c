#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/codec/json.h"
#include "tests/unit/json_reference.h"

static struct nsl_scratch scratch;

static int set_up(void **state)
{
    (void)state;
    return nsl_scratch_init(&scratch, 16 * 1024 * 1024) == NSL_OK ? 0 : 1;
}

static int tear_down(void **state)
{
    (void)state;
    nsl_scratch_done(&scratch);
    return 0;
}

static nsl_err check_with(nsl_bytes text, uint32_t depth, enum nsl_json_surrogates surrogates,
                          struct nsl_json_doc *ret_doc, struct nsl_json_error *error)
{
    const struct nsl_json_options options = {.depth = depth, .surrogates = surrogates};
    size_t used = scratch.used;
    nsl_err err = nsl_json_check(text, &options, &scratch, ret_doc, error);
    assert_int_equal(scratch.used, used);
    return err;
}

static nsl_err check(nsl_bytes text)
{
    struct nsl_json_doc doc;
    return check_with(text, 8, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, NULL);
}

struct json_case {
    const char *name;
    nsl_bytes text;
    nsl_err expected;
};

#define ACCEPT(name, text) {name, {(const uint8_t *)(text), sizeof(text) - 1}, NSL_OK},
#define REFUSE(name, text) {name, {(const uint8_t *)(text), sizeof(text) - 1}, NSL_ERR_BAD_JSON},
#define BAD_UTF8(name, text) {name, {(const uint8_t *)(text), sizeof(text) - 1}, NSL_ERR_BAD_UTF8},
#define TWICE(name, text)                                                                          \
    {name, {(const uint8_t *)(text), sizeof(text) - 1}, NSL_ERR_DUPLICATE_KEY},
#define TOO_DEEP(name, text) {name, {(const uint8_t *)(text), sizeof(text) - 1}, NSL_ERR_TOO_DEEP},

static const struct json_case cases[] = {
#include "tests/unit/json_cases.def"
};

static void every_case_of_the_corpus_has_its_answer(void **state)
{
    (void)state;
    size_t count = sizeof cases / sizeof cases[0];
    assert_true(count >= 80);
    for (size_t i = 0; i < count; i++) {
        nsl_err err = check(cases[i].text);
        if (err != cases[i].expected) {
            fail_msg("case \"%s\": %s instead of %s", cases[i].name, nsl_err_name(err),
                     nsl_err_name(cases[i].expected));
        }
        bool expected = reference_accepts(cases[i].text.data, cases[i].text.size, 8, false);
        assert_int_equal(expected, cases[i].expected == NSL_OK);
    }
}

/* One text with everything in it. */
static const char rich[] =
    "{ \"a\" : [1, -0, 0.5, 1e5, 2E-7, 12345678901234567890] "
    ",\"b\\u0062\":{\"x\":null,\"y\":true},\n"
    "\t\"\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80\":\"text "
    "\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 "
    "long enough for "
    "blocks\",\r\n\"c\":false,\"d\":{},\"e\":[],\"f\":[[[{\"g\":[{}]}]]],\"h\":\"\"}";

static void a_text_cut_anywhere_is_refused(void **state)
{
    (void)state;
    assert_int_equal(check(nsl_bytes_of(rich, sizeof rich - 1)), NSL_OK);
    for (size_t size = 0; size < sizeof rich - 1; size++) {
        /* A copy of its own, so that a read behind the end is seen by the sanitizer. */
        uint8_t *copy = malloc(size + 1);
        assert_non_null(copy);
        memcpy(copy, rich, size);
        copy[size] = 'x';
        assert_int_not_equal(check(nsl_bytes_of(copy, size)), NSL_OK);
        free(copy);
    }
}

/* Walks everything; answers what a second writing of the text must contain. */
static void walk_all(const struct nsl_json_value *root)
{
    struct nsl_json_iter stack[32];
    size_t depth = 0;
    struct nsl_json_member member = {.value = *root};
    for (;;) {
        nsl_bytes text = {0};
        assert_int_equal(nsl_json_text(&member.value, &scratch, &text),
                         member.value.type == NSL_JSON_STRING ? NSL_OK : NSL_ERR_BAD_ARGUMENT);
        if (member.key.type == NSL_JSON_STRING) {
            assert_int_equal(nsl_json_text(&member.key, &scratch, &text), NSL_OK);
            assert_true(nsl_json_text_is(&member.key, text));
        }
        if (member.value.type == NSL_JSON_OBJECT || member.value.type == NSL_JSON_ARRAY) {
            assert_true(depth < 32);
            stack[depth++] = nsl_json_walk(&member.value);
        }
        while (depth > 0 && !nsl_json_next(&stack[depth - 1], &member)) {
            depth--;
        }
        if (depth == 0) {
            break;
        }
    }
    nsl_scratch_reset(&scratch);
}

static void assert_same_verdict(const uint8_t *text, size_t size)
{
    struct nsl_json_doc doc;
    for (int allows = 0; allows < 2; allows++) {
        nsl_err err = check_with(
            nsl_bytes_of(text, size), 8,
            allows ? NSL_JSON_ALLOW_LONE_SURROGATES : NSL_JSON_REFUSE_LONE_SURROGATES, &doc, NULL);
        if ((err == NSL_OK) != reference_accepts(text, size, 8, allows != 0)) {
            fail_msg("verdicts differ (%s) on: %.*s", nsl_err_name(err), (int)size, text);
        }
        if (err == NSL_OK) {
            walk_all(&doc.root);
        }
    }
}

static void every_flipped_bit_gets_the_verdict_of_the_reference(void **state)
{
    (void)state;
    uint8_t text[sizeof rich - 1];
    memcpy(text, rich, sizeof text);
    for (size_t i = 0; i < sizeof text; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (uint8_t)(text[i] ^ 1 << bit);
            assert_same_verdict(text, sizeof text);
            text[i] = (uint8_t)rich[i];
        }
    }
}

static void every_byte_anywhere_in_a_string_gets_the_verdict_of_the_reference(void **state)
{
    (void)state;
    for (size_t size = 2; size < 40; size++) {
        uint8_t text[40];
        memset(text, 'a', size);
        text[0] = '"';
        text[size - 1] = '"';
        for (size_t i = 1; i + 1 < size; i++) {
            for (int byte = 0; byte < 256; byte++) {
                text[i] = (uint8_t)byte;
                assert_same_verdict(text, size);
            }
            text[i] = 'a';
        }
    }
}

/* xorshift64*, seeded: the run can be repeated. */
static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1dU;
}

static void random_token_soup_gets_the_verdict_of_the_reference(void **state)
{
    (void)state;
    static const char *const tokens[] = {
        "{",        "}",       "[",           "]",           ",",
        ":",        "\"a\"",   "\"\\u0061\"", "\"b\"",       "1",
        "-",        "0",       "1.5e3",       "true",        "null",
        " ",        "\"",      "\\",          "\"\\ud800\"", "\"\\udc00\\ud800\"",
        "\xc3\xa9", "{\"a\":", "[[",          "]]",
    };
    uint64_t seed = 20240611;
    print_message("# seed %llu\n", (unsigned long long)seed);
    for (int round = 0; round < 200000; round++) {
        uint8_t text[256];
        size_t size = 0;
        size_t count = next_random(&seed) % 12 + 1;
        for (size_t i = 0; i < count; i++) {
            const char *token = tokens[next_random(&seed) % (sizeof tokens / sizeof tokens[0])];
            memcpy(text + size, token, strlen(token));
            size += strlen(token);
        }
        assert_same_verdict(text, size);
    }
}

static void depth_is_allowed_up_to_its_limit(void **state)
{
    (void)state;
    struct nsl_json_doc doc;
    struct nsl_json_error error;
    for (uint32_t depth = 0; depth < 70; depth++) {
        char text[600];
        size_t size = 0;
        for (uint32_t i = 0; i < depth; i++) {
            size += (size_t)sprintf(text + size, "%s", i % 2 == 0 ? "[" : "{\"k\":");
        }
        text[size++] = '1';
        for (uint32_t i = depth; i > 0; i--) {
            text[size++] = i % 2 == 1 ? ']' : '}';
        }
        nsl_bytes bytes = nsl_bytes_of(text, size);
        assert_int_equal(check_with(bytes, depth, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, &error),
                         NSL_OK);
        if (depth > 0) {
            assert_int_equal(
                check_with(bytes, depth - 1, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, &error),
                NSL_ERR_TOO_DEEP);
            assert_string_equal(error.reason, "nested too deeply");
        }
    }
}

static void a_million_brackets_are_refused_at_the_limit(void **state)
{
    (void)state;
    size_t size = 1000000;
    char *text = malloc(size);
    assert_non_null(text);
    memset(text, '[', size);
    struct nsl_json_doc doc;
    struct nsl_json_error error;
    assert_int_equal(
        check_with(nsl_bytes_of(text, size), 64, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, &error),
        NSL_ERR_TOO_DEEP);
    assert_int_equal(error.offset, 64);
    free(text);
}

static void assert_error(const char *text, nsl_err err, const char *reason, size_t offset,
                         size_t line, size_t column)
{
    struct nsl_json_doc doc = {.index_count = 99};
    struct nsl_json_error error = {0};
    assert_int_equal(
        check_with(nsl_bytes_text(text), 8, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, &error), err);
    assert_string_equal(error.reason, reason);
    assert_int_equal(error.offset, offset);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
    assert_int_equal(doc.index_count, 99);
}

static void an_error_names_its_reason_and_place(void **state)
{
    (void)state;
    assert_error("", NSL_ERR_BAD_JSON, "unexpected end", 0, 1, 1);
    assert_error("{\"a\":1", NSL_ERR_BAD_JSON, "unexpected end", 6, 1, 7);
    assert_error("{\"a\" 1}", NSL_ERR_BAD_JSON, "expected ':'", 5, 1, 6);
    assert_error("[1 2]", NSL_ERR_BAD_JSON, "expected ',' or ']'", 3, 1, 4);
    assert_error("{\"a\":1 \"b\"", NSL_ERR_BAD_JSON, "expected ',' or '}'", 7, 1, 8);
    assert_error("{a:1}", NSL_ERR_BAD_JSON, "expected a key in quotes", 1, 1, 2);
    assert_error("[1,]", NSL_ERR_BAD_JSON, "expected a value", 3, 1, 4);
    assert_error("01", NSL_ERR_BAD_JSON, "a number must not start with 0", 1, 1, 2);
    assert_error("-x", NSL_ERR_BAD_JSON, "expected a digit", 1, 1, 2);
    assert_error("1 1", NSL_ERR_BAD_JSON, "unexpected text behind the value", 2, 1, 3);
    assert_error("\"a\tb\"", NSL_ERR_BAD_JSON, "control character in a string", 2, 1, 3);
    assert_error("\"\\x\"", NSL_ERR_BAD_JSON, "unknown escape", 1, 1, 2);
    assert_error("\"\\u12g4\"", NSL_ERR_BAD_JSON, "\\u needs four hexadecimal digits", 1, 1, 2);
    assert_error("\"\\ud800\"", NSL_ERR_BAD_JSON, "half of a surrogate pair", 1, 1, 2);
    assert_error("\"a\xff\"", NSL_ERR_BAD_UTF8, "not UTF-8", 2, 1, 3);
    assert_error("{\n \"\xc3\xa9\": 1,\n \"\xc3\xa9\": 2}", NSL_ERR_DUPLICATE_KEY,
                 "the same key twice", 13, 3, 2);
    assert_error("[\n\"\xc3\xa9\", x]", NSL_ERR_BAD_JSON, "expected a value", 8, 2, 6);
}

/* {"k0":0,...} with `count` keys; key number `copy_of` again at the end unless it is negative. */
static char *many_keys(size_t count, long copy_of, size_t *ret_size)
{
    char *text = malloc(count * 24 + 64);
    assert_non_null(text);
    size_t size = (size_t)sprintf(text, "[{\"k\":{");
    for (size_t i = 0; i < count; i++) {
        size += (size_t)sprintf(text + size, "%s\"k%zu\":0", i > 0 ? "," : "", i);
    }
    if (copy_of >= 0) {
        size += (size_t)sprintf(text + size, ",\"\\u006b%ld\":0", copy_of);
    }
    size += (size_t)sprintf(text + size, "}}]");
    *ret_size = size;
    return text;
}

static void a_duplicate_is_found_among_any_number_of_keys(void **state)
{
    (void)state;
    static const size_t counts[] = {1,  2,   11,   12,   13,   14,   31,   32,
                                    33, 100, 1000, 1023, 1024, 1025, 30000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const long copies[] = {-1, 0, (long)counts[i] / 2, (long)counts[i] - 1};
        for (size_t j = 0; j < 4; j++) {
            size_t size = 0;
            char *text = many_keys(counts[i], copies[j], &size);
            struct nsl_json_doc doc;
            struct nsl_json_error error = {0};
            nsl_err err = check_with(nsl_bytes_of(text, size), 8, NSL_JSON_REFUSE_LONE_SURROGATES,
                                     &doc, &error);
            assert_int_equal(err, copies[j] < 0 ? NSL_OK : NSL_ERR_DUPLICATE_KEY);
            if (err != NSL_OK) {
                assert_memory_equal(text + error.offset, "\"\\u006b", 7);
            }
            free(text);
        }
    }
}

/* The key table's hash (json_keys.c), inverted for keys of 16 bytes: chosen so that after the first
 * eight bytes and the second eight the state is always the same. */
static bool collide(uint64_t *seed, char ret_key[16])
{
    const uint64_t mix_a = 0x9e3779b185ebca87U;
    const uint64_t mix_b = 0xc2b2ae3d27d4eb4fU;
    uint64_t first = 0;
    for (int i = 0; i < 8; i++) {
        first |= (uint64_t)('a' + next_random(seed) % 26) << (8 * i);
    }
    uint64_t hash = (mix_b ^ first) * mix_a;
    hash ^= hash >> 29;
    uint64_t second = hash ^ 0x123456789abcdef0U;
    memcpy(ret_key, &first, 8);
    memcpy(ret_key + 8, &second, 8);
    for (int i = 8; i < 16; i++) {
        uint8_t byte = (uint8_t)ret_key[i];
        if (byte < 0x20 || byte >= 0x7f || byte == '"' || byte == '\\') {
            return false;
        }
    }
    return true;
}

static void keys_with_chosen_equal_hashes_are_told_apart(void **state)
{
    (void)state;
    enum { COUNT = 200 };
    static char text[COUNT * 24 + 64];
    uint64_t seed = 7;
    size_t size = (size_t)sprintf(text, "{");
    char key[16];
    char copied[16] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        while (!collide(&seed, key)) {
        }
        if (i == COUNT / 3) {
            memcpy(copied, key, sizeof copied);
        }
        size += (size_t)sprintf(text + size, "%s\"%.16s\":0", i > 0 ? "," : "", key);
    }
    text[size] = '}';
    assert_int_equal(check(nsl_bytes_of(text, size + 1)), NSL_OK);
    size += (size_t)sprintf(text + size, ",\"%.16s\":0}", copied);
    assert_int_equal(check(nsl_bytes_of(text, size)), NSL_ERR_DUPLICATE_KEY);
}

static void too_many_keys_for_the_scratch_are_refused_not_forgotten(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) small = {0};
    assert_int_equal(nsl_scratch_init(&small, 4096), NSL_OK);
    const struct nsl_json_options options = {.depth = 8};
    struct nsl_json_doc doc;
    struct nsl_json_error error;
    size_t size = 0;
    char *text = many_keys(500, -1, &size);
    assert_int_equal(nsl_json_check(nsl_bytes_of(text, size), &options, &small, &doc, &error),
                     NSL_OK);
    free(text);
    text = many_keys(512, -1, &size);
    assert_int_equal(nsl_json_check(nsl_bytes_of(text, size), &options, &small, &doc, &error),
                     NSL_ERR_TOO_LARGE);
    assert_string_equal(error.reason, "too many keys for the memory given");
    assert_int_equal(small.used, 0);
    free(text);
}

static void the_root_index_and_a_plain_walk_say_the_same(void **state)
{
    (void)state;
    for (size_t count = 0; count < 2 * NSL_JSON_INDEX_COUNT; count++) {
        char text[4096];
        size_t size = (size_t)sprintf(text, " { ");
        for (size_t i = 0; i < count; i++) {
            static const char *const values[] = {"1",   "\"a\\n\"", "\"b\"", "{\"x\":[1,{}]}",
                                                 "[ ]", "true",     "null",  "-1.5e3"};
            size += (size_t)sprintf(text + size, "%s\"%sk%zu\" : %s ", i > 0 ? ", " : "",
                                    i % 3 == 0 ? "\\u0061" : "", i, values[i % 8]);
        }
        size += (size_t)sprintf(text + size, "} ");
        struct nsl_json_doc doc;
        assert_int_equal(
            check_with(nsl_bytes_of(text, size), 8, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, NULL),
            NSL_OK);
        struct nsl_json_iter indexed = nsl_json_walk_doc(&doc);
        struct nsl_json_iter plain = nsl_json_walk(&doc.root);
        struct nsl_json_member a;
        struct nsl_json_member b;
        for (size_t i = 0; i < count; i++) {
            assert_true(nsl_json_next(&indexed, &a));
            assert_true(nsl_json_next(&plain, &b));
            assert_ptr_equal(a.key.raw.data, b.key.raw.data);
            assert_int_equal(a.key.raw.size, b.key.raw.size);
            assert_int_equal(a.key.is_plain, b.key.is_plain);
            assert_ptr_equal(a.value.raw.data, b.value.raw.data);
            assert_int_equal(a.value.raw.size, b.value.raw.size);
            assert_int_equal(a.value.type, b.value.type);
            assert_int_equal(a.value.is_plain, b.value.is_plain);
        }
        assert_false(nsl_json_next(&indexed, &a));
        assert_false(nsl_json_next(&plain, &b));
    }
}

static struct nsl_json_value root_of(const char *text)
{
    struct nsl_json_doc doc;
    assert_int_equal(
        check_with(nsl_bytes_text(text), 8, NSL_JSON_ALLOW_LONE_SURROGATES, &doc, NULL), NSL_OK);
    return doc.root;
}

static void values_are_slices_of_the_text(void **state)
{
    (void)state;
    struct nsl_json_value root = root_of(" {\"a\": [1, {\"b\":2}] , \"c\":\"d\"} ");
    struct nsl_json_value value;
    assert_true(nsl_json_find(&root, NSL_TEXT("a"), &value));
    assert_true(nsl_bytes_equal(value.raw, NSL_TEXT("[1, {\"b\":2}]")));
    assert_int_equal(value.type, NSL_JSON_ARRAY);
    assert_true(nsl_json_find(&root, NSL_TEXT("c"), &value));
    assert_true(nsl_bytes_equal(value.raw, NSL_TEXT("\"d\"")));
    assert_false(nsl_json_find(&root, NSL_TEXT("b"), &value));
    assert_false(nsl_json_find(&value, NSL_TEXT("b"), &value));
    assert_true(nsl_bytes_equal(root.raw, NSL_TEXT("{\"a\": [1, {\"b\":2}] , \"c\":\"d\"}")));
}

static void assert_text(const char *json, nsl_bytes expected)
{
    struct nsl_json_value value = root_of(json);
    nsl_bytes text = {0};
    assert_int_equal(nsl_json_text(&value, &scratch, &text), NSL_OK);
    assert_true(nsl_bytes_equal(text, expected));
    nsl_scratch_reset(&scratch);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    assert_text("\"plain\"", NSL_TEXT("plain"));
    assert_text("\"\"", NSL_TEXT(""));
    assert_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", NSL_TEXT("\"\\/\b\f\n\r\t"));
    assert_text("\"a\\u0041\\u00e9\\u4e16\\ud83d\\ude00z\"",
                NSL_TEXT("aA\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80z"));
    assert_text("\"a\\u0000b\"", NSL_TEXT("a\0b"));
    assert_text("\"\\uD83D\\uDE00\"", NSL_TEXT("\xf0\x9f\x98\x80"));
    assert_text("\"\\ud800\"", NSL_TEXT("\xef\xbf\xbd"));
    assert_text("\"\\udc00\\ud800\"", NSL_TEXT("\xef\xbf\xbd\xef\xbf\xbd"));
    assert_text("\"\\ud800\\ud800\\udc00\"", NSL_TEXT("\xef\xbf\xbd\xf0\x90\x80\x80"));
    assert_text("\"\\ud800\\n\"", NSL_TEXT("\xef\xbf\xbd\n"));
}

static void lone_surrogates_and_the_replacement_character_are_different_keys(void **state)
{
    (void)state;
    struct nsl_json_doc doc;
    assert_int_equal(check_with(NSL_TEXT("{\"\\ud800\":1,\"\xef\xbf\xbd\":2,\"\\ud801\":3}"), 8,
                                NSL_JSON_ALLOW_LONE_SURROGATES, &doc, NULL),
                     NSL_OK);
    assert_int_equal(check_with(NSL_TEXT("{\"\\ud800\":1,\"\\uD800\":2}"), 8,
                                NSL_JSON_ALLOW_LONE_SURROGATES, &doc, NULL),
                     NSL_ERR_DUPLICATE_KEY);
}

static void unescaping_needs_room_in_the_scratch(void **state)
{
    (void)state;
    NSL_AUTO(nsl_scratch) small = {0};
    assert_int_equal(nsl_scratch_init(&small, 1), NSL_OK);
    void *all;
    assert_int_equal(nsl_scratch_alloc(&small, small.capacity, &all), NSL_OK);
    struct nsl_json_value escaped = root_of("\"\\n\"");
    struct nsl_json_value plain = root_of("\"n\"");
    nsl_bytes text = {0};
    assert_int_equal(nsl_json_text(&escaped, &small, &text), NSL_ERR_TOO_LARGE);
    assert_int_equal(nsl_json_text(&plain, &small, &text), NSL_OK);
}

static void integers_are_read_exactly_or_not_at_all(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        nsl_err as_u64;
        nsl_err as_i64;
        uint64_t value;
    } numbers[] = {
        {"0", NSL_OK, NSL_OK, 0},
        {"-0", NSL_ERR_TOO_LARGE, NSL_OK, 0},
        {"42", NSL_OK, NSL_OK, 42},
        {"-1", NSL_ERR_TOO_LARGE, NSL_OK, (uint64_t)-1},
        {"9223372036854775807", NSL_OK, NSL_OK, INT64_MAX},
        {"9223372036854775808", NSL_OK, NSL_ERR_TOO_LARGE, (uint64_t)INT64_MAX + 1},
        {"-9223372036854775808", NSL_ERR_TOO_LARGE, NSL_OK, (uint64_t)INT64_MIN},
        {"-9223372036854775809", NSL_ERR_TOO_LARGE, NSL_ERR_TOO_LARGE, 0},
        {"18446744073709551615", NSL_OK, NSL_ERR_TOO_LARGE, UINT64_MAX},
        {"18446744073709551616", NSL_ERR_TOO_LARGE, NSL_ERR_TOO_LARGE, 0},
        {"99999999999999999999999999", NSL_ERR_TOO_LARGE, NSL_ERR_TOO_LARGE, 0},
        {"1.0", NSL_ERR_BAD_ARGUMENT, NSL_ERR_BAD_ARGUMENT, 0},
        {"1e3", NSL_ERR_BAD_ARGUMENT, NSL_ERR_BAD_ARGUMENT, 0},
        {"-1.5", NSL_ERR_BAD_ARGUMENT, NSL_ERR_BAD_ARGUMENT, 0},
        {"99999999999999999999999999.5", NSL_ERR_BAD_ARGUMENT, NSL_ERR_BAD_ARGUMENT, 0},
        {"\"1\"", NSL_ERR_BAD_ARGUMENT, NSL_ERR_BAD_ARGUMENT, 0},
        {"true", NSL_ERR_BAD_ARGUMENT, NSL_ERR_BAD_ARGUMENT, 0},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct nsl_json_value value = root_of(numbers[i].text);
        uint64_t as_u64 = 77;
        int64_t as_i64 = 77;
        assert_int_equal(nsl_json_u64(&value, &as_u64), numbers[i].as_u64);
        assert_int_equal(nsl_json_i64(&value, &as_i64), numbers[i].as_i64);
        assert_true(as_u64 == (numbers[i].as_u64 == NSL_OK ? numbers[i].value : 77));
        assert_true(as_i64 == (numbers[i].as_i64 == NSL_OK ? (int64_t)numbers[i].value : 77));
    }
}

static void booleans_are_booleans_only(void **state)
{
    (void)state;
    bool flag = false;
    struct nsl_json_value value = root_of("true");
    assert_int_equal(nsl_json_bool(&value, &flag), NSL_OK);
    assert_true(flag);
    value = root_of("false");
    assert_int_equal(nsl_json_bool(&value, &flag), NSL_OK);
    assert_false(flag);
    value = root_of("1");
    assert_int_equal(nsl_json_bool(&value, &flag), NSL_ERR_BAD_ARGUMENT);
    assert_string_equal(nsl_json_type_name(NSL_JSON_OBJECT), "object");
    assert_string_equal(nsl_json_type_name(NSL_JSON_ABSENT), "nothing");
}

static const struct nsl_json_field fields[] = {
    {NSL_TEXT_INIT("code"), NSL_JSON_IS(STRING), NSL_JSON_REQUIRED},
    {NSL_TEXT_INIT("input"), NSL_JSON_IS(STRING) | NSL_JSON_IS(OBJECT), NSL_JSON_OPTIONAL},
};

static nsl_err read_fields(const char *text, enum nsl_json_unknown unknown,
                           struct nsl_json_value *values, struct nsl_json_misfit *misfit)
{
    struct nsl_json_doc doc;
    assert_int_equal(
        check_with(nsl_bytes_text(text), 8, NSL_JSON_REFUSE_LONE_SURROGATES, &doc, NULL), NSL_OK);
    return nsl_json_read_fields(nsl_json_walk_doc(&doc), fields, 2, unknown, values, misfit);
}

static void fields_are_read_against_their_table(void **state)
{
    (void)state;
    struct nsl_json_value values[2];
    struct nsl_json_misfit misfit;
    assert_int_equal(read_fields("{\"input\":{\"a\":1},\"c\\u006fde\":\"x\",\"other\":1}",
                                 NSL_JSON_IGNORE_UNKNOWN, values, &misfit),
                     NSL_OK);
    assert_true(nsl_bytes_equal(values[0].raw, NSL_TEXT("\"x\"")));
    assert_true(nsl_bytes_equal(values[1].raw, NSL_TEXT("{\"a\":1}")));
    assert_int_equal(read_fields("{\"code\":\"\"}", NSL_JSON_REFUSE_UNKNOWN, values, NULL), NSL_OK);
    assert_int_equal(values[1].type, NSL_JSON_ABSENT);
}

static void assert_misfit(const char *text, const char *name, const char *reason, size_t index)
{
    struct nsl_json_value values[2];
    struct nsl_json_misfit misfit = {0};
    assert_int_equal(read_fields(text, NSL_JSON_REFUSE_UNKNOWN, values, &misfit),
                     NSL_ERR_BAD_ARGUMENT);
    assert_true(nsl_bytes_equal(misfit.name, nsl_bytes_text(name)));
    assert_string_equal(misfit.reason, reason);
    assert_int_equal(misfit.field_index, index);
}

static void a_misfit_names_the_field_and_the_reason(void **state)
{
    (void)state;
    assert_misfit("{\"input\":{}}", "code", "is missing", 0);
    assert_misfit("{\"code\":1}", "code", "has the wrong type", 0);
    assert_misfit("{\"code\":\"\",\"input\":[]}", "input", "has the wrong type", 1);
    assert_misfit("{\"code\":\"\",\"in\\nput\":[]}", "\"in\\nput\"", "is not known", 2);
    assert_misfit("[]", "", "is not an object", 2);
    assert_misfit("\"code\"", "", "is not an object", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_corpus_has_its_answer),
        cmocka_unit_test(a_text_cut_anywhere_is_refused),
        cmocka_unit_test(every_flipped_bit_gets_the_verdict_of_the_reference),
        cmocka_unit_test(every_byte_anywhere_in_a_string_gets_the_verdict_of_the_reference),
        cmocka_unit_test(random_token_soup_gets_the_verdict_of_the_reference),
        cmocka_unit_test(depth_is_allowed_up_to_its_limit),
        cmocka_unit_test(a_million_brackets_are_refused_at_the_limit),
        cmocka_unit_test(an_error_names_its_reason_and_place),
        cmocka_unit_test(a_duplicate_is_found_among_any_number_of_keys),
        cmocka_unit_test(keys_with_chosen_equal_hashes_are_told_apart),
        cmocka_unit_test(too_many_keys_for_the_scratch_are_refused_not_forgotten),
        cmocka_unit_test(the_root_index_and_a_plain_walk_say_the_same),
        cmocka_unit_test(values_are_slices_of_the_text),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(lone_surrogates_and_the_replacement_character_are_different_keys),
        cmocka_unit_test(unescaping_needs_room_in_the_scratch),
        cmocka_unit_test(integers_are_read_exactly_or_not_at_all),
        cmocka_unit_test(booleans_are_booleans_only),
        cmocka_unit_test(fields_are_read_against_their_table),
        cmocka_unit_test(a_misfit_names_the_field_and_the_reason),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
