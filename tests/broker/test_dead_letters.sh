#!/bin/sh
# Dead letters and operations with filingctl on a real broker: what cannot be tried is listed, shown
# down to the byte and, where it only lay in a wrong place, redriven; who did it stands in
# filings.operations.v1, and a forged record there is told.
#   test_dead_letters.sh BIN DEPLOY_REFERENCE
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
reference=$2
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="dead-$$-$(date +%s)-"
submitted="${prefix}filings.submitted.v1"
operations="${prefix}filings.operations.v1"
unset FILING_CONFIG
readonly bank=210100000123
readonly enterprise=91210304MA4TTEEL8Q
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

# is TEXT FILTER: what jq makes of the last output.
is() {
    got=$(jq -rs "$2" "$dir/out")
    [ "$got" = "$1" ] || fail "'$got' is not '$1'"
}

key() { "$bin/filingctl" key new --id "$1" "$dir/$1.pem" >"$dir/$1.json"; }

# refer KIND FILE
refer() {
    expect 0 '' reference propose "$1" "$2" --config "$dir/alice.conf" -o json
    expect 0 'in force' reference approve "$(jq -r .id "$dir/out")" --config "$dir/bob.conf"
}

decide() {
    program filing-worker --store "sqlite:$dir/store.db" --listen none --until-caught-up \
        >"$dir/out" 2>"$dir/err" || fail 'the worker did not catch up'
}

# put TOPIC PARTITION KEY FILE HEADER...: one record with the bytes of a file; key "" = none.
put() {
    topic=$1
    partition=$2
    key=$3
    file=$4
    shift 4
    set -- -P -b "$KAFKA_BOOTSTRAP" -t "$topic" -p "$partition" "$@"
    [ -z "$key" ] || set -- "$@" -k "$key"
    timeout 20 kcat "$@" "$file" || fail "cannot put $file"
}

# take TOPIC PARTITION OFFSET FILE: the value of a record.
take() {
    timeout 20 kcat -C -b "$KAFKA_BOOTSTRAP" -t "$1" -p "$2" -o "$3" -c 1 -e -q -f '%s' \
        >"$4" || fail "no record at $2:$3"
}

ends() { kcat -b "$KAFKA_BOOTSTRAP" -t "$submitted" -C -e -q -f '%p %o\n' | sort; }

id() { printf '018e2baa-d635-7485-b6f3-%012d' "$1"; }

# registration NUMBER: one line.
registration() {
    printf '{"filing_id":"%s","bank":"%s","sequence":%s,"enterprise":"%s",' "$(id "$1")" "$bank" \
        "$1" "$enterprise"
    printf '"event":"outbound.registration","business_date":"2024-03-18","maker":"op017",'
    printf '"checker":"op204","details":{"registration_no":"210304202403001%s",' "$1"
    printf '"route":"DIRECT","target":{"name":"Works","country":"IDN"},"industry":"C3120",'
    printf '"sensitive":false,"central_enterprise":false,'
    printf '"total":{"currency":"USD","value":"60000000.00"},'
    printf '"cash":{"currency":"USD","value":"40000000.00"},"ndrc":{"kind":"FILING",'
    printf '"level":"PROVINCIAL","number":"N1","issued_on":"2024-02-01","valid_to":"2026-01-31"},'
    printf '"mofcom":{"number":"N2","issued_on":"2024-02-20","valid_to":"2026-02-19"}}}\n'
}

# ---- a ledger whose filings are signed, and a bank that signs ----
for name in alice bob bank stranger; do
    key "$name"
done
for name in alice bob stranger; do
    printf '[filingctl]\noperator.key_file = %s\n' "$dir/$name.pem" >"$dir/$name.conf"
