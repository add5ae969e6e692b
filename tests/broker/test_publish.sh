#!/bin/sh
# filing-publish as banks use it, on a real broker: what is published, what is refused, and what a
# kill -9 in the middle leaves.  KAFKA_BOOTSTRAP names the broker; without it: 77, skipped.
#   test_publish.sh FILING_PUBLISH FOUND_LEDGER FILE_CLIENT
set -eu

publish=$1
found=$2
client=$3
[ -n "${KAFKA_BOOTSTRAP:-}" ] || exit 77
command -v kcat >/dev/null || exit 77

folder=$(mktemp -d)
prefix="publish-$$-$(date +%s)-"
trap 'rm -rf "$folder"' EXIT

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    exit 1
}

# want CODE COMMAND...: its exit code must be CODE; what it says goes to $folder/said.
want() {
    code=$1
    shift
    got=0
    "$@" >"$folder/out" 2>"$folder/said" || got=$?
    [ "$got" = "$code" ] || { cat "$folder/said" >&2; fail "exit $got instead of $code: $*"; }
}

says() { grep -q -- "$1" "$folder/said" || { cat "$folder/said" >&2; fail "does not say '$1'"; }; }

run() { "$publish" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$ledger" "$@"; }

# The program itself in the background, not a shell around it: signals are for the program.
start() {
    "$publish" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "$ledger" "$@" 2>"$folder/said" &
    pid=$!
}
lines() { if [ -f "$1" ]; then wc -l <"$1"; else echo 0; fi; }

# Every filing of a ledger: partition, offset, key, headers; founding records have no key.
records() {
    kcat -b "$KAFKA_BOOTSTRAP" -t "${ledger}filings.submitted.v1" -C -e -q -Z \
        -f '%p %o %k %h\n' | grep -v ' NULL ' || true
}
ids() { sed 's/.*ce_id=\([^,]*\),.*/\1/'; }
report_ids() { sed -n 's/.*"filing_id":"\([^"]*\)".*/\1/p' "$1"; }

# make_filings N: of four enterprises in turn, ids counting up.
make_filings() {
    awk -v n="$1" 'BEGIN {
        split("91110000600037341L 914403001922038216 91340600MA2PBP2120 91210100MA0FG1HX9H", code)
        for (i = 1; i <= n; i++)
            printf("{\"filing_id\":\"019a3f52-6c1e-7d40-9f6b-%012x\",\"bank\":\"210100000123\"," \
                   "\"enterprise\":\"%s\",\"event\":\"fdi.preliminary_inflow\"," \
                   "\"business_date\":\"2026-04-13\",\"maker\":\"op017\",\"checker\":\"op204\"," \
                   "\"details\":{\"application_no\":\"A20260401001\"," \
                   "\"money\":{\"currency\":\"EUR\",\"value\":\"100000.00\"}}}\n", i, code[i % 4 + 1])
    }'
}

# ---- without a broker ----

want 0 "$publish" --dry-run --bootstrap-server 127.0.0.1:1 tests/data/filings.jsonl
says '49 good'
printf '{"filing_id":"x"}\n' >"$folder/bad"
want 3 "$publish" --dry-run "$folder/bad"
says "$folder/bad:1: /filing_id: .*102 FILING_ID, CORRECT"
want 6 "$publish" --bootstrap-server 127.0.0.1:1 tests/data/filings.jsonl
says "127.0.0.1:1"
want 2 "$publish" --format csv tests/data/filings.jsonl
want 2 "$publish" --dry-run --report "$folder/r" tests/data/filings.jsonl
want 1 "$publish" --dry-run "$folder/nothing"

# ---- every record with its key and its headers ----

