#!/usr/bin/env bash
# headers.sh - every header compiles alone, so the order of includes never matters.
#   headers.sh BUILD_DIR: where the code generated from the .proto files lies.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
build=${1:?where the generated headers are}

read -ra libraries < <(pkg-config --cflags rdkafka libprotobuf-c sqlite3 jansson inih libmicrohttpd libcrypto libutf8proc cmocka 2>/dev/null || true)
check() {
    local header=$1
    shift
    gcc -std=c17 -D_GNU_SOURCE -Wall -Wextra -fsyntax-only -Iproto -I. "$@" -include "$header" -x c /dev/null || {
        printf '%s does not compile alone\n' "$header"
        return 1
    }
}
export -f check
files '*.h' | xargs -r -P 2 -I '{}' bash -c 'check "$@"' check '{}' "-I$build/generated" "${libraries[@]}"
