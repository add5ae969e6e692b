#!/usr/bin/env bash
# tidy.sh BUILD_DIR [FILE...] - clang-tidy 14 finds nothing, by the rules of .clang-tidy, in our C
# files or the given ones.  BUILD_DIR was configured with clang-14: its compile_commands.json
# says how each file is compiled; files that are not built there are skipped.
# shellcheck source=tests/lint/files.sh
build=$(readlink -f "${1:?a build folder}")
shift
source "$(dirname "$0")/files.sh"
need clang-tidy-14
need jq

mapfile -t built < <(jq -r '.[].file' "$build/compile_commands.json" | grep -v "^$build/" | sed "s|^$PWD/||" | sort -u)
if (($# > 0)); then
    mapfile -t built < <(comm -12 <(printf '%s\n' "${built[@]}") <(printf '%s\n' "$@" | sort -u))
fi
if ((${#built[@]} == 0)); then
    echo 'no file to check'
    exit 1
fi
printf '%s\0' "${built[@]}" | xargs -0 -P 2 -n 1 clang-tidy-14 --quiet -p "$build" 2> >(grep -v 'warnings\? generated\.$\|^Suppressed\|^Use -header-filter' >&2)
