"""real_data - real rows as filings.

Enterprises: one FDI registration for each foreign-invested enterprise as it was registered.  The
capital is read as it is written; what cannot be read is refused with a reason, never guessed.  Every
row is read; of one in TAKEN, by its code, filings are made, unless all are asked for.  One in SAMPLED
of these also pays its capital in (a capital in CNY by as many Hong Kong dollars), then 10,000 too
much, raises the capital by a tenth after a year, pays half of that and lowers it by a fifth after
two years.
Loans: each loan of the World Bank's statement to China becomes an enterprise of its own with a
profile, a contract, drawdowns, an amendment for what was cancelled (a cancellation, if that is all
of it), repayments, half a year's interest on what is due and, when the statement says that it is
fully repaid, its deregistration.  The statement gives sums and first and last dates, so the sums are
spread evenly between them.  Loans signed while
the macroprudential rules are in force (from 2016-05-03) borrow in that mode and so at daily rates;
earlier ones in the gap mode, whose limit is in the contract's currency.

Lending and giving abroad: each agency of AidData's projects in Indonesia becomes an enterprise.  A
loan is agreed on its commitment date and remitted according to its status, returned and closed when
its last repayment is over; everything else is registered as an investment in cash of the original
amount, of which AidData's nominal amount in US dollars is remitted.  Dates are spreadsheet serials.

What a source does not say is filled in the same way for all and says so in the filing's note."""
import collections
import csv
import datetime
import decimal
import hashlib
import json
import re

BANKS = ("210100000123", "210200000456", "210800000789")  # of deploy/reference/banks.json
MACROPRUDENTIAL_FROM = "2016-05-03"
STATEMENT_ON = "2023-05-31"
PROJECTS_ON = "2023-11-06"  # the projects are as of this date
SERIAL_ZERO = datetime.date(1899, 12, 30)
TAKEN = 2
SAMPLED = 12
DRAWDOWNS = 4
REPAYMENTS = 4

# How the register writes currencies, without brackets and blanks and what stands for "yuan".
CURRENCIES = {
    "美元": "USD", "元美元": "USD",
    "香港元": "HKD", "港币": "HKD", "港元": "HKD", "元港币": "HKD", "元香港元": "HKD", "元港元": "HKD",
    "日元": "JPY", "元日元": "JPY", "欧元": "EUR", "元欧元": "EUR",
    "人民币": "CNY", "元人民币": "CNY", "人民币元": "CNY",
    "德国马克": "DEM", "元德国马克": "DEM", "法国法郎": "FRF", "瑞士法郎": "CHF",
    "新加坡元": "SGD", "澳大利亚元": "AUD", "英镑": "GBP", "加拿大元": "CAD", "加元": "CAD",
}
COUNTRIES = {"USD": "USA", "HKD": "HKG", "JPY": "JPN", "EUR": "DEU", "CNY": "HKG", "DEM": "DEU",
             "FRF": "FRA", "CHF": "CHE", "SGD": "SGP", "AUD": "AUS", "GBP": "GBR", "CAD": "CAN"}
DECIMALS = {"JPY": 0}


class Unreadable(Exception):
    pass


def capital_read(raw):
    """'5,405(万美元)' -> ('USD', '54050000.00'), or Unreadable with the reason."""
    text = re.sub(r"[\s()（）]", "", raw)
    if text in ("", "-", "N/A"):
        raise Unreadable("no capital is given")
    found = re.fullmatch(r"([0-9][0-9,]*(?:\.[0-9]+)?)(.*)", text)
    if not found:
        raise Unreadable("the capital is no number")
    number, unit = found.groups()
    if not unit.startswith("万"):
        raise Unreadable("the capital has no unit")
    currency = CURRENCIES.get(unit[1:])
    if not currency:
        raise Unreadable("the capital has no currency")
    value = decimal.Decimal(number.replace(",", "")) * 10000
    places = max(DECIMALS.get(currency, 2), -value.normalize().as_tuple().exponent)
    return currency, f"{value:.{places}f}"


