#!/usr/bin/env bash
# cppcheck.sh - cppcheck finds nothing.  What it is told not to say:
#   funcArgNamesDifferent    headers give whole words, a short body may not
#   missingIncludeSystem     headers of the system are not read
#   preprocessorErrorDirective  an #error tells who includes a file that it must not
#   redundantInitialization  declarations are initialised; clang-tidy looks for dead stores
#   shadowVariable           the compilers say it, and not of what stands further down
#   unassignedVariable       arrays of zeros
#   unreadVariable           as redundantInitialization
#   unusedFunction           a module gives what programs of other folders use
#   unusedStructMember       tables are filled from .def files, which it does not follow
#   varFuncNullUB            NULL is a pointer on Linux, so it ends a list of arguments
#   variableScope            declarations stand at the top of a block
# It is not asked for what it calls inconclusive: without the headers of the system it takes the
# loops of uthash for none.  It is told in cmocka.cfg which
# assertions end a test.
# A finding that is wrong is suppressed at its line, with the reason.
#   cppcheck.sh BUILD_DIR: where it keeps what it knows of unchanged files.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need cppcheck
cache=${1:?a build folder}/cppcheck

unsaid=()
for id in funcArgNamesDifferent missingIncludeSystem preprocessorErrorDirective redundantInitialization \
    shadowVariable unassignedVariable unreadVariable unusedFunction unusedStructMember varFuncNullUB \
    variableScope; do
    unsaid+=("--suppress=$id")
done

mkdir -p "$cache"
files '*.c' >"$cache/files"
cppcheck --quiet -j 2 --cppcheck-build-dir="$cache" --enable=warning,style,performance,portability \
    --std=c11 --error-exitcode=1 --inline-suppr --library=tests/lint/cmocka.cfg "${unsaid[@]}" -D_GNU_SOURCE -Iproto -I. \
    --file-list="$cache/files"
