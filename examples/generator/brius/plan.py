"""Profile `plan`: the database as the migration plan counts it.

Every record is either good, or has one thing wrong with it, which is noted with the fate that it must have in
each phase. What follows from another record's fault (the project of a patient who is rejected) is noted as well.
"""

import json
from datetime import datetime, timedelta, timezone

import common
from common import Random

from . import words
from .dirt import Planted

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

START = datetime(2012, 3, 1, tzinfo=timezone.utc)


class Data:
    """Tables of both databases, what is planted, and what a phase is expected to read."""

    def __init__(self, scale):
        self.scale = scale
        self.legacy = {}
        self.mdw = {}
        self.planted = Planted()

    def count(self, table):
        number, floor = COUNTS[table]
        return max(round(number * self.scale), floor)

    def share(self, number):
        """How often a fault occurs that occurs so often in the whole database; at least twice."""
        return max(round(number * self.scale), 2)

    def expected(self):
        return {f"EXPECTED_{phase.upper()}": len(self.legacy[table]) for phase, table in PHASES.items()}


PHASES = {
    "practices": "dispatch_office",
    "profiles": "auth_user",
    "patients": "dispatch_patient",
    "cases": "dispatch_project",
    "projects": "dispatch_project",
    "practice_members": "dispatch_office_doctors",
    "case_states": "dispatch_state",
    "workflow_templates": "dispatch_template",
}


def make(scale):
    data = Data(scale)
    offices(data)
    users(data)
    patients(data)
    projects(data)
    members(data)
    states(data)
    templates(data)
    present(data)
    return data


def moment(rng, after=START, days=4500):
    """A moment with microseconds, some days later."""
    at = after + timedelta(days=rng.below(days), seconds=rng.below(86400), microseconds=rng.below(1_000_000))
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def faults(rng, data, first, last, kinds):
    """Gives each kind its records among ids, each id at most one: id to kind."""
    ids = iter(rng.shuffled(range(first, last + 1)))
    return {next(ids): kind for kind, number in kinds.items() for _ in range(data.share(number))}


def offices(data):
    rng = Random(0xB1)
    data.legacy["dispatch_office"] = [
        {
            "id": i,
            "name": f"{rng.pick(common.LAST_NAMES)} {rng.pick(words.OFFICES)} {i}",
            "street": f"{rng.between(1, 900)} {rng.pick(words.STREETS)}",
            "city": rng.pick(words.CITIES),
            "zip": f"{rng.between(1, 99999):05d}",
            "phone": f"+1-555-{rng.below(10000):04d}" if rng.chance(80) else None,
            "created_at": moment(rng, days=1000),
        }
        for i in range(1, data.count("dispatch_office") + 1)
    ]


def users(data):
    rng, note = Random(0xB2), data.planted.add
    total = data.count("auth_user")
    rows, good, rejected, doubles = [], [], [], {}
    # A double follows the user whose e-mail it repeats, so the first ones are sound.
    kinds = faults(rng, data, 21, total, {
        "e-mail in other case": 60, "e-mail with blanks around it": 41, "no e-mail": 34, "blank e-mail": 12,
        "e-mail without @": 9, "names missing": 40, "own e-mail in capitals": 50,
    })  # fmt: skip
    for i in range(1, total + 1):
        kind = kinds.get(i)
        first, last = common.name(rng)
        email = f"user{i:05d}@example.test"
        row = {
            "id": i,
            "password": f"pbkdf2_sha256$260000${rng.next():016x}",
            "last_login": moment(rng, days=4000) if rng.chance(70) else None,
            "is_superuser": rng.below(500) == 0,
            "username": f"user{i:05d}",
            "first_name": first,
            "last_name": last,
            "email": email,
            "is_staff": rng.chance(4),
            "is_active": rng.chance(92),
            "date_joined": moment(rng),
        }
        if kind in ("e-mail in other case", "e-mail with blanks around it"):
            other = rng.pick(good)
            same = rows[other - 1]["email"].strip()
            row["email"] = same.upper() if kind == "e-mail in other case" else f"  {same} "
            doubles[i] = other
        elif kind in ("no e-mail", "blank e-mail", "e-mail without @"):
            row["email"] = {"no e-mail": "", "blank e-mail": "   "}.get(kind, f"user{i:05d}.example.test")
            rejected.append(i)
            reason = "e-mail without @" if kind == "e-mail without @" else "user without an e-mail"
            note("auth_user", i, kind, "profiles", "rejected", reason)
        else:
            if kind == "names missing":
                row["first_name"] = row["last_name"] = ""
            elif kind == "own e-mail in capitals":
                row["email"] = email.title()
            if kind:
                note("auth_user", i, kind, "profiles", "inserted")
            good.append(i)
        rows.append(row)
    data.legacy["auth_user"] = rows
    data.good_users, data.rejected_users, data.doubles = good, rejected, doubles
    data.user_faults = kinds
    data.doctors = [i for i in good if i % 5 == 0] or good


