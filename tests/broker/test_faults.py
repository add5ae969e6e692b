#!/usr/bin/env python3
"""test_faults.py - kill what can be killed, under load, and look whether anything was lost or doubled.

Each scenario founds a demonstration ledger on a prefix of its own, and is one line of output.  After
each one everything is decided, check.py finds nothing, what was sent has come out as load.py says it
must, and `filingctl verify` decides the whole log again into a fresh store and finds the same
decisions and ledgers.

usage: test_faults.py --bin DIR --tools DIR [--seed N] [--only WORD] [--keep]

Needs KAFKA_BOOTSTRAP, and FILING_KAFKA_DIR for the broker that it kills (deploy/kafka/kafka); exit 77
without.  The seed is printed; a scenario that fails keeps its directory and says where."""
import argparse
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

import check  # noqa: E402
import load as load_of  # noqa: E402

SKIPPED = 77
PARTITIONS = 4
BATCH = 20            # so small that a moment's load is many transactions
WORKER_S_MAX = 60     # until a worker has caught up, however it has to recover
SESSION_MS = 6000     # the least that brokers allow
REQUEST_MS = 8000     # until a request counts as lost, below transaction.timeout.ms
POLL_S = 0.02


class Failed(Exception):
    pass


def wait_until(condition, what, seconds=WORKER_S_MAX):
    """Poll; the value that is true, or Failed."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(POLL_S)


def run_tool(command, text=None, seconds=WORKER_S_MAX, codes=(0,)):
    try:
        run = subprocess.run([str(c) for c in command], input=text, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as why:
        raise Failed(f"{command[0]} {command[-1]} runs for more than {seconds} s") from why
    if run.returncode not in codes:
        raise Failed(f"{' '.join(map(str, command))}: exit {run.returncode}: {run.stderr[-2000:]}")
    return run.stdout


class Worker:
    """One process of filing-worker; its log is a file of the scenario's directory."""

    def __init__(self, scenario, *options, program="filing-worker", store="store.db", cut=None):
        scenario.workers_n += 1
        self.log = scenario.dir / f"worker-{scenario.workers_n:02d}.log"
        command = [scenario.args.bin / program, "--bootstrap-server", os.environ["KAFKA_BOOTSTRAP"],
                   "--prefix", scenario.prefix, "--store", f"sqlite:{scenario.dir / store}",
                   "--listen", "none", "--batch", str(BATCH), *options]
        with open(self.log, "wb") as log:
            log.write((" ".join(map(str, command)) + "\n").encode())
            log.flush()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.environment(scenario, cut))
        scenario.children.append(self.process)

    @staticmethod
    def environment(scenario, cut):
        if cut is None:
            return None
        return dict(os.environ, LD_PRELOAD=str(scenario.args.tools / "libcut_connections.so"),
                    ASAN_OPTIONS="verify_asan_link_order=0", FILING_CUT_ONE_IN=str(cut),
                    FILING_CUT_SEED=str(scenario.chance.getrandbits(32)))

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_log(self, pattern, seconds=WORKER_S_MAX):
        def found():
            if re.search(pattern, self.text()):
                return True
            if self.process.poll() is not None:
                raise Failed(f"{self.log.name}: exit {self.process.returncode} before '{pattern}'")
            return False
        wait_until(found, f"'{pattern}' in {self.log.name}", seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, codes=(0,), seconds=WORKER_S_MAX):
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired as why:
            raise Failed(f"{self.log.name}: still there after {seconds} s") from why
        if code not in codes:
            raise Failed(f"{self.log.name}: exit {code}, expected {codes}: {self.text()[-600:]}")
        return code

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait(codes=(-signal.SIGKILL,))


class Feeder:
    """A load in the background: filings at a rate, and now and then the next day's sheet."""

    def __init__(self, scenario, rate, filings_n, bulletins=True):
        self.scenario, self.filings_n, self.bulletins = scenario, filings_n, bulletins
        self.failure = None
        self.stopping = threading.Event()
        self.process = scenario.tool("publish", str(rate))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            for place, lines in enumerate(self.scenario.load.lines(self.filings_n)):
                self.process.stdin.write(lines)
                self.process.stdin.flush()
                if self.stopping.is_set():
                    break
                if self.bulletins and place % 250 == 249:
                    self.scenario.publish_sheet()
            self.process.stdin.close()
            if self.process.wait(WORKER_S_MAX * 3):
                raise Failed(f"log_load ended with {self.process.returncode}")
        except (OSError, Failed, subprocess.TimeoutExpired) as why:
            self.failure = why

    def is_running(self):
        return self.thread.is_alive()

    def finish(self, now=False):
        if now:
            self.stopping.set()
        self.thread.join(WORKER_S_MAX * 3)
        if self.failure or self.thread.is_alive():
            raise Failed(f"the load did not end: {self.failure}")


