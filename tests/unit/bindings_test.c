/* What functions find besides the language: each with its refusals. */
#include "tests/unit/engine_fixture.h"

#include <stdio.h>

#include "enclave/engine/random.h"

static void a_secret_is_read_by_every_name(void **state)
{
    (void)state;
    assert_result(
        "function main() { return [secrets.get('API_KEY'), getSecret('API_KEY'),"
        " SECRETS.API_KEY, SECRETS.get('API_KEY'), secrets.API_KEY, SECRETS['OTHER'],"
        " secrets.has('OTHER'), secrets.has('other'), secrets.names(), 'OTHER' in SECRETS,"
        " Object.keys(SECRETS), { ...secrets }]; }",
        "",
        "[\"test_key\",\"test_key\",\"test_key\",\"test_key\",\"test_key\",\"\xc3\xa9\",true,"
        "false,[\"API_KEY\",\"OTHER\"],true,[\"API_KEY\",\"OTHER\"],"
        "{\"API_KEY\":\"test_key\",\"OTHER\":\"\xc3\xa9\"}]");
}

static void a_missing_secret_is_refused_by_name(void **state)
{
    (void)state;
    struct nsl_outcome outcome =
        assert_throws("function main() { return getSecret('NOPE'); }", "", "Error", "");
    assert_bytes(outcome.error.message, "Secret not found: NOPE");
    assert_throws("function main() { return secrets.get(); }", "", "Error",
                  "Secret not found: undefined");
    assert_throws(
        "function main() { return secrets.get({ toString() { throw new Error('x'); } }); }", "",
        "Error", "x");
    assert_result("function main() { return [typeof SECRETS.NOPE, typeof SECRETS.toString]; }", "",
                  "[\"undefined\",\"function\"]");
}

static void secrets_cannot_be_written(void **state)
{
    (void)state;
    assert_throws("'use strict'; function main() { SECRETS.API_KEY = 'x'; }", "", "TypeError", "");
    assert_throws("'use strict'; function main() { SECRETS.NEW = 'x'; }", "", "TypeError", "");
    assert_throws("'use strict'; function main() { delete SECRETS.API_KEY; }", "", "TypeError", "");
    assert_throws("'use strict'; function main() { Object.defineProperty(secrets, 'a', {}); }", "",
                  "TypeError", "");
    assert_result("function main() { SECRETS.API_KEY = 'x'; return SECRETS.API_KEY; }", "",
                  "\"test_key\"");
}

static void log_lines_have_their_prefixes(void **state)
{
    (void)state;
    struct nsl_outcome outcome = run_function(
        "function main() { log('plain'); console.log('a', 1, { b: [2] }, null); console.info('i');"
        " console.warn('w'); console.error(new TypeError('t')); console.debug(undefined);"
        " log(Symbol('s')); log('\"quoted\"\\n\\u0001\\ud800'); log(); Neo.secureLog('s'); "
        "log([1]);"
        " }",
        "");
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_bytes(outcome.logs, "[\"plain\",\"a 1 {\\\"b\\\":[2]} null\",\"[INFO] i\",\"[WARN] w\","
                               "\"[ERROR] TypeError: t\",\"[DEBUG] undefined\",\"Symbol()\","
                               "\"\\\"quoted\\\"\\n\\u0001\xef\xbf\xbd\",\"\",\"s\",\"[1]\"]");
}

static void gas_can_be_read_and_spent(void **state)
{
    (void)state;
    assert_result("function main() { const a = gas.used(); const b = gas.get();"
                  " const c = gasAccounting.getGasUsed();"
                  " return [a > 0, b > a, c > b, gas.limit, gas.remaining() < gas.limit,"
                  " gas.use(1000), gas.used() > c + 1000, gas.use(1e9), gas.use(-1)]; }",
                  "", "[true,true,true,100000000,true,true,true,false,false]");
    struct nsl_call call =
        fixture_call("function main() { while (gas.use(10000)); return 1; }", "");
    call.limits.gas_units = 1000000;
    struct nsl_outcome outcome;
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    assert_in_range(outcome.gas_used, 980000, 1000000);
}

