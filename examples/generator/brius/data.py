"""What both profiles are made of: tables of both databases, and what is planted in them."""

from datetime import datetime, timedelta, timezone

from .dirt import Planted

START = datetime(2012, 3, 1, tzinfo=timezone.utc)

# Which table each phase reads, of those whose progress is measured by a variable.
PHASES = {
    "practices": "dispatch_office",
    "profiles": "auth_user",
    "patients": "dispatch_patient",
    "cases": "dispatch_project",
    "projects": "dispatch_project",
    "practice_members": "dispatch_office_doctors",
    "case_states": "dispatch_state",
    "workflow_templates": "dispatch_template",
    "orders": "dispatch_order",
    "tasks": "dispatch_task",
    "offers": "dispatch_offer",
    "discounts": "dispatch_discount",
    "technician_roles": "dispatch_technician_role",
}


class Data:
    """Tables of both databases, what is planted, and what a phase is expected to read."""

    def __init__(self, counts, scale):
        self.counts = counts  # by table: records in the whole database, and how many there are at least
        self.scale = scale
        self.legacy = {}
        self.mdw = {}
        self.planted = Planted()
        self.later = ()  # further files, by path
        self.unsound_offices = 0  # the last ones, which do not arrive

    def count(self, table):
        number, floor = self.counts[table]
        return max(round(number * self.scale), floor)

    def share(self, number):
        """How often a fault occurs that occurs so often in the whole database; at least twice."""
        return max(round(number * self.scale), 2)

    def sound_offices(self):
        return self.count("dispatch_office") - self.unsound_offices

    def records(self):
        return sum(len(rows) for tables in (self.legacy, self.mdw) for rows in tables.values())

    def expected(self):
        return {f"EXPECTED_{phase.upper()}": len(self.legacy.get(table, ())) for phase, table in PHASES.items()}


class Money(str):
    """An exact number: a number to COPY, and not a float in JSON."""


def money(cents):
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return Money(f"{sign}{cents // 100}.{cents % 100:02d}")


def moment(rng, after=START, days=4500):
    """A moment with microseconds, some days later."""
    at = after + timedelta(days=rng.below(days), seconds=rng.below(86400), microseconds=rng.below(1_000_000))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def faults(rng, data, first, last, kinds):
    """Gives each kind its records among ids, each id at most one: id to kind."""
    ids = iter(rng.shuffled(range(first, last + 1)))
    return {next(ids): kind for kind, number in kinds.items() for _ in range(data.share(number))}