ledger="${prefix}a-"
"$found" "$ledger" 12 demo >"$folder/ledger_id"
want 0 run --report "$folder/a.report" tests/data/filings.jsonl
says '49 published, 0 refused'
records >"$folder/a.records"
[ "$(wc -l <"$folder/a.records")" = 49 ] || fail 'not every record is in the topic'
jq -r .filing_id tests/data/filings.jsonl | sort >"$folder/a.wanted"
ids <"$folder/a.records" | sort >"$folder/a.got"
cmp "$folder/a.wanted" "$folder/a.got" || fail 'other ids than in the file'
while read -r _ _ key headers; do
    for header in 'ce_specversion=1.0' "ce_subject=$key" 'content-type=application/protobuf' \
        'ce_type=filing.' 'ce_time=2' 'ce_source=/banks/'; do
        case $headers in *"$header"*) ;; *) fail "no $header in $headers" ;; esac
    done
done <"$folder/a.records"
# The report names the place at which each record stands.
report_places() {
    sed -n 's/.*"filing_id":"\([^"]*\)".*"partition":\([0-9]*\),"offset":\([0-9]*\)}/\2 \3 \1/p' "$1"
}
report_places "$folder/a.report" | sort >"$folder/a.places"
sed 's/^\([0-9]* [0-9]*\) .*ce_id=\([^,]*\),.*/\1 \2/' "$folder/a.records" | sort |
    cmp - "$folder/a.places" || fail 'the report names other places'

want 0 run --report "$folder/a.report" tests/data/filings.jsonl
says '0 published'
[ "$(records | wc -l)" = 49 ] || fail 'a finished report sent something again'
want 2 run --report "$folder/a.report" tests/data/reference.jsonl
says 'another input'
want 0 run tests/data/filings.jsonl
records | ids | sort | uniq -c | awk '$1 != 2 { bad = 1 } END { exit bad }' ||
    fail 'the file again did not send the same ids'
want 78 run --ledger-id 00000000000000000000000000000000 tests/data/filings.jsonl
want 0 run --ledger-id "$(cat "$folder/ledger_id")" --report "$folder/b.report" - \
    <tests/data/filings.jsonl
cmp "$folder/b.report.input" tests/data/filings.jsonl || fail 'standard input was not copied'
want 78 "$publish" --bootstrap-server "$KAFKA_BOOTSTRAP" --prefix "${prefix}none-" \
    tests/data/filings.jsonl
says 'filingctl topics apply'

# ---- refused records are accounted for ----

{ cat "$folder/bad"; head -n 1 tests/data/filings.jsonl; echo; echo nonsense; } >"$folder/mixed"
want 3 run --report "$folder/c.report" "$folder/mixed"
says '1 published, 2 refused, 1 blank'
grep -q '^{"line":1,"filing_id":"x","status":"REFUSED","code":"SCHEMA","field":"/bank"}$' \
    "$folder/c.report" || fail 'line 1 is not reported'
grep -q '^{"line":4,"status":"REFUSED","code":"SCHEMA","field":""}$' "$folder/c.report" ||
    fail 'line 4 is not reported'
want 3 run --report "$folder/c.report" "$folder/mixed"
[ "$(wc -l <"$folder/c.report")" = 4 ] || fail 'refused records were reported twice'

# ---- kill -9 in the middle, again and again, then a signal, then to the end ----

n=30000
ledger="${prefix}k-"
"$found" "$ledger" 12 demo >/dev/null
make_filings $n >"$folder/many"
for before in 1 3000 9000; do
    start --report "$folder/k.report" "$folder/many"
    until [ "$(lines "$folder/k.report")" -gt $before ]; do
        kill -0 $pid 2>/dev/null || fail 'ended before it was killed'
    done
    kill -9 $pid
    wait $pid 2>/dev/null || true
    [ "$(lines "$folder/k.report")" -le $n ] || fail 'too late to kill'
done
had=$(lines "$folder/k.report")
start --report "$folder/k.report" "$folder/many"
until [ "$(lines "$folder/k.report")" -gt $((had + 1)) ]; do
    kill -0 $pid 2>/dev/null || fail 'ended before the signal'