static void hashes_are_those_of_the_standard(void **state)
{
    (void)state;
    assert_result("function main() { return [crypto.sha256('abc'), crypto.sha256(''),"
                  " crypto.sha256(new Uint8Array([97, 98, 99])),"
                  " crypto.sha256(new Uint8Array([0, 97, 98, 99]).subarray(1)),"
                  " crypto.sha256(new DataView(new Uint8Array([97, 98, 99, 0]).buffer, 0, 3))]; }",
                  "",
                  "[\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
                  "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\","
                  "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
                  "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\","
                  "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"]");
    assert_throws(
        "function main() { return crypto.sha256({ toString() { throw new Error('no'); } }); }", "",
        "Error", "no");
}

#define HEX                                                                                        \
    "const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0'))"        \
    ".join(''); const bytes = (h) => new Uint8Array(h.match(/../g)?.map((x) =>"                    \
    " parseInt(x, 16)) ?? []); const text = (t) => new TextEncoder().encode(t);"

static void web_crypto_digests(void **state)
{
    (void)state;
    assert_result(HEX
                  "async function main() { const out = []; for (const name of ['SHA-1', 'sha-384',"
                  " { name: 'SHA-512' }]) out.push(hex(await crypto.subtle.digest(name,"
                  " text('abc'))).slice(0, 16)); return out; }",
                  "", "[\"a9993e364706816a\",\"cb00753f45a35e8b\",\"ddaf35a193617aba\"]");
    assert_throws("async function main() { await crypto.subtle.digest('MD5', new Uint8Array(1)); }",
                  "", "NotSupportedError", "MD5");
    assert_throws("async function main() { await crypto.subtle.digest('SHA-256', 'text'); }", "",
                  "TypeError", "ArrayBuffer");
}

/* RFC 4231, cases 1 and 2 */
static void web_crypto_signs_with_hmac(void **state)
{
    (void)state;
    assert_result(
        HEX "async function main() { const alg = { name: 'HMAC', hash: 'SHA-256' };"
            " const k1 = await crypto.subtle.importKey('raw', new Uint8Array(20).fill(0x0b), alg,"
            " false, ['sign', 'verify']); const s = await crypto.subtle.sign('HMAC', k1,"
            " text('Hi There')); const k2 = await crypto.subtle.importKey('raw', text('Jefe'),"
            " { name: 'HMAC', hash: { name: 'SHA-512' } }, false, ['sign']);"
            " const bad = new Uint8Array(s); const good = bad.slice(); bad[0] ^= 1;"
            " return [hex(good), hex(await crypto.subtle.sign('HMAC', k2,"
            " text('what do ya want for nothing?'))).slice(0, 16),"
            " await crypto.subtle.verify('HMAC', k1, good, text('Hi There')),"
            " await crypto.subtle.verify('HMAC', k1, bad, text('Hi There')),"
            " await crypto.subtle.verify('HMAC', k1, good.slice(1), text('Hi There'))]; }",
        "",
        "[\"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7\","
        "\"164b7a7bfcf819e2\",true,false,false]");
}

/* NIST SP 800-38D, test cases 4 (with associated data) and 13 */
static void web_crypto_encrypts_with_aes_gcm(void **state)
{
    (void)state;
    assert_result(
        HEX
        "async function main() { const key = await crypto.subtle.importKey('raw',"
        " bytes('feffe9928665731c6d6a8f9467308308'), 'AES-GCM', false, ['encrypt', 'decrypt']);"
        " const p = { name: 'AES-GCM', iv: bytes('cafebabefacedbaddecaf888'),"
        " additionalData: bytes('feedfacedeadbeeffeedfacedeadbeefabaddad2') };"
        " const plain = bytes('d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72'"
        " + '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39');"
        " const sealed = await crypto.subtle.encrypt(p, key, plain);"
        " const back = await crypto.subtle.decrypt(p, key, sealed);"
        " const zero = await crypto.subtle.importKey('raw', new Uint8Array(32), 'AES-GCM', false,"
        " ['encrypt']); const none = await crypto.subtle.encrypt({ name: 'aes-gcm',"
        " iv: new Uint8Array(12) }, zero, new Uint8Array(0));"
        " return [hex(sealed).slice(-32), hex(back) === hex(plain), hex(none)]; }",
        "", "[\"5bc94fbc3221a5db94fae95ae7121a47\",true,\"530f8afbc74536b9a963b4f1c4cb738b\"]");
}

