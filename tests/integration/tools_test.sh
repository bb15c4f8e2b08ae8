#!/bin/bash
# The tools that the other tests rely on: counting of results, edits of the engine, what is installed,
# layers and banned functions. Each is shown something wrong and must say so.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- tools/test: counts of one program's output.
# counts OUTPUT STATUS EXPECTED: "passed failed skipped"
counts() {
    OUTPUT=$1 STATUS=$2 EXPECTED=$3 python3 - <<'PYTHON'
import importlib.machinery, importlib.util, os, sys
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("nsl_test", "tools/test")
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("nsl_test", loader))
loader.exec_module(module)
totals = module.Totals()
status = None if os.environ["STATUS"] == "timeout" else int(os.environ["STATUS"])
totals.add("program", os.environ["OUTPUT"], status)
got = f"{totals.passed} {len(totals.failed)} {len(totals.skipped)}"
print(got, totals.failed, totals.skipped)
sys.exit(got != os.environ["EXPECTED"])
PYTHON
}
check "counts every case" counts $'1..3\nok 1 - a\nok 2 - b\nnot ok 3 - c' 1 "2 1 0"
check "counts a skipped case apart, in both spellings" \
    counts $'1..3\nok 1 - a\nok 2 - b # SKIP no network\nnot ok 3 # SKIP c' 0 "1 0 2"
check "counts a program that ends before its plan" counts $'1..3\nok 1 - a' -11 "1 1 0"
check "counts a program that prints nothing" counts "" 127 "0 1 0"
check "counts a program that ends badly after all cases" counts $'ok 1 - a\n1..1' 1 "1 1 0"
check "counts a program that runs out of time" counts $'1..2\nok 1 - a' timeout "1 1 0"
check "does not take a comment for a case" counts $'1..1\nok 1 - a\n# ok - group\n# not ok 7' 0 "1 0 0"

# --- tools/engine-patch.
mkdir "$work/source" "$work/anchors"
printf 'int a;\nint b;\nint b;\nint c;\n' > "$work/source/x.c"
edit() { # NAME HEADER OLD NEW
    printf '@@ %s\n<<<<\n%s\n====\n%s\n>>>>\n' "$2" "$3" "$4" >> "$work/anchors/$1.anchors"
}
edits() {
    tools/engine-patch "$@" --anchors "$work/anchors" "$work/source"
}
content_is() {
    diff <(printf '%b' "$1") "$work/source/x.c"
}
says() { # TEXT COMMAND...
    local output text=$1
    shift
    output=$("$@" 2>&1)
    printf '%s\n' "$output"
    grep -qF -- "$text" <<< "$output"
}
edit 20 'x.c count=2 : twice' 'int b;' 'int bb;'
edit 10 'x.c : one becomes two' 'int a;' $'int a;\nint a2;'
edit 30 'x.c : sees what the edits before it did' $'int a2;\nint bb;' 'int seen;'
check "checks without writing" edits --check
check "wrote nothing then" content_is 'int a;\nint b;\nint b;\nint c;\n'
check "applies edits in the order of the files' names" edits
check "replaced whole lines, as often as said" content_is 'int a;\nint seen;\nint bb;\nint c;\n'
refuse "refuses to apply them twice" edits
check "names file, line and occurrences" \
    says "20.anchors:1: anchor does not match x.c: expected 2, found 0 (twice)" edits
