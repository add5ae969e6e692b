#!/bin/sh
# Repairs on a real broker, each on a set-up that is damaged as it happens to people: a store that is
# lost, a backup that was restored, a decision topic that lost its end - and each refused where one
# byte of a published decision is another.
#   test_repair.sh BIN DEPLOY TOOLS
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
deploy=$2
tools=$3
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
worker=
cleanup() {
    [ -z "$worker" ] || kill -9 "$worker" 2>/dev/null || true
    rm -rf "$dir"
}
trap cleanup EXIT
prefix="repair-$$-$(date +%s)-"
decided="${prefix}filings.decided.v1"
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

# expect CODE WORDS STORE ARGUMENT...: filingctl on a store ("" = any words).
expect() {
    want=$1
    words=$2
    store=$3
    shift 3
    program filingctl --store "sqlite:$dir/$store" --config "$dir/ctl.conf" "$@"
    done_with "$want" "filingctl $*"
    [ -z "$words" ] || cat "$dir/out" "$dir/err" | grep -qF -e "$words" ||
        fail "no '$words': filingctl $*"
}

refer() {
    expect 0 '' store.db reference propose "$1" "$2" -o json
    expect 0 '' store.db reference approve "$(jq -r .id "$dir/out")"
}

# work CODE WORDS STORE: a worker until it has caught up; sessions as short as brokers allow.
work() {
    program filing-worker --store "sqlite:$dir/$3" --listen none --until-caught-up --batch 5 \
        -X session.timeout.ms=6000
    done_with "$1" "filing-worker on $3"
    [ -z "$2" ] || grep -qF -e "$2" "$dir/err" || fail "the worker on $3 does not say '$2'"
}

publish() {
    program filing-publish "$1"
    done_with 0 "filing-publish $1"
}

proven() { expect 0 '0 pending; no difference' "$1" verify --complete; }

# owner: whom the group's offsets name.
owner() {
    expect 2 "the group's offsets name" nowhere.db ledger rebuild
    sed -n "s/.*offsets name '\(.*\)'/\1/p" "$dir/err"
}

# store_id STORE
store_id() { sqlite3 "$dir/$1" 'SELECT lower(hex(store_id)) FROM ledger'; }

# number STORE PARTITION
number() { sqlite3 "$dir/$1" "SELECT number FROM partition WHERE partition = $2"; }

dump() { "$tools/log_dump" "$decided" committed >"$1" || fail 'log_dump'; }

# exchange FILE: the decision topic becomes what the file has.
exchange() {
    "$tools/log_restore" "$decided" delete || fail 'cannot delete the decision topic'
    program filingctl topics apply --partitions 2 --replication 1 --min-isr 1
    done_with 0 'topics apply'
    "$tools/log_restore" "$decided" load <"$1" || fail 'cannot load the decision topic'
}

# ---- a demonstration ledger with half of the sample story, copied, then with more of it ----
"$bin/filingctl" key new --id o1 "$dir/o1.pem" >"$dir/o1.json"
printf 'operator.key_file = %s\n' "$dir/o1.pem" >"$dir/ctl.conf"
jq -n --slurpfile k "$dir/o1.json" '{partitions: 2, operators: [
    {person: "one", name: "One", roles: ["ISSUER"], keys: $k}]}' >"$dir/founding.json"
for part in 1,120 121,180 181,240 241,271; do
    sed -n "${part}p" "$deploy/samples/filings.jsonl" >"$dir/filings-${part%,*}.jsonl"
done
expect 0 '' store.db topics apply --partitions 2 --replication 1 --min-isr 1
expect 0 '' store.db ledger found "$dir/founding.json" --key "$dir/o1.pem" --demo
refer policy "$deploy/reference/policy.json"
refer calendar "$deploy/reference/calendars.jsonl"
refer banks "$deploy/reference/banks.json"
refer rates "$deploy/samples/rates-1.jsonl"
publish "$dir/filings-1.jsonl"
work 0 '' store.db

# ---- backup ----
expect 0 '' store.db ledger backup "$dir/old.db" -o json
[ "$(jq -s 'map(.number) | add' "$dir/out")" -eq "$(($(number store.db 0) + $(number store.db 1)))" ] ||
    fail 'the backup does not say what it holds'
