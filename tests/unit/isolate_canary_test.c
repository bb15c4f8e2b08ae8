/*
 * After a call nothing of it is left: a random canary is spread by a function through every kind of
 * memory it can reach, then all readable memory of the process is searched for it, as bytes and as
 * UTF-16. The test's own copy is kept masked, so that only what the engine left can be found.
 *
 * The search reads the process's memory through /proc/self/mem, so that nothing is missed and nothing
 * faults.
 */
#include "tests/unit/engine_fixture.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum { CANARY = 24, MASK = 0x15, CHUNK = 1 << 20 };

/* 24 random letters, each XORed with MASK, so that the letters stand nowhere else; volatile, so that the
 * compiler keeps no unmasked copy on the stack either. */
static volatile uint8_t masked[CANARY];

static void make_canary(void)
{
    uint8_t random[CANARY];
    assert_int_equal(getrandom(random, sizeof(random), 0), sizeof(random));
    for (size_t i = 0; i < CANARY; i++) {
        masked[i] = (uint8_t)(('a' + random[i] % 26) ^ MASK);
    }
}

/* Writes the canary itself. */
static void put_canary(char *at)
{
    for (size_t i = 0; i < CANARY; i++) {
        at[i] = (char)(masked[i] ^ MASK);
    }
}

/* Half of the canary is enough: a copy cut in two is still a leak. */
enum { PART = 12 };

static bool is_canary_at(const uint8_t *at, size_t stride)
{
    for (size_t i = 0; i < PART; i++) {
        if (at[i * stride] != (masked[i] ^ MASK) || (stride == 2 && at[i * stride + 1] != 0)) {
            return false;
        }
    }
    return true;
}

static size_t count_in(const uint8_t *data, size_t size, uint64_t address, const char *where)
{
    size_t found = 0;
    const uint8_t *end = data + size - PART * 2;
    for (const uint8_t *at = data; at <= end; at++) {
        at = memchr(at, masked[0] ^ MASK, (size_t)(end - at) + 1);
        if (at == NULL) {
            break;
        }
        if ((is_canary_at(at, 1) || is_canary_at(at, 2)) && found++ == 0) {
            print_error("found at %" PRIx64 " in %s", address + (uint64_t)(at - data), where);
        }
    }
    return found;
}

static uint8_t *search_buffer;

/* Most of the reserved address space was never touched: nothing is there to be read. */
static bool is_touched(int pagemap, uint64_t at, uint64_t to)
{
    static uint64_t entries[CHUNK / 4096 + 1];
    uint64_t end = to - at < CHUNK + 4096 ? to : at + CHUNK + 4096;
    ssize_t size = (ssize_t)((end - at) / 4096 * sizeof(entries[0]));
    if (pread(pagemap, entries, (size_t)size, (off_t)(at / 4096 * sizeof(entries[0]))) != size) {
        return true;
    }
    for (ssize_t i = 0; i < size / (ssize_t)sizeof(entries[0]); i++) {
        if (entries[i] >> 62 != 0) { /* in memory or swapped out */
            return true;
        }
    }
    return false;
}

/* The overlap finds what lies across two chunks. */
static size_t search_range(const int files[2], uint64_t from, uint64_t to, const char *where)
{
    size_t found = 0;
    for (uint64_t at = from; at < to; at += CHUNK) {
        if (!is_touched(files[1], at, to)) {
            continue;
        }
        uint64_t size = to - at < CHUNK + PART * 2 ? to - at : CHUNK + PART * 2;
        ssize_t got = pread(files[0], search_buffer, size, (off_t)at);
        if (got > PART * 2) {
            found += count_in(search_buffer, (size_t)got, at, where);
        }
    }
    return found;
}

static size_t search_everything(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    int files[2] = {open("/proc/self/mem", O_RDONLY), open("/proc/self/pagemap", O_RDONLY)};
    assert_non_null(maps);
    assert_true(files[0] >= 0 && files[1] >= 0);
    uint64_t own_from = (uint64_t)(uintptr_t)search_buffer;
    size_t found = 0;
    char line[512];
    while (fgets(line, sizeof(line), maps) != NULL) {
        uint64_t from = 0;
        uint64_t to = 0;
        char access[8] = "";
        assert_int_equal(sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, access), 3);
        bool is_shadow = to - from > UINT64_C(1)
                                         << 36; /* of a sanitizer: holds no bytes of anyone */
        if (access[0] != 'r' || is_shadow || strstr(line, "[v") != NULL) {
            continue;
        }
        if (own_from >= from && own_from < to) { /* what is searched with is not searched */
            found += search_range(files, from, own_from & ~UINT64_C(4095), line);
            from = (own_from + CHUNK + PART * 2 + 4095) & ~UINT64_C(4095);
        }
        found += search_range(files, from, to, line);
    }
    close(files[0]);
    close(files[1]);
    fclose(maps);
    return found;
}

