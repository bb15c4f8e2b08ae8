/*
 * The metered engine without an isolate: gas, heap, depth, jobs, hardening, fixed time. Every number
 * here must be the same on each compiler, optimisation level and sanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <nsl_engine_version.h>
#include <quickjs.h>

#include "enclave/engine/gas.h"
#include "enclave/engine/meter.h"

#define HEAP_BYTES ((size_t)1 << 30)
#define STACK_BYTES ((size_t)1 << 29)
#define DEEP "Maximum call stack size exceeded"

static sigjmp_buf leave_point;
static uint8_t *heap_base;
static size_t heap_top;
static int noted; /* how often JavaScript called note() */

void nsl_meter_leave(enum nsl_leave why)
{
    siglongjmp(leave_point, (int)why);
}

/* An allocator that only grows: leaving the engine drops it as a whole. */
static void *heap_malloc(void *opaque, size_t size)
{
    (void)opaque;
    size_t *block = (size_t *)(void *)(heap_base + heap_top);
    if (size > HEAP_BYTES - heap_top - 32) {
        return NULL;
    }
    heap_top += (size + 31) & ~(size_t)15;
    block[0] = size;
    return block + 2;
}

static void *heap_calloc(void *opaque, size_t count, size_t size)
{
    return heap_malloc(opaque, count * size); /* pages are new, hence zero */
}

static void heap_free(void *opaque, void *block)
{
    (void)opaque;
    (void)block;
}

static void *heap_realloc(void *opaque, void *block, size_t size)
{
    if (block == NULL) {
        return heap_malloc(opaque, size);
    }
    size_t old_size = ((size_t *)block)[-2];
    void *moved = heap_malloc(opaque, size);
    if (moved != NULL) {
        memcpy(moved, block, old_size < size ? old_size : size);
    }
    return moved;
}

static const JSMallocFunctions heap_functions = {heap_calloc, heap_malloc, heap_free, heap_realloc,
                                                 NULL};

static JSValue note(JSContext *context, JSValueConst this_value, int argc, JSValueConst *argv)
{
    (void)context;
    (void)this_value;
    (void)argc;
    (void)argv;
    noted++;
    return JS_UNDEFINED;
}

struct run {
    uint64_t gas_limit;
    uint64_t heap_limit;
    uint32_t depth_limit;
    uint32_t depth_fatal;
    uint32_t jobs_limit;
    int left; /* enum nsl_leave, 0 when the engine returned */
    uint64_t gas;
    uint64_t heap;
    char text[512]; /* the last value, or "throws " and the error */
};

static void text_set(JSContext *context, struct run *run, JSValue value)
{
    bool is_thrown = JS_IsException(value);
    JSValue shown = is_thrown ? JS_GetException(context) : value;
    const char *text = JS_ToCString(context, shown);
    snprintf(run->text, sizeof(run->text), "%s%s", is_thrown ? "throws " : "",
             text == NULL ? "?" : text);
    JS_FreeCString(context, text);
    JS_FreeValue(context, shown);
}

static void run_inside(struct run *run, const char *code)
{
    JSRuntime *runtime = JS_NewRuntime2(&heap_functions, NULL);
    JSContext *context = JS_NslNewRealm(runtime);
    JSValue global = JS_GetGlobalObject(context);
    JS_SetPropertyStr(context, global, "note", JS_NewCFunction(context, note, "note", 0));
    JS_FreeValue(context, global);
    JS_NslHardenAll(context);
    JS_NslSetCodeGeneration(context, false);
    JS_NslSetRandomSeed(context, 7);
    uint64_t start_gas = nsl_meter.gas_used;
    nsl_meter.gas_limit = start_gas + (run->gas_limit != 0 ? run->gas_limit : 500000000);
    nsl_meter.heap_limit = run->heap_limit != 0 ? run->heap_limit : 128 << 20;
    nsl_meter.jobs_limit = run->jobs_limit != 0 ? run->jobs_limit : 1000;
    nsl_meter.depth_limit = run->depth_limit != 0 ? run->depth_limit : NSL_DEPTH_DEFAULT;
    nsl_meter.depth_fatal =
        run->depth_fatal != 0 ? run->depth_fatal : nsl_meter.depth_limit + NSL_DEPTH_RESERVE;
    JSValue value = JS_Eval(context, code, strlen(code), "test.js", JS_EVAL_TYPE_GLOBAL);
    JSContext *job_context = NULL;
    while (JS_ExecutePendingJob(runtime, &job_context) > 0) {
        assert_ptr_equal(job_context, context);
    }
    run->gas = nsl_meter.gas_used - start_gas;
    run->heap = nsl_meter.heap_used;
    nsl_meter.gas_limit = UINT64_MAX;
    text_set(context, run, value);
    assert_int_equal(nsl_meter.depth_used, 0);
    assert_int_equal(nsl_meter.jobs_pending, 0);
}