expect 1 'is there already' store.db ledger backup "$dir/old.db"
expect 6 'no store' nowhere.db ledger backup "$dir/none.db"
(
    trap '' XFSZ # a file that may not grow fails as a full disk does
    ulimit -f 64
    expect 6 '' store.db ledger backup "$dir/full.db"
)
[ -z "$(find "$dir" -name 'none.db*' -o -name 'full.db*')" ] || fail 'half a backup is left'

publish "$dir/filings-121.jsonl"
work 0 '' store.db
proven store.db
dump "$dir/right.log"

# ---- one byte of a decision is another: everything refuses, and nothing changes ----
middle=$(($(number old.db 0) + 7))
python3 - "$dir/right.log" "$dir/wrong.log" "$middle" <<'PYTHON'
import base64
import sys

number = 0
with open(sys.argv[2], "w") as out:
    for line in open(sys.argv[1]):
        words = line.split()
        if words[:2] == ["record", "0"]:
            number += 1
            if number == int(sys.argv[3]):
                value = bytearray(base64.b64decode(words[6]))
                value[-1] ^= 1
                words[6] = base64.b64encode(value).decode()
        print(*words, file=out)
PYTHON
exchange "$dir/wrong.log"
before=$(owner)
expect 4 "\"number\":$middle" new.db ledger rebuild --yes -o json
[ -z "$(find "$dir" -name 'new.db*' ! -name new.db.lock)" ] || fail 'a store that differs is left'
cp "$dir/old.db" "$dir/behind.db"
expect 4 "\"number\":$middle" behind.db ledger catch-up --yes -o json
[ "$(number behind.db 0)" -lt "$middle" ] || fail 'what differs was adopted'
expect 4 "\"number\":$middle" store.db decisions republish --from 1 --yes -o json
program filingctl --store "sqlite:$dir/new.db" ledger rebuild --yes
done_with 5 'a rebuild by nobody'
[ ! -e "$dir/new.db" ] || fail 'nobody made a store'
[ "$(owner)" = "$before" ] || fail 'the group names another store after a difference'
exchange "$dir/right.log"

# ---- the store is lost ----
mkdir "$dir/lost"
mv "$dir"/store.db* "$dir/lost"
work 78 'belong to another store' store.db
expect 78 'holds a ledger' store.db ledger rebuild --yes
rm "$dir"/store.db*
touch "$dir/store.db-wal" # what is left of the lost one
cp "$dir/old.db" "$dir/store.db.rebuild" # and of a rebuild that was killed
expect 2 'nothing was changed' store.db ledger rebuild
[ ! -e "$dir/store.db" ] || fail 'a store was made without --yes'
(
    trap '' XFSZ
    ulimit -f 64
    expect 6 '' store.db ledger rebuild --yes
)
[ -z "$(find "$dir" -maxdepth 1 -name 'store.db*' ! -name '*.lock' ! -name store.db-wal)" ] ||
    fail 'half a store is left'
[ "$(owner)" = "$before" ] || fail 'the group names a store that could not be made'
expect 0 '' store.db ledger rebuild --yes -o json
jq -es 'map(.number_before == 0 and .number == .published) | all' "$dir/out" >/dev/null ||
    fail 'the new store is not at the end of the topic'
case $(owner) in *" $(store_id store.db) "*) ;; *) fail 'the group does not name the new store' ;; esac
[ ! -e "$dir/store.db.rebuild" ] || fail 'the unfinished file is left'
for p in 0 1; do
    [ "$(number store.db $p)" = "$(number lost/store.db $p)" ] || fail 'the new store has less'
done
proven store.db
# The backup of before, although the group names another store by now; then the new one again.
expect 0 'name another store' old.db ledger catch-up --yes
proven old.db
expect 0 'name another store' store.db ledger catch-up --yes
expect 0 '' store.db ledger backup "$dir/restored.db"
work 78 'belong to another store' lost/store.db

# ---- a worker goes on with the new store; while it runs nothing is repaired ----
publish "$dir/filings-181.jsonl"
"$bin/filing-worker" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" --listen none --batch 5 \
    --store "sqlite:$dir/store.db" -X session.timeout.ms=6000 2>"$dir/worker" &
worker=$!
expect 78 'stop the workers' new.db ledger rebuild --yes
expect 78 'stop the worker' store.db ledger catch-up --yes
expect 78 'stop the worker' store.db decisions republish --from 1 --yes
kill "$worker"
wait "$worker" || fail 'the worker did not end well'
worker=
proven store.db

