#!/bin/bash
# tools/engine-source against a mirror made here: the pin, the cache, the version that has left the
# mirror, anchors that no longer match, wrong hashes and missing signatures. No network.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export NSL_CACHE=$work/cache NSL_TEST_MIRROR="[trusted=yes] file://$work/mirror"
unset NSL_ENGINE_FLOAT
mkdir -p "$work/anchors" "$work/debs"

cat > "$work/anchors/10-limit.anchors" <<'ANCHORS'
@@ quickjs.c : the limit is ours
<<<<
int limit = 1;
====
int limit = 2;
>>>>
ANCHORS

# make_deb VERSION LIMIT: a source package whose quickjs.c says "int limit = LIMIT;"
make_deb() {
    local root=$work/root
    rm -rf "$root"
    mkdir -p "$root/DEBIAN" "$root/usr/src/quickjs-ng"
    printf '/* %s */\nint limit = %s;\n' "$1" "$2" > "$root/usr/src/quickjs-ng/quickjs.c"
    echo '/* same in every version */' > "$root/usr/src/quickjs-ng/dtoa.c"
    printf 'Package: qjs-src\nVersion: %s\nArchitecture: all\nMaintainer: none <none@localhost>\n%s\n' \
        "$1" "Description: test" > "$root/DEBIAN/control"
    dpkg-deb --root-owner-group -b "$root" "$work/debs/qjs-src_$1_all.deb" >/dev/null
}

# serve SUITE VERSION...: the suite holds these versions and nothing else
serve() {
    local suite=$1 dir=$work/mirror/dists/$1 version deb
    shift
    mkdir -p "$dir/main/binary-$(dpkg --print-architecture)" "$work/mirror/pool"
    local index
    index=$dir/main/binary-$(dpkg --print-architecture)/Packages
    : > "$index"
    for version in "$@"; do
        deb=$work/debs/qjs-src_${version}_all.deb
        cp "$deb" "$work/mirror/pool/"
        dpkg-deb -f "$deb" >> "$index"
        printf 'Filename: pool/%s\nSize: %s\nSHA256: %s\n\n' "$(basename "$deb")" \
            "$(stat -c %s "$deb")" "$(sha256sum < "$deb" | cut -d' ' -f1)" >> "$index"
    done
    printf 'Suite: %s\nCodename: %s\nComponents: main\nArchitectures: %s\nDate: %s\nSHA256:\n %s %s %s\n' \
        "$suite" "$suite" "$(dpkg --print-architecture)" "$(date -Ru)" \
        "$(sha256sum < "$index" | cut -d' ' -f1)" "$(stat -c %s "$index")" \
        "${index#"$dir"/}" > "$dir/Release"
}

# pin VERSION [SHA256]
pin() {
    local hash=${2:-$(sha256sum < "$work/debs/qjs-src_$1_all.deb" | cut -d' ' -f1)}
    printf 'name: quickjs-ng\npackage: qjs-src\nkind: deb\nversion: %s\nsha256: %s\nsuites: one two\n' \
        "$1" "$hash" > "$work/UPSTREAM"
}

get() {
    tools/engine-source --deps "$work/deps" --anchors "$work/anchors" --pin "$work/UPSTREAM"
}

get_floating() {
    NSL_ENGINE_FLOAT=1 get
}

# fails_with STATUS TEXT COMMAND...
fails_with() {
    local status=$1 text=$2 output got
    shift 2
    output=$("$@" 2>&1)
    got=$?
    printf '%s\n(status %s)\n' "$output" "$got"
    [ "$got" -eq "$status" ] && grep -qF -- "$text" <<< "$output"
}

has() {
    grep -qF -- "$2" "$work/deps/src/$1"
}

prints_nothing() {
    local output
    output=$("$@" 2>&1) && [ -z "$output" ] || { echo "$output"; return 1; }
}

fresh() {
    rm -rf "$work/deps" "$work/cache"
}

make_deb 0.17.0-1 1
make_deb 0.17.1-1 1
make_deb 0.18.0-1 '1 /* moved */'

serve one 0.17.0-1
serve two
pin 0.17.0-1
check "takes the pinned version from the mirror" get
check "applies the anchors" has quickjs.c "int limit = 2;"
check "names the pinned version" has nsl_engine_version.h '"quickjs-ng 0.17.0"'
check "says that it is pinned" has nsl_engine_version.h "NSL_ENGINE_PINNED 1"
rm -rf "$work/mirror"
check "does nothing the second time, without a mirror" prints_nothing get
rm -rf "$work/deps"
check "takes the pinned version from the cache, without a mirror" get
echo broken > "$work/cache/$(grep sha256 "$work/UPSTREAM" | cut -d' ' -f2)"
rm -rf "$work/deps"
check "refuses a broken cache, and a mirror that cannot be read is not a version that is gone" \
    fails_with 1 "is the network up" get

