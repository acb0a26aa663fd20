"""Reads the charges that `radcode batch --format fhir-charge-item` and `fhir-claim` write with an independent model of FHIR
and compares them with the claims of the same inputs in JSON.

    python3 tests/read_back/read_fhir.py PATH_TO_RADCODE

Needs the packages of tests/read_back/requirements.txt (fhir.resources, its models of R4B) and installs nothing. Exits 1
where a resource is not valid or says something else than the claim.
"""

import json
import subprocess
import sys
from pathlib import Path

# this file has the name of the package that it reads with
sys.path = [p for p in sys.path if Path(p).resolve() != Path(__file__).resolve().parent]

from fhir.resources.R4B.chargeitem import ChargeItem
from fhir.resources.R4B.claim import Claim

DATA = Path(__file__).resolve().parent.parent / "data"
# inputs of all forms: what is written does not depend on where a report came from
INPUTS = sorted(p for kind in ("fhir", "json", "hl7") for p in (DATA / kind).glob("*.*"))
ODD = [
    {"id": "a/b ü", "text": "XR KNEES BILATERAL 3 VIEWS", "date_of_service": "2026-02-03", "patient": "MRN 1"},
    {"id": "v", "text": "CT\u00a0HEAD\u00a0WITHOUT\fCONTRAST", "patient": " \u00a0"},
    {"id": "", "text": "CT HEAD WITHOUT CONTRAST"},
    {"id": "x" * 200, "text": "MRI BRAIN WITHOUT CONTRAST\n\nMRA HEAD WITHOUT CONTRAST", "encounter": "7", "date_of_service": "2026-02-03"},
    {"id": "y", "text": "CHEST 2 VIEWS", "encounter": "7", "date_of_service": "2026-02-03"},
    {"id": "nothing", "text": "Please call back."},
]
ODD = "".join(json.dumps(line) + "\n" for line in ODD).encode()
POLICIES = ([], ["--setting", "hospital"], ["--setting", "hospital", "--component", "professional"], ["--payer", "medicare"])
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"

problems = []


def same(where, what, got, wanted):
    if got != wanted:
        problems.append(f"{where}: {what} is {got!r}, the claim has {wanted!r}")


def run(radcode, form, args, feed):
    done = subprocess.run([radcode, "batch", "--format", form, *args], input=feed, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"{radcode} batch --format {form} left with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def coding(concept):
    (one,) = concept.coding
    return (str(one.system), one.code)


def wanted_code(line):
    return (HCPCS if line["code"][0].isalpha() else CPT, line["code"])


def wanted_modifiers(line):
    return [(CPT if m.isdigit() else HCPCS, m) for m in line["modifiers"]]


def plain(text):
    """FHIR has four characters of white space."""
    return "".join(" " if c.isspace() and c not in "\t\r\n" else c for c in text)


def report_id(reference):
    """A report without an id can't be named."""
    return reference.identifier.value if reference.identifier else ""


def reports_of(line):
    """Reports of a line in the order of the claim's reports."""
    return {source["report"] for source in line["from"]}


def check_charge_item(where, raw, claim, line, answers):
    item = ChargeItem.model_validate_json(raw)
    same(where, "status", item.status, "billable")
    same(where, "the code", coding(item.code), wanted_code(line))
    same(where, "the label", item.code.text, line["label"])
    same(where, "the modifiers", [coding(e.valueCodeableConcept) for e in item.extension or []], wanted_modifiers(line))
    same(where, "the units", item.quantity.value, line["units"])
    if item.occurrenceDateTime is not None:
        same(where, "the day", str(item.occurrenceDateTime)[:10], claim["date"])
    same(where, "the reports", {report_id(s) for s in item.service}, reports_of(line))
    notes = plain("\n".join(str(n.text) for n in item.note or []))
    for source in line["from"]:
        if "suggestion" in source:
            for e in answers[source["report"]]["suggestions"][source["suggestion"]]["evidence"]:
                if f"{e['role']}: \"{plain(e['text'])}\"" not in notes or f"bytes {e['start']}-{e['end']}" not in notes:
                    problems.append(f"{where}: no note has the evidence at bytes {e['start']}-{e['end']}")
    return item.id


def check_claim(where, raw, claim, args):
    resource = Claim.model_validate_json(raw)
    same(where, "use", resource.use, "claim")
    kind = "institutional" if "hospital" in args and "professional" not in args else "professional"
    same(where, "type", coding(resource.type)[1], kind)
    same(where, "created", str(resource.created)[:10], claim["date"])
    same(where, "the number of items", len(resource.item), len(claim["lines"]))
    told = {i.sequence: report_id(i.valueReference) for i in resource.supportingInfo}
    for item, line in zip(resource.item, claim["lines"]):
        at = f"{where} item {item.sequence}"
        same(at, "sequence", item.sequence, line["line"])
        same(at, "the code", coding(item.productOrService), wanted_code(line))
        same(at, "the modifiers", [coding(m) for m in item.modifier or []], wanted_modifiers(line))
        same(at, "the units", item.quantity.value, line["units"])
        if item.servicedDate is not None:
            same(at, "the day", str(item.servicedDate), claim["date"])
        same(at, "the reports", {told[s] for s in item.informationSequence}, reports_of(line))
    return resource.id


def compare(radcode, name, args, feed=None):
    answers = [json.loads(line) for line in run(radcode, "ndjson", args, feed).splitlines()]
    by_id = {a["id"]: a for a in answers}
    claims = [a["claim"] for a in answers if a["claim"] and a["claim"]["lines"]]
    lines = [(claim, line) for claim in claims for line in claim["lines"]]
    items = run(radcode, "fhir-charge-item", args, feed).splitlines()
    wholes = run(radcode, "fhir-claim", args, feed).splitlines()
    same(name, "the number of charge items", len(items), len(lines))
    same(name, "the number of claims", len(wholes), len(claims))
    ids = []
    try:
        for number, (raw, (claim, line)) in enumerate(zip(items, lines), 1):
            ids.append(check_charge_item(f"{name} ChargeItem {number}", raw, claim, line, by_id))
        for number, (raw, claim) in enumerate(zip(wholes, claims), 1):
            ids.append("claim " + check_claim(f"{name} Claim {number}", raw, claim, args))
    except Exception as e:  # whatever the library says of it
        problems.append(f"{name}: {type(e).__name__}: {e}")
    same(name, "the number of different ids", len(set(ids)), len(ids))
    if run(radcode, "fhir-charge-item", args, feed).splitlines() != items:
        problems.append(f"{name}: two runs give other bytes")
    quiet = run(radcode, "fhir-charge-item", [*args, "--no-text"], feed)
    if b'"note"' in quiet:
        problems.append(f"{name}: notes are written in spite of --no-text")
    return len(items) + len(wholes)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    radcode = sys.argv[1]
    count = 0
    for policy in POLICIES:
        count += sum(compare(radcode, f"{p.name} {' '.join(policy)}", [*policy, str(p)]) for p in INPUTS)
        count += compare(radcode, f"odd ids {' '.join(policy)}", [*policy, "--input-format", "ndjson", "-"], ODD)
    if count == 0:
        problems.append("no resource has been written")
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        sys.exit(1)
    print(f"{count} resources of {len(INPUTS) + 1} inputs under {len(POLICIES)} policies say what the claims say")


if __name__ == "__main__":
    main()
