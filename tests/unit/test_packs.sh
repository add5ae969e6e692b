#!/bin/sh
# Every pack gives the decisions beside it, byte for byte, and no pack stands without them.
#   test_packs.sh FILINGCTL PACKS
set -eu

ctl=$1
packs=$2
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0
n=0

for pack in "$packs"/*.jsonl; do
    topic=${pack%.jsonl}
    case $topic in
    *.expected)
        if [ ! -f "${topic%.expected}.jsonl" ]; then
            printf 'FAILED: %s has no pack\n' "$pack"
            failed=1
        fi
        continue
        ;;
    esac
    n=$((n + 1))
    if ! timeout 30 "$ctl" decide "$pack" -o json >"$out"; then
        printf 'FAILED: %s is not decided to its end\n' "$pack"
        failed=1
    elif ! diff "$topic.expected.jsonl" "$out"; then
        printf 'FAILED: %s gives other decisions than expected\n' "$pack"
        failed=1
    fi
    if ! grep -q "^| \`${topic##*/}\` |" "$packs/README.md"; then
        printf 'FAILED: %s is not told of in README.md\n' "$pack"
        failed=1
    fi
done

printf '%d packs\n' "$n"
if [ "$n" -eq 0 ]; then
    printf 'FAILED: no pack in %s\n' "$packs"
    failed=1
fi
exit "$failed"