done
mkdir -p "$dir/keys/$bank"
cp -p "$dir/bank.pem" "$dir/keys/$bank/bank.pem"
jq -n --slurpfile a "$dir/alice.json" --slurpfile b "$dir/bob.json" '{partitions: 2, operators: [
    {person: "alice", name: "Alice", roles: ["ISSUER"], keys: $a},
    {person: "bob", name: "Bob", roles: ["ISSUER"], keys: $b}]}' >"$dir/founding.json"
jq -n --slurpfile b "$dir/bank.json" --arg bank "$bank" '{kind: "banks", banks: [
    {code: $bank, name: "Branch", roles: ["FILER"], keys: $b}]}' >"$dir/banks.json"
expect 0 created topics apply --partitions 2 --replication 1 --min-isr 1
expect 0 '' ledger found "$dir/founding.json" --key "$dir/alice.pem" --key "$dir/bob.pem"
refer policy "$reference/policy.json"
refer banks "$dir/banks.json"

# ---- nine filings as the bank's program signs them for this ledger, caught in other topics ----
elsewhere="$prefix""elsewhere-"
ledger=$(timeout 20 kcat -C -b "$KAFKA_BOOTSTRAP" -t "$operations" -c 1 -e -q -f '%s' |
    od -An -tx1 -v | tr -d ' \n' | cut -c5-36) # field 1 of an operation, 16 bytes
timeout -k 2 60 "$bin/filingctl" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$elsewhere" \
    topics apply --partitions 2 --replication 1 --min-isr 1 >"$dir/out" 2>"$dir/err" ||
    fail 'no other topics'
for n in 1 2 3 4 5 6 7 8 9; do registration "$n"; done >"$dir/all.jsonl"
timeout -k 2 60 "$bin/filing-publish" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$elsewhere" \
    --ledger-id "$ledger" --key-dir "$dir/keys" --report "$dir/report" "$dir/all.jsonl" \
    >"$dir/out" 2>"$dir/err" || fail 'not published'
right=$(jq -rs '.[1].partition' "$dir/report")
wrong=$((1 - right))
for n in 1 2 3 4 5 6 7 8 9; do
    take "${elsewhere}filings.submitted.v1" "$right" $((n - 1)) "$dir/$n.bin"
done

# ---- what cannot be tried ----
size=$(wc -c <"$dir/4.bin")
head -c $((size - 10)) "$dir/4.bin" >"$dir/cut.bin"
{ cat "$dir/4.bin" && printf '\052\000'; } >"$dir/unknown.bin" # field 5 behind the signature
put "$submitted" "$wrong" "$enterprise" "$dir/1.bin" -H ce_id=kept -H ce_id=twice
put "$submitted" "$right" 91210112MA0FG1HX9X "$dir/2.bin"
put "$submitted" "$right" '' "$dir/3.bin"
put "$submitted" "$right" "$enterprise" "$dir/cut.bin" -H ce_source="/banks/$bank"
put "$submitted" "$right" "$enterprise" "$dir/unknown.bin"
printf '%s:\n' "$enterprise" | # a tombstone
    timeout 20 kcat -P -b "$KAFKA_BOOTSTRAP" -t "$submitted" -p "$right" -K : -Z ||
    fail 'cannot put a tombstone'
put "$submitted" "$wrong" "$enterprise" "$dir/5.bin" -H filing-redrive-count=3
expect 0 '0 dead letters' dead-letters list
[ ! -s "$dir/out" ] || fail 'what nobody decided is no dead letter'
decide

# ---- list ----
expect 0 '7 dead letters' dead-letters list -o json
is 'no key 1,no value 1,undecodable: cut off 1,undecodable: not in line 1,wrong key 1,wrong partition 2' \
    'map("\(.reason | sub("undecodable: no value"; "no value")) \(.count)") | sort | join(",")'
