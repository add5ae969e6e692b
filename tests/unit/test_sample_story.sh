#!/usr/bin/env bash
# test_sample_story.sh FILING_PUBLISH - the sample story is what its generator writes, and every
# filing in it passes the form check.
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
publish=$1
command -v python3 >/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

deploy/samples/generate "$folder"
for name in filings.jsonl rates-1.jsonl rates-2.jsonl review.jsonl; do
    if ! cmp "$folder/$name" "deploy/samples/$name"; then
        echo "deploy/samples/$name is not what deploy/samples/generate writes"
        exit 1
    fi
done

cat deploy/samples/filings.jsonl deploy/samples/review.jsonl >"$folder/all.jsonl"
filings_n=$(wc -l <"$folder/all.jsonl")
timeout -k 2 20 "$publish" --dry-run "$folder/all.jsonl" 2>"$folder/said"
if ! grep -q "^filing-publish: $filings_n good (nothing was sent), 0 refused" "$folder/said"; then
    cat "$folder/said"
    exit 1
fi
