#!/usr/bin/env python3
"""check.py - is what a ledger has published and stored what its log says?  An independent reading.

It shares no code with the project: its own reader of protobuf (field numbers come from the .proto
files), of base64 lines (log_dump), of the journal and of the states, its own SHA-256 chains.  It does
not know the rules; it knows what every history of decisions must look like:

  every committed input record has exactly one decision of its own (input offset = trigger offset),
    later ones only for a filing whose decision before was HELD, and naming the first
  numbers are 1, 2, 3 ... without gaps, each once for a read_committed reader
  number n has the same bytes in every copy, in aborted transactions too
  the chain is unbroken from a genesis that is computed from the founding record; input hashes are right
  received times are the running maximum of append times; triggers and inputs come in order
  an identity is ACCEPTED at most once, and every later filing under it is DUPLICATE or REJECTED
  each posting's values after it are the sum of all postings of its limit; used and reserved never < 0
  the journal of the store is the topic, byte for byte; states, filing index and held filings of the
    store are what the decisions add up to

usage: check.py --prefix P --dump PROGRAM [--store FILE] [--pending] [--save DIR | --load DIR]

  --pending     inputs without decision and decisions not yet published are no findings
  --save DIR    keep what was read; --load DIR reads that instead of the broker (KAFKA_BOOTSTRAP)

Findings go to stdout, one a line with partition, offset and number.  Exit 0 none, 2 usage, 4 some,
6 the broker or the store could not be read."""
import argparse
import base64
import collections
import concurrent.futures
import hashlib
import pathlib
import re
import sqlite3
import struct
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHAIN_SIZE = 35  # tag of field 2047, length, 32 bytes: the end of every decision
ACCEPTED, REJECTED, HELD, DUPLICATE = 1, 2, 3, 4
FINDINGS_MAX = 20  # printed; all are counted
VIEWS = {"submitted": "filings.submitted.v1", "decided": "filings.decided.v1"}


# ---- protobuf ---------------------------------------------------------------------------------

def proto_load():
    """{message: {field name: (number, type, repeated)}}, read from the .proto files themselves."""
    messages = {}
    for path in sorted((ROOT / "proto/filing/v1").glob("*.proto")):
        text = re.sub(r"//[^\n]*", "", path.read_text())
        for name, body in re.findall(r"^message (\w+) \{(.*?)^\}", text, re.M | re.S):
            fields = re.findall(r"(repeated )?([\w.]+) (\w+) = (\d+);", body)
            messages[name] = {f: (int(n), kind, bool(rep)) for rep, kind, f, n in fields}
    return messages


PROTO = proto_load()
VARINTS = {"uint32", "uint64", "int32", "int64", "sint32", "sint64", "bool"}


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
        if shift > 63:
            raise ValueError("varint too long")


