"""Logs, settings, preferences and metadata."""

import json

from .world import Table, harmless, moment, nobody, rejected, skipped, value

ACTIONS = ["login", "logout", "create", "update", "delete", "download", "print"]
OBJECTS = ["project", "order", "patient", "file"]
SETTINGS = ["logo", "currency", "time zone", "shipping", "reminders", "default arch", "lab note", "signature"]
NAMESPACES = ["schema", "report", "export", "feature"]


def log(world, rng, i):
    return {
        "user_id": rng.pick(world.users) if rng.chance(90) else None,
        "action": rng.pick(ACTIONS),
        "object_type": rng.pick(OBJECTS),
        "object_id": rng.between(1, 70000) if rng.chance(85) else None,
        "ip": f"192.0.2.{rng.below(256)}" if rng.chance(80) else None,
        "data": json.dumps({"ms": rng.below(900)}) if rng.chance(50) else None,
        "created_at": moment(rng),
    }


def place(world, i):
    """Whose setting the i-th record is, and which one: no two records have the same."""
    offices, _, __ = world.known["dispatch_office"]
    number = i // len(SETTINGS)
    office = None if number == 0 else offices[number * 7 % len(offices)]
    return {"office_id": office, "name": SETTINGS[i % len(SETTINGS)]}


def setting(world, rng, i):
    text = f"value {rng.below(1000)}" if rng.chance(95) else None
    return {**place(world, i), "value": text, "updated_at": moment(rng)}


def older(world, _, row):
    """The same setting as the record after it, which is the newer one."""
    return place(world, row["id"] + 1)


def preference(world, rng, i):
    return {
        "user_id": world.users[i - 1],
        "data": json.dumps({
            "lang": rng.pick(["en", "es", "de"]),
            "theme": rng.pick(["light", "dark"]),
            "notify": {"email": rng.chance(70), "sms": rng.chance(20)},
        }),
        "updated_at": moment(rng),
    }  # fmt: skip


def metadata(world, rng, i):
    return {
        "namespace": rng.pick(NAMESPACES),
        "name": f"key {i}",
        "value": f"{rng.below(10000)}" if rng.chance(90) else None,
        "updated_at": moment(rng),
    }


TABLES = (
    Table("dispatch_log", ("audit_logs",), 24016, log, (
        rejected("no action", 22, "log entry without an action", value(action=[None, "", " "])),
        harmless("user who is not there", 210, nobody("user_id", "auth_user")),
        harmless("broken JSON", 30, value(data=['{"ms": 1', "ms"])),
    )),
    Table("dispatch_setting", ("settings",), 1204, setting, (
        skipped("older value of a setting", 30, "duplicate", older),
        rejected("office that is not there", 6, "lookup_missing", nobody("office_id", "dispatch_office")),
        rejected("no name", 3, "setting without a name", value(name=[None, "", " "])),
    ), even=True),
    Table("dispatch_preference", ("preferences",), 8102, preference, (
        rejected("user who is not there", 12, "lookup_missing", nobody("user_id", "auth_user")),
        rejected("broken JSON", 16, "cast", value(data=['{"lang": "en"', "en"])),
        harmless("nothing chosen", 44, value(data=["{}"])),
    )),
    Table("dispatch_metadata", ("system_metadata",), 316, metadata, (
        rejected("no name", 4, "metadata without a name", value(name=[None, "", " "])),
    )),
)  # fmt: skip
