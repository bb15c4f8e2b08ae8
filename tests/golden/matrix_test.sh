#!/bin/sh
# The golden corpus in other builds of the engine, with kept images and without: every line must be
# the same. `make test` compares the usual build with one of the other compiler without optimisation;
# with NSL_TEST_FULL=1 gcc and clang, -O0 and -O2 are all built. Builds are kept for the next run.
# tests/golden/golden_test compares one build with what was recorded. Prints TAP.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
build=${NSL_BUILD:-$PWD/build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build_runner COMPILER LEVEL: makes the program; its path is then in $runner
build_runner() {
    folder=$build/golden-$1-O$2
    runner=$folder/tests/run_corpus
    if [ ! -f "$folder/build.ninja" ]; then
        rm -rf "$folder"
        CC=$1 meson setup "$folder" -Doptimization="$2" -Ddebug=false || return 1
    fi
    ninja -C "$folder" -j"$(nproc)" tests/run_corpus
}

# lines_of RUNNER FILE [OPTION]
lines_of() {
    "$1" $3 tests/golden/programs/*.js > "$2"
}

# compare NAME RUNNER: both ways of using images against the first build's lines
compare() {
    lines_of "$2" "$work/kept" "" && lines_of "$2" "$work/rebuilt" --rebuilt || return 1
    [ -s "$work/first" ] || cp "$work/kept" "$work/first"
    for lines in kept rebuilt; do
        if ! cmp -s "$work/first" "$work/$lines"; then
            echo "$lines images:"
            diff "$work/first" "$work/$lines" | cut -c1-200 | head -n 20
            return 1
        fi
    done
}

check "the_usual_build_answers_the_same_without_images" compare usual "$build/tests/run_corpus"
[ "$(wc -l < "$work/first")" -ge 60 ] || tap_fail "the_corpus_has_at_least_60_programs"

if [ -n "${NSL_TEST_FULL:-}" ]; then
    matrix="gcc:0 gcc:2 clang:0 clang:2"
elif command -v clang > /dev/null; then
    matrix="clang:0"
else
    matrix="gcc:0"
fi
for pair in $matrix; do
    compiler=${pair%:*}
    level=${pair#*:}
    if ! command -v "$compiler" > /dev/null; then
        skip "${compiler}_O${level}_answers_the_same" "$compiler is not installed"
        continue
    fi
    check "${compiler}_O${level}_builds" build_runner "$compiler" "$level"
    if [ -x "$build/golden-$compiler-O$level/tests/run_corpus" ]; then
        check "${compiler}_O${level}_answers_the_same" compare "$pair" "$build/golden-$compiler-O$level/tests/run_corpus"
    else
        tap_fail "${compiler}_O${level}_answers_the_same"
    fi
done
tap_done