check "wrote nothing when one edit fails" content_is 'int a;\nint seen;\nint bb;\nint c;\n'
rm "$work"/anchors/*
edit 10 'x.c : half a line is no match' 'int' 'long'
refuse "matches whole lines only" edits
rm "$work"/anchors/*
edit 10 'x.c : twice where one is expected' 'int c;' 'int d;'
printf 'int c;\n' >> "$work/source/x.c"
check "refuses more occurrences than said" says "expected 1, found 2" edits
printf '@@ ../x.c : leaves\n<<<<\na\n====\nb\n>>>>\n' > "$work/anchors/10.anchors"
check "refuses a file outside the source" says "leaves the source directory" edits
printf '@@ x.c : cut short\n<<<<\nint c;\n====\nint d;\n' > "$work/anchors/10.anchors"
check "refuses an edit without its end" says "has no '>>>>'" edits

# --- tools/setup.
check "finds nothing to install where the tests run" test -z "$(tools/setup --list build test)"
refuse "refuses a section that is not there" tools/setup nonsense
mkdir -p "$work/copy/tools"
cp tools/setup "$work/copy/tools/"
printf '[build]\nnsl-no-such-package : never there\n' > "$work/copy/tools/packages.txt"
check "names what is missing" test "$("$work/copy/tools/setup" --list build)" = nsl-no-such-package
missing_without_root() {
    local path=$work/bin output
    mkdir -p "$path"
    for tool in sh dirname dpkg-query apt-get awk grep cat tr; do
        ln -sf "$(command -v "$tool")" "$path/$tool"
    done
    printf '#!/bin/sh\necho 1000\n' > "$path/id"
    chmod +x "$path/id"
    output=$(env PATH="$path" "$work/copy/tools/setup" build 2>&1) && return 1
    echo "$output"
    grep -q "run as root, or install them: apt-get install nsl-no-such-package" <<< "$output"
}
check "says what to install when it is neither root nor has sudo" missing_without_root

# --- tools/check: a small repository of its own, with one thing wrong at a time.
repo=$work/repo
mkdir -p "$repo/tools/checks" "$repo/common/base" "$repo/enclave/engine" "$repo/host/serve" "$repo/docs"
cp tools/check tools/layers.txt tools/bans.txt "$repo/tools/"
cp tools/checks/*.py "$repo/tools/checks/"
sed -i '/^\[allowed\]/,/^\[long\]/{/^[a-z]/d}' "$repo/tools/bans.txt"
git -C "$repo" init -q
echo '#include <stdint.h>' > "$repo/common/base/a.h"
echo '# Title' > "$repo/docs/a.md"
finds() { # OPTION TEXT
    says "$2" "$repo/tools/check" "$1" && ! "$repo/tools/check" "$1" >/dev/null 2>&1
}
check "passes a clean repository" "$repo/tools/check" --layers --bans --links
printf '#include "enclave/engine/e.h"\n' > "$repo/common/base/up.h"
echo > "$repo/enclave/engine/e.h"
check "refuses an include against the layers" \
    finds --layers "common/base/up.h:1: common/base may not include enclave/engine/e.h"
rm "$repo/common/base/up.h"
printf '#include <openssl/evp.h>\n' > "$repo/host/serve/s.c"
check "refuses a library where it does not belong" \
    finds --layers "host/serve may not use <openssl/evp.h>"
mkdir "$repo/elsewhere" "$repo/common/new"
echo > "$repo/host/serve/s.c"
echo > "$repo/common/new/n.c"
check "refuses a folder without a row" finds --layers "common/new/n.c: its folder has no row"
rm "$repo/common/new/n.c"
sed -i 's/^common\/base :.*/common\/base : common\/codec/' "$repo/tools/layers.txt"
check "refuses a cycle in the table" finds --layers "cycle common/base -> common/codec -> common/base"
cp tools/layers.txt "$repo/tools/"
cat > "$repo/host/serve/s.c" <<'SOURCE'
/* strcpy(in, comment); */
static const char *text = "strcpy(in, text)";

static void copy(char *to, const char *from)
{
    strcpy(to, from);
}
SOURCE
check "refuses a banned function, not its name in comments and texts" \
    finds --bans "host/serve/s.c:6: strcpy (1 times, 0 allowed; lines 6)"
sed -i '/^# function file count/a strcpy host/serve/s.c 1 : the size was checked above' "$repo/tools/bans.txt"
check "allows what the list counts" "$repo/tools/check" --bans
sed -i 's/strcpy(to, from);/return;/' "$repo/host/serve/s.c"
check "asks to lower a count that is too high" finds --bans "only 0 left, lower the count"
sed -i '/^strcpy host/d' "$repo/tools/bans.txt"
printf 'void f(int a)\n{\n    if (a)\n        return;\n}\n' > "$repo/host/serve/s.c"
check "refuses a branch without braces" finds --bans "host/serve/s.c:3: 'if' without braces"
{ printf 'void f(void)\n{\n'; printf '    ;\n%.0s' $(seq 71); printf '}\n'; } > "$repo/host/serve/s.c"
check "refuses a function of 71 lines" finds --bans "f has 71 lines, at most 70"
echo > "$repo/host/serve/s.c"
printf '# A\nsee [b](b.md), `common/base/gone.h`, [c](#a), [d](#nowhere)\n' > "$repo/docs/a.md"
check "refuses a dead link" finds --links "docs/a.md:2: dead link b.md"
check "refuses a path that is gone" finds --links '`common/base/gone.h` does not exist'
check "refuses a heading that is not there" finds --links "no heading for #nowhere"

tap_done
