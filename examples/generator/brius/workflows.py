"""States of cases and workflow templates, in both profiles."""

import json
from datetime import timedelta

from common import Random

from . import words
from .data import START, faults, moment


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
    total, offices, sound = data.count("dispatch_template"), data.count("dispatch_office"), data.sound_offices()
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
            "office_id": rng.between(1, sound),
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
