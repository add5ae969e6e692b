#!/bin/sh
# The catalogue says what the tables of the program and the shipped policy say.
#   test_catalogue.sh CATALOGUE POLICY DOCUMENT
# After a change of those: CATALOGUE POLICY > DOCUMENT.
set -eu

out=$(mktemp)
trap 'rm -f "$out"' EXIT
timeout 30 "$1" "$2" >"$out"
if ! diff "$3" "$out"; then
    printf 'FAILED: %s is not what %s makes\n' "$3" "$1"
    exit 1
fi