/* Runs code in a new hardened realm, then its jobs. */
static struct run run_code(struct run run, const char *code)
{
    static struct run result; /* survives the jump */
    noted = 0;
    madvise(heap_base, heap_top, MADV_DONTNEED);
    heap_top = 0;
    memset(&nsl_meter, 0, sizeof(nsl_meter));
    nsl_meter.gas_limit = nsl_meter.heap_limit = UINT64_MAX;
    nsl_meter.depth_limit = nsl_meter.depth_fatal = nsl_meter.jobs_limit = UINT32_MAX;
    nsl_meter.stack_lowest = UINTPTR_MAX;
    nsl_meter.now_ms = 1700000000123;
    result = run;
    int left = sigsetjmp(leave_point, 0);
    if (left == 0) {
        run_inside(&result, code);
    }
    result.left = left;
    return result;
}

static void assert_text(const char *code, const char *expected)
{
    struct run run = run_code((struct run){0}, code);
    if (run.left != 0 || strcmp(run.text, expected) != 0) {
        fail_msg("%s\n  gave (left %d) %s\n  expected %s", code, run.left, run.text, expected);
    }
}

static void rows_have_a_unique_name_units_and_a_reason(void **state)
{
    (void)state;
    size_t count = 0;
    const struct nsl_gas_row *rows = nsl_gas_rows(&count);
    assert_true(count > 20);
    for (size_t i = 0; i < count; i++) {
        assert_true(rows[i].units > 0 && rows[i].count_per_unit > 0);
        assert_true(rows[i].units == 1 || rows[i].count_per_unit == 1);
        assert_true(strlen(rows[i].per) > 5);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(rows[i].name, rows[k].name);
        }
    }
    assert_int_equal(nsl_gas_version(), NSL_GAS_VERSION);
}

static void charge_within_the_limit_adds_and_past_it_leaves(void **state)
{
    (void)state;
    nsl_meter.gas_used = 10;
    nsl_meter.gas_limit = 20;
    nsl_gas_charge(10);
    assert_int_equal(nsl_meter.gas_used, 20);
    static int left;
    left = sigsetjmp(leave_point, 0);
    if (left == 0) {
        nsl_gas_charge(1);
        fail();
    }
    assert_int_equal(left, NSL_LEAVE_GAS);
    assert_int_equal(nsl_meter.gas_used, 20);
}

static void charge_that_overflows_leaves(void **state)
{
    (void)state;
    nsl_meter.gas_used = 10;
    nsl_meter.gas_limit = UINT64_MAX;
    static int left;
    left = sigsetjmp(leave_point, 0);
    if (left == 0) {
        nsl_gas_charge(UINT64_MAX);
        fail();
    }
    assert_int_equal(left, NSL_LEAVE_GAS);
}