def patients(data):
    rng, note = Random(0xB3), data.planted.add
    total, offices = data.count("dispatch_patient"), data.count("dispatch_office")
    kinds = faults(rng, data, 1, total, {
        "office that is not there": 14, "no office": 5, "doctor who is not there": 11, "no doctor": 6,
        "doctor who was rejected": 7, "unknown status": 9, "unknown sex": 5, "no name": 8,
        "doctor under a second e-mail spelling": 12, "first name missing": 20, "names with blanks": 30,
    })  # fmt: skip
    reasons = {
        "office that is not there": "lookup_missing", "no office": "patient without an office",
        "doctor who is not there": "lookup_missing", "no doctor": "patient without a doctor",
        "doctor who was rejected": "lookup_missing", "unknown status": "crosswalk", "unknown sex": "crosswalk",
        "no name": "patient without a name",
    }  # fmt: skip
    users = data.count("auth_user")
    rows, data.bad_patients = [], set()
    for i in range(1, total + 1):
        kind = kinds.get(i)
        first, last = common.name(rng)
        created = moment(rng)
        row = {
            "id": i,
            "office_id": rng.between(1, offices),
            "doctor_id": rng.pick(data.doctors),
            "first_name": first,
            "last_name": last,
            "birth_date": f"{rng.between(1931, 2015)}-{rng.between(1, 12):02d}-{rng.between(1, 28):02d}"
            if rng.chance(96)
            else None,
            "sex": rng.below(3),
            "email": f"patient{i:05d}@example.test" if rng.chance(60) else None,
            "status": rng.between(1, 4),
            "notes": rng.pick(words.NOTES) if rng.chance(30) else None,
            "created_at": created,
            "updated_at": created,
        }
        changes = {
            "office that is not there": {"office_id": offices + rng.between(1, 90)},
            "no office": {"office_id": None},
            "doctor who is not there": {"doctor_id": users + rng.between(1, 900)},
            "no doctor": {"doctor_id": None},
            "doctor who was rejected": {"doctor_id": rng.pick(data.rejected_users)},
            "unknown status": {"status": rng.pick([0, 7, 99])},
            "unknown sex": {"sex": rng.pick([5, 9])},
            "no name": {"first_name": None, "last_name": rng.pick([None, "", "  "])},
            "doctor under a second e-mail spelling": {"doctor_id": rng.pick(list(data.doubles))},
            "first name missing": {"first_name": None},
            "names with blanks": {"first_name": f" {first}", "last_name": f"{last}  "},
        }
        row.update(changes.get(kind, {}))
        if kind in reasons:
            data.bad_patients.add(i)
            note("dispatch_patient", i, kind, "patients", "rejected", reasons[kind])
        elif kind:
            note("dispatch_patient", i, kind, "patients", "inserted")
        rows.append(row)
    data.legacy["dispatch_patient"] = rows


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