class Scenario:
    def __init__(self, args, name, seed):
        self.args, self.name = args, name
        self.chance = random.Random(f"{seed} {name}")
        self.prefix = f"f{os.getpid()}-{time.time_ns() % 10**9}-"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"faults-{name}-"))
        self.load = load_of.Load(self.chance, 16)
        self.children, self.workers_n = [], 0
        self.facts = []

    # ---- the ledger ----

    def command(self, verb, *more):
        return [self.args.tools / "log_load", self.prefix, verb, *more]

    def filingctl(self, *words, options=()):
        return run_tool([self.args.bin / "filingctl", "--bootstrap-server", os.environ["KAFKA_BOOTSTRAP"],
                         "--prefix", self.prefix, *options, *words])

    def tool(self, verb, *more):
        with open(self.dir / f"{verb}.log", "wb") as log:
            process = subprocess.Popen([str(c) for c in self.command(verb, *more)], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log)
        self.children.append(process)
        return process

    def found(self):
        """A demonstration: the operator who proposes may approve."""
        key = self.dir / "operator.pem"
        self.filingctl("topics", "apply", "--partitions", str(PARTITIONS), "--replication", "1",
                       "--min-isr", "1")
        operators = [{"person": person, "name": person, "roles": ["ISSUER"], "keys": [json.loads(
            self.filingctl("key", "new", "--id", f"{person}-1", self.dir / f"{person}.pem"))]}
            for person in ("operator", "other")]
        founding = self.write("founding.json", {"partitions": PARTITIONS, "operators": operators})
        self.filingctl("ledger", "found", founding, "--key", key, "--demo")
        (self.dir / "operator.conf").write_text(f"[filingctl]\noperator.key_file = {key}\n")
        self.issue("banks", ROOT / "deploy/reference/banks.json")
        self.issue("policy", ROOT / "deploy/reference/policy.json")
        self.issue("rates", self.write("sheet.json", load_of.sheet(load_of.DAY_FIRST)))
        self.publish(json.dumps(f) + "\n" for f in self.load.openings())

    def write(self, name, what):
        path = self.dir / name
        path.write_text(json.dumps(what) + "\n")
        return path

    def issue(self, kind, path):
        """A bulletin: proposed and approved."""
        options = ("--config", self.dir / "operator.conf", "-o", "json")
        told = self.filingctl("reference", "propose", kind, path, options=options)
        for line in told.splitlines():
            self.filingctl("reference", "approve", json.loads(line)["id"], options=options)

    def publish(self, lines):
        run_tool(self.command("publish", "0"), "".join(lines), seconds=120)

    def publish_sheet(self):
        sheet = self.load.next_sheet()
        if sheet:
            self.issue("rates", self.write("sheet.json", sheet))

    def is_open(self):
        """Does a transaction stand open in decided?"""
        return run_tool(self.command("open")).strip() != "0"

    def members(self):
        return int(run_tool(self.command("members")))

    # ---- the proof ----

    def catch_up(self, *options, **more):
        worker = Worker(self, "--until-caught-up", *options, **more)
        worker.wait()
        return worker

    def check(self, store="store.db", save=None):
        options = argparse.Namespace(prefix=self.prefix, dump=self.args.tools / "log_dump",
                                     store=self.dir / store, pending=False, save=save, load=None)
        try:
            findings, partitions = check.run(options)
        except (OSError, sqlite3.Error) as why:
            raise Failed(f"check.py: {why}") from why
        if findings.n:
            raise Failed(f"check.py: {findings.n} findings")
        return partitions

    def check_load(self, partitions):
        """What the banks sent has come out as it must, to the cent."""
        accepted, sums = {}, {}
        for partition in partitions:
            accepted.update(partition.accepted)
            sums.update(partition.sums)
        for enterprise in self.load.enterprises:
            which = "fdi.inflow", enterprise.numbers[0], "I1"
            used = sums[enterprise.code, which][2]
            if used != enterprise.credited:
                raise Failed(f"{enterprise.code}: {used} credited, {enterprise.credited} sent")
            for filing_id in enterprise.released:
                identity = (enterprise.code, int("1" + load_of.BANK),
                            load_of.uuid.UUID(filing_id).bytes)
                if identity not in accepted:
                    raise Failed(f"{enterprise.code}: {filing_id} was never accepted")

    def verify(self, store="store.db"):
        """Everything decided again into a fresh store: the same bytes and the same states."""
        self.filingctl("verify", "--complete", options=("--store", f"sqlite:{self.dir / store}"))

    def settle(self, *options, store="store.db"):
        """The last sheet is out, all is decided: look at everything."""
        self.publish_sheet()
        self.catch_up(*options, store=store)
        partitions = self.check(store)
        self.check_load(partitions)
        self.verify(store)
        self.facts.append(f"{sum(len(p.decisions) for p in partitions)} decisions")
        self.facts.append(f"{sum(len(p.copies) - len(p.decisions) for p in partitions)} aborted copies")

    def end(self, is_kept):
        for process in self.children:
            if process.poll() is None:
                process.kill()
                process.wait()
        if not is_kept:
            shutil.rmtree(self.dir, ignore_errors=True)


