#!/bin/sh
# export against the store that it reads: each row beside the readable tables, balances added up from
# postings, states that lag, texts that need quoting, and what happens when nobody reads.
#   test_export.sh BIN DEPLOY
# Ends with 77 where KAFKA_BOOTSTRAP names no broker.
set -eu

bin=$1
deploy=$2
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
prefix="export-$$-$(date +%s)-"
unset FILING_CONFIG
touch "$dir/out" "$dir/err"
store="sqlite:$dir/store.db"
held=0192ffa1-1642-7c76-a150-48dcc6aaa912 # waits for a review
who=91210213MA2HEA00X4
words='not "joint", see #7; refused'      # of the officer

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
    timeout -k 2 60 "$bin/$name" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$prefix" \
        --store "$store" "$@" >"$dir/out" 2>"$dir/err" || code=$?
}

done_with() { [ "$code" -eq "$1" ] || fail "exit $code instead of $1: $2"; }

refer() {
    program filingctl reference propose "$1" "$2" --config "$dir/ctl.conf" -o json
    done_with 0 "propose $1"
    program filingctl reference approve "$(jq -r .id "$dir/out")" --config "$dir/ctl.conf"
    done_with 0 "approve $1"
}

# exported NAME ARGUMENT...: into $dir/NAME.
exported() {
    to=$1
    shift
    program filingctl export "$@"
    done_with 0 "export $*"
    mv "$dir/out" "$dir/$to"
    touch "$dir/out"
}

# ---- nothing yet ----
program filingctl export decisions
done_with 6 'export without a store'
grep -q 'nothing was stored there yet' "$dir/err" || fail 'it does not say why'

# ---- a demonstration ledger with the sample story, and a review with words ----
"$bin/filingctl" key new --id o1 "$dir/o1.pem" >"$dir/o1.json"
printf 'operator.key_file = %s\nauthority.bank = 110000000999\n' "$dir/o1.pem" >"$dir/ctl.conf"
jq -n --slurpfile k "$dir/o1.json" '{partitions: 3, operators: [
    {person: "one", name: "One", roles: ["ISSUER"], keys: $k}]}' >"$dir/founding.json"
program filingctl topics apply --partitions 3 --replication 1 --min-isr 1
done_with 0 'topics apply'
program filingctl ledger found "$dir/founding.json" --key "$dir/o1.pem" --demo
done_with 0 'ledger found'
refer policy "$deploy/reference/policy.json"
refer calendar "$deploy/reference/calendars.jsonl"
refer banks "$deploy/reference/banks.json"
refer negative_list "$deploy/reference/negative_list.json"
refer rates "$deploy/samples/rates-1.jsonl"
cp "$deploy/samples/filings.jsonl" "$dir/filings.jsonl"
# A contract that is never drawn on is closed.
{
    printf '{"filing_id":"018e2baa-d635-7485-b6f3-000000000001","bank":"210200000456",'
    printf '"enterprise":"%s","event":"financing.cancellation","business_date":"2026-04-14",' "$who"
    printf '"maker":"op1","checker":"op2","details":{"contract_no":"4521021320250218"}}\n'
} >>"$dir/filings.jsonl"
program filing-publish "$dir/filings.jsonl"
done_with 0 'filing-publish'
program filing-worker --listen none --until-caught-up
done_with 0 'filing-worker'
program filingctl review refuse 210100000123 "$held" --maker m1 --checker c1 --officer officer7 \
    --reason "$words" --config "$dir/ctl.conf"
done_with 0 'review refuse'
program filing-worker --listen none --until-caught-up
done_with 0 'filing-worker'

# ---- every row, in both formats ----
for kind in decisions postings limits; do
    exported "$kind.csv" "$kind"
    exported "$kind.jsonl" "$kind" --format jsonl
done
program filingctl decisions -o json
done_with 0 'decisions'
tail -n +2 "$dir/decisions.jsonl" | cmp -s - "$dir/out" || fail 'decisions as JSON are others'
cat >"$dir/check.py" <<'PYTHON'
import csv
import json
import sqlite3
import sys
from decimal import Decimal