is "$bank" 'map(select(.reason == "undecodable: cut off"))[0].banks'
is 'wrong partition' 'map(select(.first != .last).reason) | join(",")'
expect 0 reason,count dead-letters list -o csv
expect 0 '7 dead letters' dead-letters list --each -o json
is 7 'map([.partition, .offset]) | unique | length'
jq -rs --argjson size "$size" 'map(select(.reason == "undecodable: not in line"))[0] |
    "\(.byte - $size) \(.field) \(.text)"' "$dir/out" >"$dir/place"
[ "$(cat "$dir/place")" = '0 /5 field 5 is not known here' ] || fail "at $(cat "$dir/place")"
first=$(jq -rs --argjson p "$wrong" 'map(select(.partition == $p)) | min_by(.offset).offset' \
    "$dir/out")
cut=$(jq -rs 'map(select(.reason == "undecodable: cut off"))[0].offset' "$dir/out")
key_offset=$(jq -rs 'map(select(.reason == "wrong key"))[0].offset' "$dir/out")
expect 0 '1 dead letters' dead-letters list --partition "$right" --from "$cut" --to "$cut"
expect 0 '2 dead letters' dead-letters list --partition "$wrong"
expect 0 '0 dead letters' dead-letters list --to 2020-01-01
expect 2 '--partition' dead-letters list --from 5
expect 2 'no partition 2' dead-letters list --partition 2

# ---- show ----
expect 0 '' dead-letters show "$right:$cut" -o json
is "undecodable: cut off /signature $(od -An -tx1 -v "$dir/cut.bin" | tr -d ' \n')" \
    '.[0] | [.reason, .fault.field, .value] | join(" ")'
is "$bank" '.[0].fields | map(select(.field == "/filing/bank"))[0].value'
is 101 '.[0].decision.reasons[0].code | if type == "number" then . else 101 end'
expect 0 '/filing/outbound_registration/target/name' dead-letters show "$right:$cut"
expect 0 'says 64 bytes, of which 54 are there' dead-letters show "$right:$cut"
expect 0 '|' dead-letters show "$right:$cut" -o csv
expect 0 '' dead-letters show "$wrong:$first" -o json
is "wrong partition $right $enterprise $(id 1) kept,twice" \
    '.[0] | [.reason, .belongs_to, .key, .filing.filing_id, (.headers | map(.value) | join(","))] |
    join(" ")'
expect 1 'no dead letter' dead-letters show "$right:0"
expect 2 PARTITION:OFFSET dead-letters show 5

# ---- redrive: refused, dry, in earnest, again ----
ends >"$dir/ends"
expect 2 bounds dead-letters redrive --from 2020-01-01 --yes --config "$dir/alice.conf"
expect 1 'no dead letters' dead-letters redrive --from 2019-01-01 --to 2020-01-01
expect 5 operator.key_file dead-letters redrive --from 2020-01-01 --to 2100-01-01 --yes
expect 5 'none that an operator' dead-letters redrive --from 2020-01-01 --to 2100-01-01 --yes \
    --config "$dir/stranger.conf"
expect 3 '3 to be sent' dead-letters redrive --from 2020-01-01 --to 2100-01-01 -o json
is 'never: redriven too often 1,never: undecodable 3,would be sent 3' \
    'group_by(.state) | map("\(.[0].state) \(length)") | join(",")'
ends | cmp - "$dir/ends" || fail 'something was sent'
expect 0 '1 sent' dead-letters redrive --partition "$right" --from "$key_offset" \
    --to "$key_offset" --yes --config "$dir/alice.conf"
expect 3 '2 sent, 1 settled before, 4 never' dead-letters redrive --from 2020-01-01 \
    --to 2100-01-01 --yes --config "$dir/bob.conf" -o json
to=$(jq -rs --arg id "$(id 1)" 'map(select(.filing_id == $id))[0].to' "$dir/out")
kcat -b "$KAFKA_BOOTSTRAP" -t "$submitted" -C -e -q -f '%p:%o %k %h\n' |
    grep -F "$to $enterprise ce_id=kept,ce_id=twice,filing-redrive-count=1,filing-redrive-from=$wrong:$first" \
        >/dev/null || fail "no record at $to with its headers"
