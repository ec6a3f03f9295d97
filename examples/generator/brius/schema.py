"""The tables of both databases, in SQL that PostgreSQL and SQLite both take."""

import re
from pathlib import Path

SQL = Path(__file__).resolve().parent / "sql"


def indexed(script):
    """A script whose foreign keys have an index each, so that deleting what they refer to stays quick."""
    table, made = None, []
    for line in script.splitlines():
        if found := re.match(r"CREATE TABLE (\w+) ", line):
            table = found[1]
        elif found := re.match(r" +(\w+) UUID .*REFERENCES", line):
            made.append(f"CREATE INDEX {table}_{found[1]} ON {table} ({found[1]});\n")
    return script + "\n-- Foreign keys\n\n" + "".join(made)


LEGACY = (SQL / "legacy.sql").read_text(encoding="utf-8")
MDW = indexed((SQL / "mdw.sql").read_text(encoding="utf-8"))
