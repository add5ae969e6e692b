#!/usr/bin/env bash
# words.sh - the tree speaks of itself alone: no path of somebody's machine, no host of a package
# registry, no tracker's numbers, nothing unfinished.  words.txt holds the patterns; what may stand
# all the same is there too.  Files and commit messages are read.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"

patterns=tests/lint/words.txt
refused=$(sed -n 's/^refuse //p' "$patterns")
except=$(sed -n 's/^except //p' "$patterns")

# Data that others published, and the patterns themselves, are not our words.
found=$(files '*' | grep -vE '\.(csv|jsonl|xsd|sha256|bin)$|^tests/lint/words\.txt$' |
    xargs -r -d '\n' grep -nIiE -f <(printf '%s\n' "$refused") /dev/null | grep -vE -f <(printf '%s\n' "$except") || true)
named=$(files '*' | grep -iE -f <(printf '%s\n' "$refused") || true)
log=
if [[ -e .git ]] && command -v git >/dev/null; then
    log=$(git log --format='%h %B' | grep -iE -f <(printf '%s\n' "$refused") | grep -vE -f <(printf '%s\n' "$except") || true)
fi
if [[ -n $found$named$log ]]; then
    printf '%s\n' "${found:+in files:}" "$found" "${named:+names of files:}" "$named" "${log:+commit messages:}" "$log" | grep -v '^$'
    exit 1
fi
