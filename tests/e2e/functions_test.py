#!/usr/bin/env python3
"""How functions fail, and that the service goes on: every kind of error over HTTP. Prints TAP."""
import json
import time

from support import tap
from support.service import Service

CASES = tap.Cases()
RUNNING = {}
ERROR_FIELDS = {"code", "error", "type", "message", "stack", "lineNumber", "columnNumber"}


def service():
    if "service" not in RUNNING:
        RUNNING["service"] = Service()
        CASES.finally_do(lambda: tap.equal(RUNNING["service"].stop(), 0, "exit status"))
    return RUNNING["service"]


def fails(code, kind, message="", line=None, word="EXECUTION_FAILED", **fields):
    """The call ends with 422 and an error of this type; the next call works."""
    answer = service().call(code, **fields)
    tap.equal(answer.status, 422, f"{answer}: status")
    error = answer.error
    tap.equal(set(error), ERROR_FIELDS, "the error's fields")
    tap.equal(error["code"], word)
    tap.equal(error["type"], kind)
    tap.equal(error["error"], error["message"])
    tap.contains(error["message"], message)
    if line is not None:
        tap.equal((error["lineNumber"], error["columnNumber"]), line, "line and column")
    data = answer.json["data"]
    tap.true("result" not in data, "no result")
    tap.true(data["gasUsed"] >= 0 and len(data["codeHash"]) == 64, "figures")
    service().check_alive()
    return error, data


def works(code, want, **fields):
    tap.equal(service().call(code, **fields).result, want)


# --- Errors of the code


@CASES.case
def a_syntax_error_names_line_and_column():
    fails("function main( {", "SyntaxError", line=(1, 17))
    fails("function main() {\n  return 1 +;\n}", "SyntaxError", line=(2, 13))
    fails("function main() { return {a: 1}", "SyntaxError")
    fails("let a = 1;\nlet a = 2;\nfunction main(){}", "SyntaxError", "redefinition")


@CASES.case
def a_missing_main_says_so():
    for code in ("var x = 1", " ", "// nothing", "function Main() {}", "const main = 1"):
        answer = service().call(code)
        tap.equal(answer.status, 422, f"{answer}")
        tap.equal(answer.error["message"], "No main function defined")
    service().check_alive()


@CASES.case
def thrown_errors_keep_type_message_line_and_stack():
    error, _ = fails("function main() {\n  inner();\n}\nfunction inner() {\n"
                     "  throw new RangeError('too far');\n}", "RangeError", "too far", (5, 13))
    tap.contains(error["stack"], "inner")
    tap.contains(error["stack"], "main")
    fails("function main() { return missing.x }", "ReferenceError", "missing")
    fails("function main() { return null.x }", "TypeError", "null")
    fails("class Mine extends Error { constructor(m) { super(m); this.name = 'Mine' } }\n"
          "function main() { throw new Mine('own') }", "Mine", "own")


@CASES.case
def anything_may_be_thrown():
    for thrown, text in (("'text'", "text"), ("42", "42"), ("null", "null"),
                         ("undefined", "undefined"), ("{a: 1}", ""), ("Symbol('s')", ""),
                         ("{get message() { throw 1 }}", ""),
                         ("{toString() { throw new Error('again') }}", ""),
                         ("new Proxy({}, {get() { throw new Error('trap') }})", "")):
        answer = service().call(f"function main() {{ throw {thrown} }}")
        tap.equal(answer.status, 422, f"{thrown}: {answer}")
        tap.equal(set(answer.error), ERROR_FIELDS, thrown)
        tap.contains(answer.error["message"], text)
    service().check_alive()


@CASES.case
def rejected_promises_are_errors():
    fails("async function main() { throw new TypeError('later') }", "TypeError", "later")
    fails("function main() { return Promise.reject(new Error('no')) }", "Error", "no")
    fails("async function main() {"
          " await new Promise((_, no) => setTimeout(() => no(new Error('n')), 5)) }", "Error", "n")


