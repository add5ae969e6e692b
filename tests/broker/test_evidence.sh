#!/bin/sh
# Evidence and receipts with filingctl on a real broker; what is checked is
# checked without one.
#   test_evidence.sh BIN DEPLOY
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
deploy=$2
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="evidence-$$-$(date +%s)-"
unset FILING_CONFIG
readonly nowhere=127.0.0.1:9 # what is checked asks nobody
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

# expect CODE WORDS ARGUMENT...: filingctl with the worker's key and the store.
expect() {
    want=$1
    words=$2
    shift 2
    program filingctl --store "sqlite:$dir/store.db" --config "$dir/exporter.conf" "$@"
    done_with "$want" "filingctl $*"
    [ -z "$words" ] || cat "$dir/out" "$dir/err" | grep -qF -e "$words" ||
        fail "no '$words': filingctl $*"
}

# alone CODE WORDS ARGUMENT...: filingctl without broker, store or configuration.
alone() {
    want=$1
    words=$2
    shift 2
    code=0
    timeout -k 2 60 "$bin/filingctl" --bootstrap-server "$nowhere" --store sqlite:/nowhere "$@" \
        >"$dir/out" 2>"$dir/err" || code=$?
    done_with "$want" "filingctl $*"
    [ -z "$words" ] || cat "$dir/out" "$dir/err" | grep -qF -e "$words" ||
        fail "no '$words': filingctl $*"
}

report() { jq -es "last | $1" "$dir/out" >/dev/null || fail "the report is not: $1"; }

refer() {
    program filingctl reference propose "$1" "$2" --config "$dir/issuer.conf" -o json
    done_with 0 "propose $1"
    program filingctl reference approve "$(jq -r .id "$dir/out")" --config "$dir/issuer.conf"
    done_with 0 "approve $1"
}

decide() {
    program filing-worker --config "$dir/worker.conf" --store "sqlite:$dir/store.db" --listen none \
        --until-caught-up
    done_with 0 'filing-worker'
}

# ---- a demonstration ledger with the sample story, and checkpoints over most of it ----
for id in o1 w1 v1; do
    "$bin/filingctl" key new --id "$id" "$dir/$id.pem" >"$dir/$id.json"
done
printf 'operator.key_file = %s\n' "$dir/o1.pem" >"$dir/issuer.conf"
printf 'operator.key_file = %s\n' "$dir/v1.pem" >"$dir/witness.conf"
printf 'operator.key_file = %s\n' "$dir/w1.pem" >"$dir/exporter.conf"
jq -n --slurpfile o "$dir/o1.json" --slurpfile w "$dir/w1.json" --slurpfile v "$dir/v1.json" '
    {kind: "operators", operators: [{person: "one", name: "One", roles: ["ISSUER"], keys: $o},
    {person: "wei", name: "Wei", roles: ["WORKER"], keys: $w},
    {person: "vera", name: "Vera", roles: ["WITNESS"], keys: $v}]}' >"$dir/operators.json"
jq '{partitions: 2, operators}' "$dir/operators.json" >"$dir/founding.json"
cat >"$dir/worker.conf" <<END
[worker]
key_file = $dir/w1.pem
[checkpoint]
decisions = 25
END
program filingctl topics apply --partitions 2 --replication 1 --min-isr 1
done_with 0 'topics apply'
program filingctl ledger found "$dir/founding.json" --key "$dir/o1.pem" --demo
done_with 0 'ledger found'
ledger=$(grep -oE '[0-9a-f]{32}' "$dir/out" | head -n 1)
refer policy "$deploy/reference/policy.json"
refer calendar "$deploy/reference/calendars.jsonl"
refer banks "$deploy/reference/banks.json"
refer rates "$deploy/samples/rates-1.jsonl"
program filing-publish "$deploy/samples/filings.jsonl"
done_with 0 'filing-publish'
decide
program filingctl checkpoint witness --config "$dir/witness.conf"
done_with 0 'checkpoint witness'

# ---- one enterprise ----
who=$(jq -rs '[.[].enterprise] | group_by(.) | max_by(length) | .[0]' "$deploy/samples/filings.jsonl")
expect 0 'no difference' verify --enterprise "$who" -o json
report '.findings == 0 and .stored == .published and .states == 1 and .published < .records'
expect 2 'is no credit code' verify --enterprise nobody
expect 2 'does not go with' verify --enterprise "$who" --partition 1
sqlite3 "$dir/store.db" ".backup '$dir/copy.db'"
number=$(sqlite3 "$dir/copy.db" "SELECT number FROM state WHERE enterprise = '$who'")
sqlite3 "$dir/copy.db" "UPDATE state SET bytes = bytes || x'00' WHERE enterprise = '$who'"
program filingctl --store "sqlite:$dir/copy.db" verify --enterprise "$who" -o json
done_with 4 'verify --enterprise of an altered state'
jq -es --argjson n "$number" '.[0].place == "state" and .[0].number == $n' "$dir/out" >/dev/null ||
    fail 'the altered state is not named'

