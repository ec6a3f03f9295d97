#!/usr/bin/env python3
"""Writes the tasks that `scripts/bench-postgres` moves: tasks.copy, tasks.jsonl and tasks.sqlite.

    generate.py FOLDER [ROWS]

The same number of rows gives the same bytes everywhere. About one row in a hundred is odd as in a
database that has been in use for years: no kind, a project that is not there, due before it was
made, the title of the row before it. All of them can be moved.
"""
import json
import pathlib
import random
import sqlite3
import sys
import time

ROWS = 768_962
PROJECTS_PER_ROW, USERS_PER_ROW = 66_904 / ROWS, 9_101 / ROWS
START = 1_420_070_400  # 2015-01-01
DAY = 86_400
SPAN = 9 * 365 * DAY

ACTIONS = ["Arrange", "Book", "Check", "Confirm", "Deliver", "File", "Inspect", "Mail", "Measure", "Repair", "Return", "Weigh"]
THINGS = ["crown", "bridge", "night guard", "aligner set", "retainer", "model", "quote", "invoice", "scan", "shipment",
          "second opinion", "recall visit"]
PLACES = ["upper left", "upper right", "lower left", "lower right", "front", "whole arch"]
SENTENCES = [
    "Call again in the afternoon, not before two.", "The courier was late; nobody was told.",
    "Approval is outstanding, number to follow.", "Colour A2 agreed at the desk by phone.",
    "Never on Mondays.", 'They said "take your time", which was in May.', "Contact on 36 is too strong – grind a little.",
    "Two copies were sent, one has to go back.", "The old path was D:\\archive\\scans and is gone.",
    "Prefers e-mail, the café has no telephone \N{SLIGHTLY SMILING FACE}.", "Line one is closed.\nLine two is open.",
    "Share:\t50 %\tof the cost, agreed.",
]
SOURCES = ["desk", "import", "lab", "phone", "web"]
TAGS = ["billing", "children", "first", "lab", "recall", "regular", "star", "urgent"]
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
COLUMNS = ["id", "project_id", "assignee_id", "kind", "status", "title", "description", "due_at", "created_at", "amount",
           "meta", "done"]

DAYS = [time.strftime("%Y-%m-%d", time.gmtime(START + day * DAY)) for day in range(-40, 10 * 366)]
SECONDS = ["%02d:%02d:%02d" % (s // 3600, s // 60 % 60, s % 60) for s in range(DAY)]


def moment(second, micros):
    day, rest = divmod(second, DAY)
    return f"{DAYS[day + 40]} {SECONDS[rest]}.{micros:06d}+00:00"


def tasks(count):
    chance = random.Random(3).random
    projects, users = max(1, int(count * PROJECTS_PER_ROW)), max(1, int(count * USERS_PER_ROW))
    pick = lambda choices: choices[int(chance() * len(choices))]
    before = (1, "the first of all")
    for number in range(1, count + 1):
        project = 1 + int(chance() * projects)
        kind = int(chance() * 13)
        title = f"{pick(ACTIONS)} {pick(THINGS)} {pick(PLACES)}, place {11 + int(chance() * 38)} no. {number}"
        margin = chance()
        if margin < 0.06:
            title = f"  {title}" if margin < 0.03 else f"{title} "
        created = int(chance() * SPAN)
        due = created + int(chance() * 60 * DAY) if chance() < 0.8 else None
        odd = chance()
        if odd < 0.0025:
            kind = None
        elif odd < 0.005:
            project = projects + 1 + int(chance() * 100_000)
        elif odd < 0.0075:
            due = created - 1 - int(chance() * 30 * DAY)
        elif odd < 0.01:
            project, title = before
        before = (project, title)
        told = chance()
        description = None
        if told > 0.28:
            description = "" if told < 0.282 else " ".join([pick(SENTENCES) for _ in range(4 + int(chance() * 3))])
        tag = int(chance() * 8)
        meta = (f'{{"source":"{pick(SOURCES)}","tags":["{TAGS[tag]}","{TAGS[tag - 3]}"],"visits":{int(chance() * 12)},'
                f'"score":{round(chance() + 0.001, 3)},"flags":{{"urgent":{"true" if chance() < 0.1 else "false"},'
                f'"insured":{"true" if chance() < 0.7 else "false"}}},"ref":"B{int(chance() * 9)}-{int(chance() * 999_999):06d}",'
                f'"batch":{number // 1000},"note":null}}')
        yield (number, project, 1 + int(chance() * users) if chance() < 0.75 else None, kind, int(chance() * 8), title,
               description, None if due is None else moment(due, int(chance() * 1e6)), moment(created, int(chance() * 1e6)),
               f"{chance() * 5000:.2f}" if chance() < 0.6 else None, meta, chance() < 0.45)


def cell(value):
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    return value.translate(ESCAPES) if isinstance(value, str) else str(value)


def line(row):
    """A record of JSON Lines. `amount` is a number with its digits, `meta` is an object."""
    pair = lambda name, value: value if name in ("amount", "meta") and value is not None else json.dumps(
        value.replace(" ", "T", 1) if name.endswith("_at") and value else value, ensure_ascii=False)
    return "{" + ",".join(f'"{name}":{pair(name, value)}' for name, value in zip(COLUMNS, row)) + "}\n"


def main():
    folder = pathlib.Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else ROWS
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tasks.sqlite").unlink(missing_ok=True)
    database = sqlite3.connect(folder / "tasks.sqlite", isolation_level=None)
    database.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; CREATE TABLE dispatch_task (id INTEGER PRIMARY KEY, "
        "project_id INTEGER, assignee_id INTEGER, kind INTEGER, status INTEGER, title TEXT, description TEXT, due_at TEXT, "
        "created_at TEXT NOT NULL, amount TEXT, meta TEXT, done INTEGER NOT NULL); BEGIN")
    insertion = f"INSERT INTO dispatch_task VALUES ({','.join('?' * len(COLUMNS))})"
    with open(folder / "tasks.copy", "w", newline="\n") as copy, open(folder / "tasks.jsonl", "w", newline="\n") as lines:
        for row in tasks(count):
            copy.write("\t".join(map(cell, row)) + "\n")
            lines.write(line(row))
            database.execute(insertion, row)
    database.execute("COMMIT")
    database.close()


if __name__ == "__main__":
    main()
