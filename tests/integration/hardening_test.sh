#!/bin/bash
# The programs are built as they should be: position independent, nothing writable that the loader
# has finished with, no executable stack, stack and buffer checks in.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
build=${NSL_BUILD:-build}

headers() { # PROGRAM
    readelf -W -h -l -d "$build/$1"
}

has() { # PROGRAM PATTERN
    headers "$1" | grep -qE -- "$2"
}

has_not() {
    ! has "$1" "$2"
}

calls() { # PROGRAM PATTERN
    nm -D --undefined-only "$build/$1" | grep -qE "$2"
}

is_instrumented() { # PROGRAM
    nm "$build/$1" 2>/dev/null | grep -q __asan_init
}

for program in nsl nsl-enclave; do
    if ! command -v readelf >/dev/null || is_instrumented "$program"; then
        skip "$program is hardened" "no readelf, or a sanitizer build"
        continue
    fi
    check "$program is position independent" has "$program" 'Type: *DYN'
    check "$program keeps what the loader wrote read-only" has "$program" 'GNU_RELRO'
    check "$program resolves every symbol at start" has "$program" 'BIND_NOW|FLAGS.*NOW'
    check "$program has no executable stack" has "$program" 'GNU_STACK.* RW +0x'
    check "$program has no segment that is writable and executable" has_not "$program" 'LOAD.* RWE '
    check "$program searches no folder of its own for libraries" has_not "$program" 'RPATH|RUNPATH'
    check "$program checks its stack frames" calls "$program" '__stack_chk_fail'
    if meson introspect "$build" --buildoptions 2>/dev/null |
        python3 -c 'import json, sys
options = {row["name"]: row["value"] for row in json.load(sys.stdin)}
sys.exit(options["optimization"] not in ("1", "2", "3", "s"))'; then
        check "$program checks copies where the compiler knows the size" calls "$program" '_chk(@|$)'
    else
        skip "$program checks copies where the compiler knows the size" "built without optimisation"
    fi
    refuse "$program has no glibc-checked longjmp, which forbids leaving to another stack" \
        calls "$program" '__longjmp_chk'
done

tap_done
