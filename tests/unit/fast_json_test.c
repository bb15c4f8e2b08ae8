/*
 * The fast JSON parser against the engine's own: the same text gives the same value or the same error.
 * Values are compared by what JavaScript can see of them: their JSON, their keys in order, -0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <quickjs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enclave/engine/meter.h"

enum { TEXT_MAX = 1 << 16, DOCUMENTS = 3000, MUTATIONS = 30000 };

static JSContext *context;
static JSValue describe; /* function(value): a string that says all of it */

void nsl_meter_leave(enum nsl_leave why)
{
    fail_msg("a limit was reached: %d", (int)why);
    abort();
}

static const char describe_source[] =
    "(function describe(v) {"
    "  if (Array.isArray(v)) return '[' + v.map(describe).join() + ']';"
    "  if (v && typeof v === 'object')"
    "    return '{' + Object.getPrototypeOf(v).constructor.name + Reflect.ownKeys(v).map(k =>"
    "      JSON.stringify(k) + JSON.stringify(Object.getOwnPropertyDescriptor(v, k).writable) +"
    "      describe(v[k])).join() + '}';"
    "  if (Object.is(v, -0)) return '-0';"
    "  if (typeof v === 'number') return 'n' + v;"
    "  return typeof v + JSON.stringify(v);"
    "})";

static int set_up(void **state)
{
    (void)state;
    nsl_meter = (struct nsl_meter){
        .gas_limit = UINT64_MAX / 2,
        .heap_limit = UINT64_C(1) << 40,
        .depth_limit = 4000000,
        .depth_fatal = 5000000,
        .jobs_limit = 1000,
    };
    context = JS_NslNewRealm(JS_NewRuntime());
    describe = JS_Eval(context, describe_source, sizeof(describe_source) - 1, "describe",
                       JS_EVAL_TYPE_GLOBAL);
    return JS_IsFunction(context, describe) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    JSRuntime *runtime = JS_GetRuntime(context);
    JS_FreeValue(context, describe);
    JS_FreeContext(context);
    JS_FreeRuntime(runtime);
    return 0;
}

/* What a parse gave, as text: of its value, or of its error. Takes the value. */
static void describe_value(JSValue value, char *text)
{
    const char *prefix = "";
    JSValue said;
    if (JS_IsException(value)) {
        JSValue error = JS_GetException(context);
        said = JS_ToString(context, error);
        JS_FreeValue(context, error);
        prefix = "error ";
    } else {
        JSValueConst argument = value;
        said = JS_Call(context, describe, JS_UNDEFINED, 1, &argument);
    }
    const char *words = JS_ToCString(context, said);
    assert_non_null(words);
    (void)snprintf(text, TEXT_MAX, "%s%s", prefix, words);
    JS_FreeCString(context, words);
    JS_FreeValue(context, said);
    JS_FreeValue(context, value);
}

static void expect_same(const char *text, size_t size)
{
    static char fast[TEXT_MAX];
    static char own[TEXT_MAX];
    describe_value(JS_NslParseJSON(context, text, size, "<input>"), fast);
    describe_value(JS_ParseJSON(context, text, size, "<input>"), own);
    if (strcmp(fast, own) != 0) {
        fail_msg("%.*s\n  fast: %.500s\n  own:  %.500s", (int)size, text, fast, own);
    }
}

static const char *const texts[] = {
    "1",
    "-1",
    "0",
    "-0",
    "0.5",
    "-0.25",
    "1e3",
    "1E-3",
    "1.5e+300",
    "1e400",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "999999999999999",
    "9999999999999999",
    "0.1",
    "123456.789",
    "0.000001",
    "5e-324",
    "1.7976931348623157e308",
    "12345678901234567890",
    "0.123456789012345",
    "0.1234567890123456",
    "9007199254740993",
    "00",
    "01",
    "-",
    "1.",
    ".5",
    "+1",
    "1e",
    "1e+",
    "--1",
    "0x10",
    "NaN",
    "Infinity",
    "true",
    "false",
    "null",
    "tru",
    "nulls",
    "\"\"",
    "\"a\"",
    "\"\\n\\t\\\"\\\\\\/\\b\\f\\r\"",
    "\"\\u0041\\u00e9\\u20ac\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\ude00x\"",
    "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
    "\"\\x41\"",
    "\"\\u12\"",
    "\"a",
    "\"\x01\"",
    "\"\n\"",
    "[]",
    "[ ]",
    "[1]",
    "[1,]",
    "[,1]",
    "[1 2]",
    "[[[[1]]]]",
    "[1,\"a\",null,true,{}]",
    "{}",
    "{ }",
    "{\"a\":1}",
    "{\"a\":1,}",
    "{a:1}",
    "{\"a\" 1}",
    "{\"a\":}",
    "{\"a\":1 \"b\":2}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"b\":2,\"a\":3}",
    "{\"2\":1,\"1\":2,\"a\":3,\"0\":4}",
    "{\"__proto__\":{\"x\":1}}",
    "{\"constructor\":1,\"toString\":2}",
    "{\"\":1}",
    "{\"\\u0061\":1,\"a\":2}",
    "{\"\xc3\xa9\":1}",
    "[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4},{\"b\":5,\"a\":6},{\"a\":7}]",
    "[{\"a\":1},{\"a\":1,\"b\":2},{\"a\":1},{}]",
    "[{\"a\":{\"a\":{\"a\":1}}},{\"a\":{\"a\":2}}]",
    "[{\"a\":[{\"b\":1},{\"b\":2}]},{\"a\":[{\"b\":3}]}]",
    "[{\"a\":1,\"b\":2},{\"a\":1,\"ab\":2}]",
    "[{\"ab\":1},{\"a\":1},{\"abc\":1}]",
    "[{\"a\":1,\"b\":1},{\"a\":1,\"a\":2}]",
    "",
    " ",
    "\t1\n",
    "1 2",
    "[1]]",
    "{}}",
    "\357\273\2771", /* a byte order mark; octal, because hexadecimal would take the 1 in */
    "// x",
    "'a'",
    "[1\xc2\xa0,2]",
};

