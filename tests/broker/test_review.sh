#!/bin/sh
# Reviews and the audits of the log with filingctl on a real broker, in a ledger of signed filings.
#   test_review.sh BIN DEPLOY_REFERENCE
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
reference=$2
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="review-$$-$(date +%s)-"
unset FILING_CONFIG
readonly bank=210100000123
readonly authority=110000000999
readonly enterprise=91210304MA4TTEEL8Q
readonly other=91210112MA0FG1HX9X
touch "$dir/out" "$dir/err"

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    cat "$dir/out" "$dir/err" >&2
    exit 1
}

# program NAME ARGUMENT...
program() {
    name=$1
    shift
    timeout -k 2 60 "$bin/$name" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" "$@"
}

# expect CODE WORDS ARGUMENT...: run filingctl, compare its exit code, and find the words in what it
# said ("" = anything).
expect() {
    want=$1
    words=$2
    shift 2
    code=0
    program filingctl --store "sqlite:$dir/store.db" "$@" >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" -eq "$want" ] || fail "exit $code instead of $want: filingctl $*"
    [ -z "$words" ] || cat "$dir/out" "$dir/err" | grep -qF -e "$words" ||
        fail "no '$words': filingctl $*"
}

key() { "$bin/filingctl" key new --id "$1" "$dir/$1.pem" >"$dir/$1.json"; }

# refer KIND FILE
refer() {
    expect 0 '' reference propose "$1" "$2" --config "$dir/alice.conf" -o json
    expect 0 'in force' reference approve "$(jq -r .id "$dir/out")" --config "$dir/bob.conf"
}

publish() {
    program filing-publish --key-dir "$dir/keys" "$1" >"$dir/out" 2>"$dir/err" ||
        fail "not all of $1 was published"
}

decide() {
    program filing-worker --store "sqlite:$dir/store.db" --listen none --until-caught-up \
        >"$dir/out" 2>"$dir/err" || fail 'the worker did not catch up'
}

# outcome NUMBER: the last outcome of a filing, with its first reason.
outcome() {
    expect 0 '' filing "$bank" "$(id "$1")" -o json
    jq -rs 'last | [.outcome, (.reasons // "[]" | if type == "string" then fromjson else . end
        | .[0].code // "")] | join(" ")' "$dir/out"
}

is() {
    got=$(outcome "$1")
    case $got in "$2"*) ;; *) fail "filing $1 is '$got', not '$2'" ;; esac
}

id() { printf '018e2baa-d635-7485-b6f3-%012d' "$1"; }

# filing NUMBER ENTERPRISE SEQUENCE EVENT DETAILS: one line.
filing() {
    printf '{"filing_id":"%s","bank":"%s","sequence":%s,"enterprise":"%s","event":"%s",' \
        "$(id "$1")" "$bank" "$3" "$2" "$4"
    printf '"business_date":"2024-03-18","maker":"op017","checker":"op204","details":%s}\n' "$5"
}

registration() {
    printf '{"registration_no":"%s","route":"DIRECT","target":{"name":"Works","country":"IDN"},' "$1"
    printf '"industry":"C3120","sensitive":true,"central_enterprise":false,'
    printf '"total":{"currency":"USD","value":"60000000.00"},'
    printf '"cash":{"currency":"USD","value":"40000000.00"},"ndrc":{"kind":"APPROVAL",'
    printf '"level":"NATIONAL","number":"N1","issued_on":"2024-02-01","valid_to":"2026-01-31"},'
    printf '"mofcom":{"number":"N2","issued_on":"2024-02-20","valid_to":"2026-02-19"}}'
}

remittance() {
    printf '{"registration_no":"%s","money":{"currency":"USD","value":"%s"},' "$1" "$2"
    printf '"payee":{"name":"Works","country":"IDN"},"declaration_no":"21031%s"}' \
        "$3"
}

verdict() {
    want=$1
    words=$2
    shift 2
    expect "$want" "$words" review "$@" --maker op1 --checker op2 --officer officer7
}

# ---- a ledger whose filings are signed ----
for name in alice bob bank authority stranger; do
    key "$name"
