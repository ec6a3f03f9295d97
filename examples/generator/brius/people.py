"""Offices, users, patients and who works where, in both profiles."""

import common
from common import Random

from . import words
from .data import faults, moment


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
    total, offices, sound = data.count("dispatch_patient"), data.count("dispatch_office"), data.sound_offices()
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
            "office_id": rng.between(1, sound),
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


def members(data):
    rng, note = Random(0xB5), data.planted.add
    total, offices, users = (data.count(t) for t in ("dispatch_office_doctors", "dispatch_office", "auth_user"))
    reasons = {
        "office that is not there": "lookup_missing", "doctor who is not there": "lookup_missing",
        "doctor who was rejected": "lookup_missing", "unknown role": "crosswalk",
    }  # fmt: skip
    sound = data.sound_offices()
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
            pair = (rng.between(1, sound), known[i - 1] if i <= len(known) else rng.pick(data.doctors))
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