# ---- scenarios --------------------------------------------------------------------------------

# What is passed once in the life of a group; the rest again and again.
POINTS_ONCE = ["after-first-commit"]
POINTS = ["after-assign", "after-claim", "after-log-check", "after-recover", "after-stable-offsets",
          "after-high-watermark", "after-tail", "after-owned", "before-store", "after-store",
          "after-publish-start", "after-publish", "after-published-hint", "after-revoke"]
POINTS_MANY = {"before-store", "after-store", "after-publish-start", "after-publish",
               "after-published-hint"}


def crash_points_known():
    text = (ROOT / "consumers/engine/crash.h").read_text()
    return re.findall(r'X\("([a-z-]+)"\)', text)


def crash_at(s, place, is_disturbed):
    """A worker that dies there.  Partitions are only taken back when another member comes."""
    options = () if is_disturbed else ("--until-caught-up",)
    worker = Worker(s, "--crash-at", place, *options, program="filing-worker-crash")
    other = None
    if is_disturbed:
        worker.wait_log("partition.owned")
        other = Worker(s, "--instance-id", "other", store="other.db")
    worker.wait(codes=(-signal.SIGKILL,))
    if other:
        other.kill()
        wait_until(lambda: s.members() < 2, "the group gives up the other member")


def killed_at_each_crash_point(s):
    """kill -9 at every named place, then a worker that finishes."""
    if sorted(crash_points_known()) != sorted(POINTS + POINTS_ONCE):
        raise Failed("crash.h has other places than this test")
    for place, point in enumerate(POINTS_ONCE + POINTS):
        s.publish(s.load.lines(200))
        count = s.chance.randrange(1, 6) if point in POINTS_MANY else 1
        try:
            crash_at(s, f"{point}:{count}", is_disturbed=point == "after-revoke")
        except Failed as why:
            raise Failed(f"{point}:{count}: {why}") from why
        if place % 3 == 2:
            s.publish_sheet()
        s.catch_up()
        try:
            s.check()
        except Failed as why:
            raise Failed(f"{point}:{count}: {why}") from why
    s.facts.append(f"{len(POINTS_ONCE + POINTS)} places")
    s.settle()


def killed_twenty_times_at_random(s):
    """kill -9 twenty times under load: half while it starts, half while it decides."""
    feeder = Feeder(s, rate=150, filings_n=6000)
    for turn in range(20):
        worker = Worker(s)
        if turn % 2:
            worker.wait_log("partition.owned")
        time.sleep(s.chance.uniform(0, 0.7))
        worker.kill()
    feeder.finish(now=True)
    s.settle()


def broker_killed_under_load(s):
    """The broker is killed with -9 and started again, while a worker decides."""
    feeder = Feeder(s, rate=300, filings_n=4000, bulletins=False)
    worker = Worker(s)
    worker.wait_log("partition.owned")
    for _ in range(2):
        wait_until(lambda: committed_of(s) > 200, "the worker decides")
        run_tool([ROOT / "deploy/kafka/kafka", "kill", "--dir", s.args.kafka_dir])
        run_tool([ROOT / "deploy/kafka/kafka", "start", "--dir", s.args.kafka_dir])
    feeder.finish()
    worker.signal(signal.SIGTERM)
    if worker.wait(codes=(0, 70)):
        s.facts.append(f"ended with 70: {worker.text().splitlines()[-2][-90:]}")
    s.settle()


