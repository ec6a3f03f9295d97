"""How a table is declared: its records, and what is wrong with some of them.

A record is either good, or has one fault, which is chosen before any record is made. So it is known of every record
whether it arrives, whichever table is written first, and nothing but that is kept in memory.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from common import Random

# The first records of a table have no faults; some faults repeat them.
SOUND = 20

_DAYS = [(date(2012, 3, 1) + timedelta(days=day)).isoformat() for day in range(4800)]


def day(rng, first=0, last=4500):
    return _DAYS[rng.between(first, last)]


def moment(rng):
    """A moment with microseconds."""
    number = rng.next()
    return _at(number % 4500, (number >> 16) % 86400, (number >> 36) % 1_000_000)


def moments(rng, *gaps):
    """A moment, and one after it for each gap: at most so many seconds, at least one."""
    number = rng.next()
    day, second, micro = number % 4400, (number >> 16) % 86400, (number >> 36) % 1_000_000
    times = [_at(day, second, micro)]
    for gap in gaps:
        second += 1 + rng.below(gap)
        times.append(_at(day + second // 86400, second % 86400, micro))
    return times


def _at(day, second, micro):
    return f"{_DAYS[day]}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{micro:06d}Z"


@dataclass(frozen=True)
class Fault:
    """What is wrong with some records, and what becomes of them in each phase that reads the table."""

    kind: str
    number: int  # in the whole database
    fate: str
    reason: str | None
    change: Callable  # of world, chance and record: what is other in it


@dataclass(frozen=True)
class Table:
    name: str
    phases: tuple
    count: int  # in the whole database
    record: Callable  # of world, chance and id
    faults: tuple = ()
    least: int = 60  # records, whatever the scale
    even: bool = False  # whether only even ids have faults

    def total(self, scale):
        needed = sum(share(fault.number, scale) for fault in self.faults) * (2 if self.even else 1)
        # Beyond the first ones some more have no faults, however many do.
        return max(round(self.count * scale), min(self.least, self.count), needed + 2 * SOUND if needed else 0)


def share(number, scale):
    """How often a fault occurs that occurs so often in the whole database; at least twice, or once."""
    return max(round(number * scale), min(number, 2))


def harmless(kind, number, change):
    """A fault that a spec mends."""
    return Fault(kind, number, "inserted", None, change)


def rejected(kind, number, reason, change):
    return Fault(kind, number, "rejected", reason, change)


def skipped(kind, number, reason, change):
    return Fault(kind, number, "skipped", reason, change)


def value(**values):
    """A change to one of the values that are given for each column."""
    return lambda _, rng, __: {column: rng.pick(choices) for column, choices in values.items()}


def nobody(column, table):
    """A change to a reference to a record that is not there."""
    return lambda world, rng, _: {column: world.absent(table, rng)}


def left_behind(column, table):
    """A change to a reference to a record that does not arrive."""
    return lambda world, rng, _: {column: world.bad(table, rng)}


class World:
    """Which records there are of each table, and which of them arrive."""

    def __init__(self, scale, planted):
        self.scale = scale
        self.planted = planted
        self.tables = {}
        self.known = {}  # of tables that are made whole: ids that arrive, ids that do not, how many there are
        self.chosen = {}
        self.left_out = {}
        self.firsts = {}

    def declare(self, *tables):
        for table in tables:
            self.tables[table.name] = table

    def know(self, name, good, bad, total):
        self.known[name] = (list(good), list(bad), total)

    def total(self, name):
        return self.known[name][2] if name in self.known else self.tables[name].total(self.scale)

    def faults(self, name):
        """Which fault each record has: id to fault."""
        if name not in self.chosen:
            table, total = self.tables[name], self.total(name)
            rng, chosen = Random(seed(name, "faults")), {}
            for fault in table.faults:
                for _ in range(share(fault.number, self.scale)):
                    number = rng.between(SOUND + 1, total)
                    while number in chosen or (table.even and number % 2):
                        number = rng.between(SOUND + 1, total)
                    chosen[number] = fault
            self.chosen[name] = chosen
            self.left_out[name] = sorted(i for i, fault in chosen.items() if fault.fate != "inserted")
        return self.chosen[name]

    def good(self, name, rng):
        """A record that arrives."""
        if name in self.known:
            return rng.pick(self.known[name][0])
        faults, total = self.faults(name), self.total(name)
        while True:
            number = rng.between(1, total)
            if number not in faults or faults[number].fate == "inserted":
                return number

    def bad(self, name, rng):
        """A record that does not arrive."""
        if name in self.known:
            return rng.pick(self.known[name][1])
        self.faults(name)
        return rng.pick(self.left_out[name])

    def absent(self, name, rng):
        """The id of no record."""
        return self.total(name) + rng.between(1, 900)

    def rows(self, name):
        """The records, one after the other; notes what is planted."""
        table, faults, rng = self.tables[name], self.faults(name), Random(seed(name, "records"))
        record, note = table.record, self.planted.add
        for i in range(1, self.total(name) + 1):
            row = {"id": i, **record(self, rng, i)}
            fault = faults.get(i)
            if fault:
                row.update(fault.change(self, rng, row))
                for phase in table.phases:
                    note(name, i, fault.kind, phase, fault.fate, fault.reason)
            yield row

    def again(self, name, rng):
        """One of the first records, which have no faults."""
        return rng.pick(self.first(name))

    def first(self, name):
        """The first records, made of the same chance as they are written with."""
        if name not in self.firsts:
            table, chance = self.tables[name], Random(seed(name, "records"))
            self.firsts[name] = [{"id": i, **table.record(self, chance, i)} for i in range(1, SOUND + 1)]
        return self.firsts[name]


def seed(*parts):
    return int.from_bytes(hashlib.sha256(" ".join(parts).encode()).digest()[:8], "big")
