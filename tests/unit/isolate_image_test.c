/*
 * An image changes nothing but time: the same calls give the same bytes and the same gas whether the
 * realm is restored or built afresh, whether the function is compiled in the call or was before, and
 * whatever ran in between.
 */
#include "tests/unit/engine_fixture.h"

#include <stdio.h>

static const struct program {
    const char *code;
    const char *input;
} programs[] = {
    {"function main(i) { return i.a * 2; }", "{\"a\":21}"},
    {"const table = []; for (let i = 0; i < 300; i++) table.push({ i, s: 'x' + i });"
     "function main(i) { return table[i].s; }",
     "299"},
    {"class A { #p = 1; static s = new Map([[1, 2]]); get p() { return this.#p; } }"
     "const shared = new A(); function main() { shared.q = 5; return [shared.p, A.s.size]; }",
     ""},
    {"let n = 0; const bump = () => ++n; bump(); export default () => [bump(), n];", ""},
    {"const key = SECRETS.API_KEY; function main() { return key; }", ""},
    {"const at = Date.now(); function main() { return at; }", ""},
    {"const r = Math.random(); function main() { return [r, Math.random()]; }", ""},
    {"log('top'); function main() { log('main'); }", ""},
    {"const p = Promise.resolve(4).then((x) => x + 1); async function main() { return await p; }",
     ""},
    {"setTimeout(() => { globalThis.fired = 1; }, 5); async function main() {"
     " await new Promise((r) => setTimeout(r, 10)); return globalThis.fired; }",
     ""},
    {"const v = await Promise.resolve(7); export default () => v;", ""},
    {"function main() { const m = new Map(); for (let i = 0; i < 2000; i++) m.set({ i }, i);"
     " let s = 0; for (const [k, v] of m) s += k.i * v; return s; }",
     ""},
    {"const re = /(\\d+)-(\\w+)/g; function main(i) { return i.replace(re, '$2:$1'); }",
     "\"12-ab 3-c\""},
    {"function main() { const out = []; for (let i = 0; i < 50; i++) out.push({ i, next: out });"
     " return out.length + JSON.stringify(out.map((o) => o.i)).length; }",
     ""},
    {"const fns = Array.from({ length: 100 }, (_, i) => (x) => x + i);"
     "function main(i) { return fns.reduce((a, f) => f(a), i); }",
     "1"},
    {"function main() { try { null.x; } catch (e) { return e.stack; } }", ""},
    {"function main() { throw new RangeError('no ' + [1, 2]); }", ""},
    {"throw new Error('top'); function main() {}", ""},
    {"function main() { return Object.getOwnPropertyNames(globalThis).sort().join(); }", ""},
    {"function main() { const a = []; for (let i = 0; i < 3000; i++) { const o = {}; o.o = o;"
     " a[i % 7] = o; } return a.length; }",
     ""},
    {"const big = 2n ** 300n; function main() { return String(big * big % 1000007n); }", ""},
    {"function* g() { let i = 0; while (true) yield i++; } const it = g(); it.next();"
     "function main() { return it.next().value; }",
     ""},
    {"const buffer = new Uint8Array(5000).fill(3); function main() { buffer[0]++;"
     " return buffer.reduce((a, b) => a + b); }",
     ""},
    {"var f = 0.1; for (let i = 0; i < 100; i++) f = Math.sin(f) + Math.pow(f, 1.1) + Math.exp(-f);"
     "function main() { return [f, Math.log(f), Math.tanh(f), Math.cbrt(f)]; }",
     ""},
    {"function main(i) { const o = { ...i }; delete o.b; o.c = Symbol.iterator in [];"
     " return Object.entries(o); }",
     "{\"a\":1,\"b\":2,\"zz\":{\"deep\":[1,2,{\"x\":null}]}}"},
    {"for (let i = 0; i < 50; i++) globalThis['g' + i] = { i }; delete globalThis.g7;"
     "function main() { return [typeof g7, g8.i]; }",
     ""},
    {"const w = new WeakMap(); const k = {}; w.set(k, 5); function main() { return w.get(k); }",
     ""},
    {"const t = (s) => s.raw[0]; const x = t`a\\n`; function main() { return x; }", ""},
    {"'use strict'; const d = Object.freeze({ a: 1 }); function main() { d.a = 2; }", ""},
    {"const iso = new Date(86400000).toISOString(); function main() { return iso; }", ""},
};

enum { PROGRAMS = sizeof(programs) / sizeof(programs[0]), SHOWN = 4096 };

/* Everything an outcome says, as text. */
static void show(const struct nsl_outcome *outcome, char ret_text[SHOWN])
{
    int size = snprintf(
        ret_text, SHOWN, "%d|%llu|%llu|%.*s|%.*s|%.*s|%.*s|%.*s|%u:%u", (int)outcome->kind,
        (unsigned long long)outcome->gas_used, (unsigned long long)outcome->heap_peak_bytes,
        (int)outcome->result_json.size, (const char *)outcome->result_json.data,
        (int)outcome->logs.size, (const char *)outcome->logs.data, (int)outcome->error.type.size,
        (const char *)outcome->error.type.data, (int)outcome->error.message.size,
        (const char *)outcome->error.message.data, (int)outcome->error.stack.size,
        (const char *)outcome->error.stack.data, outcome->error.line, outcome->error.column);
    assert_in_range(size, 1, SHOWN - 1);
}