@CASES.case
def results_that_are_no_json_are_errors_or_null():
    fails("function main() { const a = {}; a.a = a; return a }", "TypeError", "circular")
    fails("function main() { return {a: 1n} }", "TypeError", "BigInt")
    works("function main() {}", None)
    works("function main() { return () => 1 }", None)
    works("function main() { return NaN }", None)
    works("function main() { return {toJSON() { return 'own' }} }", "own")
    works("function main() { return '\\ud800' }", "\ud800")


@CASES.case
def error_texts_are_cut_and_still_json():
    code = "function main() { throw new Error('\u20ac'.repeat(100000) + 'x') }"
    for _ in range(2):
        answer = service().call(code)
        tap.equal(answer.status, 422, f"{answer}")
        tap.true(0 < len(answer.error["message"]) < 100001, "a cut message")
    for pad in range(4):
        code = f"function main() {{ throw new Error('{'x' * pad}' + '\U0001f600'.repeat(50000)) }}"
        tap.equal(service().call(code).status, 422)
    service().check_alive()


@CASES.case
def code_cannot_be_made_from_text():
    for code in ("eval('1')", "new Function('return 1')()", "(async()=>{}).constructor('1')",
                 "(function*(){}).constructor('1')", "(0, eval)('1')",
                 "[].constructor.constructor('return 1')()", "setTimeout('1', 1)"):
        answer = service().call(f"function main() {{ return {code} }}")
        tap.equal(answer.status, 422, f"{code}: {answer}")
    works("function main() { return [typeof process, typeof require, typeof WeakRef] }",
          ["undefined"] * 3)


# --- Limits


@CASES.case
def gas_ends_a_loop():
    _, data = fails("function main() { for (;;); }", "GasLimitError", "", None, "LIMIT_EXCEEDED",
                    gasLimit=1000000)
    tap.true(1000000 <= data["gasUsed"] < 1100000, f"gas used: {data['gasUsed']}")
    _, again = fails("function main() { for (;;); }", "GasLimitError", "", None,
                     "LIMIT_EXCEEDED", gasLimit=1000000)
    tap.equal(again["gasUsed"], data["gasUsed"], "gas")
    fails("function main() { try { for (;;); } finally { return 1 } }", "GasLimitError", "", None,
          "LIMIT_EXCEEDED", gasLimit=100000)
    fails("async function main() { for (;;) await 1 }", "GasLimitError", "", None,
          "LIMIT_EXCEEDED", gasLimit=100000)
    fails("for (;;); function main() {}", "GasLimitError", "", None, "LIMIT_EXCEEDED",
          gasLimit=100000)


@CASES.case
def the_default_limits_let_a_million_of_something_finish():
    works("function main() { let n = 0; for (let i = 0; i < 1e6; i++) n += i; return n }",
          499999500000)
    works("function main() { const a = []; for (let i = 0; i < 1e6; i++) a.push(i);"
          " return a.length }", 1000000)


@CASES.case
def memory_ends_a_call():
    for code in ("const a = []; for (;;) a.push(new Array(1000).fill(1))",
                 "let s = 'x'; for (;;) s += s + s", "return new Array(1e9).fill(0)",
                 "return new ArrayBuffer(1e9)", "return 'x'.repeat(2 ** 29)"):
        answer = service().call(f"function main() {{ {code} }}")
        tap.equal(answer.status, 422, f"{code}: {answer}")
        tap.true(answer.error["type"] in ("MemoryLimitError", "GasLimitError", "RangeError",
                                            "InternalError"),
                 f"{code}: {answer}")
    fails("function main() { const a = []; for (;;) a.push(new Uint8Array(1 << 20)) }",
          "MemoryLimitError", "", None, "LIMIT_EXCEEDED")


@CASES.case
def time_ends_a_call_that_gas_does_not():
    begin = time.monotonic()
    answer = service().call("function main() { for (;;); }", timeoutMs=50)
    tap.equal(answer.status, 422, f"{answer}")
    tap.equal(answer.error["type"], "TimeLimitError")
    tap.true(time.monotonic() - begin < 5, "in time")
    service().check_alive()


