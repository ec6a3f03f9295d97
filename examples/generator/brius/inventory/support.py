"""Technician roles, permissions, schedules and events."""

import json

from .. import words
from .communications import local
from .world import Table, day, harmless, left_behind, moment, nobody, rejected, skipped, value

STATIONS = ["Scanning", "Setup", "Printing", "Bonding", "Quality", "Shipping"]
PERMISSIONS = ["view_case", "edit_case", "approve_setup", "view_bills", "pay_bills", "manage_members"]
EVENTS = ["case.opened", "case.closed", "order.placed", "order.shipped", "scan.received", "setup.approved"]


def technician(world, rng, i):
    return {
        "user_id": world.users[i * 3 % len(world.users)],
        "role": rng.between(1, 4),
        "station": rng.pick(STATIONS),
        "since": day(rng) if rng.chance(90) else None,
    }


def permission(world, rng, i):
    # No two records have user, office and name in common: the name changes with the id, and so does the user.
    turn = i // len(PERMISSIONS)
    return {
        "user_id": world.users[turn % len(world.users)],
        "office_id": world.good("dispatch_office", rng),
        "codename": PERMISSIONS[i % len(PERMISSIONS)],
        "revoked": False,
        "granted_at": moment(rng),
    }


def again(world, rng, _):
    other = world.again("dispatch_permission", rng)
    return {column: other[column] for column in ("user_id", "office_id", "codename")}


def schedule(world, rng, i):
    return {
        "patient_id": world.good("dispatch_patient", rng),
        "doctor_id": rng.pick(world.doctors) if rng.chance(95) else None,
        "office_id": world.good("dispatch_office", rng),
        "starts": local(rng),
        "minutes": rng.pick([15, 30, 45, 60, None]),
        "kind": rng.between(1, 4),
        "status": rng.between(1, 4),
        "notes": rng.pick(words.NOTES) if rng.chance(25) else None,
    }


def event(world, rng, i):
    return {
        "kind": rng.pick(EVENTS),
        "user_id": rng.pick(world.users) if rng.chance(80) else None,
        "project_id": world.good("dispatch_project", rng) if rng.chance(75) else None,
        "is_test": False,
        "data": json.dumps({"try": rng.between(1, 3)}) if rng.chance(50) else None,
        "created_at": moment(rng),
    }


TABLES = (
    Table("dispatch_technician_role", ("technician_roles",), 31, technician, least=31),
    Table("dispatch_permission", ("permissions",), 5480, permission, (
        skipped("revoked", 120, "revoked permission", value(revoked=[True])),
        skipped("the same permission again", 18, "duplicate", again),
        rejected("unknown permission", 14, "crosswalk", value(codename=["fly", "root"])),
        rejected("user who is not there", 21, "lookup_missing", nobody("user_id", "auth_user")),
        rejected("user who was rejected", 9, "lookup_missing", left_behind("user_id", "auth_user")),
    )),
    Table("dispatch_schedule", ("appointments",), 11230, schedule, (
        rejected("patient who is not there", 17, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        rejected("hour that the clocks skip", 7, "local_time", value(starts=["10.03.2019 02:30", "12.03.2017 02:15"])),
        rejected("unknown kind", 10, "crosswalk", value(kind=[0, 15])),
        harmless("doctor who is not there", 25, nobody("doctor_id", "auth_user")),
    )),
    Table("dispatch_event", ("system_events",), 16905, event, (
        skipped("event of a test", 150, "event of a test", value(is_test=[True])),
        rejected("no kind", 13, "event without a kind", value(kind=[None, "", " "])),
        harmless("project that is not there", 40, nobody("project_id", "dispatch_project")),
        harmless("broken JSON", 19, value(data=['{"try"', "x"])),
    )),
)  # fmt: skip
