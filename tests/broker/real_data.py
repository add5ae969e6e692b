"""real_data - real rows as filings.

Enterprises: one FDI registration for each foreign-invested enterprise as it was registered.  The
capital is read as it is written; what cannot be read is refused with a reason, never guessed.
Loans: each loan of the World Bank's statement to China becomes an enterprise of its own with a
profile, a contract, drawdowns, an amendment for what was cancelled and repayments.  The statement
gives sums and first and last dates, so the sums are spread evenly between them.  Loans signed while
the macroprudential rules are in force (from 2016-05-03) borrow in that mode and so at daily rates;
earlier ones in the gap mode, whose limit is in the contract's currency.

What a source does not say is filled in the same way for all and says so in the filing's note."""
import collections
import csv
import datetime
import decimal
import hashlib
import re

BANKS = ("210100000123", "210200000456", "210800000789")  # of deploy/reference/banks.json
MACROPRUDENTIAL_FROM = "2016-05-03"
STATEMENT_ON = "2023-05-31"
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
    bank = BANKS[int(hashlib.sha256(enterprise.encode()).hexdigest(), 16) % len(BANKS)]
    return {"filing_id": filing_id(enterprise, event, on, tag), "bank": bank, "enterprise": enterprise,
            "event": event, "business_date": on, "maker": "register", "checker": "statement",
            "details": details}


def money(currency, value):
    return {"currency": currency, "value": value}


def years_later(on, years):
    year, month, day = (int(x) for x in on.split("-"))
    return f"{year + years:04d}-{month:02d}-{min(day, 28) if month == 2 else day:02d}"


def enterprises_read(path):
    """Yield filings; the second value counts what could not be read, by reason."""
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
    if 0 < cancelled < principal and closed_on:
        acts.append((min(closed_on, STATEMENT_ON), 3, "financing.amendment",
                     usd(f"{principal - cancelled:.2f}") | {"agreed_on": min(closed_on, STATEMENT_ON)}))
    last_on = min(matures_on, STATEMENT_ON)
    first_on = min(date_read(row["First Repayment Date"]) or last_on, last_on)
    for on, value in spread(repaid, REPAYMENTS, first_on, last_on):
        acts.append((on, 4, "financing.repayment", usd(value)))
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
            else:
                filings += loan_filings(row)
    return filings, refused


# ---- rates -------------------------------------------------------------------------------------


def ecb_read(path):
    """CNY per US dollar by date, crossed through EUR, half-even, 10 decimals."""
    rates = {}
    step = decimal.Decimal("0.0000000001")
    with open(path, encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["CNY"] not in ("", "N/A") and row["USD"] not in ("", "N/A"):
                rates[row["Date"]] = (decimal.Decimal(row["CNY"]) / decimal.Decimal(row["USD"])).quantize(
                    step, decimal.ROUND_HALF_EVEN)
    return rates