@CASES.case
def deep_recursion_is_a_range_error_that_can_be_caught():
    fails("function main() { return main() }", "RangeError")
    works("function f() { return f() } function main() {"
          " try { f() } catch (e) { return e instanceof RangeError } }", True)
    code = """function f() { try { return f() + 1 } catch (e) { return 1 } }
        function main() { return f() }"""
    tap.equal(len({service().call(code).result for _ in range(3)}), 1, "depths")
    works("function main() { try { JSON.parse('['.repeat(1e6)) } catch (e) { return e.name } }",
          "RangeError")


@CASES.case
def a_promise_that_never_resolves_is_an_error():
    answer = service().call("function main() { return new Promise(() => {}) }")
    tap.equal(answer.status, 422, f"{answer}")
    tap.true(answer.error["message"] != "", "a message")
    service().check_alive()


@CASES.case
def results_and_logs_end_at_their_limits():
    answer = service().call("function main() { return 'x'.repeat(2 << 20) }")
    tap.equal(answer.status, 422, f"{answer}")
    data = service().call("function main() {"
                          " for (let i = 0; i < 1000; i++) log('line ' + i) }").data
    tap.equal((len(data["logs"]), data["logs"][99]), (101, "line 99"), "100 lines")
    tap.contains(data["logs"][100], "900 more")
    data = service().call("function main() {"
                          " for (let i = 0; i < 50; i++) log('x'.repeat(9999)) }").data
    tap.true(sum(map(len, data["logs"])) <= 65536, "bytes of logs")
    data = service().call("function main() { for (let i = 0; i < 90; i++)"
                          " log('\\u0000\"\\\\'.repeat(230)) }").data
    tap.true(len(data["logs"]) > 10, "escaped lines arrive")
    works("function main() { return 'x'.repeat(1048574) }", "x" * 1048574)


# --- Shapes that work


@CASES.case
def all_shapes_of_functions_work():
    works("function main(input, context) { return [input.a, context.userId, context.functionId] }",
          [1, "u", "f"], input={"a": 1})
    works("async function main(input) { return input.a + 1 }", 2, input={"a": 1})
    works("export default function (input) { return input.a + 2 }", 3, input={"a": 1})
    works("export default async (input) => input.a + 3", 4, input={"a": 1})
    works("const main = (i) => i.a + 4", 5, input={"a": 1})
    works("async function main() { await new Promise(r => setTimeout(r, 20)); return 'slept' }",
          "slept")
    works("async function main() { return await Promise.all([1, Promise.resolve(2)]) }", [1, 2])


@CASES.case
def the_originals_cases_hold():
    works("function main(i) { return i.value * 2 }", 84, input={"value": 42})
    works("function main() { let s = 0; for (let i = 0; i < 1000; i++) s += i; return s }", 499500)
    works("function main(i) { return { sum: i.a + i.b, key: SECRETS.API_KEY } }",
          {"sum": 12, "key": "k"}, input={"a": 5, "b": 7}, secrets={"API_KEY": "k"})
    works("function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }"
          "function main() { return fib(10) }", 55)
    thousand = list(range(1000))
    works("function main(i) { return i.map(x => x * 2) }", [2 * x for x in thousand],
          input=thousand)


@CASES.case
def date_stands_still_and_random_differs_between_calls():
    code = """function main() {
        const a = Date.now(); for (let i = 0; i < 1e5; i++); const b = Date.now();
        return [a === b, a, Math.random(), new Date().getTime() === a] }"""
    first, second = service().call(code).result, service().call(code).result
    tap.true(first[0] and first[3], "Date moved")
    tap.true(abs(first[1] / 1000 - time.time()) < 60, "Date is not now")
    tap.true(first[2] != second[2], "the same random number twice")


@CASES.case
def unicode_survives():
    text = "\u00e4\u20ac\U0001f600\u2028\u0000\"\\/\b\f\n\r\t\u007f\ufeff"
    works("function main(i) { return i + i }", text + text, input=json.dumps(text))
    works("function main(i) { return [...i.t].length }", len(text), input={"t": text})


if __name__ == "__main__":
    CASES.run()
