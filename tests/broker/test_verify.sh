#!/bin/sh
# verify on a real broker: clean on what a worker did, and each planted fault named by place, field and
# both values.  The faults are planted in copies of the store.
#   test_verify.sh BIN DEPLOY LIBAUDIT
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
deploy=$2
libaudit=$3
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="verify-$$-$(date +%s)-"
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
    timeout -k 2 100 "$bin/$name" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" "$@" \
        >"$dir/out" 2>"$dir/err" || code=$?
}

done_with() { [ "$code" -eq "$1" ] || fail "exit $code instead of $1: $2"; }

refer() {
    program filingctl reference propose "$1" "$2" --config "$dir/ctl.conf" -o json
    done_with 0 "propose $1"
    program filingctl reference approve "$(jq -r .id "$dir/out")" --config "$dir/ctl.conf"
    done_with 0 "approve $1"
}

# ---- a demonstration ledger with the sample story ----
"$bin/filingctl" key new --id o1 "$dir/o1.pem" >"$dir/o1.json"
printf 'operator.key_file = %s\n' "$dir/o1.pem" >"$dir/ctl.conf"
jq -n --slurpfile k "$dir/o1.json" '{partitions: 2, operators: [
    {person: "one", name: "One", roles: ["ISSUER"], keys: $k}]}' >"$dir/founding.json"
program filingctl topics apply --partitions 2 --replication 1 --min-isr 1
done_with 0 'topics apply'
program filingctl ledger found "$dir/founding.json" --key "$dir/o1.pem" --demo
done_with 0 'ledger found'
refer policy "$deploy/reference/policy.json"
refer calendar "$deploy/reference/calendars.jsonl"
refer banks "$deploy/reference/banks.json"
refer rates "$deploy/samples/rates-1.jsonl"
program filing-publish "$deploy/samples/filings.jsonl"
done_with 0 'filing-publish'

program filing-worker --store "sqlite:$dir/store.db" --listen none --until-caught-up
done_with 0 'filing-worker'

# ---- clean, and without a producer ----
program filingctl --store "sqlite:$dir/store.db" verify --complete
done_with 0 'verify'
grep -q '0 pending; no difference' "$dir/err" || fail 'verify does not say that all was proved'
! nm "$libaudit" | grep -q 'rd_kafka_produce' || fail 'the module that verifies can produce'

# ---- planted, one at a time ----
# sql DATABASE STATEMENT: in the copy.  flip(blob, place) is there: the blob with one bit changed.
sql() {
    python3 - "$dir/copy.db$1" "$2" <<'PYTHON'
import sqlite3
import sys

def flip(blob, place):
    return blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1:]

db = sqlite3.connect(sys.argv[1])
db.create_function("flip", 2, flip)
rows = db.execute(sys.argv[2]).rowcount
db.commit()
sys.exit(0 if rows == 1 else f"{rows} rows changed")
PYTHON
}

# plant PLACE KEY DATABASE STATEMENT: verify ends with 4 and names the place, the key and two values that
# differ, once.
plant() {
    rm -f "$dir"/copy.db*
    sqlite3 "$dir/store.db" ".backup '$dir/copy.db'"
    sqlite3 "$dir/store.db-views.db" ".backup '$dir/copy.db-views.db'"
    sql "$3" "$4" >"$dir/out" 2>"$dir/err" || fail "cannot plant: $4"
    program filingctl --store "sqlite:$dir/copy.db" verify -o json
    done_with 4 "verify with a fault in $1"
    jq -es --arg place "$1" --arg key "$2" '[.[] | select(.place == $place)] | length == 1 and
        (.[0].key // "" | contains($key)) and .[0].expected != .[0].found and
        (.[0] | has("partition"))' "$dir/out" >/dev/null || fail "not named once: $1 $2"
}

who=$(sqlite3 "$dir/store.db" 'SELECT enterprise FROM state ORDER BY 1 LIMIT 1')
filing=$(sqlite3 "$dir/store.db" 'SELECT lower(hex(min(filing_id))) FROM filing')
short=$(printf '%s' "$filing" | cut -c1-8)
last='partition = 1 AND first_number = (SELECT max(first_number) FROM journal WHERE partition = 1)'
plant journal '' '' "UPDATE journal SET decisions = flip(decisions, 30) WHERE $last"
plant state "$who" '' "UPDATE state SET bytes = flip(bytes, 25) WHERE enterprise = '$who'"
plant 'filing index' "$short" '' \
    "UPDATE filing SET first_number = first_number + 1 WHERE filing_id = x'$filing'"
plant 'filing index' "$short" '' "DELETE FROM filing WHERE filing_id = x'$filing'"
plant held '' '' 'DELETE FROM held WHERE rowid = (SELECT min(rowid) FROM held)'
plant 'readable table limit_account' "$who" -views.db "UPDATE limit_account SET reserved_amount = '7.00'
    WHERE enterprise = '$who' AND limit_id = (SELECT min(limit_id) FROM limit_account
    WHERE enterprise = '$who')"
plant 'readable table decision' '' -views.db \
    "UPDATE decision SET outcome = 'HELD' WHERE partition = 0 AND number = 9"
plant 'readable table posting' '' -views.db "DELETE FROM posting WHERE partition = 0 AND ordinal = 0
    AND number = (SELECT min(number) FROM posting WHERE partition = 0)"

# ---- more was filed, and nobody decided it: pending, no difference ----
head -n 1 "$deploy/samples/filings.jsonl" >"$dir/one.jsonl"
program filing-publish "$dir/one.jsonl"
done_with 0 'filing-publish'
program filingctl --store "sqlite:$dir/store.db" verify
done_with 0 'verify with something pending'
grep -q '1 pending; no difference' "$dir/err" || fail 'verify does not count what is pending'
program filingctl --store "sqlite:$dir/store.db" verify --complete
done_with 1 'verify --complete with something pending'
