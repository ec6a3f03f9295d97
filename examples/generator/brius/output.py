"""Writes a profile's data: as fixture folders, or as scripts for psql."""

from pathlib import Path

import common

from . import schema


def fixtures(data):
    """Fixture folders `legacy` and `mdw`, and what belongs to them, by path."""
    files = {"legacy/schema.sql": schema.LEGACY, "mdw/schema.sql": schema.MDW}
    for folder, tables in (("legacy", data.legacy), ("mdw", data.mdw)):
        for table, rows in tables.items():
            files[f"{folder}/{table}.jsonl"] = common.json_lines(rows)
    return {**files, **notes(data)}


def psql(data):
    """Scripts that make and fill both databases: `psql -f legacy.sql`."""
    files = {}
    for name, script, tables in (("legacy", schema.LEGACY, data.legacy), ("mdw", schema.MDW, data.mdw)):
        parts = ["\\set ON_ERROR_STOP on\nBEGIN;\n", script]
        for table, rows in tables.items():
            columns = ", ".join(rows[0])
            parts.append(f"\nCOPY {table} ({columns}) FROM stdin;\n")
            parts.extend("\t".join(map(copied, row.values())) + "\n" for row in rows)
            parts.append("\\.\n")
        parts.append("\nCOMMIT;\nANALYZE;\n")
        files[f"{name}.sql"] = "".join(parts)
    return {**files, **notes(data)}


ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def copied(value):
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.translate(ESCAPED) if isinstance(value, str) else str(value)


def notes(data):
    """What is planted, and the variables with the counts of this scale."""
    expected = "".join(f"{name}={count}\n" for name, count in data.expected().items())
    return {"planted.jsonl": common.json_lines(data.planted.lines()), "expected.env": expected}


README = """\
# brius

Invented data for [`specs/brius`](../../specs/brius): a legacy database, and the partly filled one that it goes to. Nobody in
it exists. `sample/` is a hundredth of it and comes with the repository; `python3 examples/generate.py` writes it and this
page. More is made on demand:

```console
$ python3 examples/brius/generate.py --out target/brius
$ mapper run specs/brius --env-file target/brius/expected.env
```

`--scale 0.05` (or `MAPPER_SCALE`) makes a twentieth, but of each fault at least two records and of each table some dozens.
`--format psql` writes `legacy.sql` and `mdw.sql` for `psql -f` in place of fixture folders.

| file | |
|---|---|
| `legacy/`, `mdw/` | fixtures of both databases; `schema.sql` is for PostgreSQL and SQLite |
| `planted.jsonl` | every record with something odd: table, key, kind, and the fate that it must have in each phase |
| `expected.env` | how many records each phase should find, for `--env-file` |

The target holds 844 practices and 5,502 profiles before, under ids that were not computed; some of the profiles were made
by hand and have no legacy id. Users with these profiles are skipped (`exists`) and are not listed in `planted.jsonl`
unless something else is odd about them.

## Profile `plan`

"""


def readme(profile):
    """The page beside the data: records per table, and what is planted."""
    return README + counts_page(profile)


def counts_page(profile):
    whole, small = profile.make(1.0), profile.make(0.05)
    lines = ["| table | records | at 0.05 |", "|---|---:|---:|"]
    for table, rows in whole.legacy.items():
        lines.append(f"| `{table}` | {len(rows):,} | {len(small.legacy[table]):,} |")
    for table, rows in whole.mdw.items():
        lines.append(f"| `{table}`, in the target before | {len(rows):,} | {len(small.mdw[table]):,} |")
    lines += ["", "| table | what is wrong | phase | fate | records | at 0.05 |", "|---|---|---|---|---:|---:|"]
    few = small.planted.summary()
    for (table, kind, phase, fate, reason), count in sorted(whole.planted.summary().items(), key=str):
        fate = f"{fate}: {reason}" if reason else fate
        few_of_it = few[table, kind, phase, fate.split(":")[0], reason]
        lines.append(f"| `{table}` | {kind} | {phase} | {fate} | {count:,} | {few_of_it:,} |")
    return "\n".join(lines) + "\n"


def write(folder, files):
    for name, content in files.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
