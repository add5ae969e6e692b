#!/bin/sh
# Checkpoints on a real broker: a worker writes them, a script of its own computes them again, killed
# workers leave no gap, keys that do not count sign nothing, a witness signs what is right and nothing else.
#   test_checkpoint.sh BIN TOOLS DEPLOY
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
tools=$2
deploy=$3
here=$(dirname "$0")
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
worker=
trap '[ -z "$worker" ] || kill -9 "$worker" 2>/dev/null || true; rm -rf "$dir"' EXIT
prefix="checkpoint-$$-$(date +%s)-"
unset FILING_CONFIG
touch "$dir/out" "$dir/err" "$dir/worker.log"

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    cat "$dir/out" "$dir/err" >&2
    tail -n 20 "$dir/worker.log" >&2
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
    program filingctl reference propose "$1" "$2" --config "$dir/o1.conf" -o json
    done_with 0 "propose $1"
    program filingctl reference approve "$(jq -r .id "$dir/out")" --config "$dir/o1.conf"
    done_with 0 "approve $1"
}

# ---- a ledger with an issuer, a worker and a witness among its operators ----
for who in o1 w1 y1 x1; do
    "$bin/filingctl" key new --id $who "$dir/$who.pem" >"$dir/$who.json"
    printf 'operator.key_file = %s\n' "$dir/$who.pem" >"$dir/$who.conf"
done
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

# settings KEY DECISIONS: of the worker.
settings() {
    printf '[filing-worker]\nworker.key_file = %s\ncheckpoint.decisions = %s\n' "$dir/$1.pem" "$2" >"$dir/worker.conf"
}

# work: decide what there is; its log is in err.
work() { program filing-worker --store "sqlite:$dir/store.db" --listen none --until-caught-up "$@"; }

# listed FILTER: the checkpoints, one a line of JSON, through jq -e.
listed() {
    program filingctl checkpoint list -o json
    jq -es "$1" "$dir/out" >/dev/null
}

checked() {
    "$here/check_checkpoints.py" check --prefix "$prefix" --dump "$tools/log_dump" --store "$dir/store.db" \
        --key "$dir/w1.pem" >"$dir/out" 2>"$dir/err" || fail 'the checkpoints do not say what topics and store say'
}

# ---- without a key there are none; one that cannot be read, or is nobody's, is told ----
work
done_with 0 'a worker without a key'
grep -q 'checkpoint.off' "$dir/err" || fail 'a worker without a key does not say so'
program filingctl checkpoint list
done_with 1 'checkpoint list without any'
settings none 1
work --config "$dir/worker.conf"
done_with 5 'a key that is not there'
settings x1 1
program filing-publish "$deploy/samples/filings.jsonl"
done_with 0 'filing-publish'
work --config "$dir/worker.conf"
done_with 0 "a worker with a key that is nobody's"
grep -q "checkpoint.failed.*no WORKER's in force" "$dir/err" || fail "a key that is nobody's is not told"
program filingctl checkpoint list
done_with 1 "checkpoint list after a key that is nobody's"

# ---- one that counts: both partitions, from their first decision ----
settings w1 1
work --config "$dir/worker.conf"
done_with 0 'a worker with its key'
listed 'length == 2 and all(.[]; .verdict == "good" and .first_number == 1 and .worker == "wei" and .witnesses == null)' ||
    fail 'not one good checkpoint for each partition'
checked
grep -q '^2 checkpoints, 2 of them with their states, 0 findings' "$dir/out" || fail 'not both were computed again'
work --config "$dir/worker.conf"
done_with 0 'a worker with nothing to do'
listed 'length == 2' || fail 'a checkpoint of nothing new'

# ---- killed again and again while it writes them: no gap, nothing that differs ----
worker_start() {
    "$bin/filing-worker" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" --store "sqlite:$dir/store.db" \
        --listen none --config "$dir/worker.conf" >"$dir/worker.log" 2>&1 &
    worker=$!
}
await() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 150 ] || fail "waited in vain: $*"
        sleep 0.1
    done
}
written() { [ "$(grep -c 'checkpoint.written' "$dir/worker.log")" -ge "$1" ]; }

