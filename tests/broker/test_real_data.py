#!/usr/bin/env python3
"""test_real_data.py BIN - real rows through every program, on a broker.

FILING_TEST_DATA names the folder of real data and KAFKA_BOOTSTRAP the broker; without one of them
the test skips (77).  What it checks it computes itself, from the decisions as JSON and from the
rates file; nothing of it is shared with the worker."""
import collections
import decimal
import fractions
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import real_data

SKIPPED = 77
ROOT = pathlib.Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "deploy" / "reference"
PARTITIONS = 12
SECONDS_MAX = 200  # of one command
RATES_FROM = "2016-01-01"


class Run:
    """A ledger of its own on the broker: topics under a prefix, a store and keys in a folder."""

    def __init__(self, programs, folder, bootstrap):
        self.programs, self.folder = pathlib.Path(programs), folder
        self.common = ["--bootstrap-server", bootstrap, "--prefix", f"real-{os.getpid()}-{int(time.time())}-",
                       "--store", f"sqlite:{folder}/filings.db"]
        for person in ("alice", "bob"):
            (folder / f"{person}.conf").write_text(f"[filingctl]\noperator.key_file = {folder}/{person}.pem\n")

    def command(self, program, *arguments, expect=(0,)):
        words = [str(self.programs / program), *self.common, *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS_MAX)
        if done.returncode not in expect:
            sys.exit(f"{' '.join(words)}\nended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout, done.stderr

    def ctl(self, *arguments, **more):
        return self.command("filingctl", *arguments, **more)[0]

    def found(self):
        self.ctl("topics", "apply", "--partitions", PARTITIONS, "--replication", 1, "--min-isr", 1)
        operators = [{"person": person, "name": person, "roles": ["ISSUER"], "keys": [json.loads(
            self.ctl("key", "new", "--id", person, self.folder / f"{person}.pem"))]} for person in ("alice", "bob")]
        founding = self.folder / "founding.json"
        founding.write_text(json.dumps({"partitions": PARTITIONS, "operators": operators}))
        self.ctl("ledger", "found", founding, "--key", self.folder / "alice.pem", "--demo")

    def refer(self, kind, path, *options):
        said = self.ctl("--config", self.folder / "alice.conf", "-o", "json", "reference", "propose", kind, path, *options)
        ids = [json.loads(line)["id"] for line in said.splitlines()]
        self.ctl("--config", self.folder / "bob.conf", "reference", "approve", *ids)
        return len(ids)


def timed(what, begun):
    print(f"  {time.monotonic() - begun:6.1f} s  {what}", flush=True)
    return time.monotonic()


def demand(truth, text):
    if not truth:
        sys.exit(f"not so: {text}")


# ---- what must be true of every ledger (rulebook, end of section 6) --------------------------------


class Ledger:
    """The limits of all enterprises as the postings say."""

    def __init__(self):
        self.limits = collections.defaultdict(lambda: [decimal.Decimal(0)] * 3)  # limit, used, reserved
        self.closed = set()

    def post(self, decision):
        where = f"partition {decision['partition']}, number {decision['number']}"
        demand(not decision.get("postings") or decision["outcome"] == "ACCEPTED", f"{where}: only ACCEPTED posts")
        for posting in decision.get("postings", ()):
            key = decision["enterprise"], posting["limit"]
            before = self.limits[key]
            change, after = ([decimal.Decimal(posting[side][x]) for x in ("limit", "used", "reserved")]
                             for side in ("change", "after"))
            demand([b + c for b, c in zip(before, change)] == after, f"{where}: {posting['limit']} adds up")
            demand(after[1] >= 0 and after[2] >= 0, f"{where}: {posting['limit']}: used and reserved are not negative")
            if change[1] + change[2] > 0 and "GRANDFATHERED" not in decision.get("flags", ()):
                demand(after[1] + after[2] <= after[0], f"{where}: {posting['limit']} is not overdrawn")
            self.limits[key] = after


def check_decisions(decisions, inputs_n):
    """Numbers without a gap, one decision of its own for each record, postings that add up."""
    ledger = Ledger()
    last = collections.Counter()
    own = collections.Counter()
    identities = {}
    for d in decisions:
        demand(d["number"] == last[d["partition"]] + 1, f"partition {d['partition']}: {d['number']} follows {last[d['partition']]}")
        last[d["partition"]] = d["number"]
        if d["input"]["offset"] == d["trigger"]["offset"]:
            own[d["partition"], d["input"]["offset"]] += 1
        ledger.post(d)
        identity = d.get("enterprise"), d.get("bank"), d.get("filing_id")
        if d["outcome"] == "ACCEPTED" and d["event"] != "bulletin":
            demand(identity not in identities, f"{identity} is accepted once")
            identities[identity] = d["number"]
    demand(set(own.values()) == {1}, "each record has one decision of its own")
    demand(len(own) == inputs_n, f"{inputs_n} records have a decision, not {len(own)}")
    return ledger, sum(last.values())


# ---- borrowing, computed anew from the rows and the rates file --------------------------------------


def cents_up(value):
    """Rounded up to the cent."""
    return fractions.Fraction(-((-value.numerator * 100) // value.denominator), 100)


def working_day(on, holidays):
    day = real_data.datetime.date.fromisoformat(on)
    while day.weekday() >= 5 or day.isoformat() in holidays:
        day -= real_data.datetime.timedelta(days=1)
    return day.isoformat()


def borrowing(acts, accepted, rate):
    """used and reserved of the mode's limit (rulebook 4): reserved = weight x undrawn at the sign date,
    used = weight x frozen, each rounded up.  All these loans run for more than a year, so in the gap
    mode what was incurred counts, not what is left."""
    is_gap = acts[0]["details"]["mode"] == "GAP"
    weight = fractions.Fraction(1) if is_gap else fractions.Fraction(3, 2)
    convert = lambda value, on: value if is_gap else cents_up(value * fractions.Fraction(rate(on)))
    contract = next(a for a in acts if a["event"] == "financing.contract")["details"]
    amount = undrawn = fractions.Fraction(contract["money"]["value"])
    frozen = outstanding = fractions.Fraction(0)
    for a in acts:
        if a["filing_id"] not in accepted or a["event"] in ("financing.profile", "financing.contract"):
            continue
        value = fractions.Fraction(a["details"]["money"]["value"])
        if a["event"] == "financing.drawdown":
            frozen += convert(value, a["business_date"])
            undrawn -= value
            outstanding += value
        elif a["event"] == "financing.amendment":
            undrawn += value - amount
            amount = value
        else:
            if not is_gap:
                frozen -= frozen if value == outstanding else fractions.Fraction(
                    int(frozen * 100 * value / outstanding), 100)
            outstanding -= value
    return [cents_up(weight * frozen), cents_up(weight * convert(undrawn, contract["signed_on"]))]


def check_borrowing(filings, outcomes, ledger, rates):
    """By mode, how many enterprises were computed anew; then how many filings wait for a rate."""
    holidays = {on for line in (REFERENCE / "calendars.jsonl").read_text().splitlines()
                for on in json.loads(line)["reference"]["holidays"]}
    rate = lambda on: rates.get(working_day(on, holidays))
    accepted = {i for i, (outcome, _) in outcomes.items() if outcome == "ACCEPTED"}
    loans = collections.defaultdict(list)
    for f in filings:
        loans[f["enterprise"]].append(f)
    checked = collections.Counter()
    held = 0
    for code, acts in loans.items():
        mode = acts[0]["details"]["mode"]
        for a in acts:
            outcome, codes = outcomes.get(a["filing_id"], ("REFUSED", set()))
            needs = mode == "MACROPRUDENTIAL" and a["event"] in ("financing.contract", "financing.drawdown")
            missing = needs and rate(a["business_date"]) is None
            demand(not ("RATE_PENDING" in codes and not missing), f"{a['filing_id']} waits for a rate that is there")
            demand(not (missing and outcome == "ACCEPTED"), f"{a['filing_id']} is accepted without its rate")
            held += "RATE_PENDING" in codes
        if not any(a["event"] == "financing.contract" and a["filing_id"] in accepted for a in acts):
            continue
        want = borrowing(acts, accepted, rate)
        have = [fractions.Fraction(x) for x in ledger.limits[code, "financing." + mode.lower()][1:]]
        demand(want == have, f"{code}: used and reserved are {[float(x) for x in want]}, not {[float(x) for x in have]}")
        checked[mode] += 1
    return checked, held


# ---- the run ---------------------------------------------------------------------------------------


def table(title, counts):
    print(f"{title}")
    for key, n in sorted(counts.items(), key=lambda item: (-item[1], str(item[0]))):
        print(f"  {n:7d}  {key}")


def publish(run, filings):
    path, report = run.folder / "filings.jsonl", run.folder / "report"
    path.write_text("".join(json.dumps(f, ensure_ascii=False) + "\n" for f in filings), encoding="utf-8")
    run.command("filing-publish", "--report", report, path, expect=(0, 3))
    entries = [json.loads(line) for line in report.read_text().splitlines()][1:]
    demand(sorted(e["line"] for e in entries) == list(range(1, len(filings) + 1)), "the report accounts for every line")
    table("refused by filing-publish, by the first failing check:",
          collections.Counter(e["code"] for e in entries if e["status"] == "REFUSED"))
    return sum(e["status"] == "PUBLISHED" for e in entries)


def outcomes_of(decisions):
    """The last word on each filing: outcome, and every code that any decision on it named."""
    last = {}
    for d in decisions:
        if d["event"] != "bulletin":
            codes = {r["code"] for r in d.get("reasons", ())} | last.get(d["filing_id"], (None, set()))[1]
            last[d["filing_id"]] = d["outcome"], codes
    return last


def check_store(run, decisions_n, filings_n, ledger):
    """What the store says of itself in SQL, and what filingctl shows of some ledgers."""
    store = sqlite3.connect(f"file:{run.folder}/filings.db?mode=ro", uri=True)
    demand(store.execute("SELECT sum(count) FROM journal").fetchone()[0] == decisions_n, "the journal has every decision")
    demand(store.execute("SELECT count(*) FROM filing").fetchone()[0] == filings_n, "every identity is indexed once")
    codes = sorted({code for code, _ in ledger.limits})
    for code in codes[:: max(len(codes) // 12, 1)]:
        shown = {}
        for line in run.ctl("-o", "json", "ledger", "show", code).splitlines():
            one = json.loads(line)
            shown[one["id"]] = [decimal.Decimal(one[x]) for x in ("limit", "used", "reserved")]
        wanted = {limit: after for (owner, limit), after in ledger.limits.items() if owner == code}
        demand(shown == wanted, f"the ledger of {code} is the sum of its postings")


# The sums of the postings beside the accounts; an account that nothing was posted to is 0.
SUMS_DIFFER = """
WITH summed AS (
    SELECT partition, enterprise, limit_id, currency, sum(units(limit_change)) AS l, sum(units(used_change)) AS u,
           sum(units(reserved_change)) AS r
      FROM posting GROUP BY partition, enterprise, limit_id, currency)
SELECT count(*) FROM limit_account AS a LEFT JOIN summed AS s USING (partition, enterprise, limit_id, currency)
 WHERE units(a.limit_amount) <> coalesce(s.l, 0) OR units(a.used_amount) <> coalesce(s.u, 0)
    OR units(a.reserved_amount) <> coalesce(s.r, 0)
"""
WITHOUT_ACCOUNT = """
SELECT count(*) FROM (SELECT DISTINCT partition, enterprise, limit_id, currency FROM posting
                      EXCEPT SELECT partition, enterprise, limit_id, currency FROM limit_account)
"""


def check_views(run, decisions_n, ledger):
    """The readable tables, in SQL."""
    views = sqlite3.connect(f"file:{run.folder}/filings.db-views.db?mode=ro", uri=True)
    views.create_function("units", 1, lambda text: int(text.replace(".", "")), deterministic=True)
    one = lambda query: views.execute(query).fetchone()[0]
    demand(one("SELECT count(*) FROM decision") == decisions_n, "the readable tables have every decision")
    demand(one(SUMS_DIFFER) == 0, "the sum of a limit's postings is its balance")
    demand(one(WITHOUT_ACCOUNT) == 0, "every limit that was posted to has an account")
    demand(one("SELECT count(*) FROM limit_account WHERE units(used_amount) < 0 OR units(reserved_amount) < 0") == 0,
           "no account is negative")
    rows = views.execute("SELECT enterprise, limit_id, limit_amount, used_amount, reserved_amount FROM limit_account")
    for code, limit, *amounts in rows:
        demand([decimal.Decimal(x) for x in amounts] == list(ledger.limits.get((code, limit), [0, 0, 0])),
               f"the account {limit} of {code} is what the decisions say")


def main():
    data, bootstrap = os.environ.get("FILING_TEST_DATA"), os.environ.get("KAFKA_BOOTSTRAP")
    if not data or not bootstrap:
        print("skipped: FILING_TEST_DATA and KAFKA_BOOTSTRAP are not both set")
        sys.exit(SKIPPED)
    data = pathlib.Path(data)
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        story(Run(sys.argv[1], folder, bootstrap), data)
    finally:
        shutil.rmtree(folder)


def check_reading():
    """The reader of capitals, on spellings made up for it."""
    for raw, want in (("1,234.5(万美元)", ("USD", "12345000.00")), ("30万港币", ("HKD", "300000.00")),
                      ("7.00005(万元(日元))", ("JPY", "70000.5")), ("2((万港币))", ("HKD", "20000.00")),
                      ("1.5(万德国马克 )", ("DEM", "15000.00")), ("3（万元（美元））", ("USD", "30000.00")),
                      ("5(万元)", None), ("5(万)", None), ("5", None), ("-", None), ("N/A", None), ("x万美元", None)):
        try:
            got = real_data.capital_read(raw)
        except real_data.Unreadable:
            got = None
        demand(got == want, f"{raw} is read as {want}, not {got}")


def story(run, data):
    check_reading()
    clock = time.monotonic()
    ecb = data / "rates" / "ecb_eurofxref_hist.csv"
    enterprises, unreadable = real_data.enterprises_read(next((data / "enterprises").glob("*.csv")))
    loans, unreadable_loans = real_data.loans_read(next((data / "loans").glob("*.csv")))
    table("rows that cannot be read:", unreadable + unreadable_loans)
    filings = enterprises + loans
    clock = timed(f"{len(enterprises)} registrations and {len(loans)} filings of loans made from rows", clock)

    run.found()
    bulletins_n = sum(run.refer(kind, REFERENCE / name) for kind, name in (
        ("policy", "policy.json"), ("calendar", "calendars.jsonl"), ("banks", "banks.json"),
        ("negative_list", "negative_list.json"), ("sensitive_list", "sensitive_list.json")))
    clock = timed("ledger founded, reference data in force", clock)
    bulletins_n += run.refer("rates", ecb, "--format", "ecb", "--from", RATES_FROM)
    clock = timed("rates of the ECB in force", clock)

    published_n = publish(run, filings)
    clock = timed(f"{published_n} filings published", clock)
    run.command("filing-worker", "--listen", "none", "--until-caught-up")
    clock = timed("decided and posted", clock)
    said = run.command("filingctl", "verify", "--complete")[1]
    clock = timed("verified: " + said.strip().removeprefix("filingctl: "), clock)

    decisions = [json.loads(line) for line in run.ctl("-o", "json", "decisions").splitlines()]
    ledger, decisions_n = check_decisions(decisions, published_n + PARTITIONS * (bulletins_n + 1))
    outcomes = outcomes_of(decisions)
    demand(len(outcomes) == published_n, "every published filing has an outcome")
    check_store(run, decisions_n, published_n, ledger)
    check_views(run, decisions_n, ledger)
    checked, held = check_borrowing(loans, outcomes, ledger, real_data.ecb_read(ecb))
    demand(all(checked[mode] for mode in ("MACROPRUDENTIAL", "GAP")), "borrowing of both modes is computed anew")
    timed(f"{decisions_n} decisions, {len(ledger.limits)} limits checked; borrowing computed anew of "
          f"{checked['MACROPRUDENTIAL']} enterprises at daily rates and {checked['GAP']} in the gap mode; "
          f"{held} filings wait for a rate", clock)

    events = {f["filing_id"]: f["event"] for f in filings}
    table("the last word, by event:", collections.Counter((events[i], o) for i, (o, _) in outcomes.items()))
    table("codes of what was rejected:", collections.Counter(c for o, codes in outcomes.values() if o == "REJECTED" for c in codes))
    table("codes of what is held:", collections.Counter(c for o, codes in outcomes.values() if o == "HELD" for c in codes))


if __name__ == "__main__":
    main()
