"""Reads the charges that `radcode batch --format hl7` writes with an independent library and compares them with the
claims of the same inputs in JSON.

    python3 tests/read_back/read_hl7.py PATH_TO_RADCODE

Needs the packages of tests/read_back/requirements.txt (hl7apy 1.3.5) and installs nothing. Exits 1 where a message
can't be read, is not valid for version 2.5.1, or says something else than the claim.
"""

import json
import subprocess
import sys
from pathlib import Path

from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

DATA = Path(__file__).resolve().parent.parent / "data"
# lines of a note and modifiers are repetitions; an input without a patient gives an empty PID-3, which is no valid one
INPUTS = sorted((DATA / "hl7").glob("*.hl7"))
ODD = '{"id":"a|b^c&d~e\\\\f","text":"XR KNEE BILATERAL 3 VIEWS","date_of_service":"2026-02-03","patient":"p&1"}\n'

problems = []


def wrong(where, what):
    problems.append(f"{where}: {what}")


def run(radcode, form, path, feed=None):
    done = subprocess.run([radcode, "batch", "--format", form, *path], input=feed, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{radcode} batch --format {form} left with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def same(where, what, got, wanted):
    if got != wanted:
        wrong(where, f"{what} is {got!r}, the claim has {wanted!r}")


def text(element):
    return element.to_er7() if element else ""


def plain(written):
    """Text of a field without its escapes."""
    for sequence, character in (("\\F\\", "|"), ("\\S\\", "^"), ("\\T\\", "&"), ("\\R\\", "~"), ("\\E\\", "\\")):
        written = written.replace(sequence, f"\0{ord(character)}\0")
    pieces = written.split("\0")
    return "".join(chr(int(p)) if i % 2 else p for i, p in enumerate(pieces))


def check(where, raw, claim, reports):
    message = parse_message(raw, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    message.validate()
    same(where, "MSH-9", text(message.msh.msh_9), "DFT^P03^DFT_P03")
    same(where, "MSH-12", text(message.msh.msh_12), "2.5.1")
    day = claim["date"].replace("-", "")
    charges = message.dft_p03_financial
    same(where, "the number of charges", len(charges), len(claim["lines"]))
    for number, (group, line) in enumerate(zip(charges, claim["lines"]), 1):
        at, ft1 = f"{where} FT1[{number}]", group.ft1
        same(at, "FT1-1", text(ft1.ft1_1), str(number))
        same(at, "FT1-2", text(ft1.ft1_2), f"{text(message.msh.msh_10)}-{number}")
        same(at, "FT1-4", text(ft1.ft1_4), day)
        same(at, "FT1-6", text(ft1.ft1_6), "CG")
        system = "C4" if line["code"][0].isdigit() else "HCPCS"
        for field in (ft1.ft1_7, ft1.ft1_25):
            same(at, "the code", text(field.ce_1), line["code"])
            same(at, "the label", plain(text(field.ce_2)), line["label"])
            same(at, "the coding system", text(field.ce_3), system)
        same(at, "FT1-10", text(ft1.ft1_10), str(line["units"]))
        modifiers = [text(m.ce_1) for m in ft1.ft1_26 if text(m)]
        same(at, "FT1-26", modifiers, line["modifiers"])
        same(at, "FT1-23", plain(text(ft1.ft1_23)), line["from"][0]["report"])
        told = list(dict.fromkeys(f["report"] for f in line["from"]))
        notes = [plain(text(n)) for n in group.nte.nte_3]
        same(at, "the number of reports in NTE-3", len(notes), len(told))
        for note, report in zip(notes, told):
            if not note.startswith(f"report {report}: "):
                wrong(at, "NTE-3 names another report")
            for suggestion in (f["suggestion"] for f in line["from"] if f["report"] == report and "suggestion" in f):
                for e in reports[report]["suggestions"][suggestion]["evidence"]:
                    place = f"{e['role']} bytes {e['start']}-{e['end']}" + (f" of {e['from']}" if "from" in e else "")
                    if place not in note:
                        wrong(at, f"NTE-3 lacks the evidence {place}")
    return text(message.msh.msh_10)


def compare(radcode, name, path, feed=None):
    answers = [json.loads(line) for line in run(radcode, "ndjson", path, feed).splitlines()]
    reports = {a["id"]: a for a in answers}
    claims = [a["claim"] for a in answers if a["claim"] and a["claim"]["lines"]]
    written = run(radcode, "hl7", path, feed)
    if written != run(radcode, "hl7", path, feed):
        wrong(name, "two runs give other bytes")
    messages = [m for m in written.decode("utf-8").split("\r\n") if m]
    same(name, "the number of messages", len(messages), len(claims))
    ids = []
    for number, (raw, claim) in enumerate(zip(messages, claims), 1):
        where = f"{name} message {number}"
        try:
            ids.append(check(where, raw, claim, reports))
        except Exception as e:  # whatever the library says of it
            wrong(where, f"{type(e).__name__}: {e}")
    same(name, "the number of different control ids", len(set(ids)), len(ids))
    return len(messages)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    radcode = sys.argv[1]
    count = sum(compare(radcode, p.name, [str(p)]) for p in INPUTS)
    count += compare(radcode, "odd ids", ["--input-format", "ndjson", "-"], ODD.encode())
    if count == 0:
        wrong("all inputs", "no message has been written")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{count} messages of {len(INPUTS) + 1} inputs say what the claims say")


if __name__ == "__main__":
    main()