def members(data):
    rng, note = Random(0xB5), data.planted.add
    total, offices, users = (data.count(t) for t in ("dispatch_office_doctors", "dispatch_office", "auth_user"))
    reasons = {
        "office that is not there": "lookup_missing", "doctor who is not there": "lookup_missing",
        "doctor who was rejected": "lookup_missing", "unknown role": "crosswalk",
    }  # fmt: skip
    kinds = faults(rng, data, 11, total, {
        "the same row again": 9, "the same doctor under a second e-mail spelling": 4, "office that is not there": 6,
        "doctor who is not there": 5, "doctor who was rejected": 3, "unknown role": 4, "no role": 8,
    })  # fmt: skip
    # Users whose e-mail repeats another's, by the user who counts; some of those are members already.
    doubles = {winner: double for double, winner in rng.shuffled(data.doubles.items())}
    known = list(doubles)[: min(10, len(doubles) // 2)]
    others = [winner for winner in doubles if winner not in known]
    rows, pairs, seconds = [], set(), 0
    for i in range(1, total + 1):
        kind = kinds.get(i)
        pair = None
        while pair is None or pair in pairs:
            pair = (rng.between(1, offices), known[i - 1] if i <= len(known) else rng.pick(data.doctors))
        row = {"id": i, "office_id": pair[0], "user_id": pair[1], "role": rng.between(1, 4)}
        if kind == "the same row again":
            other = rng.pick([row for row in rows if row["id"] not in kinds])
            row = {**other, "id": i}
            note("dispatch_office_doctors", i, kind, "practice_members", "skipped", "duplicate")
        elif kind == "the same doctor under a second e-mail spelling":
            # In turns: of a doctor who is a member there already, and of one who is a member nowhere.
            winner = known[seconds // 2 % len(known)] if seconds % 2 == 0 else others.pop()
            seconds += 1
            row["user_id"] = doubles[winner]
            same = [row for row in rows if row["user_id"] == winner and row["id"] not in kinds]
            if same:
                row["office_id"] = same[0]["office_id"]
                note("dispatch_office_doctors", i, kind, "practice_members", "skipped", "duplicate")
            else:
                pairs.add((row["office_id"], winner))
                note("dispatch_office_doctors", i, kind, "practice_members", "inserted")
        elif kind in reasons:
            changes = {
                "office that is not there": {"office_id": offices + rng.between(1, 90)},
                "doctor who is not there": {"user_id": users + rng.between(1, 900)},
                "doctor who was rejected": {"user_id": rng.pick(data.rejected_users)},
                "unknown role": {"role": rng.pick([0, 8])},
            }
            row.update(changes[kind])
            note("dispatch_office_doctors", i, kind, "practice_members", "rejected", reasons[kind])
        else:
            pairs.add(pair)
            if kind:
                row["role"] = None
                note("dispatch_office_doctors", i, kind, "practice_members", "inserted")
        rows.append(row)
    data.legacy["dispatch_office_doctors"] = rows


def states(data):
    rng, note = Random(0xB6), data.planted.add
    total, projects, users = (data.count(t) for t in ("dispatch_state", "dispatch_project", "auth_user"))
    reasons = {
        "project that is not there": (16, "lookup_missing"), "project without a case": (19, "lookup_missing"),
        "actor who is not there": (14, "lookup_missing"), "no actor": (11, "transition without an actor"),
        "unknown state": (9, "crosswalk"), "state that was none": (6, "crosswalk"),
    }  # fmt: skip
    shares = {kind: share for kind, (share, _) in reasons.items()}
    kinds = faults(rng, data, 6, total, {**shares, "the same moment again": 23})
    rows, left, project, at, state = [], 0, None, START, None
    open_projects = rng.shuffled(data.good_projects)
    for i in range(1, total + 1):
        kind = kinds.get(i)
        if left == 0:
            project, left = open_projects.pop(), rng.between(1, 5)
            at, state = START + timedelta(days=rng.below(3500), seconds=rng.below(86400)), None
        if kind == "the same moment again":
            # The one before it of the same project, told twice.
            earlier = [row for row in rows[-3:] if row["id"] not in kinds]
            row = {**(earlier or [row for row in rows if row["id"] not in kinds])[-1], "id": i}
            note("dispatch_state", i, kind, "case_states", "skipped", "duplicate")
            rows.append(row)
            continue
        left -= 1
        at += timedelta(seconds=rng.between(60, 3_000_000), microseconds=rng.below(1_000_000))
        after = rng.between(1, 6)
        row = {
            "id": i,
            "project_id": project,
            "user_id": rng.pick(data.good_users),
            "from_state": state,
            "to_state": after,
            "note": rng.pick(words.NOTES) if rng.chance(20) else None,
            "created_at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        state = after
        changes = {
            "project that is not there": {"project_id": projects + rng.between(1, 900)},
            "project without a case": {"project_id": rng.pick(data.bad_projects)},
            "actor who is not there": {"user_id": users + rng.between(1, 900)},
            "no actor": {"user_id": None},
            "unknown state": {"to_state": rng.pick([0, 77])},
            "state that was none": {"from_state": 31},
        }
        row.update(changes.get(kind, {}))
        if kind:
            note("dispatch_state", i, kind, "case_states", "rejected", reasons[kind][1])
        rows.append(row)
    data.legacy["dispatch_state"] = rows


def templates(data):
    rng, note = Random(0xB7), data.planted.add
    total, offices = data.count("dispatch_template"), data.count("dispatch_office")
    reasons = {
        "broken JSON": (4, "cast"), "steps that are no list": (3, "steps that are no list"),
        "no name": (3, "template without a name"), "no office": (4, "template without an office"),
        "office that is not there": (3, "lookup_missing"),
    }  # fmt: skip
    shares = {kind: share for kind, (share, _) in reasons.items()}
    kinds = faults(rng, data, 4, total, {**shares, "the same name again": 5, "no steps": 3})
    rows = []
    for i in range(1, total + 1):
        kind = kinds.get(i)
        steps = [
            {"n": n, "t": rng.pick(words.STEPS), "d": rng.between(1, 30), "r": rng.pick(words.ROLES)}
            for n in range(1, rng.between(2, 6))
        ]
        row = {
            "id": i,
            "office_id": rng.between(1, offices),
            "name": f"{rng.pick(words.TEMPLATES)} {i}",
            "body": json.dumps({"version": 2, "steps": steps}, ensure_ascii=False),
            "created_at": moment(rng),
        }
        changes = {
            "broken JSON": {"body": row["body"][:-2]},
            "steps that are no list": {"body": json.dumps({"version": 1, "steps": "scan; plan; bond"})},
            "no name": {"name": rng.pick([None, "", "  "])},
            "no office": {"office_id": None},
            "office that is not there": {"office_id": offices + rng.between(1, 90)},
            "no steps": {"body": json.dumps({"version": 2, "steps": []})},
        }
        row.update(changes.get(kind, {}))
        if kind == "the same name again":
            other = rng.pick([row for row in rows if row["id"] not in kinds])
            row["office_id"], row["name"] = other["office_id"], f" {other['name']}  "
            note("dispatch_template", i, kind, "workflow_templates", "skipped", "duplicate")
        elif kind in reasons:
            note("dispatch_template", i, kind, "workflow_templates", "rejected", reasons[kind][1])
        elif kind:
            note("dispatch_template", i, kind, "workflow_templates", "inserted")
        rows.append(row)
    data.legacy["dispatch_template"] = rows


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