done
kill -INT $pid
code=0
wait $pid || code=$?
[ $code = 130 ] || fail "exit $code after SIGINT"
[ "$(lines "$folder/k.report")" -le $n ] || fail 'too late for a signal'
grep -q 'without acknowledgement' "$folder/said" && fail 'SIGINT did not wait for what was sent'
want 0 run --report "$folder/k.report" "$folder/many"
report_ids "$folder/k.report" | sort >"$folder/k.ids"
jq -r .filing_id "$folder/many" | sort | cmp - "$folder/k.ids" ||
    fail 'the report does not hold each id exactly once'
records >"$folder/k.records"
ids <"$folder/k.records" | sort -u | cmp - "$folder/k.ids" || fail 'an id is not in the topic'
# The first arrivals of an enterprise stand in the order of the file.
sort -n -k1,1 -k2,2 "$folder/k.records" |
    sed 's/^[0-9]* [0-9]* \([^ ]*\) .*ce_id=\([^,]*\),.*/\1 \2/' |
    awk '!seen[$2]++ { if ($2 < last[$1]) exit 1; last[$1] = $2 }' || fail 'out of order'

# ---- a disk that is full: nothing more is sent, and the report can be gone on with ----

ledger="${prefix}f-"
"$found" "$ledger" 12 demo >/dev/null
full() { (
    trap '' XFSZ
    ulimit -f 64
    run --report "$folder/f.report" "$folder/many"
) }
want 6 full
says 'cannot write the report'
[ "$(records | wc -l)" -lt $n ] || fail 'went on sending with a full disk'
want 0 run --report "$folder/f.report" "$folder/many"
report_ids "$folder/f.report" | sort | cmp - "$folder/k.ids" ||
    fail 'the report does not hold each id exactly once after a full disk'

# ---- keys ----

ledger="${prefix}s-"
"$found" "$ledger" 12 signed >/dev/null
head -n 1 tests/data/filings.jsonl >"$folder/one"
want 5 run "$folder/one"
says 'signed filings only'
keys="$folder/keys/210100000123"
mkdir -p "$keys"
want 5 run --key-dir "$folder/keys" "$folder/one"
(umask 077 && openssl genpkey -algorithm ed25519 -out "$keys/k1.pem" 2>/dev/null)
want 0 run --key-dir "$folder/keys" "$folder/one"
chmod 0644 "$keys/k1.pem"
want 5 run --key-dir "$folder/keys" "$folder/one"
chmod 0600 "$keys/k1.pem"
cp -p "$keys/k1.pem" "$keys/k2.pem"
want 2 run --key-dir "$folder/keys" "$folder/one"
says '--key-id'
want 0 run --key-dir "$folder/keys" --key-id k2 "$folder/one"
want 5 run --key-dir "$folder/keys" --key-id k3 "$folder/one"
want 5 "$publish" --dry-run --key-dir "$folder/none" "$folder/one"

# ---- nobody decides ----

want 1 run --key-dir "$folder/keys" --key-id k2 --wait=1 "$folder/one"
says '1 not decided'

# ---- the library alone ----

ledger="${prefix}l-"
"$found" "$ledger" 12 demo >/dev/null
want 0 "$client" "$ledger" tests/data/filings.jsonl 0
grep -q '^49 delivered, 0 lost, 0 decided$' "$folder/out" || fail 'not every filing was delivered'
[ "$(grep -c '^line [0-9]* partition [0-9]* offset [0-9]*$' "$folder/out")" = 49 ] ||
    fail 'not a receipt for each'
records | ids | sort | cmp "$folder/a.wanted" - || fail 'the library sent other ids'
want 1 "$client" "$ledger" "$folder/bad" 0
says 'refused: /bank: '
want 7 "$client" "${prefix}none-" tests/data/filings.jsonl 0
want 5 "$client" "${prefix}s-" tests/data/filings.jsonl 0
want 3 "$client" "$ledger" tests/data/filings.jsonl 1
says 'timeout'
echo 'all promises hold'
