"""Documents for `specs/mtr_followup.toml`."""

from datetime import datetime, timedelta, timezone

from common import Dirt, Random, expected, json_lines, line, name, object_id, phase

LAGOS = timezone(timedelta(hours=1))  # no daylight saving
UNDATED = "follow-up without a scheduled date"
NO_VISIT_DATE = "visit without a date"
MISSING = object()

WORKPLACES, PHARMACISTS_EACH, PATIENTS, REVIEWS, FOLLOW_UPS, VISITS = 6, 4, 640, 420, 2100, 1260
OLD_APPOINTMENTS, OLD_WITH_FOLLOW_UP, OLD_LINKED = 75, 14, 8

CLEAN_TYPES = ["phone_call", "appointment", "lab_review", "medication_review", "adherence_check", "outcome_assessment"]
OLD_TYPES = [
    "call", "telephone", "Phone Call", "phone-call", "In_Person", "in person", "clinic_visit", "Lab Review", "lab-review",
    "labs", "assessment",
]  # fmt: skip
CLEAN_STATUSES = ["scheduled", "in_progress", "completed", "missed", "rescheduled", "cancelled"]
OLD_STATUSES = [
    "pending", "Open", "in progress", "In-Progress", "inprogress", "complete", "DONE", "no_show", "no show", "noshow",
    "postponed", "canceled",
]  # fmt: skip

KINDS = {
    "type in an old spelling or other case": "`apply` trim and lower, then an entry of the crosswalk",
    "type as the number of the paper form, in text": "an entry of the crosswalk",
    "type with blanks around it": "`apply` trim",
    "type missing, null, empty or blank": "`apply` blank_to_null and `default`",
    "status in an old spelling or other case": "`apply` trim and lower, then an entry of the crosswalk",
    "status missing, null or empty": "`apply` blank_to_null and `default`",
    "scheduled date missing, null or empty": "`skip` rule, in both phases that read follow-ups",
    "scheduled date as text with `Z`": "`let` with `cast` to a timestamp",
    "scheduled date as text with an offset": "`let` with `cast` to a timestamp",
    "scheduled date as text without a zone": "`timezone` of that `let`: the clock in Lagos",
    "scheduled date with milliseconds": "`format` writes hours and minutes",
    "scheduled date as canonical extended JSON": "the connector",
    "scheduled within an hour of midnight": "`timezone`: another day in Lagos than in UTC",
    "duration missing, null, empty or 0": "`apply` blank_to_null and null_if, and `default`",
    "duration as text, some with blanks": "`let` through text, trim and `cast`",
    "duration as a float or canonical extended JSON": "`let` through text",
    "description missing, null, empty or blank": "copied as it is; `default` in the title's template",
    "description with blanks at its ends": "copied as it is; trimmed in the title",
    "description with quotes, line breaks or emoji": "nothing needed",
    "description of more than 4,000 characters": "nothing needed",
    "outcome missing or null": "`extend` leaves what is absent absent",
    "reminders missing, null or empty": "`each` gives an empty list",
    "reminder with a type in another spelling": "`apply` and crosswalk",
    "reminder without a type, or null": "`default`",
    "reminder without `sent`, or null": "an expression takes it for false",
    "review id as text": "`cast` to an object id",
    "review id missing or null": "stays so",
    "`createdBy` missing": "`first`: the pharmacist instead",
    "appointment was made before by hand": "`on_conflict = \"skip\"`; the link goes to the existing one",
    "link to the appointment is null": "`patch` sets it",
    "link to the appointment is right already": "`patch` leaves it: unchanged",
    "patient without phone (missing, null, empty, blank)": "a `let` expression with `default` and trim",
    "patient without e-mail (missing, null, empty)": "a `let` expression with `default` and trim",
    "patient's language in words, other case or padded": "`apply` and crosswalk",
    "patient's language missing, null or empty": "`default`",
    "patient has preferences": "`fill` leaves them: unchanged",
    "patient's preferences are null": "`null_is_missing`",
    "patient without any appointment": "`on_missing = \"skip\"`",
    "patient with an outdated last appointment": "`patch`",
    "visit without an appointment on its day": "`on_missing = \"skip\"`",
    "visit whose patient has several appointments that day": "`on_many = \"first\"`",
    "visit within an hour of midnight": "`timezone`",
    "visit without a date (missing, null, empty)": "`skip` rule",
    "visit that has its link": "`fill` leaves it: unchanged",
    "visit whose link is null": "`null_is_missing`",
}

