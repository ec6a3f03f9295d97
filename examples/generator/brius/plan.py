"""Profile `plan`: the database as the migration plan counts it.

Every record is either good, or has one thing wrong with it, which is noted with the fate that it must have in
each phase. What follows from another record's fault (the project of a patient who is rejected) is noted as well.
"""

import common
from common import Random

from . import words
from .data import Data, faults, moment
from .people import members, offices, patients, users
from .workflows import states, templates

# Records in the plan, and how many there are at least, whatever the scale.
COUNTS = {
    "auth_user": (9101, 120),
    "dispatch_office": (844, 12),
    "dispatch_patient": (7849, 110),
    "dispatch_project": (66904, 420),
    "dispatch_office_doctors": (438, 40),
    "dispatch_state": (4751, 120),
    "dispatch_template": (152, 32),
}
# Profiles that the target holds before, of the users in the plan.
PRESENT_PROFILES = 5502


def make(scale):
    data = Data(COUNTS, scale)
    offices(data)
    users(data)
    patients(data)
    projects(data)
    members(data)
    states(data)
    templates(data)
    present(data)
    return data


def projects(data):
    rng, note = Random(0xB4), data.planted.add
    total, patients, users = (data.count(t) for t in ("dispatch_project", "dispatch_patient", "auth_user"))
    of_case = {
        "patient who is not there": (120, "lookup_missing"), "no patient": (40, "project without a patient"),
        "unknown type": (75, "crosswalk"), "unknown status": (60, "crosswalk"),
    }  # fmt: skip
    of_asset = {
        "creator who is not there": (90, "lookup_missing"), "no creator": (25, "project without a creator"),
        "creator who was rejected": (30, "lookup_missing"), "negative file size": (22, "negative file size"),
    }  # fmt: skip
    harmless = {
        "creator under a second e-mail spelling": 60, "no name": 140, "file of more than 2 GiB": 12, "no file size": 50,
    }  # fmt: skip
    shares = {kind: share for kind, (share, _) in {**of_case, **of_asset}.items()}
    kinds = faults(rng, data, 1, total, {**shares, **harmless})
    rows, data.good_projects, data.bad_projects = [], [], []
    for i in range(1, total + 1):
        kind = kinds.get(i)
        created = moment(rng)
        patient = rng.between(1, patients)
        while kind and patient in data.bad_patients:
            patient = rng.between(1, patients)
        arch, file = rng.pick(words.ARCHES), rng.pick(words.FILES)
        row = {
            "id": i,
            "patient_id": patient,
            "creator_id": rng.pick(data.good_users),
            "name": f"{arch}, part {rng.between(1, 9)}",
            "type": rng.between(1, 5),
            "status": rng.between(1, 6),
            "file_name": f"{file}-{i:06d}.{rng.pick(words.ENDINGS)}",
            "file_size": rng.below(2**rng.between(10, 30)),
            "created_at": created,
            "updated_at": created,
        }
        changes = {
            "patient who is not there": {"patient_id": patients + rng.between(1, 900)},
            "no patient": {"patient_id": None},
            "unknown type": {"type": rng.pick([0, 17, -1])},
            "unknown status": {"status": rng.pick([0, 42])},
            "creator who is not there": {"creator_id": users + rng.between(1, 900)},
            "no creator": {"creator_id": None},
            "creator who was rejected": {"creator_id": rng.pick(data.rejected_users)},
            "negative file size": {"file_size": -rng.between(1, 4096)},
            "creator under a second e-mail spelling": {"creator_id": rng.pick(list(data.doubles))},
            "no name": {"name": rng.pick([None, "", " "])},
            "file of more than 2 GiB": {"file_size": 2**31 + rng.below(2**40)},
            "no file size": {"file_size": None},
        }
        row.update(changes.get(kind, {}))
        if not kind and patient in data.bad_patients:
            kind = "patient who was rejected"
        if kind == "patient who was rejected" or kind in of_case:
            reason = of_case[kind][1] if kind in of_case else "lookup_missing"
            note("dispatch_project", i, kind, "cases", "rejected", reason)
            note("dispatch_project", i, kind, "projects", "rejected", "lookup_missing")
            data.bad_projects.append(i)
        else:
            if kind in of_asset:
                note("dispatch_project", i, kind, "cases", "inserted")
                note("dispatch_project", i, kind, "projects", "rejected", of_asset[kind][1])
            elif kind:
                note("dispatch_project", i, kind, "cases", "inserted")
                note("dispatch_project", i, kind, "projects", "inserted")
            data.good_projects.append(i)
        rows.append(row)
    data.legacy["dispatch_project"] = rows


def present(data):
    """What an earlier migration left in the target, under ids of its own."""
    rng, note = Random(0xB8), data.planted.add
    data.mdw["practices"] = [
        {
            "id": common.uuid("brius practice", office["id"]),
            "legacy_id": office["id"],
            "name": office["name"],
            "street": office["street"],
            "city": office["city"],
            "postal_code": office["zip"],
            "phone": office["phone"],
            "created_at": office["created_at"],
        }
        for office in data.legacy["dispatch_office"]
    ]
    number = round(PRESENT_PROFILES * len(data.legacy["auth_user"]) / COUNTS["auth_user"][0])
    chosen = sorted(rng.shuffled(data.good_users)[:number])
    # Some were not migrated: their owners signed up by themselves.
    by_hand = {user for user, _ in zip(rng.shuffled(chosen), range(data.share(40)))}
    rows = []
    for i in chosen:
        user = data.legacy["auth_user"][i - 1]
        own = i in by_hand
        rows.append({
            "id": common.uuid("brius profile", i),
            "legacy_id": None if own else i,
            "email": user["email"].strip().lower(),
            "first_name": user["first_name"] or None,
            "last_name": user["last_name"] or None,
            "role": "member",
            "is_active": True,
            "created_at": "2024-12-30T10:00:00Z" if own else user["date_joined"],
        })  # fmt: skip
    data.mdw["profiles"] = rows
    there = set(chosen)
    data.present_users = there
    for i in sorted(there):
        data.planted.drop("auth_user", i, "profiles")
        kind = data.user_faults.get(i)
        if i in by_hand:
            note("auth_user", i, "signed up by hand", "profiles", "skipped", "exists")
        elif kind:
            note("auth_user", i, kind, "profiles", "skipped", "exists")
    for double, winner in sorted(data.doubles.items()):
        kind = data.user_faults[double]
        reason = "exists" if winner in there else "duplicate"
        note("auth_user", double, kind, "profiles", "skipped", reason)