/* In the code, CANARY_HERE stands for nothing: functions get the canary by input and secrets. */
static const char *const spreaders[] = {
    /* strings, both widths, ropes, atoms, symbols */
    "function main(i) { const c = i.c; globalThis[c] = c; const o = { [c]: c, [c + 'x']: 1 };"
    " const w = c + '\\u20ac'; Symbol.for(c); const s = Symbol(c); let rope = c; for (let k = 0; k "
    "< 50;"
    " k++) rope = rope + c + k + w; log(c, w, o); console.error(new Error(c)); return [rope, o, "
    "w]; }",
    /* containers, buffers, big integers, patterns */
    "function main(i) { const c = i.c; const b = new TextEncoder().encode(c.repeat(100));"
    " const u = new Uint16Array([...c].map((x) => x.charCodeAt(0))); const m = new Map([[c, c]]);"
    " const re = new RegExp(c + '(.)'); const r = re.exec(c + 'z'); const n ="
    " BigInt('0x' + [...b].map((x) => x.toString(16)).join('')) ** 3n; const d ="
    " new TextDecoder().decode(b); return [String(n), r[0], m.get(c), d, [...u], c.split(''),"
    " c.replace(/./g, (x) => x + c), encodeURIComponent(c), btoa(c), structuredClone({ c })]; }",
    /* deep stacks */
    "function deep(n, c) { const a = c + n; return n === 0 ? a : deep(n - 1, c) + a.length; }"
    "function main(i) { const deepest = () => { try { return deepest() + i.c; } catch { return "
    "i.c; } };"
    " return [deep(500, i.c), deepest(), JSON.parse('['.repeat(500) + JSON.stringify(i.c) +"
    " ']'.repeat(500))]; }",
    /* secrets and crypto */
    "async function main(i) { const c = getSecret('CANARY'); const b = new TextEncoder().encode(c);"
    " const k = await crypto.subtle.importKey('raw', b, { name: 'HMAC', hash: 'SHA-512' }, false,"
    " ['sign']); await crypto.subtle.sign('HMAC', k, b); const a = await "
    "crypto.subtle.importKey('raw',"
    " b, 'AES-GCM', false, ['encrypt', 'decrypt']); const p = { name: 'AES-GCM', iv: b };"
    " const e = await crypto.subtle.encrypt(p, a, b); await crypto.subtle.decrypt(p, a, e);"
    " return [c, crypto.sha256(c), SECRETS.CANARY, Object.entries(secrets)]; }",
    /* errors */
    "function main(i) { class E extends TypeError {} const f = { [i.c]() { throw new E(i.c); } "
    "}[i.c];"
    " f(); }",
    "function main(i) { throw { c: i.c, toString() { return i.c; } }; }",
    "function main(i) { null[i.c][i.c]; }",
    "function main(i) { JSON.parse('{' + i.c); }",
    "function main(i) { new RegExp('(' + i.c); }",
    /* generators, proxies, promises */
    "async function main(i) { async function* g() { for (const x of i.c) yield i.c + x; }"
    " const out = []; for await (const x of g()) out.push(x); const p = new Proxy({}, { get: (t, "
    "k) =>"
    " k + i.c }); await Promise.allSettled([Promise.reject(new Error(i.c)), p[i.c]]); return out; "
    "}",
    /* a lot of heap */
    "function main(i) { const all = []; for (let k = 0; k < 20000; k++) all.push(i.c + k);"
    " return all.length; }",
    "function main(i) { const b = new Uint8Array(12 << 20); const c = new "
    "TextEncoder().encode(i.c);"
    " for (let k = 0; k + 64 < b.length; k += 4096) b.set(c, k); return b.length; }",
    /* left by a limit */
    "function main(i) { const all = []; for (;;) all.push(i.c + all.length); }",
    "function main(i) { let s = i.c; for (;;) { s = s.replace(/a/g, i.c) + i.c; if (s.length > 1e6)"
    " s = i.c; } }",
    "function main(i) { return [3, 2, 1].sort(() => { for (;;) i.c.split(''); }); }",
};

