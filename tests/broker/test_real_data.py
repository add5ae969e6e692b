#!/usr/bin/env python3
"""test_real_data.py BIN [--all] - real rows through every program, on a broker.

FILING_TEST_DATA names the folder of real data and KAFKA_BOOTSTRAP the broker; without one of them
the test skips (77).  Of the enterprises half are taken, with --all every one.  What it checks it computes itself, from the decisions as JSON and from the
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
PARITY = "2006-01-05", "2018-12-31"  # the sheets of the central parity, then those of the ECB
ECB = "2019-01-01", "2026-12-31"


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


# ---- balances, computed anew from the filings and the rates files -----------------------------------


def up(value, exponent=2):
    """Rounded up to the minor unit."""
    scale = 10 ** exponent
    return fractions.Fraction(-((-value.numerator * scale) // value.denominator), scale)


def down(value, exponent=2):
    scale = 10 ** exponent
    return fractions.Fraction((value.numerator * scale) // value.denominator, scale)


class Rates:
    """CNY per unit on a business date: of the last working day (rulebook 8)."""

    def __init__(self, sheets, holidays):
        self.sheets, self.holidays = sheets, holidays

    def working_day(self, on):
        day = real_data.datetime.date.fromisoformat(on)
        while day.weekday() >= 5 or day.isoformat() in self.holidays:
            day -= real_data.datetime.timedelta(days=1)
        return day.isoformat()

    def has(self, currency, on):
        return currency == "CNY" or currency in self.sheets.get(self.working_day(on), {})

    def rate(self, currency, on):
        return fractions.Fraction(1) if currency == "CNY" else fractions.Fraction(self.sheets[self.working_day(on)][currency])

    def convert(self, value, of, to, on):
        """Not rounded."""
        return value if of == to else value * self.rate(of, on) / self.rate(to, on)


def value_of(details, field="money"):
    return fractions.Fraction(details[field]["value"])


def fallen(frozen, repaid, outstanding):
    """What is left of frozen cents after a repayment (rulebook 4)."""
    return frozen - (frozen if repaid == outstanding else fractions.Fraction(int(frozen * 100 * repaid / outstanding), 100))


def borrowing(acts, rates):
    """used and reserved of the mode's limit (rulebook 4): reserved = weight x undrawn at the sign date,
    used = weight x frozen, each rounded up.  All these loans run for more than a year, so in the gap
    mode what was incurred counts, not what is left."""
    if acts[-1]["event"] == "financing.profile":
        return {}
    mode = acts[0]["details"]["mode"]
    is_gap = mode == "GAP"
    weight = fractions.Fraction(1) if is_gap else fractions.Fraction(3, 2)
    convert = lambda value, on: value if is_gap else up(rates.convert(value, "USD", "CNY", on))
    contract = acts[1]["details"]
    amount = undrawn = value_of(contract)
    frozen = outstanding = drawn = fractions.Fraction(0)
    for a in acts[2:]:
        if a["event"] in ("financing.cancellation", "financing.deregistration"):
            undrawn = fractions.Fraction(0)
            continue
        value = value_of(a["details"])
        if a["event"] == "financing.drawdown":
            frozen += convert(value, a["business_date"])
            undrawn -= value
            outstanding += value
            drawn += value
        elif a["event"] == "financing.amendment":
            undrawn += value - amount
            amount = value
        elif a["event"] == "financing.repayment":
            frozen = frozen if is_gap else fallen(frozen, value, outstanding)
            outstanding -= value
    number = contract["contract_no"]
    return {"financing." + mode.lower(): (None, up(weight * frozen), up(weight * convert(undrawn, contract["signed_on"]))),
            "financing.contract:" + number: (amount, drawn, 0),
            "financing.principal:" + number: (drawn, drawn - outstanding, 0)}


EXCESS_USD, EXCESS_FROM = 30000, "2013-05-13"


def credit(state, details, on, rates):
    """An inflow with its tolerance (rulebook 3 and D1)."""
    currency, money = state["currency"], details["money"]
    exponent = real_data.DECIMALS.get(currency, 2)
    want = up(rates.convert(value_of(details), money["currency"], currency, on), exponent)
    part = min(want, state["inflow"][0] - state["inflow"][1])
    extra = want - part
    take = fractions.Fraction(0)
    if extra > 0:
        usd = up(rates.convert(extra, currency, "USD", on)) if on >= EXCESS_FROM else extra
        take = min(usd, (EXCESS_USD if on >= EXCESS_FROM else 0) - state["excess"][1])
        extra = extra if take == usd else down(rates.convert(take, "USD", currency, on), exponent) if take > 0 else 0
    state["inflow"][1] += part
    state["capital"][0] += part + extra
    if extra > 0:
        state["excess"][:] = [EXCESS_USD, state["excess"][1] + take]


def investing(acts, rates):
    """What was and may still be paid in, and what may leave (rulebook 3)."""
    registration = acts[0]["details"]
    state = {"currency": registration["registered_capital"]["currency"]}
    state |= {name: [fractions.Fraction(0)] * 2 for name in ("inflow", "excess", "capital", "outflow")}
    state["inflow"][0] = value_of(registration["investors"][0], "cash")
    for a in acts[1:]:
        if a["event"] == "fdi.inflow":
            credit(state, a["details"], a["business_date"], rates)
        elif a["event"] == "fdi.increase":
            state["inflow"][0] += value_of(a["details"], "cash")
        else:
            lowered = value_of(a["details"])
            unpaid = min(lowered, state["inflow"][0] - state["inflow"][1])
            state["inflow"][0] -= unpaid
            state["outflow"][0] += lowered - unpaid
    number = registration["registration_no"]
    return {f"fdi.{name}:{number}" + (":1" if name == "inflow" else ""): (*state[name], 0)
            for name in ("inflow", "excess", "capital", "outflow")}


COEFFICIENTS = (("2026-03-20", "0.6"), ("2021-01-05", "0.5"), ("2016-11-26", "0.3"))


def abroad(acts, rates):
    """Registrations and what was remitted under them; loans and the limit that they share (rulebook 5)."""
    limits = {}
    loans = {}
    limit, basis = fractions.Fraction(0), []
    for a in acts:
        details, event, on = a["details"], a["event"], a["business_date"]
        number = details.get("registration_no")
        if event == "outbound.registration":
            limits["outbound.remittance:" + number] = [value_of(details, "cash"), fractions.Fraction(0), 0]
        elif event == "outbound.remittance":
            to = next(b["details"]["cash"]["currency"] for b in acts if b["event"] == "outbound.registration"
                      and b["details"]["registration_no"] == number)
            limits["outbound.remittance:" + number][1] += up(rates.convert(value_of(details), "USD", to, on))
        elif event == "outbound.lending_basis":
            basis.append(value_of(details, "equity"))
        elif event != "outbound.completion":
            one = loans.setdefault(details["loan_no"], {"undrawn": 0, "outstanding": 0, "frozen": fractions.Fraction(0)})
            lend(one, event, details, on, rates)
        if event.startswith("outbound.l"):
            limit = down(basis[-1] * fractions.Fraction(next(c for since, c in COEFFICIENTS if since <= on)))
    for number, one in loans.items():
        limits["outbound.loan:" + number] = [one["amount"], one["outstanding"], 0]
    if basis:
        reserved = sum(up(rates.convert(one["undrawn"], one["currency"], "CNY", one["signed_on"])) for one in loans.values())
        limits["outbound.lending"] = [limit, sum(one["frozen"] for one in loans.values()), reserved]
    return limits


def lend(one, event, details, on, rates):
    """One act of a loan."""
    if event == "outbound.loan_closure":
        one["undrawn"] = 0
        return
    value, currency = value_of(details), details["money"]["currency"]
    if event == "outbound.loan":
        one |= {"amount": value, "undrawn": value, "currency": currency, "signed_on": details["signed_on"]}
    elif event == "outbound.loan_remittance":
        one["frozen"] += up(rates.convert(value, currency, "CNY", on))
        one["outstanding"] += value
        one["undrawn"] -= value
    else:
        one["frozen"] = fallen(one["frozen"], value, one["outstanding"])
        one["outstanding"] -= value
        one["undrawn"] += value


def check_balances(filings, outcomes, ledger, rates):
    """Every limit of every enterprise, from its accepted filings alone; how many limits, by kind."""
    accepted = collections.defaultdict(list)
    for f in filings:
        if outcomes.get(f["filing_id"], ("",))[0] == "ACCEPTED":
            accepted[f["enterprise"]].append(f)
    have = collections.defaultdict(dict)
    for (code, limit), amounts in ledger.limits.items():
        have[code][limit] = [fractions.Fraction(x) for x in amounts]
    checked = collections.Counter()
    for code, acts in accepted.items():
        compute = {"fdi": investing, "financing": borrowing, "outbound": abroad}[acts[0]["event"].split(".")[0]]
        want = compute(acts, rates)
        for limit in sorted(want.keys() | have[code].keys()):
            amounts = want.get(limit, (0, 0, 0))
            is_so = all(w is None or w == h for w, h in zip(amounts, have[code].get(limit, (0, 0, 0))))
            if limit not in want:  # the mode's limit of a profile alone
                is_so = limit in ("financing.gap", "financing.macroprudential") and have[code][limit][1:] == [0, 0]
            demand(is_so, f"{code}: {limit} is {[float(x or 0) for x in amounts]}, not "
                          f"{[float(x) for x in have[code].get(limit, (0, 0, 0))]}")
            checked[limit.split(":")[0]] += limit in have[code]
    return checked


# ---- why a filing was not accepted: every one of them, by its row ------------------------------------


class Case:
    """A filing that was not accepted, among all of its enterprise."""

    def __init__(self, filing, others, outcomes, rates):
        self.filing, self.others, self.outcomes, self.rates = filing, others, outcomes, rates
        self.event, self.on, self.details = filing["event"], filing["business_date"], filing["details"]

    def total(self, event):
        return sum(value_of(f["details"]) for f in self.others if f["event"] == event)

    def first(self, event, field=None):
        """The enterprise's filing of the event about the same object."""
        return next((f for f in self.others if f["event"] == event and (
            field is None or f["details"].get(field) == self.details.get(field))), None)

    def lacks_opening(self):
        """What opens the object was refused before it was sent, or rejected."""
        field, opening = next((field, opening) for field, opening in (
            ("contract_no", "financing.contract"), ("loan_no", "outbound.loan"),
            ("registration_no", "fdi.registration" if self.event.startswith("fdi.") else "outbound.registration"))
            if field in self.details)
        opener = self.first(opening, field)
        return opener is None or self.outcomes.get(opener["filing_id"], ("REFUSED",))[0] in ("REFUSED", "REJECTED")

    def lacks_rate(self):
        """A currency that the filing or its object is in has no sheet on the date."""
        opener = self.first("outbound.registration", "registration_no") if "registration_no" in self.details else None
        moneys = [self.details.get("money"), self.details.get("cash"), opener and opener["details"]["cash"]]
        return not all(self.rates.has(m["currency"], self.on) for m in moneys if m) or not self.rates.has("USD", self.on)

    def waits_behind(self):
        return any("RATE_PENDING" in self.outcomes.get(f["filing_id"], ("", ()))[1] and f["filing_id"] != self.filing["filing_id"]
                   for f in self.others)

    def exceeds_mode(self):
        """Net assets x leverage x parameter of the date hold less than the weighted principal."""
        profile = self.first("financing.profile")["details"]
        leverage = 1 if self.on < "2017-01-13" else 2
        parameter = next(fractions.Fraction(v) for since, v in (
            ("2025-01-13", "1.75"), ("2023-07-20", "1.5"), ("2022-10-25", "1.25"), ("2021-01-07", "1"),
            ("2020-03-12", "1.25"), ("2016-05-03", "1")) if self.on >= since)
        asked = value_of(self.details) * self.rates.rate("USD", self.details["signed_on"]) * 3 / 2
        return profile["mode"] == "MACROPRUDENTIAL" and asked > value_of(profile, "net_assets") * leverage * parameter

    def dearer(self):
        """A dollar costs more CNY than on the day when the contract was signed."""
        contract = self.first("financing.contract", "contract_no")["details"]
        return self.rates.rate("USD", self.on) > self.rates.rate("USD", contract["signed_on"])

    def nominal_is_more(self):
        cash = self.first("outbound.registration", "registration_no")["details"]["cash"]
        return self.rates.convert(value_of(self.details), "USD", cash["currency"], self.on) > fractions.Fraction(cash["value"])

    def repaid_more(self):
        """The statement's columns: more was repaid than disbursed, by changes of exchange rates."""
        return self.total("financing.repayment") > self.total("financing.drawdown")