/* Each runs for ever inside something that would catch an exception and call note(). */
static const char *const endless[] = {
    "try { for (;;) {} } catch (e) { note() } finally { note() }",
    "new Promise(() => { for (;;) {} }).catch(note).finally(note)",
    "Promise.resolve({ then() { for (;;) {} } }).then(note, note)",
    "Promise.resolve().then(() => { for (;;) {} }).catch(note); 1",
    "(async () => { try { await null; for (;;) {} } catch (e) { note() } })().catch(note)",
    "(async () => { for await (const x of (async function* () { try { for (;;) {} } "
    "finally { note() } })()) {} })().catch(note)",
    "Array.from({ [Symbol.iterator]: () => ({ next() { for (;;) {} }, return() { note() } }) })",
    "for (const x of { [Symbol.iterator]: () => ({ next: () => ({ value: 1 }), "
    "return() { note() } }) }) for (;;) {}",
    "const [a] = { [Symbol.iterator]: () => ({ next() { for (;;) {} }, return() { note() } }) }",
    "try { /(a+)+$/.test('a'.repeat(60) + 'b') } catch (e) { note() }",
    "try { [2, 1].sort(() => { for (;;) {} }) } catch (e) { note() }",
    "try { new Proxy({}, { get() { for (;;) {} } }).x } catch (e) { note() }",
    "try { JSON.stringify({ a: 1 }, () => { for (;;) {} }) } catch (e) { note() }",
    "try { JSON.parse('[1]', () => { for (;;) {} }) } catch (e) { note() }",
    "try { ({ get x() { for (;;) {} } }).x } catch (e) { note() }",
    "try { `${{ toString() { for (;;) {} } }}` } catch (e) { note() }",
    "try { +{ [Symbol.toPrimitive]() { for (;;) {} } } } catch (e) { note() }",
    "try { Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1) } catch (e) { note() }",
    "try { Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 1) } catch (e) { note() }",
    "try { 'a'.repeat(1e5).indexOf('a'.repeat(5e4) + 'b') + 'a'.repeat(1e6).split('').length "
    "} catch (e) { note() } for (;;) {}",
    "try { let x = 3n; for (;;) x = x * x % (1n << 90000n) } catch (e) { note() }",
    "Error.prepareStackTrace = () => { for (;;) {} }; try { null.x } catch (e) { note() }",
    "try { function f() { f() } for (;;) try { f() } catch (e) {} } catch (e) { note() }",
    "try { for (const x of (function* () { try { for (;;) yield 1 } finally { note() } })()) {} "
    "} catch (e) { note() }",
    "{ using x = { [Symbol.dispose]() { note() } }; for (;;) {} }",
};

static void out_of_gas_leaves_and_javascript_never_sees_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        struct run run = run_code((struct run){.gas_limit = 3000000}, endless[i]);
        if (run.left != NSL_LEAVE_GAS || noted != 0) {
            fail_msg("%s: left %d, noted %d, %s", endless[i], run.left, noted, run.text);
        }
    }
}

static const char *const hungry[] = {
    "try { const a = []; for (;;) a.push([1, 2, 3]) } catch (e) { note() } finally { note() }",
    "try { 'x'.repeat(2 ** 29) } catch (e) { note() }",
    "try { let s = 'ab'; for (;;) { s += s; s.indexOf('c') } } catch (e) { note() }",
    "try { new ArrayBuffer(1e9) } catch (e) { note() }",
    "try { new Array(1e8).fill(0) } catch (e) { note() }",
    "new Promise(() => { const a = []; for (;;) a.push({}) }).catch(note)",
    "try { const m = new Map(); for (let i = 0;; i++) m.set(i, i) } catch (e) { note() }",
    "try { const a = []; for (;;) a.push(1n << 900000n) } catch (e) { note() }",
    "try { /(?:a|b)*?c/.test('ab'.repeat(5e6)) } catch (e) { note() }",
};

static void out_of_memory_leaves_and_javascript_never_sees_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hungry) / sizeof(hungry[0]); i++) {
        struct run run = run_code((struct run){.heap_limit = 8 << 20}, hungry[i]);
        if (run.left != NSL_LEAVE_MEMORY || noted != 0) {
            fail_msg("%s: left %d, noted %d, %s", hungry[i], run.left, noted, run.text);
        }
    }
}

static void garbage_in_cycles_is_collected_before_the_heap_limit(void **state)
{
    (void)state;
    struct run run = run_code((struct run){.heap_limit = 2 << 20},
                              "for (let i = 0; i < 50000; i++) { const a = {}; a.a = a } 'done'");
    assert_int_equal(run.left, 0);
    assert_string_equal(run.text, "done");
}

