#!/bin/sh
# verify on a real broker: clean on what a worker did, and each planted fault named by place, field and
# both values.  The faults are planted in copies of the store; those of log and topics, which a broker
# does not take, are in tests/mock/test_verify.c.
#   test_verify.sh BIN DEPLOY LIBAUDIT TOOLS
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
deploy=$2
libaudit=$3
tools=$4
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
for who in o1 w1 y1; do
    "$bin/filingctl" key new --id $who "$dir/$who.pem" >"$dir/$who.json"
done
printf 'operator.key_file = %s\n' "$dir/o1.pem" >"$dir/ctl.conf"
printf 'operator.key_file = %s\n' "$dir/y1.pem" >"$dir/witness.conf"
printf 'worker.key_file = %s\ncheckpoint.decisions = 40\n' "$dir/w1.pem" >"$dir/worker.conf"
jq -n --slurpfile o "$dir/o1.json" --slurpfile w "$dir/w1.json" --slurpfile y "$dir/y1.json" '{partitions: 2,
    operators: [{person: "one", name: "One", roles: ["ISSUER"], keys: $o},
                {person: "wei", name: "Worker", roles: ["WORKER"], keys: $w},
                {person: "yan", name: "Witness", roles: ["WITNESS"], keys: $y}]}' >"$dir/founding.json"
program filingctl topics apply --partitions 2 --replication 1 --min-isr 1
done_with 0 'topics apply'
program filingctl ledger found "$dir/founding.json" --key "$dir/o1.pem" --demo
done_with 0 'ledger found'
refer policy "$deploy/reference/policy.json"
refer calendar "$deploy/reference/calendars.jsonl"
refer banks "$deploy/reference/banks.json"
refer rates "$deploy/samples/rates-1.jsonl"

work() {
    program filing-worker --store "sqlite:$dir/store.db" --listen none --until-caught-up --config "$dir/worker.conf"
    done_with 0 'filing-worker'
}

# The first half, a backup, then the rest.
head -n 140 "$deploy/samples/filings.jsonl" >"$dir/first.jsonl"
tail -n +141 "$deploy/samples/filings.jsonl" >"$dir/rest.jsonl"
program filing-publish "$dir/first.jsonl"
done_with 0 'filing-publish the first half'
work
program filingctl --store "sqlite:$dir/store.db" ledger backup "$dir/base.db"
done_with 0 'ledger backup'
program filing-publish "$dir/rest.jsonl"
done_with 0 'filing-publish the rest'
work
program filingctl checkpoint witness --config "$dir/witness.conf"
done_with 0 'checkpoint witness'

# ---- clean, and without a producer ----
program filingctl --store "sqlite:$dir/store.db" verify --complete
done_with 0 'verify'
grep -q '0 pending; no difference' "$dir/err" || fail 'verify does not say that all was proved'
! nm "$libaudit" | grep -q 'rd_kafka_produce' || fail 'the module that verifies can produce'

grep -q 'partition 0: proved up to checkpoint [0-9]*, signed by wei (key w1), witnessed by yan; [0-9]* decisions after' \
    "$dir/err" || fail 'verify does not say up to which checkpoint it is proved, and by whom'

# verified FILTER ARGUMENT...: clean, and the object at the end is as the filter says.
verified() {
    filter=$1
    shift
    program filingctl verify "$@" -o json
    done_with 0 "verify $*"
    jq -es ".[-1] | $filter" "$dir/out" >/dev/null || fail "verify $* did not report: $filter"
}

# ---- without a store, by one thread or several, the same is counted ----
verified '.complete and .findings == 0 and .checkpoints > 1 and .stored == 0 and (.parts | length == 2)' \
    --topics-only --threads 1
jq -es '.[-1] | del(.parts[].partition)' "$dir/out" >"$dir/one"
verified '.complete' --topics-only --threads 2
jq -es '.[-1] | del(.parts[].partition)' "$dir/out" >"$dir/two"
cmp -s "$dir/one" "$dir/two" || fail 'two threads count something else than one'
program filingctl --store "sqlite:$dir/none.db" verify
done_with 1 'verify with a store that is not there'
grep -q -- '--topics-only' "$dir/err" || fail 'verify without a store does not say what to do'

