# files.sh - sourced by the linters: the root of the tree and the files of ours in it.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

# files PATTERN...: our files ('*': all) by git's patterns, those not committed yet too, one a line.
files() {
    if [[ -e .git ]] && command -v git >/dev/null; then
        git ls-files --cached --others --exclude-standard --deduplicate -- "$@" |
            while IFS= read -r file; do
                if [[ -f $file ]]; then
                    printf '%s\n' "$file"
                fi
            done
    else
        local pattern names=()
        for pattern in "$@"; do
            names+=(-o -name "${pattern##*/}")
        done
        find . -path './build*' -prune -o -type f \( "${names[@]:1}" \) -print | sed 's|^\./||'
    fi
}

# absent TOOL: the tool is not here, so nothing can be said: skipped.
absent() {
    printf 'skipped: %s is not installed (deploy/packages --test)\n' "$1"
    exit 77
}

need() {
    command -v "$1" >/dev/null || absent "$1"
}