static void too_many_pending_jobs_leave(void **state)
{
    (void)state;
    struct run run = run_code((struct run){.jobs_limit = 50},
                              "for (let i = 0; i < 51; i++) queueMicrotask(note)");
    assert_int_equal(run.left, NSL_LEAVE_JOBS);
    assert_int_equal(noted, 0);
    run = run_code((struct run){.jobs_limit = 50},
                   "for (let i = 0; i < 50; i++) queueMicrotask(note)");
    assert_int_equal(run.left, 0);
    assert_int_equal(noted, 50);
}

/* What recurses, and what must come of it. The counts are the same on every build. */
static const struct {
    const char *code;
    const char *text;
} recursive[] = {
    {"let n = 0; function f() { n++; f() } try { f() } catch (e) { e.name + ' ' + n }",
     "RangeError 13887"},
    {"let n = 0; function f(a, b, c) { n++; const d = a + b; return f(b, c, d) + 1 } "
     "try { f(1, 2, 3) } catch (e) { e.name + ' ' + n }",
     "RangeError 10415"},
    {"let n = 0; function f() { n++; return [1].map(f) } try { f() } catch (e) { n }", "4901"},
    {"function f(n) { return n === 0 ? 0 : 1 + f(n - 1) } f(10000)", "10000"},
    {"JSON.stringify((function f(n) { let a = 1; while (n-- > 0) a = [a]; return a })(9000))",
     "throws RangeError: " DEEP},
    {"JSON.parse('['.repeat(1e5))", "throws RangeError: " DEEP},
    {"JSON.parse('['.repeat(5000) + ']'.repeat(5000)).length", "1"},
    {"new RegExp('(?:'.repeat(1e5) + ')'.repeat(1e5))", "throws RangeError: " DEEP},
    {"let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x",
     "throws RangeError: " DEEP},
    {"let p = function () {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); "
     "Reflect.construct(Array, [], p)",
     "throws RangeError: " DEEP},
    {"let i = [1].values(); for (let n = 0; n < 1e5; n++) i = i.map((x) => x); i.next()",
     "throws RangeError: " DEEP},
    {"let a = 1; for (let i = 0; i < 1e5; i++) a = [a]; a.flat(Infinity)",
     "throws RangeError: " DEEP},
    {"let a = 1; for (let i = 0; i < 1e5; i++) a = [a]; String(a)", "throws RangeError: " DEEP},
    {"function* g() { yield* g() } for (const x of g()) ;", "throws RangeError: " DEEP},
    {"class A { constructor() { new A() } } new A()", "throws RangeError: " DEEP},
    {"const o = { toString() { return '' + this } }; '' + o", "throws RangeError: " DEEP},
    {"let a = {}; for (let i = 0; i < 3e5; i++) a = { a }; a = null; 'freed'", "freed"},
};

static void too_deep_is_a_range_error_at_a_counted_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(recursive) / sizeof(recursive[0]); i++) {
        assert_text(recursive[i].code, recursive[i].text);
    }
}

static void too_deep_source_is_a_range_error(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {{"(", ")"},    {"[", "]"},   {"{", "}"},
                                           {"!", ""},     {"()=>", ""}, {"new ", ""},
                                           {"x=>{", "}"}, {"`${", "}`"}};
    static char code[400001];
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        size_t at = 0;
        for (int n = 0; n < 40000; n++) {
            at += (size_t)sprintf(code + at, "%s", pairs[i][0]);
        }
        code[at++] = '1';
        for (int n = 0; n < 40000; n++) {
            at += (size_t)sprintf(code + at, "%s", pairs[i][1]);
        }
        code[at] = '\0';
        struct run run = run_code((struct run){0}, code);
        assert_int_equal(run.left, 0);
        assert_string_equal(run.text, "throws RangeError: " DEEP);
    }
}

