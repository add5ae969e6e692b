#!/bin/sh
# what-if on a real broker: the policy in force flips nothing; other facilitation amounts for Liaoning
# flip what was worked out by hand; nothing is written; a policy that is wrong is refused.
#   test_what_if.sh BIN DEPLOY LOG_DUMP
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
deploy=$2
log_dump=$3
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="what-if-$$-$(date +%s)-"
unset FILING_CONFIG
touch "$dir/out" "$dir/err"

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    cat "$dir/out" "$dir/err" >&2
    exit 1
}

# program NAME ARGUMENT...: its exit code is in $code.
program() {
    name=$1
    shift
    code=0
    timeout -k 2 60 "$bin/$name" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" "$@" \
        >"$dir/out" 2>"$dir/err" || code=$?
}

done_with() { [ "$code" -eq "$1" ] || fail "exit $code instead of $1: $2"; }

refer() {
    program filingctl reference propose "$1" "$2" --config "$dir/ctl.conf" -o json
    done_with 0 "propose $1"
    program filingctl reference approve "$(jq -r .id "$dir/out")" --config "$dir/ctl.conf"
    done_with 0 "approve $1"
}

# same NAME FILTER EXPECTED: what is told under the policy $dir/NAME.json, as FILTER makes it of the
# rows.
same() {
    program filingctl what-if --policy "$dir/$1.json" -o json
    done_with 0 "what-if under $1"
    jq -cs "$2" "$dir/out" >"$dir/got"
    printf '%s' "$3" | jq -c . >"$dir/want"
    cmp -s "$dir/want" "$dir/got" || {
        cat "$dir/want" "$dir/got" >&2
        fail "under $1 it is another: $2"
    }
}

# The ends of every topic that a command could write to.
ends() {
    for topic in filings.submitted.v1 filings.decided.v1 filings.reference.v1 \
        filings.checkpoints.v1 filings.operations.v1; do
        timeout -k 2 70 "$log_dump" "$prefix$topic" committed | grep '^partition'
    done
}

# ---- a demonstration ledger with the sample story; nobody has decided it ----
"$bin/filingctl" key new --id o1 "$dir/o1.pem" >"$dir/o1.json"
printf 'operator.key_file = %s\n' "$dir/o1.pem" >"$dir/ctl.conf"
jq -n --slurpfile k "$dir/o1.json" '{partitions: 3, operators: [
    {person: "one", name: "One", roles: ["ISSUER"], keys: $k}]}' >"$dir/founding.json"
program filingctl topics apply --partitions 3 --replication 1 --min-isr 1
done_with 0 'topics apply'
program filingctl ledger found "$dir/founding.json" --key "$dir/o1.pem" --demo
done_with 0 'ledger found'
cp "$deploy/reference/policy.json" "$dir/same.json"
refer policy "$dir/same.json"
refer calendar "$deploy/reference/calendars.jsonl"
refer banks "$deploy/reference/banks.json"
refer negative_list "$deploy/reference/negative_list.json"
refer rates "$deploy/samples/rates-1.jsonl"
program filing-publish "$deploy/samples/filings.jsonl"
done_with 0 'filing-publish'
ends >"$dir/ends"

# ---- the policy in force flips nothing ----
same same 'length' 0
grep -q '; 0 of 2[0-9][0-9] decisions flip' "$dir/err" || fail 'it does not say how many it decided'

# ---- Liaoning has 4,500,000 until 2025-09-14, where everybody has 5,000,000 ----
# 3,000,000 fit, 2,500,000 do not, either way.  2,000,000 no longer do: 1,500,000 are free; so there is
# nothing to draw on.  4,000,000 now fit, because nothing of the second contract is used; so 8,000,000
# no longer do, of 10,000,000, and cannot be drawn on.  The profile that comes last makes the limit
# 20,000,000, and nothing is over.
jq '.reference.parameters += [{id: "FAC.LIMIT.USD", subject: "HIGH_TECH", region: "21", from: "2023-12-08",
    to: "2025-09-14", value: "4500000", source: "what if", confirmed: false}]' \
    "$dir/same.json" >"$dir/less.json"
same less '[.[] | select(.kind == "flip") |
    [.business_date, .before, .after, .codes_before, .codes_after, .free, .asked, .money]]' '[
    ["2024-05-22", "ACCEPTED", "REJECTED", null, "LIMIT_EXCEEDED", "1500000.00", "2000000.00",
        "2000000.00"],
    ["2024-05-27", "REJECTED", "REJECTED", "LIMIT_EXCEEDED;OVER_BALANCE", "REGISTRATION_UNKNOWN",
        "0.00", "100000.00", "2100000.00"],
    ["2024-05-28", "ACCEPTED", "REJECTED", null, "REGISTRATION_UNKNOWN", null, null, "1500000.00"],
    ["2025-09-12", "REJECTED", "ACCEPTED", "LIMIT_EXCEEDED", null, "3000000.00", "4000000.00",
        "4000000.00"],
    ["2025-09-16", "ACCEPTED", "REJECTED", null, "LIMIT_EXCEEDED", "6000000.00", "8000000.00",
        "8000000.00"],
    ["2025-09-22", "ACCEPTED", "REJECTED", null, "REGISTRATION_UNKNOWN", null, null,
        "6500000.00"]]'
