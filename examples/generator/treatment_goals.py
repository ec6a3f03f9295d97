"""Tables for `specs/treatment_goals.toml`."""

from datetime import datetime, timedelta

from common import Dirt, Random, expected, json_lines, line, name, phase, uuid

EMPTY = "empty action item"
NO_OBJECT = "action item that is no object"
NO_TASK = "action item without a task"

PATIENTS, THERAPISTS, SESSIONS, OLD_GOALS, OLD_MATCHING = 90, 8, 400, 60, 25

KINDS = {
    "session with notes that are null, or no notes": "no elements",
    "session with notes that are `{}` or `[]`": "no elements",
    "session with notes without action items": "no elements",
    "session with action items that are null": "no elements",
    "session with an empty list of action items": "no elements",
    "session at midnight, or with milliseconds": "nothing needed",
    "item that is null, `{}` or empty text": "`skip` rule",
    "item that is plain text (first note format)": "`skip` rule",
    "item whose task is missing, null, empty or blank": "`skip` rule",
    "item that repeats an earlier one of the patient": "`on_duplicate = \"first\"`",
    "item that repeats but for blanks at its ends": "trim in the template, then `on_duplicate = \"first\"`",
    "item that is a goal already": "`on_conflict = \"skip\"`",
    "item that differs from another by case only": "a goal of its own: descriptions are compared exactly",
    "item of another patient in the same words": "a goal of its own",
    "details missing, null, empty or blank": "the template's condition",
    "task or details with blanks at their ends": "trim in the template",
    "category padded or in other case": "`apply` trim and lower",
    "category missing, null, empty or blank": "`apply` blank_to_null and `default`",
    "quotes, line breaks, emoji or template signs": "nothing needed",
    "task of more than 1,500 characters": "nothing needed",
    "keys that the migration does not know": "nothing needed",
}

VERBS = [
    "Practice", "Write down", "Notice", "Plan", "Talk about", "Try", "Repeat", "Review", "Prepare", "Limit", "Schedule",
    "Rehearse", "Track", "Share", "Set aside time for",
]  # fmt: skip
THINGS = [
    "deep breathing twice daily", "three good moments each evening", "early signs of tension", "one pleasant activity",
    "the thought record", "a short walk after lunch", "sleep hygiene steps", "the exposure ladder", "news before bedtime",
    "grounding with five senses", "a difficult conversation", "the weekly mood chart", "progressive muscle relaxation",
    "asking for help", "boundaries at work", "meals at regular times", "the coping card",
]  # fmt: skip
DETAILS = [
    "Use 4-7-8 technique for 5 minutes", "Ten minutes are enough", "Bring the notes next time", "With a friend if possible",
    "Rate before and after from 0 to 10", "Not on weekends",
]  # fmt: skip
CATEGORIES = ["behavioral", "cognitive", "mindfulness", "social", "lifestyle"]
ODD_TASKS = [
    'Say "no" once a day',
    "Écrire un journal 📓 le soir",
    "List:\n1. breathe\n2. wait",
    "Don't fight the {{ thought }}; it's 50 % noise \\ habit",
    "Ọjọ́ mẹ́ta: rìn",
]

SCHEMA = """-- The application's tables, as far as this migration knows them.
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('patient', 'therapist')),
    created_at DATETIME NOT NULL
);

-- Older than the users table, hence without foreign keys.
CREATE TABLE therapy_sessions (
    id TEXT PRIMARY KEY,
    patient_id TEXT,
    therapist_id TEXT,
    session_date DATETIME,
    extracted_notes JSON
);

CREATE TABLE treatment_goals (
    id TEXT PRIMARY KEY,
    patient_id TEXT NOT NULL REFERENCES users (id),
    therapist_id TEXT NOT NULL REFERENCES users (id),
    session_id TEXT REFERENCES therapy_sessions (id),
    description TEXT NOT NULL CHECK (length(description) > 0),
    category VARCHAR(50) NOT NULL CHECK (length(category) <= 50),
    status VARCHAR(20) NOT NULL DEFAULT 'assigned' CHECK (status IN ('assigned', 'in_progress', 'completed', 'abandoned')),
    created_at DATETIME NOT NULL
);
"""

POSTGRES = """-- The application's tables, as far as this migration knows them.
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    full_name text NOT NULL,
    role text NOT NULL CHECK (role IN ('patient', 'therapist')),
    created_at timestamp NOT NULL
);

-- Older than the users table, hence without foreign keys.
CREATE TABLE therapy_sessions (
    id uuid PRIMARY KEY,
    patient_id uuid,
    therapist_id uuid,
    session_date timestamp,
    extracted_notes jsonb
);

CREATE TABLE treatment_goals (
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES users (id),
    therapist_id uuid NOT NULL REFERENCES users (id),
    session_id uuid REFERENCES therapy_sessions (id),
    description text NOT NULL CHECK (length(description) > 0),
    category varchar(50) NOT NULL,
    status varchar(20) NOT NULL DEFAULT 'assigned' CHECK (status IN ('assigned', 'in_progress', 'completed', 'abandoned')),
    created_at timestamp NOT NULL
);
"""