def filing_id(*parts):
    """The same id for the same row, run after run."""
    digits = hashlib.sha256("/".join(parts).encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def filing(enterprise, event, on, details, tag):
    bank = BANKS[chance(enterprise) % len(BANKS)]
    return {"filing_id": filing_id(enterprise, event, on, tag), "bank": bank, "enterprise": enterprise,
            "event": event, "business_date": on, "maker": "register", "checker": "statement",
            "details": details}


def money(currency, value):
    return {"currency": currency, "value": value}


def chance(code):
    """A number that a code always has."""
    return int(hashlib.sha256(code.encode()).hexdigest(), 16)


def part_of(value, divisor):
    """A part of an amount, with as many decimals, rounded down."""
    whole = decimal.Decimal(value)
    return str((whole / divisor).quantize(decimal.Decimal(1).scaleb(whole.as_tuple().exponent), decimal.ROUND_DOWN))


def years_later(on, years):
    year, month, day = (int(x) for x in on.split("-"))
    return f"{year + years:04d}-{month:02d}-{min(day, 28) if month == 2 else day:02d}"


def capital_filings(code, currency, value, on):
    """What follows a registration: paid in, too much paid, raised, half of that paid, lowered."""
    paid_in = "HKD" if currency == "CNY" else currency
    number = {"registration_no": code, "investor_no": "1"}
    inflow = lambda cash: number | {"money": cash, "account": "not in the source",
                                    "remitter_country": COUNTRIES[currency]}
    raised, lowered = part_of(value, 10), part_of(value, 5)
    a_year, two_years = years_later(on, 1), years_later(on, 2)
    day = lambda n: (datetime.date.fromisoformat(two_years) - datetime.timedelta(days=n)).isoformat()
    acts = [("fdi.inflow", on, inflow(money(paid_in, value))),
            ("fdi.inflow", on, inflow(money(currency, "10000")) | {"account": "tolerance"})]
    if decimal.Decimal(raised) > 0:
        acts += [("fdi.increase", a_year, number | {"subscribed": money(currency, raised), "cash": money(currency, raised),
                                                    "evidence_no": "FIE-" + code}),
                 ("fdi.inflow", a_year, inflow(money(currency, part_of(raised, 2)))),
                 ("fdi.decrease", two_years, number | {
                     "money": money(currency, lowered), "resolution_on": day(75), "notified_on": day(65),
                     "published_on": day(45), "covers_losses": False})]
    filings = [filing(code, event, at, details, f"capital/{i}") for i, (event, at, details) in enumerate(acts)]
    for one in filings:
        one["note"] = "derived: the source has the registered capital alone"
    return filings


def enterprises_read(path, is_all):
    """Filings, and what could not be read, by reason."""
    refused = collections.Counter()
    filings = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            try:
                currency, value = capital_read(row["registered_capital_raw"])
            except Unreadable as e:
                refused[str(e)] += 1
                continue
            code = row["uscc"]
            if not is_all and chance(code) % TAKEN != 0:
                continue
            investor = {"investor_no": "1", "name": "not named by the register",
                        "country": COUNTRIES[currency], "subscribed": money(currency, value),
                        "cash": money(currency, value), "share_bp": 10000,
                        "due_on": years_later(row["registered_on"], 5)}
            one = filing(code, "fdi.registration", row["registered_on"], {
                "registration_no": code, "setup": "NEW", "region": code[2:8], "industry": "C",
                "established_on": row["registered_on"], "registered_capital": money(currency, value),
                "investors": [investor], "evidence_no": "FIE-" + code}, row["name"])
            one["note"] = "investor, share and industry are not in the source"
            filings.append(one)
            if chance(code) // TAKEN % SAMPLED == 0:
                filings += capital_filings(code, currency, value, row["registered_on"])
    return filings, refused


# ---- loans -------------------------------------------------------------------------------------

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code(region, body):
    """A made-up credit code with right check digits."""
    value = lambda c: int(c) if c.isdigit() else ord(c) - 55
    check = (11 - sum(w * value(c) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), body)) % 11) % 11
    code = "91" + region + body + "0123456789X"[check]
    total = sum(ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return code + ALPHABET[(31 - total % 31) % 31]


def date_read(text):
    """'06/01/2016 12:00:00 AM' -> '2016-06-01'; '' stays."""
    return f"{text[6:10]}-{text[0:2]}-{text[3:5]}" if text else ""


def spread(total, n, first_on, last_on):
    """n equal parts (the last takes the cents) on n days from first to last."""
    first, last = (datetime.date.fromisoformat(x) for x in (first_on, last_on))
    cents = int(total * 100)
    for i in range(n):
        on = first + (last - first) * i / max(n - 1, 1)
        part = cents // n if i < n - 1 else cents - cents // n * (n - 1)
        if part > 0:
            yield on.isoformat(), f"{part // 100}.{part % 100:02d}"


def amount(text):
    return decimal.Decimal(text or "0").quantize(decimal.Decimal("0.01"))


def loan_profile(code, mode, on, principal):
    details = {"mode": mode, "effective_on": on, "region": code[2:8], "subject": "GENERAL",
               "established_on": years_later(on, -6)}
    if mode == "MACROPRUDENTIAL":
        # Twice this, at 1.5 for a foreign currency of more than a year, lets a dollar cost 6.80.
        details |= {"net_assets": money("CNY", f"{principal * decimal.Decimal('5.1'):.2f}"),
                    "audited_on": f"{int(on[:4]) - 1}-12-31", "audit_no": "not in the source"}
    else:
        details |= {"total_investment": money("USD", f"{principal * 3:.2f}"),
                    "registered_capital": money("USD", f"{principal * 2:.2f}"),
                    "paid_in": money("USD", f"{principal * 2:.2f}"), "foreign_paid_in_bp": 10000}
    return details


def loan_filings(row):
    number = row["Loan Number"]
    signed_on = date_read(row["Agreement Signing Date"])
    matures_on = date_read(row["Last Repayment Date"])
    value_on = max(date_read(row["Effective Date (Most Recent)"]) or signed_on, signed_on)
    closed_on = date_read(row["Closed Date (Most Recent)"])
    principal, disbursed, cancelled = (amount(row[x]) for x in (
        "Original Principal Amount", "Disbursed Amount", "Cancelled Amount"))
    repaid = amount(row["Repaid to IBRD"]) + amount(row["Repaid 3rd Party"])
    code = credit_code("100000", "MAL" + number[4:].replace("S", "X"))
    mode = "MACROPRUDENTIAL" if signed_on >= MACROPRUDENTIAL_FROM else "GAP"
    contract = "45" + number
    usd = lambda value: {"contract_no": contract, "money": money("USD", value)}

    acts = [(signed_on, 0, "financing.profile", loan_profile(code, mode, signed_on, principal)),
            (signed_on, 1, "financing.contract", {
                "contract_no": contract, "mode": mode,
                "creditor": {"name": "International Bank for Reconstruction and Development",
                             "country": "USA", "kind": "FINANCIAL"},
                "money": money("USD", f"{principal:.2f}"), "signed_on": signed_on,
                "value_on": value_on, "matures_on": matures_on, "annual_rate_bp":
                int(decimal.Decimal(row["Interest Rate"] or "0") * 100), "revolving": False,
                "capitalises_interest": False, "not_counted": False, "purpose": row["Project Name"][:128]})]
    drawn_on = date_read(row["Last Disbursement Date"]) or closed_on or value_on
    for on, value in spread(disbursed, DRAWDOWNS, min(value_on, drawn_on), drawn_on):
        acts.append((min(on, STATEMENT_ON), 2, "financing.drawdown", usd(value) | {"value_on": on}))
    if cancelled == principal and disbursed == 0:
        acts.append((min(closed_on or STATEMENT_ON, STATEMENT_ON), 3, "financing.cancellation", {"contract_no": contract}))
    elif 0 < cancelled < principal and closed_on:
        acts.append((min(closed_on, STATEMENT_ON), 3, "financing.amendment",
                     usd(f"{principal - cancelled:.2f}") | {"agreed_on": min(closed_on, STATEMENT_ON)}))
    last_on = min(matures_on, STATEMENT_ON)
    first_on = min(date_read(row["First Repayment Date"]) or last_on, last_on)
    for on, value in spread(repaid, REPAYMENTS, first_on, last_on):
        acts.append((on, 4, "financing.repayment", usd(value)))
    half_year = (amount(row["Due to IBRD"]) * amount(row["Interest Rate"]) / 200).quantize(
        decimal.Decimal("0.01"), decimal.ROUND_DOWN)
    if half_year > 0:
        acts.append((STATEMENT_ON, 5, "financing.interest", usd(f"{half_year}") | {
            "period_from": "2022-12-01", "period_to": STATEMENT_ON}))
    if row["Loan Status"] == "Fully Repaid" and disbursed > 0:
        acts.append((last_on, 6, "financing.deregistration", {"contract_no": contract}))
    acts.sort(key=lambda act: act[:2])
    return [filing(code, event, on, details, f"{number}/{i}") for i, (on, _, event, details) in enumerate(acts)]


def loans_read(path):
    """Filings of the loans to China, and what could not be read, by reason."""
    refused = collections.Counter()
    filings = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["Country Code"] != "CN":
                continue
            if not row["Agreement Signing Date"]:
                refused["the loan was never signed"] += 1
            elif not row["Last Repayment Date"]:
                refused["the loan has no end"] += 1
            elif amount(row["Original Principal Amount"]) == 0:
                refused["the loan has no principal"] += 1
            else:
                filings += loan_filings(row)
    return filings, refused


# ---- lending and giving abroad -----------------------------------------------------------------


INDUSTRIES = {"ENERGY": "D44", "TRANSPORT AND STORAGE": "G54", "COMMUNICATIONS": "I63", "EDUCATION": "P83",
              "HEALTH": "Q84", "BANKING AND FINANCIAL SERVICES": "J66"}
LENDING_FROM = "2016-11-26"  # before that no coefficient is in force
REMITTED = {"Completion": 2, "Implementation": 1}  # halves; of what is only committed none


def serial_read(text):
    return (SERIAL_ZERO + datetime.timedelta(days=int(text))).isoformat()


def loan_abroad(row, on):
    """(date, order, event, details) of one loan."""
    if row["Last Loan Repayment Date"]:
        matures_on = serial_read(row["Last Loan Repayment Date"])
    elif row["Maturity"]:
        matures_on = years_later(on, int(decimal.Decimal(row["Maturity"])))
    else:
        raise Unreadable("the loan abroad has no end")
    number, cash = "AID" + row["AidData Record ID"].zfill(5), row["Amount (Original Currency)"]
    of = lambda value: {"loan_no": number, "money": money(row["Original Currency"], value)}
    acts = [(on, 1, "outbound.loan", of(cash) | {
        "borrower": {"name": row["Direct Receiving Agencies"][:128] or "not in the source", "country": "IDN"},
        "relation": "SUBSIDIARY", "signed_on": on, "matures_on": matures_on})]
    halves = REMITTED.get(row["Status"], 0)
    total = decimal.Decimal(cash) * halves / 2
    for at, value in spread(total, max(halves, 1), on, min(years_later(on, halves - 1), PROJECTS_ON)):
        acts.append((at, 2, "outbound.loan_remittance", of(value)))
    if halves == 2 and matures_on <= PROJECTS_ON:
        acts += [(matures_on, 3, "outbound.loan_return", of(cash)), (matures_on, 4, "outbound.loan_closure", {"loan_no": number})]
    return acts


def gift_abroad(row, on):
    number, currency = "AID" + row["AidData Record ID"].zfill(5), row["Original Currency"]
    cash = money(currency, row["Amount (Original Currency)"])
    nominal = decimal.Decimal(row["Amount (Nominal USD)"]).quantize(decimal.Decimal("0.01"))
    papers = {"number": "not in the source", "issued_on": on, "valid_to": years_later(on, 2)}
    acts = [(on, 1, "outbound.registration", {
        "registration_no": number, "route": "DIRECT", "target": {"name": row["Title"][:128], "country": row["Recipient ISO-3"]},
        "industry": INDUSTRIES.get(row["Sector Name"], "S"), "sensitive": False, "central_enterprise": False,
        "total": cash, "cash": cash, "ndrc": papers | {"kind": "FILING", "level": "PROVINCIAL"}, "mofcom": papers})]
    if row["Status"] == "Completion":
        acts.append((on, 2, "outbound.remittance", {
            "registration_no": number, "money": money("USD", f"{nominal}"), "declaration_no": number.ljust(22, "0"),
            "payee": {"name": row["Direct Receiving Agencies"][:128] or "not in the source", "country": "IDN"}}))
        acts.append((years_later(on, 1), 3, "outbound.completion", {"registration_no": number, "completed_on": on}))
    return acts


def lending_bases(on, rows):
    """Equity of ten times all that the agency lends, as of its first loan and as of the first that the
    rules on lending abroad know."""
    equity = sum(decimal.Decimal(row["Amount (Nominal USD)"] or 0) for row in rows) * 70
    for at in sorted({min(on), min((x for x in on if x >= LENDING_FROM), default=min(on))}):
        yield at, 0, "outbound.lending_basis", {
            "equity": money("CNY", f"{equity:.2f}"), "audited_on": f"{int(at[:4]) - 1}-12-31",
            "audit_no": "not in the source", "established_on": years_later(at, -20)}


def projects_read(path):
    """Filings of the projects, and what could not be read, by reason."""
    refused = collections.Counter()
    agencies = collections.defaultdict(list)
    filings = []
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if not row["Amount (Original Currency)"]:
                refused["the project has no amount"] += 1
            elif row["Flow Type"] == "Debt rescheduling":
                refused["the rescheduling names no loan"] += 1
            else:
                agencies[row["Funding Agencies"]].append(row)
    for i, agency in enumerate(sorted(agencies)):
        code = credit_code("100000", f"ADT{i:05d}")
        acts, lent = [], []
        for row in agencies[agency]:
            on = serial_read(row["Commitment Date (MM/DD/YYYY)"])
            try:
                is_loan = row["Flow Type"] == "Loan"
                acts += loan_abroad(row, on) if is_loan else gift_abroad(row, on)
                lent += [(on, row)] if is_loan else []
            except Unreadable as e:
                refused[str(e)] += 1
        acts += lending_bases([on for on, _ in lent], [row for _, row in lent]) if lent else []
        acts.sort(key=lambda act: act[:2])
        filings += [filing(code, event, on, details, f"abroad/{i}") for i, (on, _, event, details) in enumerate(acts)]
    return filings, refused


# ---- rates and calendars -----------------------------------------------------------------------


STEP = decimal.Decimal("0.0000000001")


def crossed(of, by):
    return (of / by).quantize(STEP, decimal.ROUND_HALF_EVEN)


def ecb_read(path, first, last):
    """CNY per unit of each currency by date, crossed through EUR, half-even, 10 decimals."""
    rates = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if first <= row["Date"] <= last and row["CNY"] not in ("", "N/A"):
                cny = decimal.Decimal(row["CNY"])
                rates[row["Date"]] = {"EUR": cny} | {
                    currency: crossed(cny, decimal.Decimal(value)) for currency, value in row.items()
                    if currency and currency not in ("Date", "CNY") and value not in ("", "N/A")}
    return rates


def parity_read(path, first, last):
    """The same of the central parity: yen per 100; CNYxxx is the other way round."""
    rates = {}
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            on = row.pop("time")
            sheet = rates.setdefault(on, {}) if first <= on <= last else {}
            for name, value in row.items():
                if not value:
                    continue
                if name.startswith("CNY"):
                    sheet[name[3:]] = crossed(decimal.Decimal(1), decimal.Decimal(value))
                else:
                    units = 100 if name.startswith("100") else 1
                    sheet[name.removeprefix("100")[:3]] = decimal.Decimal(value) / units
    return rates


def calendars_read(folder):
    """Reference objects of the yearly tables; a day on which work is made up is no rate day.  The table of
    a year also has days of the New Year holiday that lie in the year before."""
    years = collections.defaultdict(set)
    for path in folder.glob("*.json"):
        for day in json.loads(path.read_text(encoding="utf-8"))["days"]:
            if day["isOffDay"]:
                years[int(day["date"][:4])].add(day["date"])
    for year, days in sorted(years.items()):
        yield {"reference": {"kind": "calendar", "year": year, "holidays": sorted(days)}}