where, held, words = sys.argv[1:]

def read(name):
    lines = open(f"{where}/{name}.csv", newline="").read().split("\r\n")
    comments = [line for line in lines if line.startswith("#")]
    rows = list(csv.DictReader(line for line in lines if line and not line.startswith("#")))
    head, *objects = [json.loads(line) for line in open(f"{where}/{name}.jsonl")]
    return comments, rows, head, objects

def query(database, statement):
    db = sqlite3.connect(f"file:{where}/{database}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    return [{key: "" if row[key] is None else str(row[key]) for key in row.keys()}
            for row in db.execute(statement)]

def same(what, got, want):
    for one, other in zip(got, want):
        if one != other:
            sys.exit(f"{what}: {one} is not {other}")
    if len(got) != len(want):
        sys.exit(f"{what}: {len(got)} rows, not {len(want)}")

def only(rows, columns):
    return [{to: row[of] for to, of in columns.items()} for row in rows]

# The first record says where each partition stands.
stands = query("store.db", "SELECT partition, number, lower(hex(chain)) chain FROM partition ORDER BY 1")
ledger = query("store.db", "SELECT lower(hex(ledger_id)) id FROM ledger")[0]["id"]
for name in ("decisions", "postings", "limits"):
    comments, _, head, _ = read(name)
    same("first record", [(head["export"], head["ledger"])], [(name, ledger)])
    same("positions", [{k: str(v) for k, v in p.items()} for p in head["positions"]], stands)
    same("comments", comments, [f"# export {name}, ledger {ledger}"] + [
        f"# partition {s['partition']}: number {s['number']}, chain {s['chain']}" for s in stands])

# Decisions beside the readable table; lists are joined otherwise there.
_, rows, _, objects = read("decisions")
columns = {c: c for c in ("partition", "number", "trigger_offset", "received_at", "business_date", "bank",
    "enterprise", "event", "filing_id", "outcome", "flags", "returned_currency", "returned", "policy",
    "rules", "bulletin", "refers_to")}
got = only(rows, columns | {"offset": "offset", "codes": "reasons"})
want = only(query("store.db-views.db", "SELECT * FROM decision ORDER BY partition, number"),
    columns | {"offset": "input_offset", "codes": "codes"})
for row in got + want:
    for column in ("flags", "codes"):
        row[column] = row[column].replace(",", " ").replace(";", " ").split()
same("decisions", got, want)
same("chains", [row["chain"] for row in rows], [o["chain"] for o in objects])
for s in stands:
    last = [row for row in rows if row["partition"] == s["partition"]][-1]
    same("last chain", [(last["number"], last["chain"])], [(s["number"], s["chain"])])

# The officer's words came through the quotes.
last = [row for row in rows if row["filing_id"] == held][-1]
same("review", [(last["outcome"], last["reasons"])], [("REJECTED", "REVIEW_REFUSED")])
if not last["texts"].endswith(words):
    sys.exit(f"the officer's words are {last['texts']}")

# Postings beside the readable table, and both formats.
_, rows, _, objects = read("postings")
columns = {"partition": "partition", "number": "number", "enterprise": "enterprise", "currency": "currency"}
exported = columns | {"limit": "limit"} | {
    f"{when}_{what}": f"{when}_{what}" for when in ("change", "after") for what in ("limit", "used", "reserved")}
table = columns | {"limit": "limit_id"} | {
    f"{when}_{what}": f"{what}_{when}" for when in ("change", "after") for what in ("limit", "used", "reserved")}
same("postings", only(rows, exported), only(query("store.db-views.db",
    "SELECT * FROM posting ORDER BY partition, number, ordinal"), table))
same("postings as JSON", [{k: str(v) for k, v in o.items()} for o in objects],
    [{k: v for k, v in row.items() if v != ""} for row in rows])