serve one
serve two 0.17.0-1
fresh
check "finds the pinned version in the second suite" get
touch -d '2001-01-01' "$work/deps/src/dtoa.c"
sed 's/limit = 2/limit = 3/' -i "$work/anchors/10-limit.anchors"
check "patches again when the anchors change" get
check "uses the new anchors" has quickjs.c "int limit = 3;"
check "leaves the time of a file that did not change" \
    test "$(date -r "$work/deps/src/dtoa.c" +%Y)" = 2001

serve one 0.18.0-1 0.17.1-1
serve two
fresh
check "fails with status 3 when the pinned version has left the mirror" \
    fails_with 3 "one has 0.18.0-1 0.17.1-1" get
refuse "leaves no source behind then" test -e "$work/deps/src"
check "floats to the newest to which the anchors apply, naming file and anchor that do not" \
    fails_with 0 "10-limit.anchors:1: anchor does not match quickjs.c: expected 1, found 0" get_floating
check "gives it its own version" has nsl_engine_version.h '"quickjs-ng 0.17.1"'
check "says that it is not pinned" has nsl_engine_version.h "NSL_ENGINE_PINNED 0"
check "floats without asking the mirror again" prints_nothing get_floating
check "refuses the floating source when floating is not allowed" fails_with 3 "no longer" get
serve one 0.18.0-1
fresh
check "fails when the anchors apply to no version" \
    fails_with 1 "no version of qjs-src on the mirror can be used (tried 0.18.0-1)" get_floating

pin 0.18.0-1
check "fails loudly when an anchor does not match the pinned version" \
    fails_with 1 "10-limit.anchors:1: anchor does not match quickjs.c" get
check "does not float for that" fails_with 1 "anchor does not match quickjs.c" get_floating
refuse "leaves no half-patched source behind" test -e "$work/deps/src"

serve one 0.17.0-1
fresh
pin 0.17.0-1 0000000000000000000000000000000000000000000000000000000000000000
check "refuses another hash under the pinned version" fails_with 1 "refused" get
check "does not float past another hash" fails_with 1 "refused" get_floating
pin 0.17.0-1
check "refuses a mirror without a signature" \
    env NSL_TEST_MIRROR="file://$work/mirror" bash -c "$(declare -f fails_with get); work=$work; \
        fails_with 1 'is not signed' get"

# --- tools/prepare, which `make run` and `make test` call with --may-float and `make` without.
serve one 0.18.0-1 0.17.1-1
copy=$work/copy
mkdir -p "$copy/tools" "$copy/third_party/quickjs-ng" "$copy/build"
cp tools/prepare tools/engine-source tools/engine-patch tools/upstream.py "$copy/tools/"
cp "$work/UPSTREAM" "$work"/anchors/*.anchors "$copy/third_party/quickjs-ng/"
touch "$copy/build/build.ninja"
for tool in setup math-source; do
    printf '#!/bin/sh\n' > "$copy/tools/$tool"
    chmod +x "$copy/tools/$tool"
done
prepare() {
    "$copy/tools/prepare" "$@"
}
rm -rf "$work/cache"
check "a plain build stops when the pinned version is gone" fails_with 3 "no longer on the mirror" prepare
check "a development build says what it does before it floats" \
    fails_with 0 "the pinned version has left the mirror: setting NSL_ENGINE_FLOAT=1" prepare --may-float
check "and says so every time after" \
    fails_with 0 "using 0.17.1-1 of engine-source, which is not the pinned version" prepare --may-float
check "a plain build does not take what the development build left" \
    fails_with 3 "no longer on the mirror" prepare
serve one 0.17.0-1
check "a plain build takes the pinned version when it is back" prepare
check "a development build then uses the pinned one without a word" prints_nothing prepare --may-float

# The machine's mirror, in both forms of apt's configuration.
mirror_is() {
    PYTHONPATH=tools python3 -c 'import sys, upstream
upstream.os_codename = lambda: "bookworm"
found = upstream.machine_mirror(sys.argv[1])
print(found)
sys.exit(found != sys.argv[2])' "$@"
}
mkdir -p "$work/etc/sources.list.d"
echo 'deb [arch=amd64 signed-by=/k/a.gpg] http://mirror.test/debian bookworm main' > "$work/etc/sources.list"
check "reads a one-line source" mirror_is "$work/etc" '[signed-by=/k/a.gpg] http://mirror.test/debian'
cat > "$work/etc/sources.list" <<'SOURCES'
# deb http://commented.test/debian bookworm main
deb http://other.test/debian-security bookworm-security main
SOURCES
cat > "$work/etc/sources.list.d/debian.sources" <<'SOURCES'
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
Enabled: no

# a comment
Types: deb deb-src
URIs: http://mirror2.test/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /k/b.gpg
SOURCES
check "reads a deb822 source" mirror_is "$work/etc" '[signed-by=/k/b.gpg] http://mirror2.test/debian'

tap_done
