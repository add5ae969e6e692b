#!/usr/bin/env bash
# core_is_pure.sh ARCHIVE... - form and core call nothing outside themselves but memcpy and its kin:
# no I/O, no clock, no heap, no floating point.  Their symbol tables prove it.
# An archive that was not built is skipped with a line; if none was, so is the whole test.
set -euo pipefail

# What the compiler puts in by itself, and what a pure function may use.
allowed='^(mem(cpy|move|set|cmp|chr)|str(n?len|n?cmp)|__assert_fail|__stack_chk_fail|__mem(cpy|move|set)_chk|__(asan|ubsan|tsan|sanitizer)_.*|__u?(div|mod)ti3|_GLOBAL_OFFSET_TABLE_)$'

checked=0
status=0
for archive in "$@"; do
    if [[ ! -f $archive ]]; then
        printf 'not built, so not checked: %s\n' "${archive##*/}"
        continue
    fi
    checked=$((checked + 1))
done
if ((checked == 0)); then
    exit 77
fi

# Defined in any of the archives = inside.
inside=$(mktemp)
trap 'rm -f "$inside"' EXIT
for archive in "$@"; do
    if [[ -f $archive ]]; then
        nm --defined-only "$archive" | awk 'NF == 3 { print $3 }'
    fi
done | sort -u >"$inside"

for archive in "$@"; do
    if [[ ! -f $archive ]]; then
        continue
    fi
    outside=$(nm -u "$archive" | awk 'NF == 2 && $1 == "U" { print $2 }' | sort -u | comm -23 - "$inside" | grep -Ev "$allowed" || true)
    if [[ -n $outside ]]; then
        printf '%s reaches outside itself:\n%s\n' "${archive##*/}" "$outside"
        status=1
    fi
done
exit $status
