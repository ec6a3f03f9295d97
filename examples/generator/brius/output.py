"""Writes a profile's data, as fixture folders or as scripts for psql: piece by piece, so no table has to be held."""

from pathlib import Path

import common

from . import schema
from .data import Money


def fixtures(data):
    """Fixture folders `legacy` and `mdw`: path and pieces of each file."""
    for folder, script, tables in databases(data):
        yield f"{folder}/schema.sql", [script]
        for table, rows in tables.items():
            yield f"{folder}/{table}.jsonl", (common.line(fixed(row)) + "\n" for row in rows)
    yield from notes(data)


def psql(data):
    """Scripts that make and fill both databases: `psql -f legacy.sql`."""
    for folder, script, tables in databases(data):
        yield f"{folder}.sql", sql(script, tables)
    yield from notes(data)


def databases(data):
    return ("legacy", schema.LEGACY, data.legacy), ("mdw", schema.MDW, data.mdw)


def sql(script, tables):
    yield "\\set ON_ERROR_STOP on\nBEGIN;\n"
    yield script
    for table, rows in tables.items():
        columns = None
        for row in rows:
            if columns is None:
                columns = ", ".join(row)
                yield f"\nCOPY {table} ({columns}) FROM stdin;\n"
            yield "\t".join(map(copied, row.values())) + "\n"
        if columns is not None:
            yield "\\.\n"
    yield "\nCOMMIT;\nANALYZE;\n"


ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def copied(value):
    """A value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.translate(ESCAPED) if isinstance(value, str) else str(value)


def fixed(row):
    """A record as a fixture holds it, with exact numbers."""
    exact = {column: {"$numberDecimal": str(value)} for column, value in row.items() if isinstance(value, Money)}
    return {**row, **exact} if exact else row


def notes(data):
    """What is planted, and the variables with the counts of this scale. The records must have been made."""
    yield "planted.jsonl", (common.line(entry) + "\n" for entry in data.planted.lines())
    yield "expected.env", (f"{name}={count}\n" for name, count in data.expected().items())
    yield from data.later


def write(folder, files):
    for name, pieces in files:
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
