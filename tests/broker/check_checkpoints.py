#!/usr/bin/env python3
"""check_checkpoints.py - do the checkpoints of a ledger say what its topics and its store say?

An independent reading, as check.py, whose readers of protobuf and of the log it uses: it shares no code
with the project.  Trees, digests and chains are computed here; signatures are verified by openssl.

usage: check_checkpoints.py check --prefix P --dump PROGRAM --store FILE --key FILE
       check_checkpoints.py forge --prefix P --dump PROGRAM --key FILE --partition N
                                  [--set FIELD=VALUE ...] [--no-sign]

  check   every record of filings.checkpoints.v1, signed with --key (a private key, PKCS#8 PEM): signature,
          ledger, chain at its number, tree over first_number to number; in each partition the first
          begins at 1 and each next behind the one before or at the same place again; the last one's
          states are those of the store when the store stands there.  Prints how many there are, and of
          how many the states were compared.  Exit 4 when something differs.
  forge   the newest checkpoint of a partition with fields set to other values (numbers, or digests in
          hex; chain=~ flips its first bit), signed again, to stdout."""
import argparse
import collections
import hashlib
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

import check as reader

reader.VIEWS["checkpoints"] = "filings.checkpoints.v1"
FIELDS = reader.PROTO["Checkpoint"]
SIGNED_BELOW = FIELDS["signature"][0]
CODE_SIZE = 18


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def encode(values, below=1 << 29):
    """Canonical: ascending numbers, defaults left out."""
    out = b""
    for name, (number, _, repeated) in sorted(FIELDS.items(), key=lambda f: f[1][0]):
        value = values.get(name)
        if number >= below or not value or repeated:
            continue
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def openssl(action, key, message, signature=b""):
    with tempfile.TemporaryDirectory() as where:
        where = pathlib.Path(where)
        (where / "message").write_bytes(message)
        (where / "signature").write_bytes(signature)
        command = ["openssl", "pkeyutl", f"-{action}", "-rawin", "-inkey", key, "-in", where / "message"]
        if action == "verify":
            command += ["-sigfile", where / "signature"]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)


def message_of(values):
    return b"checkpoint.v1\0" + values["ledger_id"] + encode(values, SIGNED_BELOW)


def tree(leaves):
    """RFC 6962, section 2.1, as it is written there."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()


def topic_of(args, name):
    return reader.Log(reader.dump(args, name, "committed"))


def checkpoints_of(args):
    """By partition, in the order of the topic; copies with witnesses are left out."""
    found = collections.defaultdict(list)
    for record in topic_of(args, "checkpoints").records[0]:
        values = reader.decode("Checkpoint", record.value)
        if record.key != str(values.get("partition", 0)).encode():
            raise ValueError(f"offset {record.offset}: key {record.key}")
        if "witnesses" not in values:
            found[values.get("partition", 0)].append(values)
    return found


def states_digest(store, partition):
    """The number at which the store stands with all its states, and their digest."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as db:
        number, clean = db.execute(
            "SELECT number, clean_number FROM partition WHERE partition = ?", (partition,)).fetchone()
        digest = hashlib.sha256()
        for code, state in db.execute(
                "SELECT enterprise, bytes FROM state WHERE partition = ? ORDER BY enterprise", (partition,)):
            code = code.encode() if isinstance(code, str) else code
            assert len(code) == CODE_SIZE
            digest.update(code + reader.be32(len(state)) + state)
    return (number if number == clean else None), digest.digest()


def check_one(values, decided, before, key, add):
    number, first = values["number"], values["first_number"]
    if openssl("verify", key, message_of(values), values.get("signature", b"")).returncode:
        add("the signature is wrong")
    if number > len(decided):
        add("its decision is not published")
        return
    if decided[number - 1][-32:] != values["chain"]:
        add("the chain is another")
    if tree(decided[first - 1:number]) != values["decisions_sha256"]:
        add("the tree is another")
    if before and first != before["number"] + 1 and first != before["first_number"]:
        add(f"it begins at {first}, the one before ended at {before['number']}")
    if not before and first != 1:
        add(f"the first begins at {first}")


def check(args):
    findings = reader.Findings()
    decided = topic_of(args, "decided").records
    compared = n = 0
    for partition, checkpoints in sorted(checkpoints_of(args).items()):
        before = None
        for values in checkpoints:
            check_one(values, [r.value for r in decided[partition]], before, args.key,
                      lambda what, v=values: findings.add(what, v.get("partition", 0), None, v["number"]))
            before = values
            n += 1
        number, digest = states_digest(args.store, partition)
        if number == before["number"]:
            compared += 1
            if digest != before["states_sha256"]:
                findings.add("the states are others", partition, None, number)
    print(f"{n} checkpoints, {compared} of them with their states, {findings.n} findings")
    return 4 if findings.n else 0


def forge(args):
    values = max(checkpoints_of(args)[args.partition], key=lambda v: v["number"])
    for name, text in (pair.split("=", 1) for pair in args.set or []):
        if text == "~":
            values[name] = bytes([values[name][0] ^ 0x80]) + values[name][1:]
        elif isinstance(values[name], int):
            values[name] = int(text)
        else:
            values[name] = bytes.fromhex(text)
    if not args.no_sign:
        values["signature"] = openssl("sign", args.key, message_of(values)).stdout
    sys.stdout.buffer.write(encode(values))
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("verb", choices=("check", "forge"))
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--dump", required=True)
    parser.add_argument("--store")
    parser.add_argument("--key", required=True)
    parser.add_argument("--partition", type=int)
    parser.add_argument("--set", action="append")
    parser.add_argument("--no-sign", action="store_true")
    parser.set_defaults(load=None, save=None)
    args = parser.parse_args()
    return check(args) if args.verb == "check" else forge(args)


if __name__ == "__main__":
    sys.exit(main())
