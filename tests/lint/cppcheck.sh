#!/usr/bin/env bash
# cppcheck.sh - cppcheck finds nothing.  What it is told not to say:
#   autoVariables               what lives for one call borrows from its frame
#   funcArgNamesDifferent       headers give whole words, a short body may not
#   knownConditionTrueFalse     it does not see what a callee changes through another pointer
#   missingIncludeSystem        headers of the system are not read
#   preprocessorErrorDirective  an #error tells who includes a file that it must not
#   redundantInitialization     declarations are initialised; clang-tidy looks for dead stores
#   shadowVariable              the compilers say it, and not of what stands further down
#   unassignedVariable          arrays of zeros
#   unreadVariable              as redundantInitialization
#   unusedFunction              a module gives what programs of other folders use
#   unusedStructMember          tables are filled from .def files, which it does not follow
#   varFuncNullUB               NULL is a pointer on Linux, so it ends a list of arguments
#   variableScope               declarations stand at the top of a block
# Nor is it asked for what it calls inconclusive, most of which comes from headers that it does not
# read; cppcheck.cfg tells it of macros that matter.  A finding that is wrong is suppressed at its
# line, with the reason.
#   cppcheck.sh BUILD_DIR: where it keeps what it knows of unchanged files.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need cppcheck
rules=tests/lint/cppcheck.cfg
cache=${1:?a build folder}/cppcheck-$(cat "$rules" "tests/lint/${0##*/}" | cksum | cut -d ' ' -f 1)

unsaid=()
for id in autoVariables funcArgNamesDifferent knownConditionTrueFalse missingIncludeSystem preprocessorErrorDirective \
    redundantInitialization shadowVariable unassignedVariable unreadVariable unusedFunction \
    unusedStructMember varFuncNullUB variableScope; do
    unsaid+=("--suppress=$id")
done

mkdir -p "$cache"
files '*.c' >"$cache/files"
cppcheck --quiet -j 2 --cppcheck-build-dir="$cache" --enable=warning,style,performance,portability --std=c11 \
    --error-exitcode=1 --inline-suppr --library="$rules" "${unsaid[@]}" -D_GNU_SOURCE -Iproto -I. \
    --file-list="$cache/files"