class App:
    def __init__(self):
        self.rng = Random(5)
        self.dirt = Dirt(KINDS)
        self.seen = {}  # patient: (description, item) of the goals so far
        self.users = []
        for u in range(PATIENTS + THERAPISTS):
            role = "patient" if u < PATIENTS else "therapist"
            self.users.append((uuid("user", u), f"{role}{u}@example.org", " ".join(name(self.rng)), role, "2023-01-09 08:00:00"))
        self.sessions = [self.session(s) for s in range(SESSIONS)]
        self.goals = [self.old_goal(g) for g in range(OLD_GOALS)]

    def session(self, s):
        rng, add = self.rng, self.dirt.add
        patient = rng.below(PATIENTS)
        at = datetime(2024, 1, 8, 9) + timedelta(days=rng.below(500), minutes=30 * rng.below(18))
        text = at.strftime("%Y-%m-%d %H:%M:%S")
        if s % 50 in (7, 8):
            text = at.strftime("%Y-%m-%d 00:00:00") if s % 50 == 7 else text + ".250"
            add("session at midnight, or with milliseconds")
        record = {
            "id": uuid("session", s), "patient_id": uuid("user", patient),
            "therapist_id": uuid("user", PATIENTS + patient % THERAPISTS), "session_date": text,
        }  # fmt: skip
        change(record, "extracted_notes", self.notes(s, patient))
        return record

    def notes(self, s, patient):
        add = self.dirt.add
        turn = s % 40
        if turn == 3:
            add("session with notes that are null, or no notes")
            return [None, Ellipsis][s // 40 % 2]
        if turn == 9:
            add("session with notes that are `{}` or `[]`")
            return [{}, []][s // 40 % 2]
        if turn == 17:
            add("session with notes without action items")
            return {"summary": "short session", "mood": 6}
        if turn == 23:
            add("session with action items that are null")
            return {"action_items": None, "summary": "interrupted"}
        if turn == 31:
            add("session with an empty list of action items")
            return {"action_items": []}
        notes = {"mood": 1 + s % 10, "action_items": [self.item(s, n, patient) for n in range(2 + s % 5 - (s % 7 == 0))]}
        if s % 6 == 0:
            notes["topics"] = ["sleep", "work"]
            add("keys that the migration does not know")
        return notes

    def item(self, s, n, patient):
        rng, add = self.rng, self.dirt.add
        turn = (s * 7 + n) % 64
        if turn == 5:
            add("item that is null, `{}` or empty text")
            return [None, {}, ""][s % 3]
        if turn == 11:
            add("item that is plain text (first note format)")
            return f"{rng.pick(VERBS)} {rng.pick(THINGS)}"
        if turn == 19:
            add("item whose task is missing, null, empty or blank")
            item = {"category": "cognitive", "details": "x"} | ({} if s % 4 == 0 else {"task": [None, "", "   "][s % 3]})
            return item
        mine = self.seen.setdefault(patient, {})
        if turn in (23, 41, 52) and mine:
            description, item = rng.pick(list(mine.items()))
            if turn == 23:
                add("item that repeats an earlier one of the patient")
                return dict(item)
            if turn == 41:
                add("item that repeats but for blanks at its ends")
                return item | {"task": f" {item['task']}  "}
            if description.upper() not in mine:
                upper = {"task": description.upper(), "category": "social"}
                mine[description.upper()] = upper
                add("item that differs from another by case only")
                return upper
        if turn == 57:
            others = [d for p, known in sorted(self.seen.items()) if p != patient for d in known if d not in mine]
            if others:
                item = {"task": rng.pick(others), "category": "behavioral"}
                mine[item["task"]] = item
                add("item of another patient in the same words")
                return item
        return self.new_item(s, n, mine)

    def new_item(self, s, n, mine):
        rng, add = self.rng, self.dirt.add
        count = s * 8 + n
        while True:
            item = {"task": f"{rng.pick(VERBS)} {rng.pick(THINGS)}", "category": rng.pick(CATEGORIES), "details": rng.pick(DETAILS)}
            kinds = []
            if count % 37 == 2:
                item["task"] = rng.pick(ODD_TASKS)
                kinds.append("quotes, line breaks, emoji or template signs")
            elif count % 1300 == 9:
                item["task"] = ". ".join(f"{rng.pick(VERBS)} {rng.pick(THINGS)}" for _ in range(55))
                kinds.append("task of more than 1,500 characters")
            if count % 3 == 1:
                change(item, "details", [Ellipsis, None, "", "  "][count // 3 % 4])
                kinds.append("details missing, null, empty or blank")
            elif count % 11 == 0:
                item["task"] += "  "
                item["details"] = f" {item['details']}\n"
                kinds.append("task or details with blanks at their ends")
            if count % 13 == 5:
                item["category"] = [item["category"].upper(), f" {item['category']} ", item["category"].title()][count // 13 % 3]
                kinds.append("category padded or in other case")
            elif count % 13 == 8:
                change(item, "category", [Ellipsis, None, "", "  "][count // 13 % 4])
                kinds.append("category missing, null, empty or blank")
            description = describe(item)
            if description not in mine:
                mine[description] = item
                for kind in kinds:
                    self.dirt.add(kind)
                return item

    def old_goal(self, g):
        """Goals that therapists entered: no session. The first ones are action items as well."""
        rng = self.rng
        record = {"id": uuid("goal", g)}
        if g < OLD_MATCHING:
            times = occurrences(self.sessions)
            single = [key for key, count in times.items() if count == 1]
            patient, description = single[g * 41]
            self.dirt.add("item that is a goal already")
        else:
            patient, description = uuid("user", rng.below(PATIENTS)), f"Entered by hand, no. {g}: {rng.pick(THINGS)}"
        number = next(u for u in range(PATIENTS) if uuid("user", u) == patient)
        return record | {
            "patient_id": patient, "therapist_id": uuid("user", PATIENTS + number % THERAPISTS), "session_id": None,
            "description": description, "category": rng.pick(CATEGORIES),
            "status": rng.pick(["assigned", "in_progress", "completed"]), "created_at": f"2023-1{g % 3}-{10 + g % 19} 12:00:00",
        }  # fmt: skip


def change(item, key, value):
    if value is Ellipsis:
        item.pop(key, None)
    else:
        item[key] = value


# What the migration must do, worked out from the finished records.


def elements(session):
    notes = session.get("extracted_notes")
    items = notes.get("action_items") if isinstance(notes, dict) else None
    return items if isinstance(items, list) else []


def describe(item):
    details = (item.get("details") or "").strip()
    return item["task"].strip() + (f" - {details}" if details else "")


def fate(item):
    """The reason why an item makes no goal, or None."""
    if not item:
        return EMPTY
    if not isinstance(item, dict):
        return NO_OBJECT
    if not str(item.get("task") or "").strip():
        return NO_TASK
    return None


def occurrences(sessions):
    times = {}
    for session in sessions:
        for item in elements(session):
            if fate(item) is None:
                key = (session["patient_id"], describe(item))
                times[key] = times.get(key, 0) + 1
    return times


def counts(sessions, goals, rejected=()):
    """Counts of the phase. All elements of the sessions in `rejected` are rejected."""
    there = {(goal["patient_id"], goal["description"]) for goal in goals}
    reasons = dict.fromkeys((EMPTY, NO_OBJECT, NO_TASK, "duplicate", "exists"), 0)
    seen, read, inserted, bad = set(), 0, 0, 0
    for session in sorted(sessions, key=lambda session: session["id"]):
        for item in elements(session):
            read += 1
            if session["id"] in rejected:
                bad += 1
                continue
            reason = fate(item)
            if reason is None:
                key = (session["patient_id"], describe(item))
                # an existing goal is never repeated in this data, so their order is no matter
                reason = "exists" if key in there else "duplicate" if key in seen else None
                seen.add(key)
            if reason is None:
                inserted += 1
            else:
                reasons[reason] += 1
    without = sum(not elements(session) for session in sessions)
    first = phase(read, inserted=inserted, rejected=bad, reasons=reasons, sources=len(sessions), sources_without_elements=without)
    return {"goals": first}, {"treatment_goals": len(goals) + inserted}


def csv(rows):
    assert not any(set(field) & set(',"\n') for row in rows for field in row)
    return "".join(",".join(row) + "\n" for row in [("id", "email", "full_name", "role", "created_at"), *rows])


def dirty():
    """A few good sessions and, for each kind of fault, one that must be rejected whole."""
    users = [
        (uuid("d-user", 0), "a@example.org", "Good Patient", "patient", "2023-01-09 08:00:00"),
        (uuid("d-user", 1), "b@example.org", "Good Therapist", "therapist", "2023-01-09 08:00:00"),
    ]
    base = {"patient_id": users[0][0], "therapist_id": users[1][0], "session_date": "2024-05-06 10:00:00"}
    sessions, rejects = [], []

    def session(items, faults=(), **changes):
        identity = uuid("d-session", len(sessions))
        sessions.append({"id": identity} | base | changes | {"extracted_notes": {"action_items": items}})
        for element, kind, what in faults:
            rejects.append({"phase": "goals", "key": identity, "element": element, "kind": kind, "what": what})

    session([{"task": "Walk", "details": "slowly"}, {}, {"task": "Walk", "details": "slowly"}])
    session([{"task": "Breathe"}])
    session(
        [{"task": "Rest"}, {"task": 42}, {"details": "no task"}],
        [
            (0, "record", "in one session with the second item"),
            (1, "task that is not text", "a number where the task should be"),
            (2, "record", "in one session with the second item; a skip by itself"),
        ],
    )
    session([{"task": "Read", "details": ["a", "b"]}], [(0, "details that are not text", "a list where details should be")])
    session([{"task": "Sing", "category": 7}], [(0, "transform", "a number where the category should be")])
    session([{"task": "Swim", "category": "x" * 51}], [(0, "length", "a category that is too long")])
    session([{"task": "Nap\u0000"}], [(0, "nul", "a NUL character")])
    session([{"task": "Knit"}], [(0, "not_null", "no patient, which the target needs")], patient_id=None)
    session([{"task": "Cook"}], [(0, "foreign_key", "a patient who does not exist")], patient_id=uuid("d-user", 404))
    session([{"task": "Draw"}], [(0, "foreign_key", "a therapist who does not exist")], therapist_id=uuid("d-user", 405))
    session([{"task": "Hike"}], [(0, "not_null", "no date")], session_date=None)
    session([{"task": "Bake"}], [(0, "type", "a day that the month does not have")], session_date="2024-02-30 10:00:00")

    first, more = counts(sessions, [], {reject["key"] for reject in rejects})
    return {
        "dirty/schema.sql": SCHEMA,
        "dirty/users.csv": csv(users),
        "dirty/therapy_sessions.jsonl": json_lines(sessions),
        "dirty/expected_rejects.jsonl": "".join(line(reject) + "\n" for reject in rejects),
        "dirty/expected_counts.json": expected(first, totals={"users": len(users), "therapy_sessions": len(sessions)} | more),
    }


README = """# treatment_goals

Invented data of a practice for [`specs/treatment_goals.toml`](../../specs/treatment_goals.toml). Nobody in it exists.
`python3 examples/generate.py` writes it; do not edit it by hand.

| file | rows | |
|---|---|---|
| `schema.sql` | | the tables, for SQLite |
| `schema.postgres.sql` | | the same for PostgreSQL |
| `users.csv` | {users:,} | {patients} patients and {therapists} therapists |
| `therapy_sessions.jsonl` | {sessions:,} | the source; `extracted_notes` is a JSON column with {items:,} action items in all |
| `treatment_goals.jsonl` | {goals:,} | were there before, entered by hand: they have no session |

`expected_counts.json` holds what the phase must report in the first run and in a second one, worked out by the generator
from these files. New ids are not predicted.

## Dirt

Each kind is met by something that the spec says by name, so the run ends without a reject. An item can have several.

{dirt}

## `dirty/`

A small folder of the same tables with sessions that must be rejected, one fault each, among good ones that must arrive. A
session is one transaction, so all its items are rejected with the faulty one. `dirty/expected_rejects.jsonl` names phase,
source key, element and the reason that it is counted by: `record` is an item that goes with its session; for a `reject` rule
it is the rule's own. `dirty/expected_counts.json` holds the counts. With `fixtures` set to this folder in a copy of the
spec, the run ends with exit code 3.
"""


def files():
    app = App()
    times = occurrences(app.sessions)
    assert all(times.get((goal["patient_id"], goal["description"]), 1) == 1 for goal in app.goals)
    first, more = counts(app.sessions, app.goals)
    result = {
        "schema.sql": SCHEMA,
        "schema.postgres.sql": POSTGRES,
        "users.csv": csv(app.rng.shuffled(app.users)),
        "therapy_sessions.jsonl": json_lines(app.rng.shuffled(app.sessions)),
        "treatment_goals.jsonl": json_lines(app.rng.shuffled(app.goals)),
        "expected_counts.json": expected(first, totals={"users": len(app.users), "therapy_sessions": SESSIONS} | more),
    }
    result |= dirty()
    result["README.md"] = README.format(
        users=len(app.users), patients=PATIENTS, therapists=THERAPISTS, sessions=SESSIONS, goals=OLD_GOALS,
        items=first["goals"]["read"], dirt=app.dirt.table(),
    )  # fmt: skip
    return result