refer rates "$deploy/samples/rates-1.jsonl" # sets filings free
for round in 1 2 3; do
    worker_start
    program filing-publish "$deploy/samples/filings.jsonl" # DUPLICATE, but decided
    await written $((round % 2 + 1))
    kill -9 "$worker"
    wait "$worker" 2>/dev/null || true
    worker=
done
work --config "$dir/worker.conf"
done_with 0 'after the kills'
listed 'length >= 6 and all(.[]; .verdict == "good")' || fail 'not all good after kills'
checked
grep -q ' 2 of them with their states, 0 findings' "$dir/out" || fail 'not both last ones were computed again'

# ---- a witness ----
program filingctl checkpoint witness
done_with 5 'a witness without a key'
program filingctl checkpoint witness --config "$dir/w1.conf"
done_with 5 'the worker as witness'
program filingctl checkpoint witness --config "$dir/y1.conf" -o json
done_with 0 'a witness'
jq -es 'length == 2 and all(.[]; .state == "witnessed")' "$dir/out" >/dev/null || fail 'not both were witnessed'
program filingctl checkpoint witness --config "$dir/y1.conf" -o json
done_with 0 'a witness again'
jq -es 'all(.[]; .state == "witnessed before")' "$dir/out" >/dev/null || fail 'witnessed twice'
listed 'group_by(.partition) | all(.[]; max_by(.number) | .witnesses == "yan") and
    ([.[][] | select(.witnesses)] | length == 2)' || fail 'the witness is not seen'

program filingctl --store "sqlite:$dir/store.db" status -o json
done_with 0 'status'
jq -es 'length == 2 and all(.[]; .checkpoint == .number)' "$dir/out" >/dev/null || fail 'status does not show them'
program filingctl --store "sqlite:$dir/store.db" doctor
grep -q '^checkpoints *ok' "$dir/out" || fail 'doctor is not content with them'

# ---- forged: who has no key can make a record, but no checkpoint ----
# put PARTITION ARGUMENT...: a forged record into the topic.
put() {
    partition=$1
    shift
    "$here/check_checkpoints.py" forge --prefix "$prefix" --dump "$tools/log_dump" --partition "$partition" "$@" \
        >"$dir/forged" || fail "cannot forge: $*"
    kcat -P -b "$KAFKA_BOOTSTRAP" -t "${prefix}filings.checkpoints.v1" -p 0 -k "$partition" "$dir/forged" \
        >"$dir/out" 2>"$dir/err" || fail 'kcat'
}
put 0 --key "$dir/w1.pem" --set chain=~ --no-sign
listed '[.[] | select(.verdict == "wrong signature")] | length == 1' || fail 'a changed chain is not noticed'
put 0 --key "$dir/x1.pem" --set number=999999
listed '[.[] | select(.verdict == "wrong signature")] | length == 2' || fail "a stranger's signature is not noticed"
program filingctl checkpoint witness --config "$dir/y1.conf" -o json
done_with 0 'a witness beside forged ones'

# ---- signed by the worker's key, but of another history: not witnessed, and the worker stops writing ----
put 1 --key "$dir/w1.pem" --set states_sha256=~
listed '[.[] | select(.verdict == "contradicted")] | length == 2 and all(.[]; .partition == 1)' ||
    fail 'a fork is not told'
program filingctl checkpoint witness --config "$dir/y1.conf" --partition 1 -o json
done_with 4 'a witness of a fork'
program filingctl --store "sqlite:$dir/store.db" doctor
done_with 1 'doctor beside a fork'
grep -q '^checkpoints *finding .*contradict each other' "$dir/out" || fail 'doctor does not tell the fork'
put 0 --key "$dir/w1.pem" --set number=5000
program filingctl checkpoint witness --config "$dir/y1.conf" --partition 0 -o json
done_with 4 'a witness of more than there is'
grep -q 'does not have it' "$dir/out" || fail 'not told what is missing'
before=$(listed 'length' && jq -s length "$dir/out")
program filing-publish "$deploy/samples/filings.jsonl"
work --config "$dir/worker.conf"
done_with 0 'a worker beside a checkpoint of another history'
grep -q 'checkpoint.failed.*decision 5000.*filingctl verify' "$dir/err" || fail 'the worker does not tell'
listed "[.[] | select(.partition == 0)] | length > 0" || fail 'list'
jq -es "length <= $before + 1" "$dir/out" >/dev/null || fail 'the worker wrote over a contradiction'