def committed_of(s, store="store.db"):
    """Decisions in the journal, as a reader beside the worker sees them."""
    try:
        with sqlite3.connect(f"file:{s.dir / store}?mode=ro", uri=True) as db:
            return db.execute("SELECT ifnull(sum(number), 0) FROM partition").fetchone()[0]
    except sqlite3.Error:
        return 0


def broker_stopped_beyond_its_requests(s):
    """The broker stands still until requests have run out of time and were sent again; woken, it
    answers both copies, EndTxn among them."""
    feeder = Feeder(s, rate=200, filings_n=4000, bulletins=False)
    worker = Worker(s, "-X", f"socket.timeout.ms={REQUEST_MS}")
    worker.wait_log("partition.owned")
    wait_until(lambda: committed_of(s) > 200, "the worker decides")
    pids = broker_pids(s)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        time.sleep(REQUEST_MS / 1000 * 1.5)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    worker = goes_on(s, worker, "-X", f"socket.timeout.ms={REQUEST_MS}")
    feeder.finish(now=True)
    worker.signal(signal.SIGTERM)
    worker.wait()
    s.settle()


def goes_on(s, worker, *options):
    """The worker that decides now: a supervisor starts it again when it ends with 70."""
    before = committed_of(s)
    alive = [worker]

    def decides():
        if alive[-1].process.poll() is not None:
            alive[-1].wait(codes=(70,))
            s.facts.append("ended with 70 and started again")
            alive.append(Worker(s, *options))
        return committed_of(s) > before + 200
    wait_until(decides, "the worker goes on")
    return alive[-1]


def broker_pids(s):
    told = run_tool([ROOT / "deploy/kafka/kafka", "status", "--dir", s.args.kafka_dir])
    return [int(pid) for pid in re.findall(r"pid=(\d+)", told)]


def connections_cut_under_load(s):
    """One request in twenty loses its answer: it is sent again, or its outcome is not known."""
    feeder = Feeder(s, rate=200, filings_n=1600)
    worker = Worker(s, cut=20)
    wait_until(lambda: not feeder.is_running(), "the load ends")
    feeder.finish()
    wait_until(lambda: committed_of(s) > 1000, "the worker decides")
    worker.signal(signal.SIGTERM)
    s.facts.append(f"{worker.text().count('producer.recycled')} producers renewed")
    worker.wait()
    s.settle()


def stopped_with_a_transaction_open(s):
    """SIGSTOP in the middle of a transaction until the broker has aborted it, within its session."""
    session = ("-X", "session.timeout.ms=40000")
    feeder = Feeder(s, rate=300, filings_n=12000)
    worker = Worker(s, *session)
    worker.wait_log("partition.owned")
    for _ in range(40):
        time.sleep(s.chance.uniform(0, 0.3))
        worker.signal(signal.SIGSTOP)
        if s.is_open():
            break
        worker.signal(signal.SIGCONT)
    else:
        raise Failed("no moment with an open transaction in forty")
    wait_until(lambda: not s.is_open(), "the broker aborts the transaction", 40)
    before = committed_of(s)
    worker.signal(signal.SIGCONT)
    wait_until(lambda: committed_of(s) > before + 200, "the worker goes on")
    feeder.finish(now=True)
    worker.signal(signal.SIGTERM)
    worker.wait()
    s.settle(*session)


def slot_taken_by_a_worker_that_ends(s):
    """A second worker takes the first one's slot, with a store that is refused: the first finds that
    nobody lives there, ends with 70, and is started again."""
    session = ("--instance-id", "one", "-X", f"session.timeout.ms={SESSION_MS}")
    feeder = Feeder(s, rate=100, filings_n=12000)
    first = Worker(s, *session)
    first.wait_log("partition.owned")
    wait_until(lambda: committed_of(s) > 100, "the first decides")
    second = Worker(s, *session, store="other.db")
    second.wait(codes=(78,))
    first.wait(codes=(70,))
    first = goes_on(s, first, *session)
    feeder.finish(now=True)
    first.signal(signal.SIGTERM)
    first.wait()
    s.settle(*session)


