"""What is planted: which record, what is wrong with it, and which fate it must have."""

from collections import Counter


class Planted:
    def __init__(self):
        self.entries = {}

    def add(self, table, key, kind, phase, fate, reason=None):
        self.entries[table, key, phase] = {
            "table": table, "key": key, "kind": kind, "phase": phase, "fate": fate, "reason": reason,
        }  # fmt: skip

    def drop(self, table, key, phase):
        self.entries.pop((table, key, phase), None)

    def lines(self):
        return sorted(self.entries.values(), key=lambda entry: (entry["phase"], entry["key"]))

    def summary(self):
        """How many records there are of each table, kind, phase, fate and reason."""
        columns = ("table", "kind", "phase", "fate", "reason")
        return Counter(tuple(entry[column] for column in columns) for entry in self.lines())
