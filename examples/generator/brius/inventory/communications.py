"""Messages, comments, the log of communications, feedback and notifications."""

import json

from .. import words
from .world import Table, day, harmless, left_behind, moment, moments, nobody, rejected, skipped, value

SUBJECTS = ["Your order", "A question about the setup", "Scan received", "Please approve", "Holiday hours", "Shipping"]
TITLES = ["Approve the setup", "Order shipped", "New comment", "Payment received", "Scan is missing", "Case closed"]


def message(world, rng, i):
    sender, recipient = rng.pick(world.users), rng.pick(world.users)
    while recipient == sender:
        recipient = rng.pick(world.users)
    return {
        "thread": f"T{rng.between(1, 1 + i // 3):06d}",
        "sender_id": sender,
        "recipient_id": recipient,
        "reply_to_id": earlier(world, rng, i, "dispatch_message") if rng.chance(40) else None,
        "subject": rng.pick(SUBJECTS) if rng.chance(80) else None,
        "body": f"{rng.pick(words.NOTES)} {rng.pick(words.STEPS)}?",
        "is_read": "Y" if rng.chance(70) else "N",
        "sent_at": moment(rng),
    }


def earlier(world, rng, i, table):
    """An earlier record that arrives; the first has none."""
    if i == 1:
        return None
    number, faults = rng.between(1, i - 1), world.faults(table)
    while number in faults:
        number = rng.between(1, i - 1)
    return number


def comment(world, rng, i):
    return {
        "project_id": world.good("dispatch_project", rng),
        "author_id": rng.pick(world.users),
        "parent_id": earlier(world, rng, i, "dispatch_comment") if rng.chance(35) else None,
        "body": f"{rng.pick(words.STEPS)}: {rng.pick(words.NOTES)}",
        "internal": rng.chance(20),
        "created_at": moment(rng),
    }


def comes_later(world, rng, row):
    """An answer to a comment with a higher id: a thread that was moved together."""
    total, faults = world.total("dispatch_comment"), world.faults("dispatch_comment")
    for _ in range(100):
        number = rng.between(row["id"], total)
        if number not in faults:
            return {"parent_id": number}
    return {"parent_id": row["id"]}


def communication(world, rng, i):
    return {
        "patient_id": world.good("dispatch_patient", rng) if rng.chance(85) else None,
        "user_id": rng.pick(world.users) if rng.chance(90) else None,
        "channel": rng.between(1, 4),
        "direction": rng.pick("IO"),
        "address": f"patient{rng.below(9000):05d}@example.test" if rng.chance(50) else None,
        "summary": rng.pick(words.NOTES),
        "payload": json.dumps({"length": rng.below(3000), "attachments": rng.below(3)}) if rng.chance(60) else None,
        "happened": local(rng),
    }


def local(rng):
    """A time of day at which no clock changes."""
    year, month, date = day(rng).split("-")
    return f"{date}.{month}.{year} {rng.between(8, 18):02d}:{rng.below(60):02d}"


def feedback(world, rng, i):
    return {
        "patient_id": world.good("dispatch_patient", rng),
        "project_id": world.good("dispatch_project", rng) if rng.chance(60) else None,
        "rating": str(rng.between(1, 5)),
        "comment": rng.pick(words.NOTES) if rng.chance(50) else None,
        "created_at": moment(rng),
    }


def notification(world, rng, i):
    created, seen = moments(rng, 900_000)
    return {
        "user_id": rng.pick(world.users),
        "kind": rng.between(1, 5),
        "title": rng.pick(TITLES),
        "body": rng.pick(words.NOTES) if rng.chance(60) else None,
        "link": f"https://brius.example/cases/{rng.below(70000)}" if rng.chance(75) else None,
        "seen_at": seen if rng.chance(65) else None,
        "created_at": created,
    }


TABLES = (
    Table("dispatch_message", ("messages",), 28870, message, (
        rejected("sender who is not there", 41, "lookup_missing", nobody("sender_id", "auth_user")),
        rejected("recipient who is not there", 37, "lookup_missing", nobody("recipient_id", "auth_user")),
        rejected("no text", 25, "message without a text", value(body=[None, "", " \n"])),
        skipped("to oneself", 44, "message to oneself", lambda _, __, row: {"recipient_id": row["sender_id"]}),
        harmless("sender under a second e-mail spelling", 60, lambda w, rng, _: {"sender_id": rng.pick(w.doubles)}),
        harmless("answer to a message that is not there", 30, nobody("reply_to_id", "dispatch_message")),
        harmless("answer to a message that was left out", 18, left_behind("reply_to_id", "dispatch_message")),
    )),
    Table("dispatch_comment", ("comments",), 41418, comment, (
        rejected("project that is not there", 88, "lookup_missing", nobody("project_id", "dispatch_project")),
        rejected("project without a case", 25, "lookup_missing", left_behind("project_id", "dispatch_project")),
        rejected("author who is not there", 46, "lookup_missing", nobody("author_id", "auth_user")),
        skipped("no text", 130, "empty comment", value(body=[None, "", "  "])),
        harmless("answer to a comment that comes later", 210, comes_later),
        harmless("answer to itself", 12, lambda _, __, row: {"parent_id": row["id"]}),
        harmless("answer to a comment that is not there", 55, nobody("parent_id", "dispatch_comment")),
        harmless("answer to a comment that was left out", 21, left_behind("parent_id", "dispatch_comment")),
    )),
    Table("dispatch_communication", ("communications",), 19604, communication, (
        rejected("unknown channel", 31, "crosswalk", value(channel=[0, 88])),
        rejected("unknown direction", 8, "crosswalk", value(direction=["X", "?"])),
        rejected("day that does not exist", 14, "parse", value(happened=["31.02.2019 10:00", "29.02.2015 09:30"])),
        rejected("hour that the clocks skip", 9, "local_time", value(
            happened=["10.03.2019 02:30", "08.03.2020 02:05"],
        )),
        harmless("patient who is not there", 60, nobody("patient_id", "dispatch_patient")),
        harmless("broken JSON", 17, value(payload=['{"length"', "[1, 2"])),
    )),
    Table("dispatch_feedback", ("feedback",), 2318, feedback, (
        rejected("patient who is not there", 7, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        rejected("rating that there is not", 6, "crosswalk", value(rating=["0", "9", "good"])),
        harmless("rating in words", 40, value(rating=["five", "Four", " one "])),
        harmless("no rating", 30, value(rating=[None, ""])),
    )),
    Table("dispatch_notification", ("notifications",), 36977, notification, (
        rejected("user who is not there", 120, "lookup_missing", nobody("user_id", "auth_user")),
        rejected("user who was rejected", 61, "lookup_missing", left_behind("user_id", "auth_user")),
        rejected("link longer than the new column", 8, "length", value(link=["https://brius.example/?q=" + "x" * 300])),
        harmless("title longer than the new column", 22, value(title=["Please note: " + "very important " * 20])),
    )),
)  # fmt: skip