def fields_of(data):
    """(number, value) of each field; value is int or bytes."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        elif tag & 7 == 2:
            n, at = varint(data, at)
            if at + n > len(data):
                raise ValueError("field runs over the end")
            value, at = data[at:at + n], at + n
        else:
            raise ValueError(f"wire type {tag & 7}")
        yield tag >> 3, value


def scalar(kind, value):
    if kind in ("int32", "int64"):
        return value - (1 << 64) if value >> 63 else value
    if kind in ("sint32", "sint64"):
        return (value >> 1) ^ -(value & 1)
    return value


def decode(message, data):
    """A message as {name: value}; sub-messages are decoded, what is absent is absent."""
    names = {n: (f, kind, rep) for f, (n, kind, rep) in PROTO[message].items()}
    found = {}
    for number, value in fields_of(data):
        if number not in names:
            raise ValueError(f"{message}: field {number}")
        name, kind, repeated = names[number]
        if kind in PROTO:
            value = decode(kind, value)
        elif kind == "string":
            value = value.decode("utf-8", "replace")
        elif kind != "bytes" and isinstance(value, bytes):  # packed
            values, at = [], 0
            while at < len(value):
                one, at = varint(value, at)
                values.append(scalar(kind, one))
            found.setdefault(name, []).extend(values)
            continue
        elif kind in VARINTS:
            value = scalar(kind, value)
        if repeated:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def limit_names():
    text = (ROOT / "proto/form/limits.def").read_text()
    return ["none"] + re.findall(r'^LIMIT\(\w+, "([\w.]+)"', text, re.M)


LIMITS = limit_names()


# ---- the log ----------------------------------------------------------------------------------

Record = collections.namedtuple("Record", "offset type ms key value")


class Log:
    """One topic as one kind of reader sees it: per partition its records, first offset and end."""

    def __init__(self, lines):
        self.records = collections.defaultdict(list)
        self.first, self.end = {}, {}
        for line in lines:
            word, partition, *rest = line.split()
            partition = int(partition)
            if word == "partition":
                self.first[partition], self.end[partition] = int(rest[0]), int(rest[1])
            else:
                offset, kind, ms, key, value = rest
                self.records[partition].append(
                    Record(int(offset), kind, int(ms), unpack(key), unpack(value)))


def unpack(text):
    if text == "-":
        return None
    return b"" if text == "=" else base64.b64decode(text)


def dump(args, topic, isolation):
    """The lines of log_dump, from the broker or from what was saved."""
    name = f"{topic}-{isolation}"
    if args.load:
        return (pathlib.Path(args.load) / name).read_text().splitlines()
    run = subprocess.run([args.dump, args.prefix + VIEWS[topic], isolation],
                         stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise OSError(f"{args.dump} ended with {run.returncode}")
    if args.save:
        pathlib.Path(args.save).mkdir(parents=True, exist_ok=True)
        (pathlib.Path(args.save) / name).write_text(run.stdout)
    return run.stdout.splitlines()


# ---- findings ---------------------------------------------------------------------------------

class Findings:
    def __init__(self):
        self.n = 0

    def add(self, what, partition=None, offset=None, number=None):
        self.n += 1
        if self.n <= FINDINGS_MAX:
            place = (("partition", partition), ("offset", offset), ("number", number))
            print(" ".join([f"{k}={v}" for k, v in place if v is not None] + [what]))


# ---- one partition ----------------------------------------------------------------------------

class Decided:
    """A decision with its bytes, and what an auditor wants of it."""

    def __init__(self, record):
        self.bytes = record.value or b""
        self.key = record.key
        self.offset = record.offset
        self.fields = decode("Decision", self.bytes)
        self.number = self.fields.get("number", 0)
        self.input = self.fields.get("input_offset", 0)
        self.trigger = self.fields.get("trigger_offset", self.input)
        self.outcome = self.fields.get("outcome", 0)
        self.first = self.fields.get("refers_to", 0)

    def own(self):
        return self.trigger == self.input

    def identity(self):
        """None when the filing had no well-formed one, or came under another key."""
        f = self.fields
        if "filing_id" in f and "bank" in f and f.get("enterprise", "").encode() == self.key:
            return f["enterprise"], f["bank"], f["filing_id"]
        return None


def filing_numbers(record):
    """The numbers that a filing names for itself: {field: text}."""
    numbers = {}
    for number, value in fields_of(record.value):
        if number != PROTO["Submission"]["filing"][0]:
            continue
        filing = decode("Filing", value)
        for name, value_of in filing.items():
            if PROTO["Filing"][name][0] >= 20 and isinstance(value_of, dict):
                numbers = {k: v for k, v in value_of.items() if isinstance(v, (str, int))}
    return numbers


def limit_id(posting, numbers):
    """(limit, object, part), with the filing's own numbers put in where they were left out."""
    kind = posting.get("limit_kind", 0)
    name = LIMITS[kind] if kind < len(LIMITS) else f"limit {kind}"
    if "object" in posting:
        return name, posting["object"], posting.get("part", "")
    if name in ("fdi.preliminary", "outbound.preliminary"):
        owner = numbers.get("application_no", "")
    elif name in ("financing.contract", "financing.principal"):
        owner = numbers.get("contract_no", "")
    elif name == "outbound.loan":
        owner = numbers.get("loan_no", "")
    elif name.startswith("fdi.") or name == "outbound.remittance":
        owner = numbers.get("registration_no", "")
    else:
        return name, "", ""
    part = {"fdi.inflow": "investor_no", "fdi.profit": "fiscal_year"}.get(name)
    return name, owner, str(numbers.get(part, "")) if part else ""


def be32(n):
    return struct.pack(">I", n)