static void fatal_depth_leaves(void **state)
{
    (void)state;
    struct run run = run_code((struct run){.depth_limit = 100000, .depth_fatal = 100000},
                              "try { (function f() { f() })() } catch (e) { note() }");
    assert_int_equal(run.left, NSL_LEAVE_DEPTH);
    assert_int_equal(noted, 0);
}

static void primordials_are_frozen(void **state)
{
    (void)state;
    static const char *const attempts[] = {
        "Object.prototype.x = 1",
        "Math.sin = 1",
        "Math.sin.x = 1",
        "Array.prototype.push(1)",
        "Array.prototype[0] = 1",
        "globalThis.Math = 1",
        "delete globalThis.Math",
        "Map.prototype.get = 1",
        "Object.getPrototypeOf(async function* () {}).x = 1",
        "RegExp.prototype.exec = 1",
        "Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())).x = 1",
        "Array.fromAsync.x = 1",
        "Iterator.zip.x = 1",
        "Object.setPrototypeOf(Array.prototype, {})",
        "Object.defineProperty(String.prototype, 'at', { value: 1 })",
        "JSON.x = 1",
        "Promise.then = 1",
        "Object.getOwnPropertyDescriptor(Map.prototype, 'size').get.x = 1",
        "Reflect.ownKeys.x = 1",
    };
    char code[256];
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        snprintf(code, sizeof(code), "'use strict'; try { %s; 'worked' } catch (e) { e.name }",
                 attempts[i]);
        assert_text(code, "TypeError");
    }
}

static void own_objects_may_have_the_names_of_frozen_prototypes(void **state)
{
    (void)state;
    assert_text("'use strict'; const o = {}; o.toString = () => 'mine'; '' + o", "mine");
    assert_text(
        "'use strict'; class E extends Error { constructor() { super('a'); this.name = 'E'; "
        "this.message = 'b' } } String(new E())",
        "E: b");
    assert_text(
        "'use strict'; function F() {} F.prototype.constructor = 5; F.prototype.constructor", "5");
    assert_text("'use strict'; const a = []; a.map = 1; a.length = 3; a.map + a.length", "4");
    assert_text("'use strict'; Object.assign({}, { valueOf: 1, hasOwnProperty: 2 }).hasOwnProperty",
                "2");
    assert_text("'use strict'; const o = Object.freeze({ a: 1 }), p = Object.create(o); "
                "try { p.a = 2 } catch (e) { e.name }",
                "TypeError");
    assert_text("globalThis.answer = 42; var other = 1; answer + other", "43");
}

static void strings_do_not_become_code(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "eval('1')",
        "(0, eval)('1')",
        "Function('1')",
        "new Function('a', '1')",
        "(async () => {}).constructor('1')",
        "(function* () {}).constructor('1')",
        "(async function* () {}).constructor('1')",
        "Reflect.construct(Function, ['1'])",
        "class F extends Function {}; new F('1')",
        "setup = Function.prototype.constructor('1')",
    };
    char code[256];
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        snprintf(code, sizeof(code), "let setup; try { %s } catch (e) { String(e) }", ways[i]);
        assert_text(code, "EvalError: Code generation from strings is not allowed");
    }
    assert_text("eval(5)", "5");
}

static void time_and_chance_are_given(void **state)
{
    (void)state;
    assert_text(
        "Date.now() + ' ' + new Date().getTimezoneOffset() + ' ' + new Date().toISOString()",
        "1700000000123 0 2023-11-14T22:13:20.123Z");
    assert_text("[Math.random(), Math.random()].join()", "0.08170555950360558,0.2582643963389055");
    assert_text("[typeof Atomics, typeof SharedArrayBuffer, typeof WeakRef, typeof performance, "
                "typeof FinalizationRegistry].join()",
                "undefined,undefined,undefined,undefined,undefined");
}

