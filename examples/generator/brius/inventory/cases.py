"""Cases and projects, files of cases, tasks and running workflows."""

import json

from .. import words
from .world import Table, day, harmless, left_behind, moment, moments, nobody, rejected, skipped, value

TASKS = ["Check the records", "Segment the scan", "Plan the setup", "Print brackets", "Pack", "Ship", "Call the office"]


def project(world, rng, i):
    created, updated = moments(rng, 20_000_000)
    return {
        "patient_id": world.good("dispatch_patient", rng),
        "creator_id": rng.pick(world.users),
        "name": f"{rng.pick(words.ARCHES)}, part {rng.between(1, 9)}",
        "type": rng.between(1, 5),
        "status": rng.between(1, 6),
        "file_name": f"{rng.pick(words.FILES)}-{i:06d}.{rng.pick(words.ENDINGS)}",
        "file_size": rng.below(2 ** rng.between(10, 30)),
        "created_at": created,
        "updated_at": updated,
    }


def case_file(world, rng, i):
    return {
        "project_id": world.good("dispatch_project", rng),
        "file_id": world.good("dispatch_file", rng),
        "kind": rng.between(1, 4),
        "title": f"{rng.pick(words.FILES)} {i}" if rng.chance(80) else None,
        "place": rng.between(1, 30),
        "added_by_id": rng.pick(world.users) if rng.chance(90) else None,
        "created_at": moment(rng),
    }


def task(world, rng, i):
    created, started, done = moments(rng, 400_000, 900_000)
    status = rng.between(1, 4)
    return {
        "project_id": world.good("dispatch_project", rng),
        "order_id": world.good("dispatch_order", rng) if rng.chance(30) else None,
        "assignee_id": rng.pick(world.users) if rng.chance(90) else None,
        "name": rng.pick(TASKS),
        "kind": rng.between(1, 5),
        "status": status,
        "priority": rng.between(1, 3) if rng.chance(80) else None,
        "due_on": day(rng) if rng.chance(60) else None,
        "started_at": started if status > 1 else None,
        "done_at": done if status == 3 else None,
        "created_at": created,
        "updated_at": done if status == 3 else started if status > 1 else created,
    }


def workflow(world, rng, i):
    started, ended = moments(rng, 30_000_000)
    state = rng.between(1, 4)
    return {
        "project_id": world.good("dispatch_project", rng),
        "template_id": world.good("dispatch_template", rng) if rng.chance(88) else None,
        "state": state,
        "step": rng.between(1, 6),
        "context": json.dumps({"rush": rng.chance(10), "lab": rng.between(1, 3)}) if rng.chance(75) else None,
        "started_at": started,
        "ended_at": ended if state > 2 else None,
    }


TABLES = (
    Table("dispatch_project", ("cases", "projects"), 7854, project, (
        rejected("patient who is not there", 1, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        harmless("creator under a second e-mail spelling", 60, lambda w, rng, _: {"creator_id": rng.pick(w.doubles)}),
        harmless("no name", 140, value(name=[None, "", " "])),
        harmless("file of more than 2 GiB", 12, lambda _, rng, __: {"file_size": 2**31 + rng.below(2**40)}),
        harmless("no file size", 50, value(file_size=[None])),
    )),
    Table("dispatch_case_file", ("case_files",), 21733, case_file, (
        rejected("file that is not there", 52, "lookup_missing", nobody("file_id", "dispatch_file")),
        rejected("file that was left out", 20, "lookup_missing", left_behind("file_id", "dispatch_file")),
        rejected("project that is not there", 33, "lookup_missing", nobody("project_id", "dispatch_project")),
        skipped("nothing at all", 40, "case file of nothing", value(file_id=[None])),
    )),
    Table("dispatch_task", ("tasks",), 768962, task, (
        rejected("project that is not there", 3912, "lookup_missing", nobody("project_id", "dispatch_project")),
        rejected("project without a case", 118, "lookup_missing", left_behind("project_id", "dispatch_project")),
        rejected("no project", 604, "task without a case", value(project_id=[None])),
        rejected("unknown status", 871, "crosswalk", value(status=[0, 44])),
        rejected("unknown kind", 409, "crosswalk", value(kind=[0, 21])),
        rejected("no name", 326, "task without a name", value(name=[None, "", "  "])),
        rejected("done before it was started", 118, "task that was done before it was started", value(
            started_at=["2019-06-01T12:00:00.000000Z"], done_at=["2019-05-31T12:00:00.000000Z"],
        )),
        harmless("assignee who is not there", 1904, nobody("assignee_id", "auth_user")),
        harmless("order that was rejected", 300, left_behind("order_id", "dispatch_order")),
    )),
    Table("dispatch_workflow", ("workflows",), 7410, workflow, (
        rejected("project that is not there", 14, "lookup_missing", nobody("project_id", "dispatch_project")),
        rejected("broken JSON", 17, "cast", value(context=['{"rush": ', "rush"])),
        harmless("template that was rejected", 31, left_behind("template_id", "dispatch_template")),
    )),
)  # fmt: skip
