#!/bin/bash
# Comparing secrets takes no branch, index or length from their bytes: memcheck follows them.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/tap.sh

probe=${NSL_BUILD:-build}/tests/constant_time_probe
memcheck="valgrind --quiet --error-exitcode=9"

if ! command -v valgrind > /dev/null; then
    skip secrets_are_compared_without_a_branch_on_them "valgrind is not installed"
elif ! $memcheck true > /dev/null 2>&1; then
    skip secrets_are_compared_without_a_branch_on_them "valgrind does not run here"
else
    check secrets_are_compared_without_a_branch_on_them $memcheck "$probe" ours
    refuse a_comparison_that_stops_early_is_seen $memcheck "$probe" leaky
fi
tap_done
