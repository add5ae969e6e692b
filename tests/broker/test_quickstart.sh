#!/usr/bin/env bash
# test_quickstart.sh memory|broker - the quickstart from an empty folder, in memory or on a broker of
# its own, twice.  It builds in build/ as a reader's would.
set -euo pipefail

cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."
unset KAFKA_BOOTSTRAP
readonly words='demonstration in memory: nothing survives, exactly-once is not shown'
readonly run_seconds_max=240
folder=$(mktemp -d)
leave() {
    deploy/quickstart wipe --dir "$folder/run" >/dev/null 2>&1 || true
    rm -rf "$folder"
}
trap leave EXIT

# demand TEXT COMMAND...: the command must succeed.
demand() {
    local text=$1
    shift
    if ! "$@"; then
        echo "not so: $text"
        cat "$folder/said"
        exit 1
    fi
}

# quickstart ARGUMENT...: it must end with 0.
quickstart() {
    local code=0
    timeout -k 5 $run_seconds_max deploy/quickstart --dir "$folder/run" "$@" >"$folder/said" 2>&1 || code=$?
    demand "the quickstart ends with 0, not $code" test "$code" = 0
    demand 'verify finds no difference and nothing pending' grep -q '; 0 pending; no difference$' "$folder/said"
    demand 'the tolerance is posted to the cent' \
        grep -qE '^ +91210112MA0FG1HX9X  fdi.excess:2101122024030001 +USD +30000.00 +30000.00 +0.00 +0.00  open$' "$folder/said"
    demand 'the second rates release what waited for them' \
        test "$(sed -n '/^10\./,/^11\./p' "$folder/said" | grep -c 'RATE_PENDING\|EARLIER_HELD')" = 0
    demand 'nothing is held after the review' \
        test "$(sed -n '/^11\./,/^12\./p' "$folder/said" | grep -c 'REVIEW_NEEDED')" = 0
}

# outcomes NAME: of the line of sums, ACCEPTED REJECTED HELD DUPLICATE.
outcomes() { awk '$1 == "all" { print $2, $3, $4, $5 }' "$folder/said"; }

if [[ $1 == memory ]]; then
    quickstart --in-memory
    demand 'the first line says what it is' test "$(head -n 1 "$folder/said")" = "$words"
    demand 'the last line says it again' test "$(tail -n 1 "$folder/said")" = "$words"
    demand 'no exactly-once is claimed' grep -q 'it proves nothing about exactly-once' "$folder/said"
    quickstart --in-memory
    exit 0
fi

code=0
deploy/kafka/kafka resolve >"$folder/said" 2>&1 || code=$?
if ((code == 6)); then
    cat "$folder/said"
    exit 77
fi
quickstart --port 0
demand 'no words of a demonstration in memory on a broker' test "$(grep -c "$words" "$folder/said")" = 0
read -r accepted rejected held duplicate < <(outcomes)
quickstart
read -r accepted_again rejected_again held_again duplicate_again < <(outcomes)
filings_n=$(cat deploy/samples/filings.jsonl deploy/samples/review.jsonl | wc -l)
demand 'a second run accepts nothing again' test "$accepted $held" = "$accepted_again $held_again"
demand 'a second run answers each filing once more, all but the id reused as duplicates' \
    test $((duplicate_again - duplicate + rejected_again - rejected)) = "$filings_n"
demand 'stop stops it' deploy/quickstart stop --dir "$folder/run"
demand 'nothing of it runs then' test "$(deploy/kafka/kafka status --dir "$folder/run/kafka" | grep -c state=running)" = 0
