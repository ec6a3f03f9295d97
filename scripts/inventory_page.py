"""Writes `docs/seed-3.md`: what became of each of 43 scripts and 8 requirements, out of a run of `scripts/inventory`."""

import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent

HEAD = """\
# What became of 43 scripts

A practice's legacy database was once moved by 43 scripts, and a document counted them, to make sure that no data was
forgotten. [`specs/brius`](../specs/brius/README.md) does what they did. This page says what became of each script, and
which test shows each requirement of that document.

It is written by `scripts/inventory --write`, out of the report of a real run over the whole
[generated database](../examples/brius/README.md): {records:,} records in {tables} tables, with everything wrong in it that
the document names. A test holds the page against the specs, and its counts against what the generator planted.

## The scripts

Read is written, skipped and rejected together. Skipped is what was left out on purpose, such as the second of two equal
records. The success rate is the share of what was written in what was not skipped.

"""

TABLE = """\
| no. | script | spec | phase or command | from | to | read | written | skipped | rejected | success |
|---:|---|---|---|---|---|---:|---:|---:|---:|---:|
"""

NOTES = """
Of script 41 the orders are counted whose doctor's id leads nowhere: each has a doctor now, by e-mail, or the stand-in.
Of script 42, {checks} checks of the specs hold after the run. Of script 43 the records are counted that became other in
the legacy database after that, and that the next run found: {updated:,} changed, {inserted:,} new and {deleted:,} deleted ones.

The financial records add up to ${total:,.2f} on both sides, and so does all other money, record by record.

## Why records were left out

| phase | fate | reason | records |
|---|---|---|---:|
"""

REQUIREMENTS = """
## The requirements

| | asks for | how | shown by |
|---|---|---|---|
"""

SEEDS, BRIUS = "tests/seeds/requirements.rs", "tests/seeds/brius.rs"
FUNCTIONAL = (
    ("FR-001", "all clinical data, 99 of 100 records or more",
     "phases of `core`, `clinical` and `specialised`; what is missing is listed by `mapper rejects specs/brius`",
     ((SEEDS, "clinical_data_arrives"), (BRIUS, "inventory_on_postgresql"))),
    ("FR-002", "business data without corruption",
     "money is decimal from end to end, never rejected for a broken reference, and checked by `sum`",
     ((SEEDS, "money_is_kept_to_the_cent"),)),
    ("FR-003", "messages, comments, notifications and feedback, in their threads",
     "phases of `communications`; answers are linked by a second pass (`stub`)",
     ((SEEDS, "conversations_keep_their_threads"),)),
    ("FR-004", "an audit trail of all legacy ids to UUIDs",
     "the ledger; `mapper ids specs/brius --publish` writes it out as `mapper_mappings`",
     ((SEEDS, "every_legacy_id_is_in_the_published_map"),)),
    ("FR-005", "rollback of everything",
     "`mapper rollback specs/brius --all`: exactly what was there before",
     ((BRIUS, "inventory_on_postgresql"), (BRIUS, "inventory_on_sqlite"))),
    ("FR-006", "validation after each phase, with a report",
     "checks that wait for their phase; `mapper verify specs/brius --full --report report.md` compares every cell",
     ((SEEDS, "every_phase_is_checked_and_reported"), (SEEDS, "differences_are_found_and_mended"))),
    ("FR-007", "schema mismatches and violated constraints resolved by themselves",
     "`first`, `on_missing`, `on_error` and casts; what a constraint refuses is left out alone, and the rest arrives",
     ((SEEDS, "orders_find_their_doctors"), ("tests/failures/violations.rs", "by_postgresql"))),
    ("FR-008", "batches of 500 to 2,000 records",
     "batches of 1,000, many of them in a commit; `batch` of a phase sets another size",
     ((SEEDS, "batches_are_of_500_to_2000_records"),)),
)

RUN = """
## The run

{day}, mapper {version}, PostgreSQL {postgres}, {cores} cores, both databases and mapper on one machine. A second run read
{again:,} records and wrote nothing; the run after the changes read {after:,}. `verify --full` compared {compared:,} records
cell by cell, and found each of 20 planted differences and nothing else.

| step | seconds | peak memory, MiB |
|---|---:|---:|
"""


def scripts():
    """The table of `specs/brius/README.md`: groups, and number, script, phases or command, source and target."""
    text = (ROOT / "specs/brius/README.md").read_text()
    section = text.partition("\n## The scripts\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| | **"):
            yield cells[1:2]
        elif re.match(r"\| \d", line):
            yield cells


def rate(read, written, skipped, rejected):
    text = f"{100 * written / (read - skipped):.2f} %"
    return "99.99 %" if rejected and text == "100.00 %" else text


def row(script, phases, inventory):
    number, name, how, source, target = script
    names = re.findall(r"`(\w+)\.\w+`", how)
    specs = "<br>".join(f"[`{spec}`](../specs/brius/{spec}.toml)" for spec in dict.fromkeys(names)) or "all"
    if source:
        told = [phases[name] for name in re.findall(r"`(\w+\.\w+)`", how)]
        counts = [sum(phase[of] for phase in told) for of in ("read", "skipped", "rejected")]
        counts.insert(1, counts[0] - counts[1] - counts[2])
    elif number == "41":
        counts = [*inventory.orders, 0, 0]
    elif number == "43":
        counts = [sum(inventory.changes.values())] * 2 + [0, 0]
    else:
        counts = None
    cells = [f"{count:,}" for count in counts] + [rate(*counts)] if counts else [""] * 5
    return f"| {' | '.join((number, name, specs, how, source, target, *cells))} |\n".replace("|  |", "| |").replace("|  |", "| |")


def module(path):
    """The path of a file of tests, as `cargo test` takes it."""
    return path.removeprefix("tests/").removesuffix(".rs").replace("/", "::")


def page(inventory, day):
    phases = inventory.own_phases()
    text = [HEAD.format(records=inventory.records, tables=inventory.tables), TABLE]
    for script in scripts():
        group = len(script) == 1
        text.append(f"| | {script[0]} | | | | | | | | | |\n" if group else row(script, phases, inventory))
    text.append(NOTES.format(checks=inventory.checks, total=float(inventory.total), **inventory.changes))
    for name in sorted(phases):
        for told, count in sorted(phases[name]["reasons"].items()):
            fate, _, reason = told.partition(": ")
            text.append(f"| `{name}` | {fate} | {reason} | {count:,} |\n")
    text.append(REQUIREMENTS)
    for number, asked, how, tests in FUNCTIONAL:
        shown = "<br>".join(f"[`{module(path)}::{name}`](../{path})" for path, name in tests)
        text.append(f"| {number} | {asked} | {how} | {shown} |\n")
    text.append(RUN.format(day=day.isoformat(), version=inventory.version, postgres=inventory.postgres, cores=os.cpu_count(),
                           again=inventory.read_again, after=inventory.read_after, compared=inventory.compared))
    for name, seconds, peak in inventory.steps:
        text.append(f"| {name} | {seconds:.1f} | {peak:.0f} |\n")
    return "".join(text)