class Partition:
    def __init__(self, number, logs, founding, topic, findings, pending):
        self.number, self.pending = number, pending
        self.inputs = logs["submitted", "committed"].records[number]
        self.published = logs["decided", "committed"].records[number]
        self.copies = logs["decided", "uncommitted"].records[number]
        self.ledger_id, self.count = founding
        self.topic, self.findings = topic, findings
        self.by_offset = {r.offset: r for r in self.inputs}
        self.decisions = []
        self.postings = collections.defaultdict(list)  # enterprise: [(number, limit, change, currency)]

    def add(self, what, offset=None, number=None):
        self.findings.add(what, self.number, offset, number)

    def read(self):
        for record in self.published:
            try:
                self.decisions.append(Decided(record))
            except (ValueError, IndexError) as why:
                self.add(f"what is published at decided offset {record.offset} is no decision: {why}")

    def check(self):
        self.read()
        self.check_numbers()
        self.check_copies()
        self.check_chain()
        self.check_inputs()
        self.check_later()
        self.check_identities()
        self.check_postings()

    def check_numbers(self):
        for place, d in enumerate(self.decisions):
            if d.number != place + 1:
                self.add(f"decision {place + 1} expected at decided offset {d.offset}, found {d.number}",
                         number=d.number)
                return
            if d.fields.get("partition", 0) != self.number:
                self.add("names another partition", number=d.number)

    def check_copies(self):
        """E8: aborted copies too."""
        seen = {d.number: d.bytes for d in self.decisions}
        for record in self.copies:
            try:
                copy = Decided(record)
            except (ValueError, IndexError) as why:
                self.add(f"an aborted copy at decided offset {record.offset} is no decision: {why}")
                continue
            if seen.setdefault(copy.number, copy.bytes) != copy.bytes:
                self.add(f"another copy at decided offset {record.offset} has other bytes",
                         copy.input, copy.number)

    def genesis(self):
        return hashlib.sha256(b"genesis.v1\0" + self.topic.encode() + b"\0" + be32(self.number) +
                              be32(self.count) + self.ledger_id).digest()

    def check_chain(self):
        chain = self.genesis()
        for d in self.decisions:
            chain = hashlib.sha256(chain + d.bytes[:-CHAIN_SIZE]).digest()
            if d.bytes[-CHAIN_SIZE:-32] != b"\xfa\x7f\x20" or d.bytes[-32:] != chain:
                self.add("the chain is broken", d.input, d.number)
                return

    def input_hash(self, record):
        key = be32(0xFFFFFFFF) if record.key is None else be32(len(record.key)) + record.key
        return hashlib.sha256(key + struct.pack(">Q", record.ms) + (record.value or b"")).digest()

    def check_inputs(self):
        """Each input its own decision, in order, once; hashes, received times and keys."""
        own = collections.Counter()
        inputs = iter(self.inputs)
        last_trigger = received = 0
        for d in self.decisions:
            record = self.by_offset.get(d.input)
            if record is None:
                self.add("decides a record that is not in the log", d.input, d.number)
                continue
            if d.trigger not in self.by_offset or d.trigger < max(d.input, last_trigger):
                self.add(f"trigger {d.trigger} is out of order or not in the log", d.input, d.number)
            last_trigger = max(last_trigger, d.trigger)
            if d.fields.get("input_sha256") != self.input_hash(record):
                self.add("the input hash is wrong", d.input, d.number)
            if d.key != record.key:
                self.add("published under another key than its input's", d.input, d.number)
            if not d.own():
                continue
            own[d.input] += 1
            expected = next(inputs, None)
            if own[d.input] > 1:
                self.add("a second decision of its own", d.input, d.number)
            elif expected is not record:
                self.add(f"input {expected.offset if expected else 'none'} was next", d.input, d.number)
                return
            received = max(received, record.ms)
            if d.fields.get("received_at_ms", 0) != received:
                self.add(f"received at {d.fields.get('received_at_ms', 0)}, not {received}",
                         d.input, d.number)
        for record in self.inputs:
            if own[record.offset] == 0 and not self.pending:
                self.add("has no decision", record.offset)
            if record.type != "append":
                self.add("has no append time of the broker", record.offset)

    def check_later(self):
        """A later decision follows a HELD one of the same input and names the first."""
        last = {}
        firsts = {}
        for d in self.decisions:
            if d.own():
                last[d.input] = d
                firsts[d.input] = d.number
                continue
            before = last.get(d.input)
            if before is None or before.outcome != HELD:
                self.add("decided again, but was not held", d.input, d.number)
            elif d.first != firsts[d.input]:
                self.add(f"refers to {d.first}, first decision is {firsts[d.input]}", d.input, d.number)
            last[d.input] = d

    def check_identities(self):
        """Exactly once, seen from the bank: one identity is accepted once, the rest are told so."""
        self.owners, accepted = {}, {}
        for d in self.decisions:
            identity = d.identity()
            if identity is None:
                continue
            if d.outcome == ACCEPTED:
                if identity in accepted:
                    self.add(f"accepted already by decision {accepted[identity]}", d.input, d.number)
                accepted[identity] = d.number
            if d.outcome == DUPLICATE:
                if self.owners.get(identity) != d.first:
                    self.add(f"duplicate of {d.first}, the first is {self.owners.get(identity)}",
                             d.input, d.number)
            elif d.own() and identity not in self.owners:
                self.owners[identity] = d.number
        self.accepted = accepted

    def check_postings(self):
        self.sums = collections.defaultdict(lambda: [None, 0, 0, 0])
        for d in self.decisions:
            postings = d.fields.get("postings", [])
            if postings and d.outcome != ACCEPTED:
                self.add("posts without being accepted", d.input, d.number)
            record = self.by_offset.get(d.input)
            numbers = self.numbers_of(record, d) if record and postings else {}
            for p in postings:
                self.check_posting(d, p, limit_id(p, numbers))

    def numbers_of(self, record, d):
        try:
            return filing_numbers(record)
        except (ValueError, IndexError, KeyError) as why:  # bytes that are no filing any more
            self.add(f"posts by a record that cannot be read: {why}", d.input, d.number)
            return {}

    def check_posting(self, d, p, which):
        enterprise = d.fields.get("enterprise", "")
        total = self.sums[enterprise, which]
        currency = p.get("currency", "")
        change = [p.get(k, 0) for k in ("limit_change", "used_change", "reserved_change")]
        after = [p.get(k, 0) for k in ("limit", "used", "reserved")]
        if total[0] not in (None, currency) and total[1:] != [0, 0, 0]:
            self.add(f"{':'.join(filter(None, which))} is in {total[0]}, not {currency}", d.input, d.number)
        total[:] = [currency] + [a + b for a, b in zip(total[1:], change)]
        self.postings[enterprise].append((d.number, which, change))
        name = ":".join(filter(None, which))
        if total[1:] != after:
            self.add(f"{enterprise} {name} is {after} after it, postings add up to {total[1:]}",
                     d.input, d.number)
        if after[1] < 0 or after[2] < 0:
            self.add(f"{enterprise} {name} is below zero: {after}", d.input, d.number)
        if not any(change):
            self.add(f"{name} posts nothing", d.input, d.number)