static void same_value_for_each_form(void **state)
{
    (void)state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        expect_same(texts[index], strlen(texts[index]));
    }
}

static void same_value_at_each_depth(void **state)
{
    static char text[4096];
    (void)state;
    for (size_t depth = 0; depth < 200; depth++) {
        size_t size = 0;
        for (size_t level = 0; level < depth; level++) {
            size += (size_t)sprintf(text + size, level % 2 ? "[" : "{\"k\":");
        }
        text[size++] = '1';
        for (size_t level = depth; level-- > 0;) {
            text[size++] = level % 2 ? ']' : '}';
        }
        text[size] = '\0';
        expect_same(text, size);
    }
}

static uint64_t random_state = 42;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(random_state >> 33) % limit;
}

struct document {
    char text[TEXT_MAX];
    size_t size;
};

static void put(struct document *document, const char *text)
{
    size_t size = strlen(text);
    memcpy(document->text + document->size, text, size + 1);
    document->size += size;
}

static void put_scalar(struct document *document)
{
    static const char *const scalars[] = {"true",
                                          "null",
                                          "\"x\"",
                                          "\"\"",
                                          "\"\xc3\xa9\\n\"",
                                          "-0",
                                          "1e5",
                                          "false",
                                          "\"long plain text\""};
    char number[32];
    if (random_below(2) == 0) {
        (void)snprintf(number, sizeof(number), "%s%u.%u", random_below(2) ? "-" : "",
                       random_below(100000), random_below(1000000));
        put(document, number);
        return;
    }
    put(document, scalars[random_below(sizeof(scalars) / sizeof(scalars[0]))]);
}

static void put_value(struct document *document, unsigned depth)
{
    static const char *const keys[] = {"\"id\":",       "\"name\":", "\"a\":", "\"7\":",
                                       "\"\xc3\xa9\":", "\"id\" :",  "\"i\":", "\"__proto__\":"};
    unsigned kind = depth > 5 ? 0 : random_below(4);
    unsigned count = random_below(5);
    if (kind < 2 || document->size > TEXT_MAX / 8) {
        put_scalar(document);
        return;
    }
    /* Often the same keys in the same order, sometimes not. */
    unsigned first = random_below(3) == 0 ? random_below(8) : 0;
    put(document, kind == 2 ? "{" : "[");
    for (unsigned index = 0; index < count; index++) {
        put(document, index == 0 ? "" : random_below(8) ? "," : " , ");
        put(document, kind == 2 ? keys[(first + index) % 8] : "");
        put_value(document, depth + 1);
    }
    put(document, kind == 2 ? "}" : "]");
}

static struct document document;

static void make_document(void)
{
    document.size = 0;
    put(&document, "[");
    for (unsigned index = 0; index < 6; index++) {
        put(&document, index == 0 ? "" : ",");
        put_value(&document, 0);
    }
    put(&document, "]");
}

static void same_value_for_random_documents(void **state)
{
    (void)state;
    for (int count = 0; count < DOCUMENTS; count++) {
        make_document();
        expect_same(document.text, document.size);
    }
}

static void same_answer_for_damaged_documents(void **state)
{
    static const char bytes[] = "{}[],:\"\\ 019-.eEtfnu\x01\x80\xff";
    (void)state;
    for (int count = 0; count < MUTATIONS; count++) {
        if (count % 10 == 0) {
            make_document();
        }
        size_t at = random_below((uint32_t)document.size);
        char before = document.text[at];
        document.text[at] = bytes[random_below(sizeof(bytes) - 1)];
        expect_same(document.text, document.size);
        document.text[at] = before;
        size_t size = random_below((uint32_t)document.size);
        before = document.text[size];
        document.text[size] = '\0';
        expect_same(document.text, size);
        document.text[size] = before;
    }
}

/* What the templates must not do: one object's later changes must not show in another. */
static void objects_of_one_shape_are_separate(void **state)
{
    static const char source[] =
        "const list = JSON.parse('[{\"a\":1,\"b\":[1]},{\"a\":2,\"b\":[2]},{\"a\":3,\"b\":[3]}]');"
        "list[0].c = 1; delete list[1].a; list[2].a = 'x'; list[2].b.push(4); "
        "Object.freeze(list[2]);"
        "JSON.stringify(list) + JSON.stringify(JSON.parse('[{\"a\":5,\"b\":6}]')) +"
        "  Object.isFrozen(list[0])";
    (void)state;
    JSValue value = JS_Eval(context, source, sizeof(source) - 1, "test", JS_EVAL_TYPE_GLOBAL);
    const char *text = JS_ToCString(context, value);
    assert_string_equal(text, "[{\"a\":1,\"b\":[1],\"c\":1},{\"b\":[2]},{\"a\":\"x\",\"b\":[3,4]}]"
                              "[{\"a\":5,\"b\":6}]false");
    JS_FreeCString(context, text);
    JS_FreeValue(context, value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_value_for_each_form),
        cmocka_unit_test(same_value_at_each_depth),
        cmocka_unit_test(same_value_for_random_documents),
        cmocka_unit_test(same_answer_for_damaged_documents),
        cmocka_unit_test(objects_of_one_shape_are_separate),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
