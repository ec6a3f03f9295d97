"""The page beside the data: records per table and profile, and what is planted."""

from collections import Counter

from .inventory.world import share

HEAD = """\
# brius

Invented data for [`specs/brius`](../../specs/brius): a legacy database, and the one that it goes to. Nobody in it
exists. There are two profiles, two states of one company's database; both have all tables, and the specs serve both.

| profile | is | the target before |
|---|---|---|
| `plan` | the database as a plan of eight phases counts it; other tables are empty | partly filled |
| `inventory` | the database that 43 scripts were counted on: every table, {inventory:,} records | empty |

`sample/` is a hundredth of `plan` and comes with the repository; `python3 examples/generate.py` writes it and this page.
More is made on demand:

```console
$ python3 examples/brius/generate.py --profile inventory --out target/brius
$ mapper run specs/brius --env-file target/brius/expected.env
```

`--scale 0.05` (or `MAPPER_SCALE`) makes a twentieth, but of each fault at least two records (of one that is there once,
one) and of each table some dozens. `--format psql` writes `legacy.sql` and `mdw.sql` for `psql -f` in place of fixture
folders, and the records of large tables go to the file as they are made.

| file | |
|---|---|
| `legacy/`, `mdw/` | fixtures of both databases; `schema.sql` is for PostgreSQL and SQLite |
| `planted.jsonl` | every record with something odd: table, key, kind, and the fate that it must have in each phase |
| `expected.env` | how many records phases should find, for `--env-file` |
| `changes.sql`, `.jsonl` | `inventory`: records of the legacy database that change, are new and are deleted after a migration |
| `differences.sql`, `.jsonl` | `inventory`: mistakes in the new database after a migration, for PostgreSQL |

In profile `plan` the target holds 844 practices and 5,502 profiles before, under ids that were not computed; some of
the profiles were made by hand and have no legacy id. Users with these profiles are skipped (`exists`) and are not
listed in `planted.jsonl` unless something else is odd about them.

In profile `inventory`, of 23,272 orders 20,529 name a doctor in a way that has to be repaired: most by an id that was
never written down, which the doctor's e-mail makes good; some lead to nobody and go to a stand-in. 222 orders can't be
migrated, nor can 395 of 788 offers, 16 of 151 discounts, 6,358 of 768,962 tasks, one case and one office. Patients have
several treatment plans, so that a join would double them. The financial records add up to $366,002.19. What is owed,
paid and booked is never rejected: a reference that leads nowhere becomes null, and voided payments and drafts of bills
are skipped.

"""

PAGE = """\
## Tables

| table | `plan` | at 0.05 | `inventory` | at 0.05 |
|---|---:|---:|---:|---:|
"""

FAULTS = """
## What is planted in `{profile}`

| table | what is wrong | phase | fate | records | at 0.05 |
|---|---|---|---|---:|---:|
"""


def readme(profiles):
    whole = {name: profile.make(1.0) for name, profile in profiles.items()}
    small = {name: profile.make(0.05) for name, profile in profiles.items()}
    lines = [HEAD.format(inventory=whole["inventory"].records()), PAGE]
    for database, note in (("legacy", ""), ("mdw", ", in the target before")):
        tables = dict.fromkeys(table for data in whole.values() for table in getattr(data, database))
        for table in tables:
            counts = [
                f"{len(getattr(data, database).get(table, ())):,}"
                for name in profiles
                for data in (whole[name], small[name])
            ]
            lines.append(f"| `{table}`{note} | {' | '.join(counts)} |\n")
    totals = [f"{data.records():,}" for name in profiles for data in (whole[name], small[name])]
    lines.append(f"| all | {' | '.join(totals)} |\n")
    for name, profile in profiles.items():
        lines.append(FAULTS.format(profile=name))
        few = summary(profile, small[name])
        for (table, kind, phase, fate, reason), count in sorted(summary(profile, whole[name]).items(), key=str):
            told = f"{fate}: {reason}" if reason else fate
            less = few[table, kind, phase, fate, reason]
            lines.append(f"| `{table}` | {kind} | {phase} | {told} | {count:,} | {less:,} |\n")
    return "".join(lines)


def summary(profile, data):
    """How many records are planted of each kind: of tables that are not made yet, as they are declared."""
    counts = Counter(data.planted.summary())
    for table in getattr(profile, "DECLARED", ()):
        for fault in table.faults:
            for phase in table.phases:
                counts[table.name, fault.kind, phase, fault.fate, fault.reason] += share(fault.number, data.scale)
    return counts
