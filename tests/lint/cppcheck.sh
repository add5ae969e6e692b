#!/usr/bin/env bash
# cppcheck.sh - cppcheck finds nothing.  What it is told not to say:
#   funcArgNamesDifferent    headers give whole words, a short body may not
#   missingIncludeSystem     headers of the system are not read
#   redundantInitialization  declarations are initialised; clang-tidy looks for dead stores
#   unreadVariable           the same
#   unusedFunction           a module gives what programs of other folders use
#   unusedStructMember       tables are filled from .def files, which it does not follow
#   varFuncNullUB            NULL is a pointer on Linux, so it ends a list of arguments
#   variableScope            declarations stand at the top of a block
# A finding that is wrong is suppressed at its line, with the reason.
#   cppcheck.sh BUILD_DIR: where it keeps what it knows of unchanged files.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need cppcheck
cache=${1:?a build folder}/cppcheck

unsaid=()
for id in funcArgNamesDifferent missingIncludeSystem redundantInitialization unreadVariable unusedFunction \
    unusedStructMember varFuncNullUB variableScope; do
    unsaid+=("--suppress=$id")
done

mkdir -p "$cache"
files '*.c' >"$cache/files"
cppcheck --quiet -j 2 --cppcheck-build-dir="$cache" --enable=warning,style,performance,portability \
    --inconclusive --std=c11 --error-exitcode=1 --inline-suppr "${unsaid[@]}" -D_GNU_SOURCE -Iproto -I. \
    --file-list="$cache/files"
