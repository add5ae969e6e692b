#!/bin/sh
# Setting a ledger up with filingctl on a real broker, and what it refuses on the way.
#   test_setup.sh FILINGCTL FILING_WORKER DEPLOY_REFERENCE FOUND_LEDGER LOG_LOAD
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

ctl=$1
worker=$2
reference=$3
found_ledger=$4
log_load=$5
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="setup-$$-$(date +%s)-"
unset FILING_CONFIG

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    cat "$dir/out" "$dir/err" >&2
    exit 1
}

# expect CODE WORDS ARGUMENT...: run filingctl, compare its exit code, and find the words in what it
# said ("" = anything).
expect() {
    want=$1
    words=$2
    shift 2
    code=0
    timeout 60 "$ctl" "$@" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" \
        --store "sqlite:$dir/store.db" >"$dir/out" 2>"$dir/err" || code=$?
    [ "$code" -eq "$want" ] || fail "exit $code instead of $want: filingctl $*"
    [ -z "$words" ] || cat "$dir/out" "$dir/err" | grep -qF -e "$words" ||
        fail "no '$words': filingctl $*"
}

key() {
    "$ctl" key new --id "$1" "$dir/$1.pem" >"$dir/$1.json"
    printf '[filingctl]\noperator.key_file = %s\n' "$dir/$1.pem" >"$dir/$1.conf"
}

operator() {
    printf '{"person":"%s","name":"%s","roles":["%s"],"keys":[%s]}' "$1" "$1" "$2" \
        "$(cat "$dir/$1.json")"
}

# ---- topics ----
expect 78 "run 'filingctl topics apply'" reference show policy
expect 2 "--min-isr 2 is more than" topics apply --partitions 3 --replication 1
expect 0 created topics apply --partitions 3 --replication 1 --min-isr 1
expect 0 'nothing was changed' topics apply --partitions 3 --replication 1 --min-isr 1
expect 1 'not lowered to 2' topics apply --partitions 2 --replication 1 --min-isr 1
expect 0 raised topics apply --partitions 4 --replication 1 --min-isr 1
expect 0 LogAppendTime topics show --partitions 4 --replication 1 --min-isr 1
if grep -q weaker "$dir/out"; then
    fail 'a setting is weaker than it must be'
fi
code=0
timeout 60 "$ctl" topics show --bootstrap-server 127.0.0.1:1 >"$dir/out" 2>"$dir/err" || code=$?
[ "$code" -eq 6 ] || fail "exit $code instead of 6 without a broker"

# ---- keys ----
for name in alice bob carol; do
    key "$name"
done
[ "$(stat -c %a "$dir/alice.pem")" = 600 ] || fail 'a private key can be read by others'
expect 1 'File exists' key new --id alice "$dir/alice.pem"
expect 2 'a key id is' key new --id 'a b' "$dir/other.pem"

# ---- founding ----
operators="$(operator alice ISSUER),$(operator bob ISSUER),$(operator carol WORKER)"
printf '{"partitions":4,"operators":[%s]}' "$operators" >"$dir/founding.json"
printf '{"partitions":5,"operators":[%s]}' "$operators" >"$dir/five.json"
printf '{"partitions":4,"operators":[%s],"more":1}' "$operators" >"$dir/more.json"
expect 5 'two persons sign' ledger found "$dir/founding.json" --key "$dir/alice.pem"
expect 5 'both keys are of' ledger found "$dir/founding.json" --key "$dir/alice.pem" \
    --key "$dir/alice.pem"
expect 5 'not that of an ISSUER' ledger found "$dir/founding.json" --key "$dir/alice.pem" \
    --key "$dir/carol.pem"
expect 78 'the file says 5' ledger found "$dir/five.json" --key "$dir/alice.pem" \
    --key "$dir/bob.pem"
expect 1 '/more' ledger found "$dir/more.json" --key "$dir/alice.pem" --key "$dir/bob.pem"
expect 2 'in memory only' ledger found "$dir/founding.json" --key "$dir/alice.pem" \
    --key "$dir/bob.pem" --in-memory