WHY = (
    ("REGISTRATION_UNKNOWN", "", Case.lacks_opening, "what opens the object was refused or rejected"),
    ("EARLIER_HELD", "", Case.waits_behind, "an earlier filing of the enterprise waits for a rate"),
    ("RATE_PENDING", "", Case.lacks_rate, "no sheet of the day has the currency"),
    ("LIMIT_EXCEEDED", "fdi.inflow", lambda c: c.on < EXCESS_FROM and c.details["account"] == "tolerance",
     "before 2013-05-13 nothing above the capital is tolerated"),
    ("LIMIT_EXCEEDED", "financing.contract", Case.exceeds_mode, "the weighted principal exceeds the net assets' limit"),
    ("LIMIT_EXCEEDED", "financing.drawdown", Case.dearer, "a dollar costs more than on the day of signing"),
    ("LIMIT_EXCEEDED", "outbound.remittance", Case.nominal_is_more,
     "AidData's nominal dollars are more than the amount at the day's rate"),
    ("OVER_BALANCE", "financing.repayment", Case.repaid_more, "the statement has more repaid than disbursed"),
    ("BALANCE_OPEN", "financing.deregistration", Case.repaid_more, "a repayment was more than was left, so nothing of it counts"),
    ("NOT_ELIGIBLE", "outbound.lending_basis", lambda c: c.on < real_data.LENDING_FROM, "lending abroad has no coefficient yet"),
    ("PROFILE_MISSING", "outbound.loan", lambda c: c.on < real_data.LENDING_FROM, "no basis can be in force yet"),
)