def slot_taken_by_a_copy_of_the_store(s):
    """A worker on a copy of the store has the same slot and lives: the first ends with 78.  Once the
    copy leads, the first store, which is behind, is refused."""
    session = ("-X", f"session.timeout.ms={SESSION_MS}")
    s.catch_up(*session)
    with sqlite3.connect(s.dir / "store.db") as db:
        db.execute("VACUUM INTO ?", (str(s.dir / "copy.db"),))
    first = Worker(s, *session)
    first.wait_log("partition.owned")
    second = Worker(s, *session, store="copy.db")
    first.wait(codes=(78,))
    if "another worker has the place" not in first.text():
        raise Failed(f"the first does not say why: {first.text()[-300:]}")
    s.publish(s.load.lines(400))
    wait_until(lambda: committed_of(s, "copy.db") > committed_of(s) + 300, "the copy leads")
    second.signal(signal.SIGTERM)
    second.wait()
    behind = Worker(s, *session)
    behind.wait(codes=(78,))
    if "catch-up" not in behind.text():
        raise Failed(f"the store that is behind is not sent to catch up: {behind.text()[-300:]}")
    s.settle(*session, store="copy.db")


def stopped_beyond_its_session(s):
    """SIGSTOP beyond the session, a second one stands by; woken, it goes on; killed, the other takes
    over."""
    session = ("-X", f"session.timeout.ms={SESSION_MS}")
    feeder = Feeder(s, rate=200, filings_n=3000)
    first = Worker(s, "--instance-id", "one", *session)
    first.wait_log("partition.owned")
    second = Worker(s, "--instance-id", "two", *session)
    second.wait_log("worker.standby")
    wait_until(lambda: committed_of(s) > 300, "the first decides")
    first.signal(signal.SIGSTOP)
    wait_until(lambda: s.members() == 0, "the group gives up the one that is stopped",
               SESSION_MS / 1000 * 4)
    before = committed_of(s)
    first.signal(signal.SIGCONT)
    wait_until(lambda: committed_of(s) > before + 200, "the first goes on")
    first.kill()
    second.wait_log("partition.owned")
    before = committed_of(s)
    feeder.finish()
    wait_until(lambda: committed_of(s) > before, "the second decides")
    second.signal(signal.SIGTERM)
    second.wait()
    s.settle("--instance-id", "two", *session)


def second_store_is_refused(s):
    """A worker on another store is refused with 78, naming both hosts, and harms nothing."""
    feeder = Feeder(s, rate=200, filings_n=1200)
    first = Worker(s, "--instance-id", "one")
    first.wait_log("partition.owned")
    wait_until(lambda: committed_of(s) > 200, "the first decides")
    second = Worker(s, "--instance-id", "two", "-X", f"session.timeout.ms={SESSION_MS}",
                    store="other.db")
    second.wait(codes=(78,))
    host = re.escape(os.uname().nodename)
    if not re.search(f"{host}.*{host}", second.text()):
        raise Failed(f"the refusal does not name both hosts: {second.text()[-400:]}")
    feeder.finish()
    # The refused one keeps its place in the group until its session is over.
    wait_until(lambda: len(re.findall(r"group\.assigned .*value=4", first.text())) >= 2,
               "the first has every partition again")
    before = committed_of(s)
    s.publish(s.load.lines(100))
    wait_until(lambda: committed_of(s) >= before + 100, "the first goes on")
    first.signal(signal.SIGTERM)
    first.wait()
    s.settle("--instance-id", "one")


def left_gracefully_under_load(s):
    """SIGTERM again and again: each worker finishes its batch, publishes and ends with 0."""
    feeder = Feeder(s, rate=300, filings_n=3000)
    for _ in range(6):
        worker = Worker(s)
        worker.wait_log("partition.owned")
        time.sleep(s.chance.uniform(0, 0.5))
        worker.signal(signal.SIGTERM)
        worker.wait()
    feeder.finish(now=True)
    s.settle()


# ---- the checker itself -----------------------------------------------------------------------

def view_change(view, change, place=0.5):
    """Rewrite one record of a saved view: change gets the words of its line and gives lines."""
    def plant(folder):
        path = folder / view
        lines = path.read_text().splitlines()
        records = [i for i, line in enumerate(lines) if line.startswith("record")]
        chosen = records[int(len(records) * place)]
        lines[chosen:chosen + 1] = [" ".join(words) for words in change(lines[chosen].split())]
        path.write_text("\n".join(lines) + "\n")
    return plant