expect 78 'not founded yet' reference propose policy "$reference/policy.json" \
    --config "$dir/alice.conf"
expect 0 '' ledger found "$dir/founding.json" --key "$dir/alice.pem" --key "$dir/bob.pem"
grep -qE '^[0-9a-f]{32}$' "$dir/out" || fail 'no ledger id'
expect 1 'holds a committed record' ledger found "$dir/founding.json" --key "$dir/alice.pem" \
    --key "$dir/bob.pem"
expect 78 'cannot become 6' topics apply --partitions 6 --replication 1 --min-isr 1

# ---- proposing and approving ----
expect 5 'operator.key_file' reference propose policy "$reference/policy.json"
expect 5 "no ISSUER's in force" reference propose policy "$reference/policy.json" \
    --config "$dir/carol.conf"
expect 0 proposed reference propose policy "$reference/policy.json" --config "$dir/alice.conf" \
    -o json
id=$(jq -r .id "$dir/out")
expect 0 'proposed before' reference propose policy "$reference/policy.json" \
    --config "$dir/bob.conf"
expect 5 'another person approves' reference approve "$id" --config "$dir/alice.conf"
expect 1 'there is no proposal' reference approve 0000000000000000 --config "$dir/bob.conf"
expect 0 'in force' reference approve "$id" --config "$dir/bob.conf"
expect 0 'in force already' reference approve "$id" --config "$dir/bob.conf"
expect 0 'in force already' reference propose policy "$reference/policy.json" \
    --config "$dir/alice.conf"

