"""What happens after a migration: to the legacy database, whose records change, and to the new one, by mistake.

`changes.sql` is for runs that bring the new database up to date, `differences.sql` for comparisons that must find
what it does, and nothing else.
"""

import common
from common import Random

from ..data import Money
from .world import SOUND, seed, share

# Later than any moment in the database.
AFTER = "2026-01-02T08:00:00.000000Z"

# By table: the phase, how many records change in the whole database, and what is other in them.
CHANGED = {
    "dispatch_task": ("tasks", 600, lambda i: {"name": f"Changed task {i}", "updated_at": AFTER}),
    "dispatch_order": ("orders", 200, lambda i: {"notes": f"Changed order {i}", "updated_at": AFTER}),
    "dispatch_message": ("messages", 100, lambda i: {"subject": f"Changed message {i}"}),
    "dispatch_file": ("files", 60, lambda i: {"mime": f"application/x-changed-{i}"}),
    "dispatch_schedule": ("appointments", 40, lambda i: {"notes": f"Changed appointment {i}"}),
}
NEW = {
    "dispatch_task": ("tasks", 60),
    "dispatch_order": ("orders", 20),
    "dispatch_message": ("messages", 10),
    "dispatch_log": ("audit_logs", 10),
}
# Records that nothing refers to.
DELETED = {
    "dispatch_task": ("tasks", 30),
    "dispatch_log": ("audit_logs", 15),
    "dispatch_notification": ("notifications", 5),
}

# What is wrong afterwards: kind, how a value is made wrong, and in which columns of which phases.
WRONG = (
    ("a cent", "{column} + 0.01", (
        ("dispatch_payment", "payments", "payments", "amount"), ("dispatch_order", "orders", "orders", "amount"),
        ("dispatch_bill", "invoices", "invoices", "total"),
        ("dispatch_financial", "financial_records", "financial_records", "amount"),
    )),
    ("a second", "{column} + interval '1 second'", (
        ("dispatch_task", "tasks", "tasks", "created_at"), ("dispatch_comment", "comments", "comments", "created_at"),
        ("dispatch_message", "messages", "messages", "sent_at"),
        ("dispatch_notification", "notifications", "notifications", "created_at"),
    )),
    ("a blank at the end", "{column} || ' '", (
        ("dispatch_task", "tasks", "tasks", "title"), ("dispatch_file", "files", "files", "name"),
        ("dispatch_product", "products", "products", "name"), ("dispatch_offer", "offers", "offers", "code"),
    )),
    ("null", "NULL", (
        ("dispatch_doctor", "doctors", "doctors", "practice_id"), ("dispatch_jaw", "jaws", "jaws", "width_mm"),
        ("dispatch_bill", "invoices", "invoices", "practice_id"),
        ("dispatch_scan", "scans", "scans", "resolution"),
    )),
)  # fmt: skip
# References that become those of another record: of the first records, whose content is known.
SWAPPED = (
    ("dispatch_task", "tasks", "tasks", "case_id", "project_id"),
    ("dispatch_comment", "comments", "comments", "author_id", "author_id"),
    ("dispatch_order", "orders", "orders", "patient_id", "patient_id"),
    ("dispatch_schedule", "appointments", "appointments", "practice_id", "office_id"),
)


def files(world):
    """Scripts, and lists of what they do: path and pieces of each file."""
    for name, steps in (("changes", list(changes(world))), ("differences", list(differences(world)))):
        yield f"{name}.sql", ["BEGIN;\n", *(f"{statement};\n" for statement, _ in steps), "COMMIT;\n"]
        yield f"{name}.jsonl", (common.line(entry) + "\n" for _, entry in steps)


def changes(world):
    taken = {}
    for table, (phase, number, change) in CHANGED.items():
        for i in sound(world, table, share(number, world.scale), "changed", taken):
            values = ", ".join(f"{column} = {literal(value)}" for column, value in change(i).items())
            entry = {"table": table, "key": i, "change": "changed", "phase": phase, "fate": "updated"}
            yield f"UPDATE {table} SET {values} WHERE id = {i}", entry
    for table, (phase, number) in NEW.items():
        rng, total = Random(seed(table, "new")), world.total(table)
        for i in range(total + 1, total + 1 + share(number, world.scale)):
            row = {"id": i, **world.tables[table].record(world, rng, i)}
            if "updated_at" in row:
                row["updated_at"] = AFTER
            values = ", ".join(map(literal, row.values()))
            entry = {"table": table, "key": i, "change": "new", "phase": phase, "fate": "inserted"}
            yield f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})", entry
    for table, (phase, number) in DELETED.items():
        for i in sound(world, table, share(number, world.scale), "deleted", taken):
            entry = {"table": table, "key": i, "change": "deleted", "phase": phase, "fate": "deleted"}
            yield f"DELETE FROM {table} WHERE id = {i}", entry


def differences(world):
    taken = {}
    for kind, wrong, columns in WRONG:
        for table, phase, target, column in columns:
            (i,) = sound(world, table, 1, f"{kind} {column}", taken)
            entry = {"phase": phase, "key": i, "table": target, "column": column, "kind": kind}
            yield f"UPDATE {target} SET {column} = {wrong.format(column=column)} WHERE legacy_id = {i}", entry
    for table, phase, target, column, source in SWAPPED:
        first, *others = world.first(table)
        other = next(row for row in others if row[source] != first[source])
        entry = {"phase": phase, "key": first["id"], "table": target, "column": column, "kind": "another's reference"}
        there = f"(SELECT {column} FROM {target} WHERE legacy_id = {other['id']})"
        yield f"UPDATE {target} SET {column} = {there} WHERE legacy_id = {first['id']}", entry


def sound(world, table, number, purpose, taken):
    """So many records that have no faults and were not taken before."""
    rng, faults, gone, chosen = Random(seed(table, purpose)), world.faults(table), taken.setdefault(table, set()), []
    while len(chosen) < number:
        i = rng.between(SOUND + 1, world.total(table))
        if i not in faults and i not in gone:
            gone.add(i)
            chosen.append(i)
    return sorted(chosen)


def literal(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str) and not isinstance(value, Money):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
