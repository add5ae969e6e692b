#!/usr/bin/env bash
# format.sh - every C file is as clang-format 14 writes it.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need clang-format-14
files '*.c' '*.h' | xargs -r clang-format-14 --dry-run --Werror
