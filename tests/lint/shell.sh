#!/usr/bin/env bash
# shell.sh - every script passes shellcheck.  A script is what begins with a shell's "#!" or ends in
# .sh.
# shellcheck source=tests/lint/files.sh
source "$(dirname "$0")/files.sh"
need shellcheck

scripts=()
while IFS= read -r file; do
    first=
    IFS= read -r first <"$file" 2>/dev/null || true
    if [[ $file == *.sh || $first =~ ^'#!'.*[/\ ](ba|da)?sh ]]; then
        scripts+=("$file")
    fi
done < <(files '*' | grep -vE '\.(c|h|def|proto|csv|jsonl?|xsd|md)$')
if ((${#scripts[@]} == 0)); then
    echo 'no script found'
    exit 1
fi
shellcheck --external-sources "${scripts[@]}"