done
for name in alice bob; do
    printf '[filingctl]\noperator.key_file = %s\n' "$dir/$name.pem" >"$dir/$name.conf"
done
for name in authority stranger; do
    printf '[filingctl]\nauthority.bank = %s\nauthority.key_file = %s\n' "$authority" \
        "$dir/$name.pem" >"$dir/$name.conf"
done
printf '[filingctl]\nauthority.bank = %s\n' "$authority" >"$dir/keyless.conf"
mkdir -p "$dir/keys/$bank"
cp -p "$dir/bank.pem" "$dir/keys/$bank/bank.pem"
jq -n --slurpfile a "$dir/alice.json" --slurpfile b "$dir/bob.json" '{partitions: 2, operators: [
    {person: "alice", name: "Alice", roles: ["ISSUER"], keys: $a},
    {person: "bob", name: "Bob", roles: ["ISSUER"], keys: $b}]}' >"$dir/founding.json"
jq -n --slurpfile b "$dir/bank.json" --slurpfile a "$dir/authority.json" --arg bank "$bank" \
    --arg authority "$authority" '{kind: "banks", banks: [
    {code: $bank, name: "Branch", roles: ["FILER"], keys: $b},
    {code: $authority, name: "Desk", roles: ["AUTHORITY"], keys: $a}]}' >"$dir/banks.json"
printf '{"kind":"sensitive_list","rows":[{"country":"IDN","industry":"","rule":"REVIEW",' \
    >"$dir/sensitive.json"
printf '"from":"2018-03-01","to":"","text":"reviewed"}]}' >>"$dir/sensitive.json"
expect 0 created topics apply --partitions 2 --replication 1 --min-isr 1
expect 0 '' ledger found "$dir/founding.json" --key "$dir/alice.pem" --key "$dir/bob.pem"
refer policy "$reference/policy.json"
refer banks "$dir/banks.json"
refer sensitive_list "$dir/sensitive.json"

# ---- held, and what is behind it ----
{
    filing 1 "$enterprise" 1 outbound.registration "$(registration 2103042024030011)"
    filing 2 "$enterprise" 2 outbound.remittance \
        "$(remittance 2103042024030011 100.00 02403180000000001)"
    filing 3 "$enterprise" 3 outbound.registration "$(registration 2103042024030012)"
} >"$dir/first.jsonl"
publish "$dir/first.jsonl"
decide
is 1 'HELD REVIEW_NEEDED'
is 2 'HELD EARLIER_HELD'
is 3 'HELD REVIEW_NEEDED'
expect 0 '0 findings' audit numbers
[ ! -s "$dir/out" ] || fail 'no finding is no row'
expect 0 '0 findings' audit sequences

# ---- what is refused before it is sent ----
ends() { kcat -b "$KAFKA_BOOTSTRAP" -t "${prefix}filings.submitted.v1" -C -e -q -f '%p %o\n' | sort; }
ends >"$dir/ends"
verdict 5 authority.bank approve "$bank" "$(id 1)" --reason good
verdict 5 authority.key_file approve "$bank" "$(id 1)" --reason good --config "$dir/keyless.conf"
verdict 5 'is none that bank' approve "$bank" "$(id 1)" --reason good \
    --config "$dir/stranger.conf"
verdict 1 'not held for review' approve "$bank" "$(id 2)" --reason good \
    --config "$dir/authority.conf"
verdict 1 'has no filing' approve "$bank" "$(id 9)" --reason good --config "$dir/authority.conf"
expect 3 /checker review approve "$bank" "$(id 1)" --maker op1 --checker op1 --officer officer7 \
    --reason good --config "$dir/authority.conf"
expect 2 --reason review approve "$bank" "$(id 1)" --maker op1 --checker op2 --officer officer7 \
    --config "$dir/authority.conf"
ends | cmp - "$dir/ends" || fail "something was sent"

# ---- the verdicts ----
verdict 0 '' approve "$bank" "$(id 1)" --reason good --config "$dir/authority.conf" -o json
review=$(jq -r .filing_id "$dir/out")
place=$(jq -r '"\(.partition) \(.offset)"' "$dir/out")
kcat -b "$KAFKA_BOOTSTRAP" -t "${prefix}filings.submitted.v1" -C -e -q -f '%p %o %k %h\n' |
    grep "^$place $enterprise .*ce_id=$review" >/dev/null || fail "no review at $place"