/* Gas and heap of small programs with the pinned engine. */
static const struct {
    const char *code;
    uint64_t gas;
    uint64_t heap;
} golden[] = {
    {"1", 302, 95368},
    {"let s = 0; for (let i = 0; i < 1000; i++) s += i; s", 16185, 95408},
    {"function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } f(12)", 10257, 96024},
    {"[3, 1, 2].map((x) => x * x).sort().join('-')", 1826, 95768},
    {"JSON.stringify(JSON.parse('{\"a\":[1,2.5,\"x\"],\"b\":null}'))", 1191, 96080},
    {"'The quick brown fox'.replace(/[aeiou]/g, (v) => v.toUpperCase())", 2773, 95968},
    {"let m = new Map(); for (let i = 0; i < 300; i++) m.set('k' + i, i); m.size", 21786, 138304},
    {"(2n ** 1000n).toString().length", 1114, 95488},
    {"new Uint8Array(1000).fill(7).reduce((a, b) => a + b)", 25489, 95608},
    {"class A { #x = 1; get x() { return this.#x } } new A().x", 2167, 97232},
    {"let o = {}; for (let i = 0; i < 100; i++) o['p' + i] = i; Object.entries(o).length", 12914,
     104088},
    {"[...'h\u00e9llo'].reverse().join('').normalize('NFD').length", 1379, 96024},
    {"(async () => { for await (const x of [1, 2, 3]) ; return 1 })(); 0", 4320, 95608},
    {"Math.sin(1) + Math.pow(2, 0.5) + 0.1", 1377, 98944},
    {"try { null.x } catch (e) { e.stack.length }", 873, 95368},
    {"function* g() { for (let i = 0; i < 50; i++) yield i } let t = 0; for (const x of g()) t += "
     "x; t",
     4217, 96560},
    {"for (let i = 0; i < 20000; i++) { const a = {}; a.a = a }", 1234398, 116144},
};

static void gas_and_heap_are_the_same_everywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(golden) / sizeof(golden[0]); i++) {
        struct run first = run_code((struct run){0}, golden[i].code);
        struct run second = run_code((struct run){0}, golden[i].code);
        assert_int_equal(first.left, 0);
        assert_int_equal(first.gas, second.gas);
        assert_int_equal(first.heap, second.heap);
        if (NSL_ENGINE_PINNED && (first.gas != golden[i].gas || first.heap != golden[i].heap)) {
            fail_msg("{\"%s\", %llu, %llu}, (was %llu, %llu): raise NSL_GAS_VERSION",
                     golden[i].code, (unsigned long long)first.gas, (unsigned long long)first.heap,
                     (unsigned long long)golden[i].gas, (unsigned long long)golden[i].heap);
        }
    }
    if (!NSL_ENGINE_PINNED) {
        skip(); /* goldens belong to the pinned engine */
    }
}

static void *test_thread(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_a_unique_name_units_and_a_reason),
        cmocka_unit_test(charge_within_the_limit_adds_and_past_it_leaves),
        cmocka_unit_test(charge_that_overflows_leaves),
        cmocka_unit_test(out_of_gas_leaves_and_javascript_never_sees_it),
        cmocka_unit_test(out_of_memory_leaves_and_javascript_never_sees_it),
        cmocka_unit_test(garbage_in_cycles_is_collected_before_the_heap_limit),
        cmocka_unit_test(too_many_pending_jobs_leave),
        cmocka_unit_test(too_deep_is_a_range_error_at_a_counted_depth),
        cmocka_unit_test(too_deep_source_is_a_range_error),
        cmocka_unit_test(fatal_depth_leaves),
        cmocka_unit_test(primordials_are_frozen),
        cmocka_unit_test(own_objects_may_have_the_names_of_frozen_prototypes),
        cmocka_unit_test(strings_do_not_become_code),
        cmocka_unit_test(time_and_chance_are_given),
        cmocka_unit_test(gas_and_heap_are_the_same_everywhere),
    };
    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

/* The counted depth needs more native stack than a main thread has: a thread with enough. */
int main(void)
{
    int failed = 1;
    pthread_t thread;
    pthread_attr_t attributes;
    heap_base = mmap(NULL, HEAP_BYTES, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (heap_base == MAP_FAILED || pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, test_thread, &failed) != 0 ||
        pthread_join(thread, NULL) != 0) {
        fprintf(stderr, "gas_test: no memory or stack\n");
        return 1;
    }
    return failed;
}