# ---- a backup is restored: it is behind what is published ----
mkdir "$dir/newer"
mv "$dir"/store.db* "$dir/newer"
cp "$dir/restored.db" "$dir/store.db"
work 78 'ledger catch-up' store.db
expect 2 'nothing was changed' store.db ledger catch-up
[ "$(number store.db 0)" = "$(number restored.db 0)" ] || fail 'something was adopted without --yes'
expect 0 '' store.db ledger catch-up --yes -o json
jq -es 'map(.number_before < .number and .number == .published) | all' "$dir/out" >/dev/null ||
    fail 'it did not catch up'
expect 0 'nothing to do' store.db ledger catch-up --yes
case $(owner) in *" $(store_id store.db) "*) ;; *) fail 'the group does not name this store' ;; esac
[ "$(store_id store.db)" != "$(store_id newer/store.db)" ] || fail 'the lost store would not be refused'
proven store.db
publish "$dir/filings-241.jsonl"
work 0 '' store.db
proven store.db

# ---- the decision topic loses its end: in partition 0 more than the last two rows of the journal,
# ---- in partition 1 it is cut between two decisions of one record ----
dump "$dir/whole.log"
first=$(sqlite3 "$dir/store.db" "SELECT first_number FROM journal WHERE partition = 0
    ORDER BY 1 DESC LIMIT 1 OFFSET 3")
expect 0 '' store.db decisions -o json
second=$(jq -s 'map(select(.partition == 1)) | group_by(.trigger.offset) |
    map(select(length > 1) | last.number) | first' "$dir/out")
awk -v first="$first" -v second="$second" '$1 == "record" {
        n[$2]++
        if (n[$2] >= ($2 == 0 ? first : second)) next
    } { print }' "$dir/whole.log" >"$dir/short.log"
exchange "$dir/short.log"
work 78 'decisions republish' store.db

# A new store stands at the end of the record; what the topic lacks of it a worker publishes.
expect 0 '' middle.db ledger rebuild --yes -o json
jq -es --argjson n "$second" '.[1].number == $n and .[1].published == $n - 1' "$dir/out" >/dev/null ||
    fail 'the new store does not end with the record'
expect 0 'no difference' middle.db verify
expect 78 'name another store' store.db decisions republish --from "$first" --partition 0 --yes
expect 0 'decisions republish' store.db ledger catch-up --yes

expect 78 "--from $second --partition 1" store.db decisions republish --from "$first" --yes
expect 78 'would leave a gap' store.db decisions republish --from "$((first + 1))" --partition 0 --yes
expect 78 'is published' store.db decisions republish --from "$((first - 1))" --partition 0 --yes
expect 2 'nothing was changed' store.db decisions republish --from "$first" --partition 0
dump "$dir/same.log"
[ "$(grep -c record "$dir/same.log")" -eq "$(grep -c record "$dir/short.log")" ] ||
    fail 'something was published without --yes'
expect 0 '' store.db decisions republish --from "$first" --partition 0 --yes -o json
jq -es '.[0].missing == 0 and .[0].transactions >= 3' "$dir/out" >/dev/null ||
    fail 'not all was published, or not more than two rows'
expect 0 '' store.db decisions republish --from "$second" --yes
dump "$dir/again.log"
for log in whole again; do
    awk '$1 == "record" { print $2, $6, $7 }' "$dir/$log.log" | sort -s -k1,1n >"$dir/$log.values"
done
cmp -s "$dir/whole.values" "$dir/again.values" || fail 'other bytes or keys were published'
expect 0 'nothing is missing' store.db decisions republish --from "$first" --yes
head -n 1 "$dir/filings-1.jsonl" >"$dir/one.jsonl"
publish "$dir/one.jsonl"
work 0 '' store.db
proven store.db

# ---- who did it ----
expect 0 '' store.db audit operations -o json
for row in 'ledger rebuild:begun' 'ledger rebuild:failed' 'ledger rebuild:done' 'ledger catch-up:begun' \
    'ledger catch-up:failed' 'ledger catch-up:done' 'decisions republish:begun' \
    'decisions republish:done'; do
    jq -es --arg command "${row%:*}" --arg result "${row#*:}" 'any(.[]; .command == $command and
        (.result | startswith($result)))' "$dir/out" >/dev/null || fail "no record of $row"
done
echo 'all promises hold'