# ---- the store --------------------------------------------------------------------------------

def blobs(data, n):
    at = 0
    for _ in range(n):
        size = struct.unpack_from(">I", data, at)[0]
        yield data[at + 4:at + 4 + size]
        at += 4 + size
    if at != len(data):
        raise ValueError("bytes left over")


class StoreCheck:
    def __init__(self, db, partition):
        self.db, self.p = db, partition

    def rows(self, sql):
        return self.db.execute(sql, (self.p.number,))

    def check(self):
        row = self.rows("SELECT next_offset, number, chain, clean_number, step FROM partition"
                        " WHERE partition = ?").fetchone()
        if row is None:
            if self.p.decisions:
                self.p.add("the store does not know the partition")
            return
        self.clean = row[3]
        self.check_journal()
        self.check_position(row)
        self.check_states()
        self.check_index()
        self.check_held()

    def check_journal(self):
        """Byte for byte; at most what is not published yet lies above the topic."""
        topic = {d.number: d.bytes for d in self.p.decisions}
        self.last, self.chain = 0, self.p.genesis()
        for first, count, data in self.rows(
                "SELECT first_number, count, decisions FROM journal WHERE partition = ?"
                " ORDER BY first_number"):
            if first != self.last + 1:
                self.p.add(f"the journal goes on with {first} after {self.last}", number=first)
            try:
                entries = list(blobs(data, count))
            except (ValueError, struct.error) as why:
                self.p.add(f"journal row contradicts itself: {why}", number=first)
                entries = []
            for place, entry in enumerate(entries):
                self.check_entry(first + place, entry, topic)
            self.last = first + count - 1
        for number in topic:
            if number > self.last:
                self.p.add("is published, but not in the journal", number=number)
                break

    def check_entry(self, number, entry, topic):
        self.chain = hashlib.sha256(self.chain + entry[:-CHAIN_SIZE]).digest()
        if number in topic and topic[number] != entry:
            self.p.add("the journal has other bytes than the topic", number=number)
        elif number not in topic and not self.p.pending:
            self.p.add("is in the journal, but not published", number=number)

    def check_position(self, row):
        next_offset, number, chain, _, step = row
        if number != self.last or chain != self.chain:
            self.p.add(f"the store stands at {number}, its journal at {self.last} or its chain differs",
                       number=number)
        behind = [r.offset for r in self.p.inputs if r.offset < next_offset]
        own = [d for d in self.p.decisions if d.own()]
        if not self.p.pending and (step != 0 or len(behind) != len(self.p.inputs) or len(own) != len(behind)):
            self.p.add(f"position {next_offset} step {step}: {len(behind)} of {len(self.p.inputs)} inputs"
                       f" passed, {len(own)} decided")

    def check_states(self):
        """Every balance is the sum of its postings up to the state's number, and none is missing."""
        held = self.held_now()
        seen = set()
        for enterprise, number, data in self.rows(
                "SELECT enterprise, number, bytes FROM state WHERE partition = ?"):
            seen.add(enterprise)
            try:
                state = decode("State", data)
            except (ValueError, IndexError) as why:
                self.p.add(f"state of {enterprise} cannot be read: {why}", number=number)
                continue
            if state.get("enterprise") != enterprise or state.get("number", 0) != number:
                self.p.add(f"state of {enterprise} names {state.get('enterprise')}"
                           f" {state.get('number')}", number=number)
            self.check_balances(enterprise, number, state)
            if number >= self.last_of(enterprise):
                arrivals = {h.get("arrival_number") for h in state.get("held", [])}
                if arrivals != held.get(enterprise, set()):
                    self.p.add(f"state of {enterprise} holds {sorted(arrivals)},"
                               f" decisions say {sorted(held.get(enterprise, set()))}", number=number)
        for enterprise, postings in self.p.postings.items():
            if enterprise not in seen and postings[0][0] <= self.clean:
                self.p.add(f"no state of {enterprise}", number=postings[0][0])

    def last_of(self, enterprise):
        if not hasattr(self, "lasts"):
            self.lasts = {}
            for d in self.p.decisions:
                self.lasts[d.fields.get("enterprise", "")] = d.number
        return self.lasts.get(enterprise, 0)

    def check_balances(self, enterprise, number, state):
        sums = collections.defaultdict(lambda: [0, 0, 0])
        for posted, which, change in self.p.postings.get(enterprise, []):
            if posted <= number:
                sums[which] = [a + b for a, b in zip(sums[which], change)]
            elif posted <= self.clean:
                self.p.add(f"state of {enterprise} stands at {number}, but states count as complete up"
                           f" to {self.clean}", number=posted)
        balances = self.balances(state)
        for which in sums.keys() | balances.keys():
            has, should = balances.get(which, [0, 0, 0]), sums.get(which, [0, 0, 0])
            if has != should:
                self.p.add(f"state of {enterprise}: {':'.join(filter(None, which))} is {has}, postings"
                           f" add up to {should}", number=number)

    @staticmethod
    def balances(state):
        objects = {o.get("opened_number", 0): o.get("number", "") for o in state.get("objects", [])}
        investors = {(i.get("owner", 0), i.get("ordinal", 0)): i.get("investor_no", "")
                     for i in state.get("investors", [])}
        balances = {}
        for limit in state.get("limits", []):
            kind, owner, part = (limit.get(k, 0) for k in ("kind", "owner", "part"))
            name = LIMITS[kind] if kind < len(LIMITS) else f"limit {kind}"
            text = str(part) if name == "fdi.profit" else ""
            if name == "fdi.inflow":
                text = investors.get((owner, part), f"#{part}")
            which = name, objects.get(owner, f"#{owner}") if owner else "", text
            balances[which] = [limit.get(k, 0) for k in ("limit", "used", "reserved")]
        return balances

    def check_index(self):
        """The identities of the filing index are those that own their id, at the right decisions."""
        seen = set()
        last = {}
        for d in self.p.decisions:
            identity = d.identity()
            if identity and d.outcome != DUPLICATE and (d.first or d.number) == self.p.owners.get(identity):
                last[identity] = d.number
        for filing_id, bank, enterprise, first, last_number, accepted in self.rows(
                "SELECT filing_id, bank, enterprise, first_number, last_number, accepted_number"
                " FROM filing WHERE partition = ?"):
            identity = enterprise, int("1" + bank), bytes(filing_id)
            seen.add(identity)
            stored = first, last_number, accepted
            should = (self.p.owners.get(identity), last.get(identity), self.p.accepted.get(identity, 0))
            if stored != should and (first or 0) <= len(self.p.decisions):
                self.p.add(f"filing index: {bank} {bytes(filing_id).hex()} at {stored}, decisions say"
                           f" {should}", number=first)
        for identity, number in self.p.owners.items():
            if identity not in seen and identity in self.p.accepted:
                self.p.add(f"filing index lacks {identity[1]} {identity[2].hex()}", number=number)

    def held_now(self):
        """{enterprise: arrival numbers} of what is held after the last decision."""
        last = {}
        for d in self.p.decisions:
            last[d.first if not d.own() else d.number] = d
        held = collections.defaultdict(set)
        for arrival, d in last.items():
            if d.outcome == HELD:
                held[d.fields.get("enterprise", "")].add(arrival)
        return held

    def check_held(self):
        if self.last != len(self.p.decisions):
            return  # the store is ahead of what is published
        stored = collections.defaultdict(set)
        for arrival, enterprise in self.rows("SELECT arrival_number, enterprise FROM held"
                                             " WHERE partition = ?"):
            stored[enterprise].add(arrival)
        should = self.held_now()
        for enterprise in stored.keys() | should.keys():
            if stored.get(enterprise, set()) != should.get(enterprise, set()):
                self.p.add(f"held of {enterprise}: the store has {sorted(stored.get(enterprise, set()))},"
                           f" decisions say {sorted(should.get(enterprise, set()))}")


