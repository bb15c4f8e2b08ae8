#!/bin/bash
# A thin run of the gas probe: every built-in with some hostile values leaves or returns, none crashes
# or runs on. Times are printed, not judged: tools/gas-probe --limit does that on a quiet machine.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

probe=${NSL_BUILD:-build}/tests/gas_probe
output=$(mktemp)
trap 'rm -f "$output"' EXIT

run_probe() {
    "$probe" tests/integration/gas_probe.js --thin --density 3001 --large 20000 > "$output" 2>&1
}

check every_built_in_leaves_or_returns run_probe
sed 's/^/# /' "$output"
tap_done
