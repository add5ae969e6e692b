#!/bin/sh
# Every rules number that the program keeps still gives the decisions that it gave, to the byte.
#   test_golden.sh FILINGCTL GOLDEN
# rules-N.jsonl is a pack decided under rules N, rules-N.decisions the bytes of its decisions in
# hexadecimal digits.  rules-N.NAME.sh writes a pack that is too large to keep; rules-N.NAME.last has
# its last decision, whose chain covers all before it.  None of these files ever changes: another
# behaviour is another rules number.
set -eu

ctl=$1
golden=$2
out=$(mktemp)
made=$(mktemp)
trap 'rm -f "$out" "$made" "$made.talk"' EXIT
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
for maker in "$golden"/rules-*.sh; do
    code=0
    "$maker" >"$made"
    timeout 60 "$ctl" decide "$made" --bytes >"$out" 2>"$made.talk" || code=$?
    if [ "$code" -ne 3 ] || ! grep -q 'bulletin is refused' "$made.talk"; then
        printf 'FAILED: the pack of %s ends with %d and not with the bulletin that it refuses\n' \
            "$maker" "$code"
        failed=1
    elif ! tail -n 1 "$out" | cmp "${maker%.sh}.last" -; then
        printf 'FAILED: the pack of %s ends in another decision than it did\n' "$maker"
        failed=1
    fi
    printf '%s: %d decisions\n' "${maker##*/}" "$(wc -l <"$out")"
done
exit "$failed"