# ---- all of it --------------------------------------------------------------------------------

def founding_of(record):
    """(ledger id, partition count) from the founding record."""
    bulletin = dict(fields_of(record.value))[PROTO["Submission"]["bulletin"][0]]
    content = dict(fields_of(bulletin))[PROTO["Bulletin"]["content"][0]]
    founding = decode("Content", content)["founding"]
    return hashlib.sha256(content).digest()[:16], founding["partitions"]


def check_topics(logs, findings):
    """The log is whole: it begins at 0, and committed records are among all records."""
    for (topic, isolation), log in logs.items():
        for partition, first in log.first.items():
            if first != 0:
                findings.add(f"{topic} begins at {first}", partition)
        if isolation == "committed":
            everything = logs[topic, "uncommitted"].records
            for partition, records in log.records.items():
                if not set(records) <= set(everything[partition]):
                    findings.add(f"{topic}: committed records that no other reader sees", partition)


def store_open(path):
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    damage = db.execute("PRAGMA quick_check").fetchone()[0]
    if damage != "ok":
        raise sqlite3.DatabaseError(damage)
    return db


def run(args):
    findings = Findings()
    views = [(t, i) for t in VIEWS for i in ("committed", "uncommitted")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        logs = dict(zip(views, map(Log, pool.map(lambda view: dump(args, *view), views))))
    check_topics(logs, findings)
    inputs = logs["submitted", "committed"]
    if len(inputs.first) != len(logs["decided", "committed"].first):
        findings.add("the topics have different partition counts")
    ledgers = {founding_of(inputs.records[p][0]) for p in inputs.first if inputs.records[p]}
    if len(ledgers) != 1 or len(inputs.first) != next(iter(ledgers))[1]:
        findings.add(f"partitions were founded differently: {ledgers}")
        return findings, []
    db = store_open(args.store) if args.store else None
    partitions = []
    for number in sorted(inputs.first):
        one = Partition(number, logs, next(iter(ledgers)), args.prefix + VIEWS["submitted"],
                        findings, args.pending)
        one.check()
        if db:
            StoreCheck(db, one).check()
        partitions.append(one)
    return findings, partitions


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1])
    parser.add_argument("--prefix", default="")
    parser.add_argument("--dump", default="log_dump")
    parser.add_argument("--store")
    parser.add_argument("--pending", action="store_true")
    parser.add_argument("--save")
    parser.add_argument("--load")
    args = parser.parse_args()
    try:
        findings, partitions = run(args)
    except (OSError, sqlite3.Error) as why:
        print(f"check.py: {why}", file=sys.stderr)
        return 6
    outcomes = collections.Counter(d.outcome for p in partitions for d in p.decisions)
    print(f"check: partitions={len(partitions)} inputs={sum(len(p.inputs) for p in partitions)}"
          f" decisions={sum(len(p.decisions) for p in partitions)}"
          f" copies={sum(len(p.copies) for p in partitions)} accepted={outcomes[ACCEPTED]}"
          f" rejected={outcomes[REJECTED]} held={outcomes[HELD]} duplicate={outcomes[DUPLICATE]}"
          f" findings={findings.n}")
    return 4 if findings.n else 0


if __name__ == "__main__":
    sys.exit(main())