static void web_crypto_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *type;
    } cases[] = {
        {"importKey('jwk', {}, 'AES-GCM', false, [])", "NotSupportedError"},
        {"importKey('raw', new Uint8Array(15), 'AES-GCM', false, ['encrypt'])", "DataError"},
        {"importKey('raw', new Uint8Array(0), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])",
         "DataError"},
        {"importKey('raw', new Uint8Array(16), 'RSA-OAEP', false, [])", "NotSupportedError"},
        {"importKey('raw', new Uint8Array(16), 'AES-GCM', false, ['fly'])", "TypeError"},
        {"importKey('raw', new Uint8Array(16), 'AES-GCM', false, 'encrypt')", "TypeError"},
        {"importKey('raw', 'text', 'AES-GCM', false, [])", "TypeError"},
        {"sign('HMAC', {}, new Uint8Array(1))", "TypeError"},
        {"sign('HMAC', gcm, new Uint8Array(1))", "InvalidAccessError"},
        {"encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, hmac, new Uint8Array(1))",
         "InvalidAccessError"},
        {"decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, gcm, new Uint8Array(1))",
         "InvalidAccessError"},
        {"encrypt({ name: 'AES-GCM' }, gcm, new Uint8Array(1))", "TypeError"},
        {"encrypt({ name: 'AES-GCM', iv: new Uint8Array(0) }, gcm, new Uint8Array(1))",
         "OperationError"},
        {"encrypt({ name: 'AES-GCM', iv: new Uint8Array(12), tagLength: 96 }, gcm,"
         " new Uint8Array(1))",
         "NotSupportedError"},
        {"decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, both, new Uint8Array(40))",
         "OperationError"},
        {"decrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, both, new Uint8Array(3))",
         "OperationError"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char code[1024];
        snprintf(code, sizeof(code),
                 "async function main() { const s = crypto.subtle; const raw = new Uint8Array(16);"
                 " const gcm = await s.importKey('raw', raw, 'AES-GCM', false, ['encrypt']);"
                 " const both = await s.importKey('raw', raw, 'AES-GCM', false, ['decrypt']);"
                 " const hmac = await s.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' },"
                 " false, ['sign']); await s.%s; }",
                 cases[i].body);
        assert_throws(code, "", cases[i].type, "");
    }
}

static void random_numbers_repeat_with_their_entropy(void **state)
{
    (void)state;
    static const char code[] =
        "function main() { const a = new Uint32Array(8); crypto.getRandomValues(a);"
        " return [crypto.randomBytes(16), crypto.randomUUID(), Math.random(), Math.random(), ...a,"
        " generateRandomBytes(9), Neo.secureRandom(1e6)]; }";
    struct nsl_call call = fixture_call(code, "");
    struct nsl_outcome outcome;
    char first[1024] = {0};
    fixture_run(&call, &outcome);
    assert_kind(&outcome, NSL_OUTCOME_DONE);
    memcpy(first, outcome.result_json.data, outcome.result_json.size);
    fixture_run(&call, &outcome);
    assert_bytes(outcome.result_json, first);
    for (size_t i = 0; i < 32; i += 31) { /* every part of the entropy counts */
        call.entropy[i] ^= 1;
        fixture_run(&call, &outcome);
        assert_false(nsl_bytes_equal(outcome.result_json, nsl_bytes_text(first)));
        call.entropy[i] ^= 1;
    }
}

static void random_numbers_have_their_forms(void **state)
{
    (void)state;
    assert_result(
        "function main() { const seen = new Set(); let ok = true;"
        " for (let i = 0; i < 1000; i++) { const n = Neo.secureRandom(7); seen.add(n);"
        " ok &&= Number.isInteger(n) && n >= 0 && n < 7; }"
        " const u = crypto.randomUUID();"
        " return [ok, seen.size, Neo.secureRandom(1), crypto.randomBytes(0),"
        " crypto.randomBytes(1024).length, generateRandomBytes(10).length,"
        " /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u),"
        " crypto.getRandomValues(new Uint8Array(4)).length]; }",
        "", "[true,7,0,\"\",2048,16,true,4]");
    static const char *const refused[] = {
        "crypto.randomBytes(-1)",
        "crypto.randomBytes(65537)",
        "crypto.randomBytes(1.5)",
        "crypto.randomBytes('x')",
        "Neo.secureRandom(0)",
        "Neo.secureRandom(2 ** 54)",
        "crypto.getRandomValues(new Uint8Array(65537))",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char code[128];
        snprintf(code, sizeof(code), "function main() { return %s; }", refused[i]);
        assert_throws(code, "", "RangeError", "");
    }
    assert_throws("function main() { crypto.getRandomValues(new Float64Array(2)); }", "",
                  "TypeError", "integer");
    assert_throws("function main() { crypto.getRandomValues([1]); }", "", "TypeError", "");
}