static void run_program(size_t index, char ret_text[SHOWN])
{
    struct nsl_outcome outcome = run_function(programs[index].code, programs[index].input);
    show(&outcome, ret_text);
}

static char first[PROGRAMS][SHOWN];

static void assert_same_as_first(size_t index, const char *how)
{
    char text[SHOWN];
    run_program(index, text);
    if (strcmp(text, first[index]) != 0) {
        fail_msg("program %zu %s:\n%s\ninstead of\n%s", index, how, text, first[index]);
    }
}

static void warm_calls_equal_cold_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS; i++) {
        run_program(i, first[i]);
        assert_same_as_first(i, "warm");
        assert_same_as_first(i, "warm again");
    }
}

static void order_and_neighbours_change_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < PROGRAMS * 3; i++) {
        assert_same_as_first(i * 17 % PROGRAMS, "out of order");
    }
    nsl_engine_set_budget(engine, 20000, 1 << 20); /* a few images: mostly cold again */
    for (size_t i = 0; i < PROGRAMS * 2; i++) {
        assert_same_as_first(i * 7 % PROGRAMS, "after eviction");
    }
    nsl_engine_set_budget(engine, 64 << 20, 64 << 20);
}

static void another_engine_gives_the_same(void **state)
{
    (void)state;
    assert_int_equal(engine_teardown(state), 0);
    assert_int_equal(engine_setup(state), 0);
    for (size_t i = 0; i < PROGRAMS; i++) {
        assert_same_as_first(PROGRAMS - 1 - i, "in another engine");
    }
}

static void building_everything_afresh_gives_the_same(void **state)
{
    (void)state;
    nsl_engine_keep_images(engine, NSL_IMAGES_REBUILT);
    for (size_t i = 0; i < PROGRAMS; i++) {
        assert_same_as_first(i, "built afresh");
        assert_same_as_first(i, "built afresh again");
    }
    nsl_engine_keep_images(engine, NSL_IMAGES_KEPT);
    for (size_t i = 0; i < PROGRAMS; i++) {
        assert_same_as_first(i, "kept again");
    }
}

static void a_limit_is_reached_at_the_same_place(void **state)
{
    (void)state;
    static const char code[] = "const all = []; for (let i = 0; i < 2000; i++) all.push({ i });"
                               "function main() { let n = 0; for (let i = 0; i < 2000; i++) { n += "
                               "all[i].i; } return n; }";
    struct nsl_call call = fixture_call(code, "");
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    uint64_t needed = outcome.gas_used;
    for (int round = 0; round < 2; round++) {
        call.limits.gas_units = needed;
        fixture_run(&call, &outcome);
        assert_kind(&outcome, NSL_OUTCOME_DONE);
        call.limits.gas_units = needed - 1;
        assert_exhausted(&call, "GasLimitError");
        call.limits.gas_units = 100; /* less than the top level took for the image */
        assert_exhausted(&call, "GasLimitError");
        call.limits.gas_units = needed;
        call.limits.heap_bytes = 10000; /* likewise */
        assert_exhausted(&call, "MemoryLimitError");
        call.limits.heap_bytes = 64 << 20;
        nsl_engine_keep_images(engine, NSL_IMAGES_REBUILT);
    }
    nsl_engine_keep_images(engine, NSL_IMAGES_KEPT);
}

static void other_depth_limits_have_other_images(void **state)
{
    (void)state;
    static const char code[] = "let depth = 0; function down() { depth++; down(); }"
                               "try { down(); } catch {} function main() { return depth; }";
    struct nsl_call call = fixture_call(code, "");
    struct nsl_outcome outcome;
    long depths[4];
    for (int i = 0; i < 4; i++) {
        call.limits.depth_units = i % 2 == 0 ? 4000000 : 1000000;
        fixture_run(&call, &outcome);
        assert_kind(&outcome, NSL_OUTCOME_DONE);
        depths[i] = strtol((const char *)outcome.result_json.data, NULL, 10);
    }
    assert_true(depths[0] > 3 * depths[1]);
    assert_int_equal(depths[0], depths[2]);
    assert_int_equal(depths[1], depths[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warm_calls_equal_cold_ones),
        cmocka_unit_test(order_and_neighbours_change_nothing),
        cmocka_unit_test(another_engine_gives_the_same),
        cmocka_unit_test(building_everything_afresh_gives_the_same),
        cmocka_unit_test(a_limit_is_reached_at_the_same_place),
        cmocka_unit_test(other_depth_limits_have_other_images),
    };
    return cmocka_run_group_tests(tests, engine_setup, engine_teardown);
}