# What is wrong is refused with its place.
refuse() {
    printf '%s' "$3" >"$dir/bad.json"
    expect 1 "bad.json$2" reference propose "$1" "$dir/bad.json" --config "$dir/alice.conf"
}
row='"id":"MP.LEVERAGE","source":"s","confirmed":true,"value"'
refuse policy ':1: /parameters/1: ' "{\"kind\":\"policy\",\"policy\":2,\"rules\":1,\"parameters\":[
    {$row:\"1\",\"from\":\"2016-01-01\",\"to\":\"2017-01-12\"},
    {$row:\"2\",\"from\":\"2017-01-12\",\"to\":\"\"}]}"
refuse policy ':1: /parameters/0: ' "{\"kind\":\"policy\",\"policy\":2,\"rules\":1,\"parameters\":[
    {$row:\"1\",\"from\":\"2016-01-01\",\"to\":\"2017-01-10\"},
    {$row:\"2\",\"from\":\"2017-01-12\",\"to\":\"\"}]}"
refuse rates ':2: /rates/XYZ: ' '{"kind":"rates","date":"2024-01-02","rates":{"USD":"7.1"}}
{"kind":"rates","date":"2024-01-03","rates":{"XYZ":"7.1"}}'
refuse rates ': /date: ' '{"kind":"rates","date":"2024-01-02","rates":{"USD":"7.1"}}
{"kind":"rates","date":"2024-01-02","rates":{"USD":"7.2"}}'
refuse calendar ':1: /kind: ' '{"kind":"rates","date":"2024-01-02","rates":{"USD":"7.1"}}'
refuse rates ':2: not JSON' '{"kind":"rates","date":"2024-01-02","rates":{"USD":"7.1"}}
{"kind":"rates"'

# An import: what is in force is left out of the next one, a second sheet is refused.
printf 'Date,USD,CNY,\n2024-01-03,1,7.2,\n2024-01-02,1,7.1,\n2004-01-02,1,N/A,\n' >"$dir/ecb.csv"
expect 0 '1 dates without rates' reference propose rates "$dir/ecb.csv" --format ecb \
    --to 2024-01-02 --config "$dir/bob.conf" -o json
expect 0 'in force' reference approve "$(jq -r .id "$dir/out")" --config "$dir/alice.conf"
expect 0 '1 of 2 objects are in force already' reference propose rates "$dir/ecb.csv" \
    --format ecb --config "$dir/bob.conf" -o json
expect 0 'in force' reference approve "$(jq -r .id "$dir/out")" --config "$dir/alice.conf"
printf 'time,USDCNY\n2024-01-03,7.3\n' >"$dir/parity.csv"
expect 1 '2024-01-03 already' reference propose rates "$dir/parity.csv" --format parity \
    --config "$dir/bob.conf"
expect 0 '7.2' reference show rates --as-of 2024-01-03
expect 0 '' reference show rates --as-of 2024-01-03 --at 2 -o json
[ ! -s "$dir/out" ] || fail 'the sheet of the day before counts on a working day without one'
expect 0 'alice bob' reference show bulletins
expect 0 '2000000' reference show policy --as-of 2026-01-01 -o csv

# Two proposals for one number: only one can come into force.
printf '{"kind":"calendar","year":2024,"holidays":["2024-01-01"]}' >"$dir/calendar.json"
expect 0 proposed reference propose calendar "$dir/calendar.json" --config "$dir/alice.conf" -o json
first=$(jq -r .id "$dir/out")
expect 0 proposed reference propose banks "$reference/banks.json" --config "$dir/alice.conf" -o json
second=$(jq -r .id "$dir/out")
expect 0 'in force' reference approve "$first" --config "$dir/bob.conf"
expect 1 'propose it again' reference approve "$second" --config "$dir/bob.conf"

# ---- the workers believe it ----
timeout 60 "$worker" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" \
    --store "sqlite:$dir/store.db" --listen none --until-caught-up 2>"$dir/err" ||
    fail 'the worker did not catch up'
expect 0 '' decisions --event bulletin -o json
[ "$(jq -r .outcome "$dir/out" | sort | uniq -c | tr -s ' ')" = ' 20 ACCEPTED' ] ||
    fail 'not all of five bulletins in four partitions were accepted'
expect 0 '' status -o json
[ "$(jq -r .lag "$dir/out" | sort -u)" = 0 ] || fail 'there is a lag'
[ "$(jq -c 'select(.open_ms or .decided_open_ms or .decided_stable == 0)' "$dir/out")" = '' ] ||
    fail 'a transaction is open, or nothing is published'
expect 0 'its offsets are of this store' doctor

# A transaction that somebody leaves open holds up its partition, and nobody else's.
mkfifo "$dir/hold"
"$log_load" "$prefix" hold <"$dir/hold" >"$dir/held" 2>"$dir/held.err" &
holder=$!
exec 3>"$dir/hold"
timeout 20 sh -c "until grep -q open '$dir/held'; do sleep 0.1; done" || fail 'no transaction'
sleep 1
expect 0 'has held partition 0' status -o json
[ "$(jq -r 'select(.open_ms and .decided_open_ms) | .partition' "$dir/out")" = 0 ] ||
    fail 'the open transaction is not shown where it is'
[ "$(jq -r 'select(.partition == 0) | [.open_ms, .decided_open_ms] | min >= 1000' "$dir/out")" = true ] ||
    fail 'it has stood for a second at least'
exec 3>&-
wait "$holder" || fail 'the transaction was not aborted'
chmod 644 "$dir/alice.pem"
expect 1 'finding' doctor --config "$dir/alice.conf"

# ---- rules that these programs do not know ----
printf '{"kind":"policy","policy":9,"rules":99,"parameters":[]}' >"$dir/rules.json"
chmod 600 "$dir/alice.pem"
expect 0 proposed reference propose policy "$dir/rules.json" --config "$dir/alice.conf" -o json
expect 78 'rules 99, this program knows 1 to 1: install a newer one' \
    reference approve "$(jq -r .id "$dir/out")" --config "$dir/bob.conf"
"$found_ledger" "${prefix}newer-" 1 demo 99 >"$dir/out" 2>"$dir/err" || fail 'no ledger of rules 99'
code=0
timeout 60 "$worker" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "${prefix}newer-" \
    --store "sqlite:$dir/newer.db" --listen none --until-caught-up 2>"$dir/err" || code=$?
[ "$code" -eq 78 ] || fail "the worker ends with $code instead of 78 at rules 99"
grep -qF 'rules 99, this program knows 1 to 1: install a newer one' "$dir/err" ||
    fail 'the worker does not say which rules and what to do'