/* RFC 8439 2.3.2 */
static void the_key_stream_is_chacha20(void **state)
{
    (void)state;
    uint8_t key[32];
    uint8_t block[64];
    const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
    const uint8_t expected[16] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
                                  0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4};
    for (uint8_t i = 0; i < 32; i++) {
        key[i] = i;
    }
    nsl_chacha20_block(key, 1, nonce, block);
    assert_memory_equal(block, expected, sizeof(expected));
}

static void bytes_compare_in_full(void **state)
{
    (void)state;
    assert_result(
        "function main() { const a = new Uint8Array([1, 2]); return ["
        " crypto.timingSafeEqual(a, new Uint8Array([1, 2])),"
        " crypto.timingSafeEqual(a, new Uint8Array([1, 3])),"
        " crypto.timingSafeEqual(a, new Uint8Array([1])), crypto.timingSafeEqual('x', 'x'),"
        " crypto.timingSafeEqual('x', 'y'), crypto.timingSafeEqual('A',"
        " new Uint8Array([65]))]; }",
        "", "[true,false,false,true,false,true]");
}

static void a_view_cannot_lie_about_its_buffer(void **state)
{
    (void)state;
    assert_result(
        "function main() { const v = new DataView(new ArrayBuffer(4));"
        " for (const k of ['byteLength', 'byteOffset', 'buffer'])"
        " Object.defineProperty(v, k, { value: 1e9 });"
        " const r = new ArrayBuffer(8, { maxByteLength: 64 }); const t = new Uint8Array(r);"
        " r.resize(2); const d = new Uint8Array(4); d.buffer.transfer();"
        " return [crypto.sha256(v) === crypto.sha256(new Uint8Array(4)),"
        " crypto.sha256(t) === crypto.sha256(new Uint8Array(2)),"
        " (() => { try { return crypto.sha256(d) === crypto.sha256(''); }"
        " catch (e) { return e.name; } })()]; }",
        "", "[true,true,\"TypeError\"]");
    assert_result(
        "function main() { const a = new Uint8Array(64); const v = new DataView(a.buffer);"
        " const evil = { toString() { a.buffer.transfer(0); return 'x'; } };"
        " try { return crypto.timingSafeEqual(a, evil); } catch (e) { return e.name; } }",
        "", "\"TypeError\"");
}

static void text_is_encoded_and_decoded(void **state)
{
    (void)state;
    assert_result(
        "function main() { const d = new TextDecoder(); const e = new TextEncoder();"
        " return [[...e.encode('a\\u00e9\\u20ac\\ud83d\\ude00')], [...e.encode()],"
        " d.decode(e.encode('\\u00e9\\u20ac')), d.decode(), d.encoding, e.encoding,"
        " d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 65])),"
        " new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb,"
        " 0xbf, 65])).length,"
        " d.decode(new Uint8Array([0xf0, 0x9f, 0x98, 65, 0xc0, 0x80, 0xed, 0xa0, 0x80])),"
        " d.decode(new Uint8Array([65, 66, 67]).subarray(1).buffer)]; }",
        "",
        "[[97,195,169,226,130,172,240,159,152,128],[],\"\xc3\xa9\xe2\x82\xac\",\"\",\"utf-8\","
        "\"utf-8\",\"A\",2,"
        "\"\xef\xbf\xbd"
        "A\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"ABC\"]");
    assert_throws("function main() { new TextDecoder('latin1'); }", "", "RangeError", "latin1");
    assert_throws("function main() { new TextDecoder('utf8', { fatal: true }).decode("
                  "new Uint8Array([0xff])); }",
                  "", "TypeError", "utf-8");
    assert_throws("function main() { TextDecoder(); }", "", "TypeError", "");
}