def reasons_of(filings, outcomes, rates):
    """How often which event was not accepted for which code, and why; a filing without a reason fails."""
    others = collections.defaultdict(list)
    for f in filings:
        others[f["enterprise"]].append(f)
    counts = collections.Counter()
    for f in filings:
        outcome, codes = outcomes.get(f["filing_id"], ("REFUSED", set()))
        if outcome in ("ACCEPTED", "REFUSED"):
            continue
        case = Case(f, others[f["enterprise"]], outcomes, rates)
        for code in sorted(codes):
            text = next((text for of, event, so, text in WHY if of == code and f["event"].startswith(event) and so(case)), None)
            demand(text, f"{f['filing_id']} ({f['event']} of {f['enterprise']} on {f['business_date']}) is {outcome} for {code}")
            counts[f"{f['event']:25} {outcome} {code:20} {text}"] += 1
    return counts


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


def one_of(folder):
    return next(folder.glob("*.csv"))


def check_calendars(calendars, rates):
    """The tables say what the shipped ones say, and the central parity was published on every working
    day of theirs and on no other: neither was made from the other."""
    shipped = [json.loads(line) for line in (REFERENCE / "calendars.jsonl").read_text().splitlines()]
    demand(calendars == shipped, "the shipped calendars are those of the tables")
    first = calendars[0]["reference"]["year"]
    day = real_data.datetime.date(first, 1, 1)
    while day.isoformat() <= PARITY[1]:
        on = day.isoformat()
        demand((on in rates.sheets) == (rates.working_day(on) == on), f"the central parity and the calendar agree on {on}")
        day += real_data.datetime.timedelta(days=1)