decide
is 1 ACCEPTED
is 2 ACCEPTED
is 3 'HELD REVIEW_NEEDED'
# What a review sets free was decided at its time, though it was received before.
at=$(kcat -b "$KAFKA_BOOTSTRAP" -t "${prefix}filings.submitted.v1" -C -e -q -f '%p %o %T\n' |
    awk -v place="$place" '$1 " " $2 == place { print $3 }')
time_of() { date -u -d "@$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" +%Y-%m-%dT%H:%M:%S.%3NZ; }
timeline() {
    expect 0 '' timeline "$enterprise" -o json "$@"
    jq -rs 'map("\(.event) \(.outcome)") | join(", ")' "$dir/out"
}
[ "$(timeline --from "$(time_of "$at")")" = \
    'review ACCEPTED, outbound.registration ACCEPTED, outbound.remittance ACCEPTED' ] ||
    fail 'the timeline from the review on'
[ "$(timeline --to "$(time_of $((at - 1)))")" = \
    'outbound.registration HELD, outbound.remittance HELD, outbound.registration HELD' ] ||
    fail 'the timeline before the review'
expect 1 'in that time' timeline "$enterprise" --to 2020-01-01
expect 2 --from timeline "$enterprise" --from yesterday
verdict 1 'not held for review' approve "$bank" "$(id 1)" --reason good \
    --config "$dir/authority.conf"
# ---- who did it: with an operator's key too, the act is recorded ----
for name in bob stranger; do
    cp "$dir/authority.conf" "$dir/authority-$name.conf"
    printf 'operator.key_file = %s\n' "$dir/$name.pem" >>"$dir/authority-$name.conf"
done
ends >"$dir/ends"
verdict 5 'none that an operator' refuse "$bank" "$(id 3)" --reason 'no plan' \
    --config "$dir/authority-stranger.conf"
ends | cmp - "$dir/ends" || fail 'sent for a stranger'
verdict 0 '' refuse "$bank" "$(id 3)" --reason 'no plan' --config "$dir/authority-bob.conf" -o json
review=$(jq -r '"done: review \(.filing_id) at \(.partition):\(.offset)"' "$dir/out")
expect 0 '9 operations, 0 without' audit operations -o json
jq -rs 'map([.person, .command, .signature] | join(" ")) | .[0, -2, -1]' "$dir/out" >"$dir/acts"
printf '%s\n' 'alice ledger found good' 'bob review refuse good' 'bob review refuse good' |
    cmp - "$dir/acts" || fail 'other acts'
[ "$(jq -rs '.[-2:] | map(.result) | join(", ")' "$dir/out")" = "begun, $review" ] ||
    fail "the review's record"
decide
is 3 'REJECTED REVIEW_REFUSED'

# ---- numbers and sequences ----
{
    filing 4 "$other" 7 outbound.registration "$(registration 2103042024030011)"
    filing 5 "$other" 2 outbound.remittance \
        "$(remittance 2103042024030011 1.00 02403180000000002)"
} >"$dir/second.jsonl"
publish "$dir/second.jsonl"
publish "$dir/second.jsonl"
expect 1 '1 findings' audit numbers -o json
[ "$(jq -r '[.registration_no, .enterprise, .first_enterprise] | sort | join(" ")' "$dir/out")" = \
    "2103042024030011 $other $enterprise" ] || fail 'another finding of numbers'
expect 1 '2 findings' audit sequences -o json
[ "$(jq -r '[.finding, .bank, .from, .to] | map(tostring) | join(" ")' "$dir/out" | sort | tr '\n' ' ')" = \
    "gap $bank 4 6 repetition $bank 2 2 " ] || fail 'other findings of sequences'
expect 1 'finding,bank,from,to' audit sequences -o csv
# verify counts what is missing when it sees the whole ledger.
expect 0 "3 sequence numbers are missing, of bank $bank first 4 to 6" verify
expect 0 "gaps in the banks' sequence numbers" verify --partition 1
echo 'all promises hold'