same less '[.[] | select(.kind == "flip")] | [(map(.enterprise) | unique), (map(.region) | unique),
    (map(.bank) | unique), .[0].limit, .[0].parameters, (.[0].partition | type),
    (.[0].offset | type), (.[0].number | type), (.[0].filing_id | length), .[0].event]' '[
    ["91210102MA1TECH53M"], ["210102"], ["210100000123"], "financing.facilitation",
    "FAC.LIMIT.USD 5000000 > 4500000", "number", "number", "number", 36, "financing.contract"]'
same less '[.[] | select(.kind == "limit") | del(.partition)]' '[
    {"kind": "limit", "enterprise": "91210102MA1TECH53M", "id": "financing.facilitation",
        "currency": "USD", "limit": "20000000.00", "used": "0.00", "reserved": "4000000.00",
        "over": "0.00", "over_before": "0.00", "refused": 2, "short": "2000000.00"}]'
same less '[.[] | select(.kind == "sum") | [.by, .value, .change, .currency, .flips, .amount]]' '[
    ["model", "financing", "ACCEPTED to REJECTED", "USD", 4, "18000000.00"],
    ["model", "financing", "REJECTED to ACCEPTED", "USD", 1, "4000000.00"],
    ["model", "financing", "REJECTED to REJECTED", "USD", 1, "2100000.00"],
    ["region", "210102", "ACCEPTED to REJECTED", "USD", 4, "18000000.00"],
    ["region", "210102", "REJECTED to ACCEPTED", "USD", 1, "4000000.00"],
    ["region", "210102", "REJECTED to REJECTED", "USD", 1, "2100000.00"],
    ["code", "REGISTRATION_UNKNOWN", "added", "USD", 3, "10100000.00"],
    ["code", "LIMIT_EXCEEDED", "added", "USD", 2, "10000000.00"],
    ["code", "LIMIT_EXCEEDED", "removed", "USD", 2, "6100000.00"],
    ["code", "OVER_BALANCE", "removed", "USD", 1, "2100000.00"]]'

# ---- a span, one table, other formats ----
program filingctl what-if --policy "$dir/less.json" --to 2020-01-01 -o json
done_with 0 'what-if up to a date before the log'
[ ! -s "$dir/out" ] || fail 'something flips before the log began'
program filingctl what-if --policy "$dir/less.json" --from 2999-01-01T00:00:00Z -o json
done_with 0 'what-if from a time that has not come'
[ ! -s "$dir/out" ] || fail 'something flips before its policy is in force'
program filingctl what-if --policy "$dir/less.json" --show flips -o csv
done_with 0 'what-if as CSV'
python3 -c '
import csv, sys
rows = list(csv.DictReader(open(sys.argv[1], newline="")))
assert len(rows) == 6 and {row["kind"] for row in rows} == {"flip"}, rows
assert sum(float(row["money"]) for row in rows) == 24100000, rows' "$dir/out" ||
    fail 'the CSV is another'
program filingctl what-if --policy "$dir/less.json"
done_with 0 'what-if as a table'
[ "$(grep -c 91210102MA1TECH53M "$dir/out")" -eq 7 ] || fail 'the tables do not show what flips'

# ---- what is refused ----
wrong() {
    program filingctl what-if --policy "$dir/wrong.json"
    done_with 2 "what-if under a policy with $1"
    grep -q "$2" "$dir/err" || fail "the place is not named: $2"
}
jq '.reference.parameters += [.reference.parameters[0]]' "$dir/same.json" >"$dir/wrong.json"
wrong 'a row twice' 'wrong.json:1: /parameters/[0-9]*: parameter'
jq '.reference.rules = 99' "$dir/same.json" >"$dir/wrong.json"
wrong 'unknown rules' 'wrong.json:1: /rules: rules 99'
jq '.reference.parameters[0].from = "2024-02-30"' "$dir/same.json" >"$dir/wrong.json"
wrong 'no date' 'wrong.json:1: /parameters/0/from'
printf '{"kind":"calendar","year":2026,"holidays":[]}\n' >"$dir/wrong.json"
wrong 'another kind' 'wrong.json:1: /kind'
program filingctl what-if --policy "$dir/less.json" --from yesterday
done_with 2 'what-if from a word'
program filingctl what-if
done_with 2 'what-if without a policy'

# ---- nothing was written ----
ends >"$dir/ends-after"
cmp -s "$dir/ends" "$dir/ends-after" || fail 'a topic has grown'
[ ! -e filings.db ] || fail 'a store was made'