static void values_are_cloned(void **state)
{
    (void)state;
    assert_result("function main() { const a = { d: new Date(5), m: new Map([[1, { x: 2 }]]),"
                  " s: new Set([1]), b: new Uint8Array([1, 2]), n: 12n, u: undefined, r: /a/g };"
                  " a.self = a; const b = structuredClone(a); a.m.get(1).x = 3;"
                  " return [b !== a, b.self === b, b.d.getTime(), b.m.get(1).x, b.s.has(1), b.b[1],"
                  " String(b.n), 'u' in b, btoa('hi'), atob('aGk=')]; }",
                  "", "[true,true,5,2,true,2,\"12\",true,\"aGk=\",\"hi\"]");
    assert_throws("function main() { structuredClone(() => 1); }", "", "TypeError", "");
    assert_throws("function main() { structuredClone({ f() {} }); }", "", "TypeError", "");
}

static void primordials_are_frozen_without_the_override_mistake(void **state)
{
    (void)state;
    assert_result(
        "function main() { const o = {}; o.toString = () => 'own'; const e = new Error('a');"
        " e.message = 'b'; e.name = 'Mine'; class A {} A.prototype.constructor = 5;"
        " const f = function () {}; f.call = 1; const list = []; list.map = 2;"
        " return [`${o}`, e.message, e.name, f.call, list.map,"
        " Object.isFrozen(Object.prototype), Object.isFrozen(Array.prototype.map),"
        " Object.isFrozen(Promise), Object.isFrozen(crypto.subtle),"
        " Object.isFrozen(Object.getPrototypeOf(async function* () {}))]; }",
        "", "[\"own\",\"b\",\"Mine\",1,2,true,true,true,true,true]");
    static const char *const refused[] = {
        "Array.prototype.push = 1",
        "Object.prototype.x = 1",
        "delete Math.sin",
        "Math.sin = 1",
        "globalThis.Array = 1",
        "Object.setPrototypeOf(Array.prototype, null)",
        "Object.defineProperty(Promise.prototype, 'then', { value: 1 })",
        "(function* () {}).prototype.__proto__.next = 1",
        "console.log = 1",
        "crypto.subtle.digest = 1",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char code[160];
        snprintf(code, sizeof(code), "'use strict'; function main() { %s; }", refused[i]);
        assert_throws(code, "", "TypeError", "");
    }
}

static void what_is_not_deterministic_is_absent(void **state)
{
    (void)state;
    assert_result(
        "function main() { return ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer',"
        " 'Atomics', 'performance', 'gc', 'print', 'std', 'os', 'scriptArgs', 'fetch',"
        " 'storage', 'ai'].filter((n) => n in globalThis); }",
        "", "[]");
}

static void a_script_may_declare_the_hosts_names_itself(void **state)
{
    (void)state;
    assert_result(
        "const input = 1; let log = 2; function context() {} var secrets = 4; class crypto {}"
        " const SECRETS = 5, gas = 6, setTimeout = 7; function main(i) {"
        " return [input, log, typeof context, secrets, typeof crypto, SECRETS, gas, i]; }",
        "9", "[1,2,\"function\",4,\"function\",5,6,9]");
    assert_result("input = 5; function main(i) { return [input, i]; }", "9", "[5,9]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_is_read_by_every_name),
        cmocka_unit_test(a_missing_secret_is_refused_by_name),
        cmocka_unit_test(secrets_cannot_be_written),
        cmocka_unit_test(log_lines_have_their_prefixes),
        cmocka_unit_test(gas_can_be_read_and_spent),
        cmocka_unit_test(hashes_are_those_of_the_standard),
        cmocka_unit_test(web_crypto_digests),
        cmocka_unit_test(web_crypto_signs_with_hmac),
        cmocka_unit_test(web_crypto_encrypts_with_aes_gcm),
        cmocka_unit_test(web_crypto_refuses),
        cmocka_unit_test(random_numbers_repeat_with_their_entropy),
        cmocka_unit_test(random_numbers_have_their_forms),
        cmocka_unit_test(the_key_stream_is_chacha20),
        cmocka_unit_test(bytes_compare_in_full),
        cmocka_unit_test(a_view_cannot_lie_about_its_buffer),
        cmocka_unit_test(text_is_encoded_and_decoded),
        cmocka_unit_test(values_are_cloned),
        cmocka_unit_test(primordials_are_frozen_without_the_override_mistake),
        cmocka_unit_test(what_is_not_deterministic_is_absent),
        cmocka_unit_test(a_script_may_declare_the_hosts_names_itself),
    };
    return cmocka_run_group_tests(tests, engine_setup, engine_teardown);
}