# ---- all of it ----
: >"$dir/empty.conf"
program filingctl evidence export "$dir/none" --config "$dir/empty.conf"
done_with 5 'evidence export without a key'
program filingctl evidence export "$dir/none" --config "$dir/witness.conf"
done_with 5 'evidence export by a witness'
[ ! -e "$dir/none" ] || fail 'a file was begun for somebody who may not'
expect 0 'signed by wei' evidence export "$dir/all"
alone 0 'no difference' evidence check "$dir/all" -o json
report ".signed and .ledger == \"$ledger\" and (.partitions | length) == 2"
report 'all(.partitions[]; .witnessed > 0 and .states > 0 and .covered <= .decisions)'
alone 0 '' evidence check - <"$dir/all"
alone 0 '' evidence check "$dir/all" --ledger "$ledger"
alone 4 'ledger_id' evidence check "$dir/all" --ledger 00000000000000000000000000000000
alone 1 'it is no evidence' evidence check "$dir/w1.json"
alone 1 'cannot open' evidence check "$dir/none"

# ---- parts of it ----
expect 0 '' evidence export "$dir/one" --enterprise "$who"
alone 0 'a part does not prove' evidence check "$dir/one" -o json
report '.partitions[0] | .covered > 0 and .decisions < .partition_decisions'
[ "$(wc -c <"$dir/one")" -lt "$(wc -c <"$dir/all")" ] || fail 'a part is larger than the whole'
filed=$(jq -r "select(.enterprise == \"$who\") | [.bank, .filing_id] | @tsv" \
    "$deploy/samples/filings.jsonl" | sed -n 2p)
bank=${filed%%	*}
id=${filed##*	}
expect 2 'together' evidence export "$dir/filing" --bank "$bank"
expect 0 '' evidence export "$dir/filing" --bank "$bank" --filing "$id" --enterprise "$who"
alone 0 'no difference' evidence check "$dir/filing"
[ "$(wc -c <"$dir/filing")" -lt "$(wc -c <"$dir/one")" ] || fail 'a filing is more than its enterprise'
expect 0 '' evidence export "$dir/later" --from 2026-01-01 --partition 1
alone 0 'no difference' evidence check "$dir/later"
expect 0 '' evidence export "$dir/earlier" --to 2100-01-01
alone 0 'no difference' evidence check "$dir/earlier"

# ---- altered: named, and never believed ----
python3 - "$dir/one" "$dir/altered" <<'PYTHON'
import sys

data = bytearray(open(sys.argv[1], "rb").read())
at = data.index(b"fdi.inflow") if b"fdi.inflow" in data else len(data) // 2
data[at] ^= 1
open(sys.argv[2], "wb").write(data)
PYTHON
alone 4 'DIFFERENCES' evidence check "$dir/altered" -o json
jq -es '.[0] | has("partition") and has("offset") and .expected != .found' "$dir/out" >/dev/null ||
    fail 'the altered byte is not named'
head -c 5000 "$dir/all" >"$dir/cut"
alone 4 'the file ends' evidence check "$dir/cut"

# ---- receipts ----
expect 0 '' receipt "$bank" "$id" --enterprise "$who"
cp "$dir/out" "$dir/receipt.json"
[ "$(wc -c <"$dir/receipt.json")" -lt 8192 ] || fail 'a receipt is not small'
jq -e ".ledger == \"$ledger\" and .filing_id == \"$id\" and (.path | length) <= 8" "$dir/receipt.json" \
    >/dev/null || fail 'the receipt cannot be read'
alone 0 'signed by wei' receipt check "$dir/receipt.json" --operators "$dir/operators.json"
alone 0 '' receipt check "$dir/receipt.json" --operators "$dir/operators.json" --ledger "$ledger"
alone 4 "another ledger" receipt check "$dir/receipt.json" --operators "$dir/operators.json" \
    --ledger 00000000000000000000000000000000
expect 0 'signed by wei' receipt check "$dir/receipt.json"
sed 's/"outcome": "[A-Z]*"/"outcome": "REJECTEd"/' "$dir/receipt.json" >"$dir/lie.json"
alone 4 'byte' receipt check "$dir/lie.json" --operators "$dir/operators.json"
jq '.operators[1].keys = .operators[2].keys' "$dir/operators.json" |
    jq '{kind, operators: [.operators[1]]}' >"$dir/others.json"
alone 4 'signature' receipt check "$dir/receipt.json" --operators "$dir/others.json"
alone 1 'no receipt' receipt check "$dir/operators.json" --operators "$dir/operators.json"
expect 1 'has no filing' receipt "$bank" 019a3f52-6c1e-7d40-9f6b-2f3a51c0dead

# ---- what nobody has signed yet ----
jq -c --arg who "$who" 'select(.enterprise == $who)
    | .filing_id = "019a3f52-6c1e-7d40-9f6b-2f3a51c0beef"' "$deploy/samples/filings.jsonl" |
    head -n 1 >"$dir/late.jsonl"
program filing-publish "$dir/late.jsonl"
done_with 0 'filing-publish'
printf '\n' >"$dir/worker.conf" # a worker without a key
decide
expect 1 'not yet' receipt "$bank" 019a3f52-6c1e-7d40-9f6b-2f3a51c0beef
expect 0 '' evidence export "$dir/more" --enterprise "$who"
alone 0 "on their chain and the exporter's signature alone" evidence check "$dir/more"
