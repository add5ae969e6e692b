#!/usr/bin/env bash
# format.sh - every C file is as clang-format 14 writes it.
# One process a file: clang-format 14 reads memory that it never wrote when it aligns arrays, and falls
# over after enough other files.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need clang-format-14
files '*.c' '*.h' | xargs -r -P 2 -n 1 clang-format-14 --dry-run --Werror
