"""The engine by itself: a fresh call, an image's size, and what metering costs."""
import hashlib
import json
import math
import os
import shlex
import statistics
import subprocess

from harness.machine import BENCH, ROOT, WORK, Failure, build_target, run_tool, setting
from harness.report import print_columns, row

PROGRAMS = ("fib", "loop", "json", "sha256", "sort", "regex", "objects", "closure", "string",
            "float", "bigint")
ENGINE_FILES = ("quickjs", "libregexp", "libunicode", "dtoa")
# Equal for both engines, and those of the product (third_party/quickjs-ng/meson.build).
FLAGS = ["-std=gnu11", "-O2", "-fPIE", "-fwrapv", "-funsigned-char", "-D_GNU_SOURCE",
         "-DQUICKJS_NG_BUILD", "-w", "-U_FORTIFY_SOURCE", "-ffp-contract=off",
         "-fvisibility=hidden", f"-I{ROOT}"]


def compiler():
    return shlex.split(os.environ.get("CC", "cc"))


def plain_source():
    """The engine's source without our patch, from the same pinned package."""
    where = f"{WORK}/quickjs-plain"
    os.makedirs(f"{WORK}/no-anchors", exist_ok=True)
    run_tool([f"{ROOT}/tools/engine-source", "--deps", where, "--anchors", f"{WORK}/no-anchors"],
             600)
    return f"{where}/src"


def patched_source():
    run_tool([f"{ROOT}/tools/engine-source"], 600)
    return f"{ROOT}/.deps/quickjs-ng/src"


def inputs_hash(source, meter):
    """Over everything the driver is made of, so that it is built again when one of them changes."""
    digest = hashlib.sha256(repr(compiler() + FLAGS).encode())
    paths = [f"{source}/{name}" for name in sorted(os.listdir(source))
             if name.endswith((".c", ".h"))]
    paths += [f"{BENCH}/engine/metering.c", f"{BENCH}/engine/metering.h", *meter]
    paths += [f"{ROOT}/enclave/engine/{name}" for name in sorted(
        os.listdir(f"{ROOT}/enclave/engine")) if name.endswith((".h", ".def"))]
    for path in paths:
        with open(path, "rb") as file:
            digest.update(path.encode() + b"\0" + file.read())
    return digest.hexdigest()


def build_driver(name, source, *meter):
    """Links metering.c with one engine; returns the program's path."""
    where = f"{WORK}/metering-{name}"
    os.makedirs(where, exist_ok=True)
    inputs = inputs_hash(source, meter)
    if os.path.isfile(f"{where}/stamp"):
        with open(f"{where}/stamp", encoding="utf-8") as file:
            if file.read() == inputs:
                return f"{where}/metering"
    print(f"building the {name} engine", flush=True)
    objects = [f"{where}/{file}.o" for file in ENGINE_FILES]
    for file, target in zip(ENGINE_FILES, objects):
        run_tool([*compiler(), *FLAGS, "-c", f"{source}/{file}.c", "-o", target], 600)
    run_tool([*compiler(), "-std=c17", "-O2", "-fPIE", "-pie", "-Wall", "-Wextra", "-D_GNU_SOURCE",
              f"-I{ROOT}", "-isystem", source, f"{BENCH}/engine/metering.c",
              *meter, *objects, "-lm", "-lpthread", "-o", f"{where}/metering"],
             600)
    with open(f"{where}/stamp", "w", encoding="utf-8") as file:
        file.write(inputs)
    return f"{where}/metering"


def run_program(driver, program):
    """Returns (CPU nanoseconds, gas units) of one run in a process of its own."""
    out = run_tool([driver, f"{BENCH}/engine/programs/{program}.js"], 60)
    spent, gas = out.split()
    return int(spent), int(gas)


def measure_program(plain, patched, program, rounds):
    """Alternates; returns the least time of each, which other load on the machine disturbs least."""
    plain_ns, patched_ns, gas = [], [], set()
    for _ in range(rounds):
        plain_ns.append(run_program(plain, program)[0])
        spent, units = run_program(patched, program)
        patched_ns.append(spent)
        gas.add(units)
    if len(gas) != 1 or 0 in gas:
        raise Failure(f"{program}: gas differs between runs or is not counted: {sorted(gas)}")
    return min(plain_ns), min(patched_ns), gas.pop()


def metering():
    plain = build_driver("plain", plain_source(), f"{BENCH}/engine/metering_plain.c")
    patched = build_driver("patched", patched_source(), 
                           f"{BENCH}/engine/metering_patched.c", f"{ROOT}/enclave/engine/gas.c")
    rounds = setting("BENCH_METERING_ROUNDS", 11, 1, 100)
    ratios, lines = [], []
    for program in PROGRAMS:
        plain_ns, patched_ns, gas = measure_program(plain, patched, program, rounds)
        ratios.append(patched_ns / plain_ns)
        lines.append([program, f"{plain_ns / 1e6:.1f}", f"{patched_ns / 1e6:.1f}",
                      f"{(ratios[-1] - 1) * 100:+.1f} %", f"{gas}", f"{patched_ns / gas:.2f}"])
    mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))
    print(f"\nmetering, CPU ms of eleven programs, least of {rounds} alternating runs:")
    print_columns(["program", "unpatched", "metered", "cost", "gas", "ns/gas"], lines)
    print(f"geometric mean: {(mean - 1) * 100:+.2f} %\n")
    return [row("engine.metering_percent", (mean - 1) * 100,
                "unpatched engine, equal flags, geometric mean of eleven programs")]


def fresh_call():
    """bench/engine/fresh_call.c prints one JSON object a line."""
    program = build_target("bench/fresh_call")
    done = subprocess.run([program], cwd=ROOT, stdin=subprocess.DEVNULL, text=True, timeout=300,
                          stdout=subprocess.PIPE, check=False)
    rows = []
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            one = json.loads(line)
            rows.append(row(one["name"], one["value"], one.get("against", "").removeprefix("none")))
        else:
            print(line)
    if done.returncode != 0:
        raise Failure(f"{program} ended with {done.returncode}")
    return rows


PARTS = (fresh_call, metering)
