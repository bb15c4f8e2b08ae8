#!/bin/bash
# What `make install` puts in place works from there: the program finds its enclave and serves.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh
build=${NSL_BUILD:-build}

work=$(mktemp -d)
pid=
clean() {
    if [ -n "$pid" ]; then
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    fi
    rm -rf "$work"
}
trap clean EXIT

prefix=$work$(meson introspect "$build" --buildoptions | python3 -c 'import json, sys
print(next(row["value"] for row in json.load(sys.stdin) if row["name"] == "prefix"))')

check "installs" env DESTDIR="$work" meson install -C "$build" --no-rebuild --quiet
check "puts the program where commands are" test -x "$prefix/bin/nsl"
check "puts the enclave where no command is" test -x "$prefix/libexec/neosl/nsl-enclave"
refuse "leaves no enclave among the commands" test -e "$prefix/bin/nsl-enclave"
check "installs nothing else that runs" test "$(find "$work" -type f -perm /111 ! -name '*.so*' | wc -l)" -eq 2
check "starts from there" "$prefix/bin/nsl" --version

# A copy of the enclave beside the build must not be what is found.
: > "$work/out"
(cd / && exec "$prefix/bin/nsl" serve --dev --port 0 --https-port 0) > "$work/out" 2> "$work/log" &
pid=$!
url=
for _ in $(seq 300); do
    url=$(sed -n 's/^listening on \(http:.*\)/\1/p' "$work/out")
    [ -n "$url" ] && break
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
done
check "serves" test -n "$url"
runs_a_function() {
    local answer
    answer=$(curl -sS -m 20 -H 'Content-Type: application/json' \
        -d '{"code":"function main(input) { return input.value * 2; }","input":{"value":21},"functionId":"installed","userId":"me"}' \
        "$url/api/v1/functions/execute-javascript")
    echo "$answer"
    python3 -c 'import json, sys
sys.exit(json.load(sys.stdin)["data"]["result"] != 42)' <<< "$answer"
}
check "runs a function" runs_a_function
uses_installed_enclave() {
    local child
    for child in /proc/[0-9]*; do
        if [ "$(awk '{print $4}' "$child/stat" 2>/dev/null)" = "$pid" ]; then
            readlink "$child/exe"
            [ "$(readlink "$child/exe")" = "$prefix/libexec/neosl/nsl-enclave" ] && return 0
        fi
    done
    return 1
}
check "runs the installed enclave" uses_installed_enclave

tap_done
