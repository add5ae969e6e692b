#!/usr/bin/env python3
"""test_sweep.py - flips bits of every column that a store has, one at a time, and verify must name
each: the table, and that there is a difference.

  test_sweep.py BIN DEPLOY [--stride N] [--every N] [--only TABLE] [--keep]

The store is a worker's own: a small ledger with every kind of object, something held, something
reversed.  Of a number, a text or NULL one bit is flipped; of bytes one bit of every N-th byte
(--stride, 1 = of every byte).  What proves nothing is listed below, with the reason.  Needs
KAFKA_BOOTSTRAP; exit 77 without."""
import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib

RUN_S_MAX = 60
AT_ONCE = 3
FINDING_CODE = 4
# A store that is damaged so that it cannot be read at all is told, too.
TOLD_CODES = (FINDING_CODE, 6, 78)

# Of FILE: hints and marks of the worker, which no decision and no ledger rests on.
HINTS = {
    ("partition", "published_number"): "how far the worker knew decisions to be published",
    ("partition", "published_offset"): "the same",
    ("partition", "owner_token"): "random, of the last claim",
    ("partition", "owner_txn_id"): "who owned it last",
    ("partition", "claims"): "a count for status",
    ("partition", "clean_number"): "from where a start reads again: lower costs time alone",
    ("ledger", "store_id"): "random; the group's offsets name it, and workers compare",
    ("ledger", "schema"): "for the program that opens the store; older ones are read as well",
    ("true_for", "states_number"): "how complete the tables of states are; if not, they are not compared",
    ("ledger", "one"): "the only row",
    ("about", "one"): "the only row",
    ("about", "store_id"): "which store the tables were filled from: others are filled anew",
}


class Failed(Exception):
    """What went wrong, for people."""


class Ledger:
    """A small demonstration ledger on the broker, decided by a worker."""

    def __init__(self, args, folder):
        self.bin, self.deploy, self.dir = args.bin, args.deploy, folder
        self.prefix = f"sweep-{os.getpid()}-{int(time.time())}-"
        self.bootstrap = os.environ["KAFKA_BOOTSTRAP"]

    def run(self, program, *arguments, codes=(0,)):
        """Run a program; what it wrote to stdout."""
        command = [self.bin / program, "--bootstrap-server", self.bootstrap, "--prefix",
                   self.prefix, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_S_MAX,
                              check=False)
        if done.returncode not in codes:
            raise Failed(f"{program} {arguments}: exit {done.returncode}\n{done.stderr}")
        return done

    def refer(self, kind, file):
        """Propose and approve."""
        key = ("--config", self.dir / "ctl.conf")
        proposal = json.loads(self.run("filingctl", "reference", "propose", kind, file, *key,
                                       "-o", "json").stdout)
        self.run("filingctl", "reference", "approve", proposal["id"], *key)

    def make(self):
        """Found it, file the story of some enterprises, decide."""
        key = subprocess.run([self.bin / "filingctl", "key", "new", "--id", "o1",
                              self.dir / "o1.pem"], capture_output=True, text=True, check=True)
        operator = {"person": "one", "name": "One", "roles": ["ISSUER"],
                    "keys": [json.loads(key.stdout)]}
        (self.dir / "founding.json").write_text(json.dumps({"partitions": 1,
                                                            "operators": [operator]}))
        (self.dir / "ctl.conf").write_text(f"operator.key_file = {self.dir}/o1.pem\n")
        self.run("filingctl", "topics", "apply", "--partitions", 1, "--replication", 1,
                 "--min-isr", 1)
        self.run("filingctl", "ledger", "found", self.dir / "founding.json", "--key",
                 self.dir / "o1.pem", "--demo")
        for kind, file in (("policy", "reference/policy.json"),
                           ("calendar", "reference/calendars.jsonl"),
                           ("banks", "reference/banks.json"),
                           ("sensitive_list", "reference/sensitive_list.json"),
                           ("rates", "samples/rates-1.jsonl")):
            self.refer(kind, self.deploy / file)
        self.run("filing-publish", self.story())
        self.run("filing-worker", "--store", f"sqlite:{self.dir}/store.db", "--listen", "none",
                 "--batch", 5, "--until-caught-up")

    def story(self):
        """Of each event of the sample story and each outcome to be expected, a few filings: those of
        the enterprises with the most different events, and one that is held."""
        lines = [json.loads(line) for line in
                 (self.deploy / "samples/filings.jsonl").read_text().splitlines()]
        events = {}
        for filing in lines:
            events.setdefault(filing["enterprise"], []).append(filing["event"])
        chosen, seen = [], set()
        for enterprise in sorted(events, key=lambda e: (-len(set(events[e])), len(events[e]))):
            if set(events[enterprise]) - seen and len(events[enterprise]) < 25:
                chosen.append(enterprise)
                seen |= set(events[enterprise])
        late = [f["enterprise"] for f in lines if f["business_date"] >= "2026-04-13"]
        chosen.extend(e for e in late[:1] if e not in chosen)
        file = self.dir / "story.jsonl"
        file.write_text("".join(json.dumps(f) + "\n" for f in lines if f["enterprise"] in chosen))
        return file

    def verify(self, store):
        """Exit code and findings."""
        done = self.run("filingctl", "--store", f"sqlite:{store}", "verify", "--threads", 1, "-o",
                        "json", codes=(0, 1, *TOLD_CODES))
        places = []
        for line in done.stdout.splitlines():
            row = json.loads(line)
            if "place" in row:
                places.append(row["place"])
        return done.returncode, places, done.stderr