# Limits: what the postings add up to, and the readable table.
sums = {}
for row in rows:
    key = (row["partition"], row["enterprise"], row["limit"])
    amounts = sums.setdefault(key, [Decimal(0)] * 3)
    for i, what in enumerate(("limit", "used", "reserved")):
        amounts[i] += Decimal(row[f"change_{what}"])
_, rows, _, objects = read("limits")
limits = {(row["partition"], row["enterprise"], row["limit"]):
    [Decimal(row[c]) for c in ("limit_amount", "used", "reserved")] for row in rows}
nothing = [Decimal(0)] * 3
same("limits", sorted((k, v) for k, v in limits.items() if v != nothing),
    sorted((k, v) for k, v in sums.items() if v != nothing))
for row in rows:
    free = Decimal(row["limit_amount"]) - Decimal(row["used"]) - Decimal(row["reserved"])
    if free != Decimal(row["free"]):
        sys.exit(f"free is not what is left: {row}")
same("limits as JSON", [{k: str(v) for k, v in o.items()} for o in objects], rows)
if {row["state"] for row in rows} != {"open", "closed"}:
    sys.exit("no limit is closed, or none open")
PYTHON
python3 "$dir/check.py" "$dir" "$held" "$words" >"$dir/out" 2>"$dir/err" ||
    fail 'rows differ from the store'

# ---- a part ----
exported part.csv decisions --enterprise "$who"
[ "$(grep -vc '^#' "$dir/part.csv")" -eq $((1 + $(grep -c ",$who," "$dir/decisions.csv"))) ] ||
    fail 'not all decisions of the enterprise, or others'
exported none.csv postings --to 2020-01-01
[ "$(grep -vc '^#' "$dir/none.csv")" -eq 1 ] || fail 'rows of a time before the log began'
exported all.jsonl decisions --from 2020-01-01 --to 2999-12-31 --format jsonl
cmp -s "$dir/all.jsonl" "$dir/decisions.jsonl" || fail 'a span that has everything has not'

# ---- states that lag: later postings stand over them ----
cp "$dir/store.db" "$dir/lag.db"
python3 - "$dir/lag.db" "$who" <<'PYTHON'
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
db.execute("DELETE FROM state WHERE enterprise = ?", sys.argv[2:])
db.execute("UPDATE partition SET clean_number = 0")
db.commit()
PYTHON
grep "^[0-9]*,$who,financing" "$dir/limits.csv" | cut -d, -f 1-8 | sort >"$dir/want"
store="sqlite:$dir/lag.db"
exported lag.csv limits --enterprise "$who"
grep "^[0-9]*,$who,financing" "$dir/lag.csv" | cut -d, -f 1-8 | sort >"$dir/got"
[ -s "$dir/want" ] || fail 'there is nothing to compare'
cmp -s "$dir/want" "$dir/got" || fail 'postings are not over the states'
store="sqlite:$dir/store.db"

# ---- wrong, full, gone, interrupted ----
program filingctl export limits --from 2024-01-01
done_with 2 'limits of a span'
program filingctl export balances
done_with 2 'an unknown kind'
program filingctl export decisions --enterprise 123
done_with 2 'an enterprise that is none'
run() { timeout -k 2 20 "$bin/filingctl" --store "$store" export "$@"; }
if [ -w /dev/full ]; then
    code=0
    run limits >/dev/full 2>"$dir/err" || code=$?
    done_with 1 'a disk that is full'
    grep -q 'No space left' "$dir/err" || fail 'it does not say that the disk is full'
fi
{
    code=0
    run postings 2>"$dir/err" || code=$?
    printf '%s' "$code" >"$dir/code"
} | head -n 1 >"$dir/out"
code=$(cat "$dir/code")
done_with 1 'a reader that went away'
grep -q 'not whole' "$dir/err" || fail 'it does not say that the export is cut off'
{
    code=0
    timeout --preserve-status -s INT 1 "$bin/filingctl" --store "$store" export postings \
        2>"$dir/err" || code=$?
    printf '%s' "$code" >"$dir/code"
} | { sleep 2 && cat >"$dir/out"; }
code=$(cat "$dir/code")
done_with 130 'Ctrl-C while the reader is slow'