def flipped(words):
    value = bytearray(check.unpack(words[6]))
    value[len(value) // 3] ^= 1
    return words[:6] + [packed(value)]


def packed(value):
    return check.base64.b64encode(bytes(value)).decode()


def store_change(sql):
    def plant(folder):
        with sqlite3.connect(folder / "store.db") as db:
            if db.execute(sql).rowcount != 1:
                raise Failed(f"not one row: {sql}")
    return plant


def store_flip(table, column, is_good=lambda data, changed: True):
    """Flip one bit of one BLOB, so that is_good says it can still be read."""
    def plant(folder):
        with sqlite3.connect(folder / "store.db") as db:
            rowid, data = db.execute(f"SELECT {'rowid' if table == 'journal' else 'enterprise'},"
                                     f" {column} FROM {table} ORDER BY length({column}) DESC").fetchone()
            for place in range(len(data) // 2, len(data)):
                changed = bytearray(data)
                changed[place] ^= 1
                if is_good(data, bytes(changed)):
                    where = "rowid" if table == "journal" else "enterprise"
                    db.execute(f"UPDATE {table} SET {column} = ? WHERE {where} = ?",
                               (bytes(changed), rowid))
                    return
            raise Failed(f"no bit of {table}.{column} to flip")
    return plant


def balance_differs(data, changed):
    def balances(state):
        return check.StoreCheck.balances(check.decode("State", state))
    try:
        return balances(changed).keys() == balances(data).keys() and balances(changed) != balances(data)
    except (ValueError, IndexError):
        return False


def forged_amount(folder):
    """A decision with another amount and every chain after it made right again."""
    path = folder / "decided-committed"
    lines = [line.split() for line in path.read_text().splitlines()]
    chosen = [w for w in lines if w[0] == "record" and w[1] == "2"]
    values = [check.unpack(w[6]) for w in chosen]
    target = next(i for i, v in enumerate(values) if i > len(values) // 2 and amounts_of(v))
    values[target] = amount_changed(values[target])
    chain = check.unpack(chosen[target - 1][6])[-32:]
    for i in range(target, len(values)):
        chain = check.hashlib.sha256(chain + values[i][:-check.CHAIN_SIZE]).digest()
        values[i] = values[i][:-32] + chain
        chosen[i][6] = packed(values[i])
    path.write_text("\n".join(" ".join(w) for w in lines) + "\n")
    shutil.copy(path, folder / "decided-uncommitted")


def amounts_of(value):
    try:
        return [(p.get("used_change", 0), p.get("used", 0))
                for p in check.decode("Decision", value).get("postings", [])]
    except (ValueError, IndexError):
        return None


def amount_changed(value):
    before = amounts_of(value)
    for place in range(len(value) - check.CHAIN_SIZE):
        changed = bytearray(value)
        changed[place] ^= 1
        after = amounts_of(bytes(changed))
        if after and len(after) == len(before) and after != before:
            return bytes(changed)
    raise Failed("no amount to change")


TWICE = lambda words: [words, words]
NONE = lambda words: []
PLANTS = [
    ("a byte of a journal row", store_flip("journal", "decisions"), "other bytes|contradicts"),
    ("a journal row that is gone", store_change(
        "DELETE FROM journal WHERE rowid = (SELECT rowid FROM journal LIMIT 1 OFFSET 5)"), "goes on with"),
    ("another balance in a state", store_flip("state", "bytes", balance_differs), "add up to"),
    ("a state that is gone", store_change(
        "DELETE FROM state WHERE enterprise = (SELECT enterprise FROM state LIMIT 1)"), "no state of"),
    ("an identity that is gone", store_change(
        "DELETE FROM filing WHERE filing_id = (SELECT filing_id FROM filing WHERE accepted_number > 0"
        " LIMIT 1)"), "filing index lacks"),
    ("an identity at another decision", store_change(
        "UPDATE filing SET last_number = last_number + 1 WHERE filing_id ="
        " (SELECT filing_id FROM filing LIMIT 1)"), "filing index"),
    ("a position moved back", store_change(
        "UPDATE partition SET next_offset = next_offset - 5 WHERE partition = 1"), "inputs passed"),
    ("a decision that is lost", view_change("decided-committed", NONE), "expected at"),
    ("a last decision that is lost", view_change("decided-committed", NONE, 0.99999),
     "has no decision|not published"),
    ("a decision that is doubled", view_change("decided-committed", TWICE), "expected at"),
    ("a byte of a decision", view_change("decided-committed", lambda w: [flipped(w)]), "chain|no decision"),
    ("an aborted copy with other bytes", view_change(
        "decided-uncommitted", lambda w: [w, flipped(w)]), "other bytes|no decision"),
    ("another amount under a right chain", forged_amount, "add up to"),
    ("a byte of an input", view_change("submitted-committed", lambda w: [flipped(w)]), "input hash"),
    ("another append time", view_change(
        "submitted-committed", lambda w: [w[:4] + [str(int(w[4]) + 1)] + w[5:]]), "input hash"),
    ("an input that is gone", view_change("submitted-committed", NONE), "not in the log"),
]


def checker_finds_what_is_planted(s):
    """The proof is proved: each of many small faults, put into a copy, is found by check.py."""
    s.publish(s.load.lines(400))
    s.catch_up()
    s.publish_sheet()
    s.catch_up()
    clean = s.dir / "clean"
    s.check(save=clean)
    with sqlite3.connect(s.dir / "store.db") as db:
        db.execute("VACUUM INTO ?", (str(clean / "store.db"),))
    for name, plant, finding in PLANTS:
        copy = s.dir / name.replace(" ", "-")
        shutil.copytree(clean, copy)
        plant(copy)
        told = run_tool([HERE / "check.py", "--prefix", s.prefix, "--load", copy,
                         "--store", copy / "store.db"], codes=(0, 4))
        if not re.search(finding, told) or "findings=0" in told:
            raise Failed(f"{name}: not found; check.py says: {told[-500:]}")
    s.facts.append(f"{len(PLANTS)} faults found")
    s.settle()


# ---- running ----------------------------------------------------------------------------------

SCENARIOS = [checker_finds_what_is_planted, killed_at_each_crash_point, killed_twenty_times_at_random,
             left_gracefully_under_load, broker_killed_under_load,
             broker_stopped_beyond_its_requests, connections_cut_under_load, stopped_beyond_its_session,
             stopped_with_a_transaction_open, second_store_is_refused, slot_taken_by_a_worker_that_ends, slot_taken_by_a_copy_of_the_store]


def run_once(args, scenario):
    """(passed, directory kept or None, prefix, facts)"""
    s = Scenario(args, scenario.__name__.split("_")[0], args.seed)
    passed = False
    try:
        s.found()
        scenario(s)
        passed = True
    except Failed as why:
        s.facts.append(str(why))
    finally:
        s.end(is_kept=args.keep or not passed)
    return passed, s.dir if args.keep or not passed else None, s.prefix, s.facts


def markers_lost(args, prefix):
    """Kafka takes partitions for deleted whose leader it does not know yet while it starts, and skips
    the markers of their transactions: those stay open until an operator aborts them.  That is not
    ours to repair."""
    for log in pathlib.Path(args.kafka_dir).glob("node-*/log*"):
        for line in log.read_text(errors="replace").splitlines():
            if "likely deleted already" in line and f"{prefix}filings.decided" in line:
                return True
    return False


def run_scenario(args, scenario):
    """One line; whether it passed."""
    name = scenario.__name__.replace("_", " ")
    begun = time.monotonic()
    passed, kept, prefix, facts = run_once(args, scenario)
    if not passed and markers_lost(args, prefix):
        print(f"again  {name}: the broker skipped transaction markers when it started, and the ledger"
              f" waits for them: {facts[-1]}", flush=True)
        passed, kept, prefix, facts = run_once(args, scenario)
    place = f" (see {kept}, prefix {prefix})" if kept else ""
    print(f"{'ok    ' if passed else 'FAILED'} {name}: {', '.join(facts)}"
          f" [{time.monotonic() - begun:.1f} s]{place}", flush=True)
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--tools", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    args.kafka_dir = os.environ.get("FILING_KAFKA_DIR")
    if not os.environ.get("KAFKA_BOOTSTRAP") or not args.kafka_dir:
        print("skipped: KAFKA_BOOTSTRAP and FILING_KAFKA_DIR do not name a broker to kill")
        return SKIPPED
    print(f"seed {args.seed}", flush=True)
    chosen = [scenario for scenario in SCENARIOS if args.only in scenario.__name__]
    results = [run_scenario(args, scenario) for scenario in chosen]
    print(f"{sum(results)} of {len(results)} passed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
