#!/bin/sh
# Every rules number that the program keeps still gives the decisions that it gave, to the byte.
#   test_golden.sh FILINGCTL GOLDEN
# rules-N.jsonl is a pack decided under rules N, rules-N.decisions the bytes of its decisions in
# hexadecimal digits.  Neither file ever changes: another behaviour is another rules number.
set -eu

ctl=$1
golden=$2
out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=0

if [ ! -f "$golden/rules-1.jsonl" ]; then
    printf 'FAILED: there is no pack in %s\n' "$golden"
    failed=1
fi
for pack in "$golden"/rules-*.jsonl; do
    rules=${pack##*/rules-}
    rules=${rules%.jsonl}
    if grep '"kind":"policy"' "$pack" | grep -qv "\"rules\":$rules,"; then
        printf 'FAILED: %s has a policy of other rules\n' "$pack"
        failed=1
    fi
    if ! timeout 60 "$ctl" decide "$pack" --bytes >"$out"; then
        printf 'FAILED: %s is not decided to its end\n' "$pack"
        failed=1
    elif ! cmp "${pack%.jsonl}.decisions" "$out"; then
        printf 'FAILED: %s gives other decisions than it gave\n' "$pack"
        failed=1
    fi
    printf 'rules %s: %d decisions\n' "$rules" "$(wc -l <"$out")"
done
exit "$failed"
