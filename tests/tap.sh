# For shell tests, sourced: prints TAP. A script ends with tap_done.
# check NAME COMMAND...   passes when the command succeeds; its output is shown when it does not
# refuse NAME COMMAND...  passes when the command fails
# skip NAME REASON        a test that cannot run here

tap_count=0
tap_failed=0

tap_line() {
    tap_count=$((tap_count + 1))
    echo "$1 $tap_count - $2"
}

tap_fail() {
    tap_failed=$((tap_failed + 1))
    tap_line "not ok" "$1"
}

check() {
    tap_name=$1
    shift
    if tap_output=$("$@" 2>&1); then
        tap_line ok "$tap_name"
    else
        tap_fail "$tap_name"
        printf '%s\n' "$*" "$tap_output" | sed 's/^/# /'
    fi
}

refuse() {
    tap_name=$1
    shift
    if tap_output=$("$@" 2>&1); then
        tap_fail "$tap_name"
        printf '%s\n' "succeeded: $*" "$tap_output" | sed 's/^/# /'
    else
        tap_line ok "$tap_name"
    fi
}

skip() {
    tap_line ok "$1 # SKIP $2"
}

tap_done() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
    exit $?
}
