"""load.py - filings for fault tests: made from a seed, and what must come of them is known.

Each enterprise has two registrations in USD.  R1 takes inflows in USD on one day: they are accepted
at once, some sent twice (DUPLICATE), some under a used id with other contents (REJECTED), some
reversed at once, some of an investor that nobody knows (REJECTED).  R2 takes inflows in EUR on days
whose rate sheets come later: HELD, and what comes behind them, until a bulletin brings the sheet; some
are withdrawn.  So the balance of R1 and the number of filings accepted for R2 follow from what was
sent, in whatever pieces it was decided."""
import datetime
import json
import uuid

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BANK = "210100000123"
DAY_FIRST = datetime.date(2024, 3, 11)  # a Monday without holidays near
DAYS = [DAY_FIRST + datetime.timedelta(days=7 * week + day) for week in range(10) for day in range(5)]


def organisation_code(body):
    total = sum(w * int(c, 36) for w, c in zip((3, 7, 9, 10, 5, 8, 4, 2), body))
    return body + "0123456789X"[-total % 11]


def credit_code(region, body):
    code = "91" + region + organisation_code(body)
    total = sum(ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(code))
    return code + ALPHABET[-total % 31]


def sheet(day):
    """A rate sheet; rates move a little from day to day."""
    step = day.toordinal() % 7
    return {"reference": {"kind": "rates", "date": day.isoformat(), "rates": {
        "USD": f"7.09{step}1", "EUR": f"7.7{step}23"}}}


def usd(minor):
    return {"currency": "USD", "value": f"{minor // 100}.{minor % 100:02d}"}


class Enterprise:
    def __init__(self, place):
        self.code = credit_code("210106", f"MA8{place:05d}")
        self.numbers = [f"2101062024{place:05d}{r}" for r in (1, 2)]
        self.credited = 0    # of R1, in cents
        self.released = []   # filing ids for R2 that must be accepted in the end
        self.sent = []       # filings for R1 that may be sent again


class Load:
    """Gives lines; its expectations grow with them."""

    def __init__(self, chance, enterprises_n):
        self.chance = chance
        self.day = 1  # DAYS[day] is the first one without a sheet
        self.enterprises = [Enterprise(place) for place in range(enterprises_n)]

    def filing(self, enterprise, event, day, details):
        return {"filing_id": str(uuid.UUID(int=self.chance.getrandbits(128), version=4)),
                "bank": BANK, "enterprise": enterprise.code, "event": event,
                "business_date": day.isoformat(), "maker": "op017", "checker": "op204",
                "details": details}

    def openings(self):
        for enterprise in self.enterprises:
            for number in enterprise.numbers:
                whole = {"currency": "USD", "value": "900000000.00"}
                yield self.filing(enterprise, "fdi.registration", DAY_FIRST, {
                    "registration_no": number, "setup": "NEW", "region": "210106",
                    "industry": "C3491", "established_on": "2024-03-01",
                    "registered_capital": whole, "evidence_no": "E-" + number,
                    "investors": [{"investor_no": "I1", "name": "Straits Robotics", "country": "SGP",
                                   "subscribed": whole, "cash": whole, "share_bp": 10000,
                                   "due_on": "2027-03-01"}]})

    def inflow(self, enterprise, which, day, money, investor="I1"):
        return self.filing(enterprise, "fdi.inflow", day, {
            "registration_no": enterprise.numbers[which], "investor_no": investor, "money": money,
            "account": "A1", "remitter_country": "SGP"})

    def some(self):
        """One to three filings of one enterprise."""
        enterprise = self.chance.choice(self.enterprises)
        draw = self.chance.random()
        if draw < 0.12 and self.day < len(DAYS):
            return self.held(enterprise, draw)
        if draw < 0.18 and enterprise.sent:
            return [self.chance.choice(enterprise.sent)]
        if draw < 0.22 and enterprise.sent:
            reused = dict(self.chance.choice(enterprise.sent), maker="op018")
            return [reused]
        if draw < 0.26:
            return [self.inflow(enterprise, 0, DAY_FIRST, usd(100), investor="I9")]
        minor = self.chance.randrange(100, 900000)
        filing = self.inflow(enterprise, 0, DAY_FIRST, usd(minor))
        if draw < 0.32:
            return [filing, self.filing(enterprise, "reversal", DAY_FIRST, {
                "reverses": filing["filing_id"], "reason": "wrong account"})]
        enterprise.credited += minor
        enterprise.sent.append(filing)
        return [filing]

    def held(self, enterprise, draw):
        value = f"{self.chance.randrange(100, 9000)}.{self.chance.randrange(100):02d}"
        filing = self.inflow(enterprise, 1, DAYS[self.day], {"currency": "EUR", "value": value})
        if draw < 0.02:
            behind = self.inflow(enterprise, 1, DAYS[self.day], usd(5000))
            enterprise.released += [filing["filing_id"], behind["filing_id"]]
            return [filing, behind]
        if draw < 0.03:
            # Held behind the first, so that it is held for certain when it is taken back.
            mistaken = self.inflow(enterprise, 1, DAYS[self.day], usd(7000))
            enterprise.released.append(filing["filing_id"])
            return [filing, mistaken, self.filing(enterprise, "withdrawal", DAYS[self.day], {
                "withdraws": mistaken["filing_id"], "reason": "filed by mistake"})]
        enterprise.released.append(filing["filing_id"])
        return [filing]

    def lines(self, n):
        made = 0
        while made < n:
            filings = self.some()
            made += len(filings)
            yield "".join(json.dumps(f, separators=(",", ":")) + "\n" for f in filings)

    def next_sheet(self):
        """The next day's sheet; None when there are no days left."""
        if self.day >= len(DAYS):
            return None
        self.day += 1
        return sheet(DAYS[self.day - 1])