# ---- bounds ----
all=$(jq '.[-1].decisions' "$dir/one" 2>/dev/null || jq '.decisions' "$dir/one")
verified '.parts[0].first_offset >= 100 and .parts[0].first_number > 90 and .decisions < '"$all" \
    --topics-only --partition 0 --from 100
verified '.parts[0].last_offset <= 100 and (.not_looked_at | any(test("--to")))' \
    --topics-only --partition 0 --to 100
verified '.decisions == 0 and (.not_looked_at | any(test("--from")))' --topics-only --from 2999-01-01T00:00:00Z
verified '.decisions == 0' --topics-only --to 2024-01-01
verified ".decisions == $all" --topics-only --from 2024-01-01 --to 2999-01-01
program filingctl verify --topics-only --from 100
done_with 2 'an offset without a partition'
program filingctl verify --topics-only --from yesterday
done_with 2 'a time that is none'
verified '.decisions > 0 and .decisions < 283 and (.parts | length == 1)' \
    --store "sqlite:$dir/store.db" --enterprise 91210112MA0FG1HX9X

# ---- a work folder: killed and gone on with, and refused for anything else ----
verified '.complete' --topics-only --work "$dir/work"
cp "$dir/out" "$dir/first"
verified '.complete' --topics-only --work "$dir/work"
cmp -s "$dir/first" "$dir/out" || fail 'a second run on a work folder reports something else'
program filingctl verify --topics-only --work "$dir/work" --partition 0
done_with 2 'a work folder of other options'
grep -q 'another partition' "$dir/err" || fail 'it is not said what differs'
sed 's/^program .*/program 00/' "$dir/work/verify.manifest" >"$dir/manifest"
cp "$dir/manifest" "$dir/work/verify.manifest"
program filingctl verify --topics-only --work "$dir/work"
done_with 2 'a work folder of another program'