def flipped(value, at):
    """The value with one bit changed; a NULL becomes something."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value ^ (1 << at % 3)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    if not raw:
        return "x" if isinstance(value, str) else b"x"
    raw[at % len(raw)] ^= 1 if isinstance(value, str) else 1 << at % 8
    return raw.decode("latin-1") if isinstance(value, str) else bytes(raw)


def trials(file, stride):
    """Every (table, key of the row, column, place) of a database."""
    base = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    tables = [name for (name,) in base.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
    for table in sorted(tables):
        about = list(base.execute(f"PRAGMA table_info({table})"))
        keys = [row[1] for row in sorted((r for r in about if r[5]), key=lambda r: r[5])]
        for row in base.execute(f"SELECT * FROM {table}"):
            values = dict(zip([column[1] for column in about], row))
            key = {name: values[name] for name in keys}
            for column, value in values.items():
                if (table, column) in HINTS:
                    continue
                seed = zlib.crc32(f"{table} {key} {column}".encode())
                places = [seed]
                if isinstance(value, bytes) and len(value) > 1:
                    places = range(seed % stride, len(value), stride)
                for at in places:
                    yield table, key, column, at, value
    base.close()


class Copy:
    """A copy of the store, in which one thing at a time is changed."""

    def __init__(self, ledger, number):
        self.ledger = ledger
        self.dir = ledger.dir / f"copy{number}"
        self.dir.mkdir()
        for end in ("", "-views.db"):
            source = sqlite3.connect(f"file:{ledger.dir}/store.db{end}?mode=ro", uri=True)
            target = sqlite3.connect(self.dir / f"store.db{end}")
            source.backup(target)
            target.close()
            source.close()

    def write(self, end, table, key, column, value):
        """Set one cell."""
        where = " AND ".join(f"{name} IS ?" for name in key)
        with contextlib.closing(sqlite3.connect(self.dir / f"store.db{end}")) as base, base:
            changed = base.execute(f"UPDATE {table} SET {column} = ? WHERE {where}",
                                   (value, *key.values())).rowcount
        if changed != 1:
            raise Failed(f"{changed} rows of {table} changed")

    def attempt(self, end, trial):
        """None, or what verify did not say."""
        table, key, column, at, value = trial
        new = flipped(value, at)
        try:
            self.write(end, table, key, column, new)
        except sqlite3.IntegrityError:
            return None  # the database itself refuses it
        except sqlite3.OperationalError as why:
            raise Failed(f"{table}.{column} of {key}: {why}") from why
        code, places, said = self.ledger.verify(self.dir / "store.db")
        self.write(end, table, {**key, **({column: new} if column in key else {})}, column, value)
        if code in TOLD_CODES and (places or code != FINDING_CODE):
            return None
        return f"{table}.{column} of {key} at {at}: exit {code}, {places}, {said[-300:]}"


def sweep(ledger, args):
    """All trials; how many, and what was not noticed."""
    copies = [Copy(ledger, n) for n in range(AT_ONCE)]
    work = [(end, trial) for end in ("", "-views.db")
            for trial in trials(ledger.dir / f"store.db{end}", args.stride)
            if args.only in (None, trial[0])]
    columns = set()
    work = [(end, trial) for number, (end, trial) in enumerate(work)
            if number % args.every == 0 or trial[0:3:2] not in columns
            and not columns.add(trial[0:3:2])]

    def share(number):
        return [told for end, trial in work[number::AT_ONCE]
                if (told := copies[number].attempt(end, trial))]

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        missed = [told for part in pool.map(share, range(AT_ONCE)) for told in part]
    for copy in copies:
        code, places, said = ledger.verify(copy.dir / "store.db")
        if code != 0:
            raise Failed(f"a copy is not as it was: exit {code}, {places}, {said}")
    return len(work), missed


def main():
    """Exit 0, 1 with what was missed, 77."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bin", type=pathlib.Path)
    parser.add_argument("deploy", type=pathlib.Path)
    parser.add_argument("--stride", type=int, default=150)
    parser.add_argument("--every", type=int, default=1,
                        help="only every N-th bit, and the first of each column")
    parser.add_argument("--only", help="of this table alone")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    if not os.environ.get("KAFKA_BOOTSTRAP"):
        print("skipped: KAFKA_BOOTSTRAP names no broker")
        return 77
    folder = pathlib.Path(tempfile.mkdtemp())
    try:
        ledger = Ledger(args, folder)
        ledger.make()
        code, places, said = ledger.verify(folder / "store.db")
        if code != 0:
            raise Failed(f"the store is not good to begin with: {code} {places} {said}")
        began = time.monotonic()
        trials_n, missed = sweep(ledger, args)
        for told in missed:
            print(f"MISSED {told}")
        print(f"{trials_n} bits flipped, {len(missed)} not noticed "
              f"[{time.monotonic() - began:.0f} s]")
        return 1 if missed else 0
    except Failed as why:
        print(f"FAILED {why}")
        return 1
    finally:
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
