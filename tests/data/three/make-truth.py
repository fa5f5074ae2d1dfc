#!/usr/bin/env python3
"""Makes truth.tsv of truth.jsonl.xz, admin_actions.json and truth_burst.json, for tests in C.

    tests/data/three/make-truth.py > tests/data/three/truth.tsv

A line "message" is followed by its lines "expect":

    message  kind  msgid  host  qid  t_us  entries  hosts  sender
    expect   orig_to  to  final

qid and t_us are of the attempt that was accepted, empty and 0 without one (or without an answer
that named the id); entries is how many mails it counts for; hosts are the servers on its way, as
far as the sender knew them. A line "burst" tells of mails that a load tool sent:

    burst    count  from  to  final
"""
import json
import lzma
import pathlib

HERE = pathlib.Path(__file__).parent


def row(*fields):
    print("\t".join("" if field is None else str(field) for field in fields))


def message(truth, admin):
    attempts = truth.get("attempts", [])
    accepted = [a for a in attempts if a["final"] == "accepted"]
    last = accepted[-1] if accepted else {}
    msgid = "" if truth.get("nomsgid") else truth["msgid"]
    row("message", truth["kind"], msgid, truth["entry"], last.get("queue_id"), int(last.get("t", 0) * 1e6),
        1 if accepted else 0, ",".join(truth.get("hops", [truth["entry"]])), truth["mail_from"])
    for expect in truth["expect"]:
        if not expect["confirmed"]:
            continue
        final = expect["final"]
        assert final not in ("held", "deleted") or admin[truth["msgid"]] == {"held": "keep", "deleted": "delete"}[final]
        row("expect", expect["orig_to"], expect["to"], final)


def main():
    admin = {a["msgid"]: a["action"] for a in json.loads((HERE / "admin_actions.json").read_text())}
    with lzma.open(HERE / "truth.jsonl.xz", "rt") as lines:
        for line in lines:
            message(json.loads(line), admin)
    burst = json.loads((HERE / "truth_burst.json").read_text())
    row("burst", burst["count"], burst["mail_from"], burst["rcpt"], burst["expected"])


main()