take "$submitted" "$right" "${to#*:}" "$dir/sent.bin"
cmp "$dir/1.bin" "$dir/sent.bin" || fail 'other bytes were sent'
expect 3 '0 sent, 3 settled before, 4 never' dead-letters redrive --from 2020-01-01 \
    --to 2100-01-01 --yes --config "$dir/bob.conf"
decide
for n in 1 2 3; do
    expect 0 '' filing "$bank" "$(id "$n")" -o json
    is ACCEPTED 'last.outcome'
done
expect 3 '0 sent, 3 settled before' dead-letters redrive --from 2020-01-01 --to 2100-01-01 --yes \
    --config "$dir/bob.conf" -o json
is 3 'map(select(.state == "already decided: ACCEPTED")) | length'
decide
expect 0 '' decisions --outcome DUPLICATE -o json
is 0 length
expect 0 '7 dead letters' dead-letters list

# ---- a signal between two records: the next run sends the rest ----
for n in 6 7 8 9; do put "$submitted" "$wrong" "$enterprise" "$dir/$n.bin"; done
decide
ends >"$dir/ends"
code=0
# Not through timeout: it would pass the signal on twice, and the second one ends a program at once.
"$bin/filingctl" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" dead-letters redrive \
    --partition "$wrong" --from $((first + 2)) --to 1000 --rate 1 --yes --config "$dir/bob.conf" \
    >"$dir/out" 2>"$dir/err" &
pid=$!
while ends | cmp -s - "$dir/ends"; do :; done
kill -INT "$pid"
wait "$pid" || code=$?
[ "$code" -eq 130 ] || fail "exit $code instead of 130"
grep -qE 'interrupted: [1-3] of 4 sent' "$dir/err" || fail 'it does not say how far'
expect 0 '' dead-letters redrive --partition "$wrong" --from $((first + 2)) --to 1000 --yes \
    --config "$dir/bob.conf" -o json
is 4 'map(select(.state == "sent" or .state == "already sent")) | length'
kcat -b "$KAFKA_BOOTSTRAP" -t "$submitted" -C -e -q -f '%h\n' | grep -c redrive-from >"$dir/count"
[ "$(cat "$dir/count")" -eq 7 ] || fail "$(cat "$dir/count") records were redriven, not 7"

# ---- who did it ----
expect 0 '0 without a good signature' audit operations -o json
is 'alice begun,alice done: 1 of 1 sent,bob begun,bob done: 2 of 7 sent,bob begun,bob done: 0 of 7 sent,bob begun,bob done: 0 of 7 sent,bob begun,bob failed,bob begun,bob done' \
    'map(select(.command == "dead-letters redrive") |
    "\(.person) \(.result | sub(", .*"; "") | sub("(?<a>failed|done): . of 4 sent"; "\(.a)"))") |
    join(",")'
is "--from $key_offset --to $key_offset --partition $right --rate 100" \
    'map(select(.command == "dead-letters redrive"))[0].arguments'
count=$(jq -s length "$dir/out")

# ---- forged: a bit of a signed record turned, another's name, a copy, rubbish ----
take "$operations" 0 0 "$dir/act.bin"
last=$(tail -c 1 "$dir/act.bin" | od -An -tu1 | tr -d ' ')
{ head -c -1 "$dir/act.bin" && printf '%b' "\\0$(printf '%03o' $((last ^ 1)))"; } >"$dir/forged.bin"
put "$operations" 0 alice "$dir/forged.bin"
put "$operations" 0 bob "$dir/act.bin"
put "$operations" 0 alice "$dir/act.bin"
put "$operations" 0 bob "$dir/all.jsonl"
expect 4 '4 without a good signature' audit operations -o json
is "wrong,under another's name,a copy,undecodable" ".[$count:] | map(.signature) | join(\",\")"
echo 'all promises hold'