struct spread {
    struct nsl_call call;
    char input[128];
    char secret[CANARY + 1];
    struct nsl_secret_value secrets[1];
};

__attribute__((noinline)) static void wipe_own_stack(void)
{
    uint8_t below[65536];
    explicit_bzero(below, sizeof(below));
}

__attribute__((noinline)) static void spread_fill(struct spread *spread, const char *code)
{
    static const char before[] = "{\"c\":\"";
    memcpy(spread->input, before, sizeof(before));
    put_canary(spread->input + sizeof(before) - 1);
    strcpy(spread->input + sizeof(before) - 1 + CANARY, "\",\"d\":[\"\\u20ac\"]}");
    put_canary(spread->secret);
    spread->secret[CANARY] = '\0';
    spread->call = fixture_call(code, spread->input);
    spread->secrets[0] = (struct nsl_secret_value){.name = NSL_TEXT("CANARY"),
                                                   .value = nsl_bytes_of(spread->secret, CANARY)};
    spread->call.secrets = spread->secrets;
    spread->call.secret_count = 1;
    spread->call.user_id = nsl_bytes_of(spread->secret, CANARY);
    spread->call.limits.gas_units = 3000000;
    spread->call.limits.heap_bytes = 32 << 20;
    wipe_own_stack();
}

/* On the heap and wiped: the caller's copies are not what is looked for. */
static void run_spreader(const char *code)
{
    struct spread *spread = calloc(1, sizeof(*spread));
    struct nsl_outcome outcome;
    assert_non_null(spread);
    spread_fill(spread, code);
    fixture_run(&spread->call, &outcome);
    assert_true(outcome.kind != NSL_OUTCOME_PARKED);
    memset(&outcome, 0, sizeof(outcome));
    nsl_engine_forget(engine);
    explicit_bzero(spread, sizeof(*spread));
    free(spread);
}

static void nothing_of_a_call_is_left_in_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(spreaders) / sizeof(spreaders[0]); i++) {
        run_spreader(spreaders[i]); /* cold */
        run_spreader(spreaders[i]);
        if (search_everything() != 0) {
            fail_msg("left by function %zu: %.60s", i, spreaders[i]);
        }
    }
}

static const char waiter[] = "async function main(i) { const c = i.c + getSecret('CANARY') + "
                             "'\\u20ac'; const keep = { [c]: c };"
                             " await new Promise((r) => setTimeout(r, 1000)); return keep; }";

static void park_one(void)
{
    struct spread *spread = calloc(1, sizeof(*spread));
    struct nsl_outcome outcome;
    assert_non_null(spread);
    spread_fill(spread, waiter);
    fixture_run(&spread->call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_PARKED);
    explicit_bzero(spread, sizeof(*spread));
    free(spread);
}

static void a_parked_call_is_wiped_when_it_ends(void **state)
{
    (void)state;
    struct nsl_outcome outcome;
    park_one();
    assert_true(search_everything() > 0); /* the search works: it is parked in this process */
    assert_int_equal(nsl_engine_resume(engine, 1, &outcome), NSL_OK);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    nsl_engine_forget(engine);
    wipe_own_stack();
    assert_int_equal(search_everything(), 0);
    park_one();
    nsl_engine_cancel(engine, 1);
    wipe_own_stack();
    assert_int_equal(search_everything(), 0);
}

static void the_outcome_is_wiped_by_the_next_call(void **state)
{
    (void)state;
    struct spread *spread = calloc(1, sizeof(*spread));
    struct nsl_outcome outcome;
    assert_non_null(spread);
    spread_fill(spread, "function main(i) { log(i.c); return i.c; }");
    fixture_run(&spread->call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    explicit_bzero(spread, sizeof(*spread));
    free(spread);
    assert_true(search_everything() > 0);
    assert_clean();
    wipe_own_stack();
    assert_int_equal(search_everything(), 0);
}

static int canary_setup(void **state)
{
    search_buffer = aligned_alloc(4096, CHUNK + 4096);
    make_canary();
    return search_buffer == NULL ? -1 : engine_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_call_is_left_in_memory),
        cmocka_unit_test(a_parked_call_is_wiped_when_it_ends),
        cmocka_unit_test(the_outcome_is_wiped_by_the_next_call),
    };
    return cmocka_run_group_tests(tests, canary_setup, engine_teardown);
}