# ---- stopped, killed, gone on with: the report is that of a run that nobody disturbed ----
# proof FILE ARGUMENT...: of a ledger with enough in it, nobody has decided; in 12 partitions.
proof() {
    report=$1
    shift
    timeout -k 2 100 "$bin/filingctl" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "large-$prefix" verify \
        --topics-only --threads 1 -o json "$@" >"$report" 2>"$dir/err"
}
# begun N: so many partitions are begun in the work folder.
begun() {
    tries=0
    while [ "$(find "$dir/killed" -name '*.db' 2>/dev/null | wc -l)" -lt "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] || fail "there are not $1 partitions begun"
        sleep 0.05
    done
}
"$tools/../bench/bench_load" "large-$prefix" "$deploy/reference" --enterprises 500 --filings 40000 \
    >"$dir/out" 2>"$dir/err" || fail 'bench_load'
proof "$dir/undisturbed" --work "$dir/whole" || fail 'verify of a large ledger'
jq -es '.[-1] | .complete and .records == 40072' "$dir/undisturbed" >/dev/null || fail 'not all was decided'
"$bin/filingctl" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "large-$prefix" verify --topics-only --threads 1 \
    -o json --work "$dir/killed" >"$dir/out" 2>"$dir/err" &
verify=$!
begun 2
kill -9 "$verify"
wait "$verify" || true
"$bin/filingctl" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "large-$prefix" verify --topics-only --threads 1 \
    -o json --work "$dir/killed" >"$dir/out" 2>"$dir/err" &
verify=$!
begun 5
kill -INT "$verify"
code=0
wait "$verify" || code=$?
done_with 130 'verify after SIGINT'
grep -q "the same command goes on from here: what was done is in '$dir/killed'" "$dir/err" ||
    fail 'it is not said how to go on'
proof "$dir/disturbed" --work "$dir/killed" || fail 'verify that goes on'
cmp -s "$dir/undisturbed" "$dir/disturbed" || fail 'a run that was killed and stopped reports something else'
claims=0 # a scratch store is claimed by each run that goes on with it
for file in "$dir/killed"/*.db; do
    claims=$((claims + $(sqlite3 "$file" 'SELECT claims FROM partition')))
done
[ "$claims" -gt 14 ] || fail 'what was done is done again'

# ---- far behind the first decision: its place in the topic is found without reading all before it ----
timeout -k 2 100 "$bin/filing-worker" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "large-$prefix" --batch 100 \
    --store "sqlite:$dir/large.db" --views off --listen none --until-caught-up >"$dir/out" 2>"$dir/err" ||
    fail 'a worker on the large ledger'
for from in 1000 2000 3000; do
    proof "$dir/out" --partition 3 --from "$from" --to "$((from + 99))" || fail "verify --from $from"
    jq -es '.[-1] | .published == .decisions and .decisions > 80 and .pending == 0' "$dir/out" >/dev/null ||
        fail "not all from $from on was compared with the topic"
done

# ---- from a checkpoint, with a backup before it ----
based=$(sqlite3 "$dir/base.db" 'SELECT number FROM partition WHERE partition = 0')
program filingctl checkpoint list -o json
signed_number=$(jq -s "[.[] | select(.partition == 0 and .number >= $based) | .number] | min" "$dir/out")
verified '.complete and .checkpoints >= 1 and .parts[0].first_number == 1 + '"$signed_number"' and
    (.not_looked_at | any(test("base")))' --topics-only --from-checkpoint "0:$signed_number" --base "$dir/base.db"
verified '.complete and .checkpoints >= 1' --store "sqlite:$dir/store.db" --from-checkpoint "0:$signed_number" \
    --base "$dir/base.db"
program filingctl verify --topics-only --from-checkpoint "0:$((signed_number - 1))" --base "$dir/base.db" -o json
done_with 4 'from a checkpoint that nobody signed'
jq -es '.[0].place == "base" and (.[0].expected | test("good checkpoint"))' "$dir/out" >/dev/null ||
    fail 'a checkpoint that nobody signed is not named'
cp "$dir/base.db" "$dir/other.db"
python3 - "$dir/other.db" <<'PYTHON'
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
enterprise, state = db.execute("SELECT enterprise, bytes FROM state WHERE partition = 0 LIMIT 1").fetchone()
state = state[:25] + bytes([state[25] ^ 1]) + state[26:]
db.execute("UPDATE state SET bytes = ? WHERE partition = 0 AND enterprise = ?", (state, enterprise))
db.commit()
PYTHON
program filingctl verify --topics-only --from-checkpoint "0:$signed_number" --base "$dir/other.db" -o json
done_with 4 'from a base that does not lead to its checkpoint'
jq -es '.[0].place == "base"' "$dir/out" >/dev/null || fail 'a base that was altered is not named'
program filingctl verify --topics-only --from-checkpoint "0:$signed_number"
done_with 2 '--from-checkpoint without --base'

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
plant journal '' '' "DELETE FROM journal WHERE $last"
plant log '' '' 'UPDATE partition SET input_hash = flip(input_hash, 3) WHERE partition = 1'
plant ledger '' '' 'UPDATE ledger SET ledger_id = flip(ledger_id, 0)'
plant state "$who" '' "DELETE FROM state WHERE enterprise = '$who'"
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

# ---- the log before the backup is deleted: named, with the way to prove the rest, which works ----
start=$(sqlite3 "$dir/base.db" 'SELECT next_offset FROM partition WHERE partition = 0')
"$tools/log_cut" "${prefix}filings.submitted.v1" 0 "$start" >"$dir/out" 2>"$dir/err" || fail 'log_cut'
"$tools/log_cut" "${prefix}filings.decided.v1" 0 "$based" >"$dir/out" 2>"$dir/err" || fail 'log_cut'
program filingctl verify --topics-only --partition 0 -o json
done_with 4 'verify of a log that was cut'
jq -es '.[0].place == "log" and (.[0].found | test("--from-checkpoint 0:"))' "$dir/out" >/dev/null ||
    fail 'a log that was cut is not told how to prove the rest'
verified '.complete and .checkpoints >= 1 and .parts[0].first_number == 1 + '"$signed_number" \
    --topics-only --from-checkpoint "0:$signed_number" --base "$dir/base.db"