def refer_all(run, data, calendars):
    """Policy, banks and lists as shipped; calendars and rates from the real tables."""
    path = run.folder / "calendars.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in calendars))
    bulletins_n = run.refer("calendar", path) + sum(run.refer(kind, REFERENCE / name) for kind, name in (
        ("policy", "policy.json"), ("banks", "banks.json"),
        ("negative_list", "negative_list.json"), ("sensitive_list", "sensitive_list.json")))
    for name, form, (first, last) in (("cny_central_parity.csv", "parity", PARITY), ("ecb_eurofxref_hist.csv", "ecb", ECB)):
        bulletins_n += run.refer("rates", data / "rates" / name, "--format", form, "--from", first, "--to", last)
    return bulletins_n


def story(run, data):
    check_reading()
    clock = time.monotonic()
    enterprises, unreadable = real_data.enterprises_read(one_of(data / "enterprises"), "--all" in sys.argv)
    loans, unreadable_loans = real_data.loans_read(one_of(data / "loans"))
    projects, unreadable_projects = real_data.projects_read(one_of(data / "outbound"))
    calendars = list(real_data.calendars_read(data / "calendar"))
    sheets = real_data.parity_read(data / "rates" / "cny_central_parity.csv", *PARITY)
    sheets |= real_data.ecb_read(data / "rates" / "ecb_eurofxref_hist.csv", *ECB)
    rates = Rates(sheets, {on for one in calendars for on in one["reference"]["holidays"]})
    check_calendars(calendars, rates)
    table("rows that cannot be read:", unreadable + unreadable_loans + unreadable_projects)
    filings = enterprises + loans + projects
    clock = timed(f"{len(enterprises)} filings of enterprises, {len(loans)} of loans and {len(projects)} of projects "
                  "made from rows", clock)

    run.found()
    clock = timed("ledger founded", clock)
    bulletins_n = refer_all(run, data, calendars)
    clock = timed(f"policy, lists, {len(calendars)} calendars and {len(sheets)} rate sheets in force", clock)

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
    checked = check_balances(filings, outcomes, ledger, rates)
    timed(f"{decisions_n} decisions and {len(ledger.limits)} limits checked, each limit computed anew", clock)
    table("limits computed anew from rows and rates:", checked)

    events = {f["filing_id"]: f["event"] for f in filings}
    table("accepted, by event:", collections.Counter(events[i] for i, (o, _) in outcomes.items() if o == "ACCEPTED"))
    table("not accepted, by event and code, and why:", reasons_of(filings, outcomes, rates))


if __name__ == "__main__":
    main()