TASKS = [
    "Check blood pressure log", "Discuss adherence to metformin", "Review INR result", "Ask about dizziness",
    "Confirm refill of inhaler", "Go through the new dosing plan", "See whether the rash is gone", "Repeat HbA1c",
    "Explain interaction with grapefruit", "Review pill count",
]  # fmt: skip
ODD_TEXTS = [
    'Patient says "the small white ones" don\'t help\nask again',
    "💊 twice daily → once daily 🙂",
    "Línea uno\r\nlínea dos\t(tab)",
    "Ẹ káàárọ̀ — àyẹ̀wò ẹ̀jẹ̀; C:\\labs\\2024, 50 % done",
    "{{ not a template }} and ${NOT_A_VARIABLE}",
]
LANGUAGES = ["en", "yo", "ig", "ha"]
ODD_LANGUAGES = ["English", "Yoruba ", "IGBO", "hausa", " yo", "Pidgin", "EN"]


def oid(kind, number):
    return {"$oid": object_id(kind, number)}


def date(moment, canonical=False):
    if canonical:
        return {"$date": {"$numberLong": str(int(moment.timestamp() * 1000))}}
    fraction = f".{moment.microsecond // 1000:03}" if moment.microsecond else ""
    return {"$date": moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"}


def day(moment):
    """The day in Lagos as MongoDB keeps a date: midnight UTC."""
    return {"$date": moment.astimezone(LAGOS).strftime("%Y-%m-%dT00:00:00Z")}


class Clinic:
    def __init__(self):
        self.rng = Random(1)
        self.dirt = Dirt(KINDS)
        self.moments = {}  # follow-up id: moment
        self.workplaces = [
            {"_id": oid("workplace", w), "name": f"Pharmacy No. {w + 1}", "timezone": "Africa/Lagos"} for w in range(WORKPLACES)
        ]
        self.users = []
        for u in range(WORKPLACES * PHARMACISTS_EACH + 8):
            first, last = name(self.rng)
            role = "pharmacist" if u < WORKPLACES * PHARMACISTS_EACH else "technician"
            self.users.append({
                "_id": oid("user", u), "workplaceId": oid("workplace", u % WORKPLACES), "firstName": first, "lastName": last,
                "email": f"user{u}@example.org", "role": role,
            })  # fmt: skip
        self.patients = [self.patient(p) for p in range(PATIENTS)]
        self.reviews = [self.review(r) for r in range(REVIEWS)]
        self.follow_ups = []
        self.last_moment = None
        for f in range(FOLLOW_UPS):
            self.follow_ups.append(self.follow_up(f))
        self.appointments = []
        self.old_appointments()
        self.last_dates()
        self.dated = [f for f in self.follow_ups if f["_id"]["$oid"] in self.moments]
        self.by_day = {}  # appointments after the migration by workplace, patient and day
        for key, _ in all_appointments(self.follow_ups, self.appointments):
            self.by_day[key] = self.by_day.get(key, 0) + 1
        self.visits = [self.visit(v) for v in range(VISITS)]

    def moment(self):
        """Some working time of two years, in quarters of an hour."""
        start = datetime(2023, 6, 1, tzinfo=LAGOS) + timedelta(days=self.rng.below(800))
        return start + timedelta(minutes=8 * 60 + 15 * self.rng.below(36))

    def pharmacist(self, workplace):
        return oid("user", workplace + WORKPLACES * self.rng.below(PHARMACISTS_EACH))

    def patient(self, p):
        rng, add = self.rng, self.dirt.add
        first, last = name(rng)
        record = {"_id": oid("patient", p), "workplaceId": oid("workplace", p % WORKPLACES), "firstName": first, "lastName": last}
        record["phone"] = f"+234 800 {p // 1000:03} {p % 1000:04}"
        record["email"] = f"person{p}@example.org"
        if p % 9 == 0:
            put(record, "phone", [MISSING, None, "", "   "][p // 9 % 4])
            add("patient without phone (missing, null, empty, blank)")
        if p % 5 == 0:
            put(record, "email", [MISSING, None, ""][p // 5 % 3])
            add("patient without e-mail (missing, null, empty)")
        record["language"] = rng.pick(LANGUAGES)
        if p % 8 == 3:
            record["language"] = ODD_LANGUAGES[p // 8 % len(ODD_LANGUAGES)]
            add("patient's language in words, other case or padded")
        elif p % 8 == 5:
            put(record, "language", [MISSING, None, ""][p // 8 % 3])
            add("patient's language missing, null or empty")
        if p % 3 == 1:
            record["primaryPharmacistId"] = self.pharmacist(p % WORKPLACES)
        if p % 16 == 7:
            record["appointmentPreferences"] = {
                "preferredDays": [rng.between(0, 6)], "preferredTimeSlots": [], "language": "yo", "timezone": "Africa/Lagos",
            }  # fmt: skip
            add("patient has preferences")
        elif p % 32 == 9:
            record["appointmentPreferences"] = None
            add("patient's preferences are null")
        return record

    def review(self, r):
        patient = self.rng.below(560)
        return {
            "_id": oid("review", r), "workplaceId": oid("workplace", patient % WORKPLACES), "patientId": oid("patient", patient),
            "reviewNumber": f"MTR-{2023 + r % 3}-{r:04}", "status": "completed" if r % 4 else "in_progress",
        }  # fmt: skip

    def follow_up(self, f):
        rng, add = self.rng, self.dirt.add
        patient = rng.below(560)  # patients from 560 on have none
        workplace = patient % WORKPLACES
        record = {
            "_id": oid("followup", f), "workplaceId": oid("workplace", workplace), "reviewId": oid("review", rng.below(REVIEWS)),
            "patientId": oid("patient", patient),
        }  # fmt: skip
        self.code(record, "type", f)
        self.code(record, "status", f)
        self.describe(record, f)
        moment = self.moment()
        if f and f % 13 == 0 and f % 57 != 3:  # the same patient again, on the same day
            before = self.follow_ups[-1]
            record["patientId"], record["workplaceId"] = before["patientId"], before["workplaceId"]
            workplace = next(w for w in range(WORKPLACES) if oid("workplace", w) == before["workplaceId"])
            moment = self.last_moment.astimezone(LAGOS).replace(hour=9, minute=45, second=0, microsecond=0)
        self.schedule(record, f, moment)
        self.duration(record, f)
        record["assignedTo"] = self.pharmacist(workplace)
        self.outcome(record, f, moment)
        self.reminders(record, f, moment)
        if f % 17 == 2:
            record["reviewId"] = record["reviewId"]["$oid"]
            add("review id as text")
        elif f % 17 == 9:
            put(record, "reviewId", [MISSING, None][f // 17 % 2])
            add("review id missing or null")
        if f % 19 == 4:
            add("`createdBy` missing")
        else:
            record["createdBy"] = record["assignedTo"]
        if f % 50 == 20:
            record["isDeleted"] = True
        elif f % 3 == 0:
            record["isDeleted"] = False
        record["createdAt"] = date(moment - timedelta(days=rng.between(1, 60)))
        if f % 5 == 2:
            record["updatedAt"] = date(moment + timedelta(hours=1))
        self.last_moment = moment
        return record

    def code(self, record, field, f):
        rng, add = self.rng, self.dirt.add
        clean, old = (CLEAN_TYPES, OLD_TYPES) if field == "type" else (CLEAN_STATUSES, OLD_STATUSES)
        record[field] = rng.pick(clean)
        turn = (f if field == "type" else f + 7) % 20
        if turn in (3, 11):
            record[field] = rng.pick(old)
            add(f"{field} in an old spelling or other case")
        elif turn == 5 and field == "type":
            record[field] = rng.pick(["1", "2", "3"])
            add("type as the number of the paper form, in text")
        elif turn == 7 and field == "type":
            record[field] = f"  {record[field]} "
            add("type with blanks around it")
        elif turn == 13:
            if field == "type":
                put(record, field, [MISSING, None, "", "  "][f // 20 % 4])
                add("type missing, null, empty or blank")
            else:
                put(record, field, [MISSING, None, ""][f // 20 % 3])
                add("status missing, null or empty")

    def describe(self, record, f):
        rng, add = self.rng, self.dirt.add
        text = rng.pick(TASKS)
        if rng.chance(40):
            text += f", then call back within {rng.between(2, 14)} days"
        if f % 15 == 1:
            text = [MISSING, None, "", "   "][f // 15 % 4]
            add("description missing, null, empty or blank")
        elif f % 15 == 4:
            text = ["", "  "][f % 2] + text + "   "
            add("description with blanks at its ends")
        elif f % 15 == 8:
            text = ODD_TEXTS[f // 15 % len(ODD_TEXTS)]
            add("description with quotes, line breaks or emoji")
        elif f % 700 == 6:
            text = " ".join(rng.pick(TASKS) for _ in range(250))
            assert len(text) > 4000
            add("description of more than 4,000 characters")
        put(record, "description", text)

    def schedule(self, record, f, moment):
        add = self.dirt.add
        turn = f % 57
        if turn == 3:
            put(record, "scheduledDate", [MISSING, None, ""][f // 57 % 3])
            add("scheduled date missing, null or empty")
            return
        if turn in (5, 25, 45):
            # 23:xx or 00:xx in UTC; the days between years and around the leap day are among them
            days = [(2023, 12, 31), (2024, 2, 28), (2024, 2, 29), (2024, 12, 31), (2025, 2, 28), (2024, 3, 31), (2024, 10, 27)]
            year, month, number = days[f // 57 % len(days)]
            moment = datetime(year, month, number, 23, 5 + f % 50, 59, tzinfo=timezone.utc)
            if turn == 45:
                moment = moment - timedelta(hours=1)  # still the same day in Lagos, its last hour
            add("scheduled within an hour of midnight")
        self.moments[record["_id"]["$oid"]] = moment
        utc = moment.astimezone(timezone.utc)
        if turn == 8:
            record["scheduledDate"] = utc.strftime("%Y-%m-%dT%H:%M:%S.000Z")
            add("scheduled date as text with `Z`")
        elif turn == 12:
            record["scheduledDate"] = moment.astimezone(LAGOS).strftime("%Y-%m-%dT%H:%M:%S+01:00")
            add("scheduled date as text with an offset")
        elif turn == 16:
            record["scheduledDate"] = moment.astimezone(LAGOS).strftime("%Y-%m-%d %H:%M")
            add("scheduled date as text without a zone")
        elif turn in (20, 25):
            exact = moment + timedelta(milliseconds=1 + f % 998)
            self.moments[record["_id"]["$oid"]] = exact
            record["scheduledDate"] = date(exact)
            add("scheduled date with milliseconds")
        elif turn == 30:
            record["scheduledDate"] = date(moment, canonical=True)
            add("scheduled date as canonical extended JSON")
        else:
            record["scheduledDate"] = date(moment)

    def duration(self, record, f):
        add = self.dirt.add
        minutes = self.rng.pick([15, 20, 30, 45, 60, 90])
        turn = f % 12
        if turn in (1, 7):
            put(record, "estimatedDuration", [MISSING, None, "", 0][f // 12 % 4])
            add("duration missing, null, empty or 0")
        elif turn == 4:
            record["estimatedDuration"] = f" {minutes} " if f // 12 % 3 == 0 else str(minutes)
            add("duration as text, some with blanks")
        elif turn == 10:
            record["estimatedDuration"] = [{"$numberDouble": f"{minutes}.0"}, {"$numberLong": str(minutes)}, {"$numberInt": str(minutes)}][f // 12 % 3]
            add("duration as a float or canonical extended JSON")
        else:
            record["estimatedDuration"] = minutes

    def outcome(self, record, f, moment):
        if record.get("status") in ("completed", "complete", "DONE"):
            record["outcome"] = {
                "status": self.rng.pick(["successful", "partially_successful", "unsuccessful"]),
                "notes": self.rng.pick(["as planned", "adherence better", 'said "much better"', ""]),
            }
            if f % 4 == 0:
                record["outcome"]["nextActions"] = ["repeat in 3 months"]
            record["completedAt"] = date(moment + timedelta(minutes=40))
        else:
            if f % 10 == 0:
                record["outcome"] = None
            self.dirt.add("outcome missing or null")

    def reminders(self, record, f, moment):
        add = self.dirt.add
        turn = f % 6
        if turn in (1, 4, 5):
            put(record, "reminders", [MISSING, None, []][f // 6 % 3])
            add("reminders missing, null or empty")
            return
        record["reminders"] = []
        for r in range(1 + (turn == 3 and f % 4 == 1)):
            reminder = {"type": self.rng.pick(["email", "sms", "system", "whatsapp"])}
            turn_type = (f + r) % 14
            if turn_type == 2:
                reminder["type"] = self.rng.pick(["SMS", "E-Mail", " sms", "Text", "WhatsApp"])
                add("reminder with a type in another spelling")
            elif turn_type == 8:
                put(reminder, "type", [MISSING, None][f // 14 % 2])
                add("reminder without a type, or null")
            reminder["scheduledFor"] = date(moment - timedelta(days=1 + r))
            sent = self.rng.chance(70)
            if f % 9 == 3:
                put(reminder, "sent", [MISSING, None][f // 9 % 2])
                add("reminder without `sent`, or null")
            else:
                reminder["sent"] = sent
                if not sent and f % 4 == 2:
                    reminder["failureReason"] = "no answer"
            record["reminders"].append(reminder)

    def old_appointments(self):
        """Appointments that were made by hand; the first ones for follow-ups, some linked already."""
        rng, add = self.rng, self.dirt.add
        plain = [
            f for f in self.follow_ups
            if f["_id"]["$oid"] in self.moments and isinstance(f["scheduledDate"], dict) and f.get("description") and "outcome" not in f
        ]  # fmt: skip
        for a in range(OLD_APPOINTMENTS):
            record = {"_id": oid("appointment", a)}
            if a < OLD_WITH_FOLLOW_UP:
                follow_up = plain[a * 37]
                moment = self.moments[follow_up["_id"]["$oid"]]
                record |= {k: follow_up[k] for k in ("workplaceId", "patientId", "assignedTo", "description")}
                record["mtrFollowUpId"] = follow_up["_id"]
                add("appointment was made before by hand")
                if a < OLD_LINKED:
                    follow_up["appointmentId"] = record["_id"]
                    add("link to the appointment is right already")
            else:
                patient = rng.below(600)  # 560 to 599 have such appointments only, if any
                moment = self.moment()
                record |= {"workplaceId": oid("workplace", patient % WORKPLACES), "patientId": oid("patient", patient)}
                record["assignedTo"] = self.pharmacist(patient % WORKPLACES)
            record |= {
                "type": "health_check", "status": rng.pick(["scheduled", "confirmed", "completed"]), "title": "Entered by hand",
                "scheduledDate": day(moment), "scheduledTime": moment.astimezone(LAGOS).strftime("%H:%M"), "duration": 30,
                "timezone": "Africa/Lagos", "reminders": [], "createdAt": date(moment - timedelta(days=3)),
            }  # fmt: skip
            self.appointments.append(record)
        for follow_up in self.follow_ups[::150]:
            if "appointmentId" not in follow_up and follow_up["_id"]["$oid"] in self.moments:
                follow_up["appointmentId"] = None
                add("link to the appointment is null")

    def last_dates(self):
        """Some patients know their last appointment: some rightly, some have an older one."""
        latest = latest_appointments(self.follow_ups, self.appointments)
        for p, patient in enumerate(self.patients):
            date_text = latest.get((patient["workplaceId"]["$oid"], patient["_id"]["$oid"]))
            if date_text is None:
                self.dirt.add("patient without any appointment")
            elif p % 20 == 11:
                patient["lastAppointmentDate"] = {"$date": f"{date_text}T00:00:00Z"}
            elif p % 20 == 13:
                patient["lastAppointmentDate"] = {"$date": "2023-01-31T00:00:00Z"}
                self.dirt.add("patient with an outdated last appointment")

    def visit(self, v):
        rng, add = self.rng, self.dirt.add
        if v % 70 == 33:
            old = self.appointments[v // 70 * 4]
            add("visit that has its link")
            return {
                "_id": oid("visit", v), "workplaceId": old["workplaceId"], "patientId": old["patientId"],
                "date": {"$date": old["scheduledDate"]["$date"].replace("T00:00", "T14:20")}, "appointmentId": old["_id"],
            }  # fmt: skip
        if v % 4 == 3:
            patient = rng.below(PATIENTS)
            record = {"workplaceId": oid("workplace", patient % WORKPLACES), "patientId": oid("patient", patient)}
            moment = self.moment()
        else:
            follow_up = self.dated[v * 5 % len(self.dated)]
            record = {"workplaceId": follow_up["workplaceId"], "patientId": follow_up["patientId"]}
            local = self.moments[follow_up["_id"]["$oid"]].astimezone(LAGOS)
            moment = local.replace(hour=10 + v % 7, minute=v % 60, second=0, microsecond=0)
            if v % 40 in (2, 22):
                moment = local.replace(hour=0 if v % 40 == 2 else 23, minute=7 + v % 50, second=30, microsecond=250000)
                add("visit within an hour of midnight")
        record = {"_id": oid("visit", v)} | record
        record["date"] = date(moment)
        if v % 90 == 31:
            put(record, "date", [MISSING, None, ""][v // 90 % 3])
            add("visit without a date (missing, null, empty)")
            return record
        record["soap"] = {"subjective": rng.pick(["feels well", "tired", "headache\nsince Monday", ""]), "plan": rng.pick(TASKS)}
        found = self.by_day.get((record["workplaceId"]["$oid"], record["patientId"]["$oid"], local_day(moment)), 0)
        if found == 0:
            add("visit without an appointment on its day")
            return record
        if found > 1:
            add("visit whose patient has several appointments that day")
        if v % 60 in (5, 6):
            record["appointmentId"] = None
            add("visit whose link is null")
        return record


def put(record, field, value):
    if value is MISSING:
        record.pop(field, None)
    else:
        record[field] = value


# What the migration must do, worked out from the finished records.


def read_moment(value):
    """A stored date, or text as the spec reads it; None when there is none."""
    if not value:
        return None
    if isinstance(value, dict):
        value = value["$date"]
        if isinstance(value, dict):
            return datetime.fromtimestamp(int(value["$numberLong"]) / 1000, timezone.utc)
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=LAGOS)


def local_day(moment):
    return moment.astimezone(LAGOS).strftime("%Y-%m-%d")


def all_appointments(follow_ups, appointments, rejected=()):
    """((workplace, patient, day), id of an old one or None) of every appointment afterwards."""
    taken = {a["mtrFollowUpId"]["$oid"] for a in appointments if "mtrFollowUpId" in a}
    for a in appointments:
        yield (a["workplaceId"]["$oid"], a["patientId"]["$oid"], a["scheduledDate"]["$date"][:10]), a["_id"]
    for f in follow_ups:
        identity = f["_id"]["$oid"]
        if identity not in taken and identity not in rejected and f.get("scheduledDate"):
            yield (f["workplaceId"]["$oid"], f["patientId"]["$oid"], local_day(read_moment(f["scheduledDate"]))), None


def latest_appointments(follow_ups, appointments, rejected=()):
    latest = {}
    for (workplace, patient, date_text), _ in all_appointments(follow_ups, appointments, rejected):
        latest[workplace, patient] = max(latest.get((workplace, patient), ""), date_text)
    return latest


def counts(follow_ups, appointments, patients, visits, rejects=()):
    """Counts by phase. `rejects` are (phase, key) pairs."""
    rejected = {p: {key for phase_name, key in rejects if phase_name == p} for p in
                ("appointments", "patient_preferences", "visit_links")}  # fmt: skip
    old = {a["mtrFollowUpId"]["$oid"]: a["_id"]["$oid"] for a in appointments if "mtrFollowUpId" in a}
    ids = [f["_id"]["$oid"] for f in follow_ups]
    dated = [f for f in follow_ups if f.get("scheduledDate")]
    bad = rejected["appointments"]
    exists = sum(f["_id"]["$oid"] in old for f in dated)
    linked = sum(bool(f.get("appointmentId")) and f["appointmentId"]["$oid"] == old.get(f["_id"]["$oid"]) for f in dated)
    undated = len(ids) - len(dated)
    made = len(dated) - exists - len(bad)

    has = sum(bool(p.get("appointmentPreferences")) for p in patients)
    latest = latest_appointments(follow_ups, appointments, bad)
    dates = [(p, latest.get((p["workplaceId"]["$oid"], p["_id"]["$oid"]))) for p in patients]
    without = sum(d is None for _, d in dates)
    right = sum(d is not None and p.get("lastAppointmentDate", {}).get("$date", "")[:10] == d for p, d in dates)

    days = {key for key, _ in all_appointments(follow_ups, appointments, bad)}
    good = [v for v in visits if v.get("date") and v["_id"]["$oid"] not in rejected["visit_links"]]
    found = [
        v for v in good if (v["workplaceId"]["$oid"], v["patientId"]["$oid"], local_day(read_moment(v["date"]))) in days
    ]  # fmt: skip
    no_date = sum(not v.get("date") for v in visits)
    kept = sum(bool(v.get("appointmentId")) for v in found)
    assert not any(v.get("appointmentId") for v in visits if v not in found), "a linked visit has its appointment"

    first = {
        "appointments": phase(len(ids), inserted=made, rejected=len(bad), reasons={UNDATED: undated, "exists": exists}),
        "link_followups": phase(
            len(ids), updated=len(dated) - linked - len(bad), unchanged=linked,
            reasons={UNDATED: undated, "lookup_missing": len(bad)},
        ),
        "patient_preferences": phase(
            len(patients), updated=len(patients) - has - len(rejected["patient_preferences"]), unchanged=has,
            rejected=len(rejected["patient_preferences"]),
        ),
        "last_appointments": phase(
            len(patients), updated=len(patients) - without - right, unchanged=right, reasons={"lookup_missing": without}
        ),
        "visit_links": phase(
            len(visits), updated=len(found) - kept, unchanged=kept, rejected=len(rejected["visit_links"]),
            reasons={NO_VISIT_DATE: no_date, "lookup_missing": len(good) - len(found)},
        ),
    }  # fmt: skip
    return first, {"appointments": len(appointments) + made}


def totals(collections, more):
    return {name: len(records) for name, records in collections.items()} | more


def dirty():
    """A few good records and, for each kind of fault, one that must be rejected."""
    workplace, pharmacist, patient, review = oid("d-workplace", 0), oid("d-user", 0), oid("d-patient", 0), oid("d-review", 0)
    base = {"workplaceId": workplace, "patientId": patient, "assignedTo": pharmacist, "type": "phone_call", "status": "completed",
            "scheduledDate": {"$date": "2024-05-06T09:00:00Z"}, "estimatedDuration": 30, "description": "Check"}  # fmt: skip
    good = [
        {},
        {"scheduledDate": {"$date": "2024-05-07T23:30:00Z"}, "outcome": {"status": "successful"}, "reviewId": review},
        {"scheduledDate": None},
    ]
    bad = [
        ("crosswalk", "an unknown type", {"type": "fax"}),
        ("crosswalk", "an unknown status", {"status": "maybe"}),
        ("crosswalk", "a NUL character in a code", {"type": "phone\u0000call"}),
        ("transform", "a list where a code should be", {"type": ["phone_call"]}),
        ("cast", "a day that the month does not have", {"scheduledDate": "2024-06-31T09:00:00Z"}),
        ("cast", "a date in another order", {"scheduledDate": "31.05.2024"}),
        ("cast", "an object where a date should be", {"scheduledDate": {"year": 2024}}),
        ("cast", "a duration with its unit", {"estimatedDuration": "45 min"}),
        ("cast", "a duration that is not whole", {"estimatedDuration": 22.5}),
        ("duration outside 5 to 480 minutes", "a duration that can't be", {"estimatedDuration": 9999}),
        ("lookup_missing", "a patient who does not exist", {"patientId": oid("d-patient", 404)}),
        ("cast", "a review id that is none", {"reviewId": "MTR-2024-0001"}),
        ("extend", "text where the outcome should be", {"outcome": "successful"}),
        ("crosswalk", "a reminder by an unknown channel", {"reminders": [{"type": "pigeon", "sent": False}]}),
    ]
    follow_ups, rejects = [], []
    for n, change in enumerate(good):
        follow_ups.append({"_id": oid("d-followup", n)} | base | change)
    for n, (kind, what, change) in enumerate(bad, len(good)):
        follow_ups.append({"_id": oid("d-followup", n)} | base | change)
        rejects.append({"phase": "appointments", "key": object_id("d-followup", n), "kind": kind, "what": what})
    patients = [
        {"_id": patient, "workplaceId": workplace, "firstName": "Good", "language": "en", "email": "g@example.org", "phone": "+234"},
        {"_id": oid("d-patient", 1), "workplaceId": workplace, "firstName": "Bad", "language": "klingon", "phone": "+234"},
    ]
    rejects.append({"phase": "patient_preferences", "key": object_id("d-patient", 1), "kind": "crosswalk", "what": "an unknown language"})
    visits = [
        {"_id": oid("d-visit", 0), "workplaceId": workplace, "patientId": patient, "date": {"$date": "2024-05-06T10:00:00Z"}},
        {"_id": oid("d-visit", 1), "workplaceId": workplace, "patientId": patient, "date": "2024-13-06T10:00:00Z"},
    ]
    rejects.append({"phase": "visit_links", "key": object_id("d-visit", 1), "kind": "cast", "what": "a month that does not exist"})
    collections = {
        "workplaces": [{"_id": workplace, "name": "Pharmacy"}],
        "users": [{"_id": pharmacist, "workplaceId": workplace, "role": "pharmacist"}],
        "medicationtherapyreviews": [{"_id": review, "workplaceId": workplace, "patientId": patient}],
        "patients": patients, "mtrfollowups": follow_ups, "visits": visits, "appointments": [],
    }  # fmt: skip
    first, more = counts(follow_ups, [], patients, visits, [(r["phase"], r["key"]) for r in rejects])
    result = {f"dirty/{name}.jsonl": json_lines(records) for name, records in collections.items() if records}
    result["dirty/expected_rejects.jsonl"] = "".join(line(r) + "\n" for r in rejects)
    result["dirty/expected_counts.json"] = expected(first, totals=totals(collections, more))
    return result


README = """# mtr_followup

Invented data of six pharmacies for [`specs/mtr_followup.toml`](../../specs/mtr_followup.toml), one JSON document a line
in MongoDB's extended JSON, the records of a collection in no order. Nobody in it exists. `python3 examples/generate.py`
writes it; do not edit it by hand.

| file | documents | |
|---|---|---|
{files}

`expected_counts.json` holds what each phase must report in the first run and in a second one, worked out by the generator
from these files. New ids are not predicted.

## Dirt

Each kind is met by something that the spec says by name, so the run ends without a reject. A record can have several.

{dirt}

## `dirty/`

A small folder of the same collections with {rejects} records that must be rejected, one fault each, among good ones that must
arrive. `dirty/expected_rejects.jsonl` names phase, source key and the reason that it is counted by (for a `reject` rule,
the rule's own), `dirty/expected_counts.json` the counts. With `fixtures` set to this folder in a copy of the spec, the run
ends with exit code 3.
"""

ABOUT = {
    "workplaces": "pharmacies",
    "users": "pharmacists, and technicians who are never referred to",
    "patients": "some without any appointment",
    "medicationtherapyreviews": "reviews that follow-ups belong to",
    "mtrfollowups": "the source of the migration",
    "visits": "three quarters of them on a day with a follow-up",
    "appointments": f"were there before; {OLD_WITH_FOLLOW_UP} carry the id of a follow-up",
}


def files():
    clinic = Clinic()
    collections = {
        "workplaces": clinic.workplaces, "users": clinic.users, "patients": clinic.patients,
        "medicationtherapyreviews": clinic.reviews, "mtrfollowups": clinic.follow_ups, "visits": clinic.visits,
        "appointments": clinic.appointments,
    }  # fmt: skip
    first, more = counts(clinic.follow_ups, clinic.appointments, clinic.patients, clinic.visits)
    result = {f"{name}.jsonl": json_lines(clinic.rng.shuffled(records)) for name, records in collections.items()}
    result["expected_counts.json"] = expected(first, totals=totals(collections, more))
    result |= dirty()
    listing = "\n".join(f"| `{name}.jsonl` | {len(records):,} | {ABOUT[name]} |" for name, records in collections.items())
    rejects = result["dirty/expected_rejects.jsonl"].count("\n")
    result["README.md"] = README.format(files=listing, dirt=clinic.dirt.table(), rejects=rejects)
    return result
