"""Profile `inventory`: the database whose scripts were counted, every table of it, at the sizes that are known.

The tables of users, patients and workflow templates are made as in the plan. All others are declared by subject, and
made record by record while they are written.
"""

from ..data import Data
from ..people import members, offices, patients, users
from ..workflows import states, templates
from . import business, cases, clinical, communications, files, later, specialised, support, system
from .world import World

# Records of the tables that are made whole, and how many there are at least, whatever the scale.
COUNTS = {
    "auth_user": (9101, 120),
    "dispatch_office": (7853, 60),
    "dispatch_patient": (7849, 110),
    "dispatch_office_doctors": (8214, 60),
    "dispatch_state": (15708, 120),
    "dispatch_template": (152, 32),
}

SUBJECTS = (clinical, communications, business, cases, files, specialised, system, support)
DECLARED = tuple(table for subject in SUBJECTS for table in subject.TABLES)


class Rows:
    """The records of a table, made each time they are asked for."""

    def __init__(self, world, name):
        self.world = world
        self.name = name

    def __len__(self):
        return self.world.total(self.name)

    def __iter__(self):
        return self.world.rows(self.name)


def make(scale):
    data = Data(COUNTS, scale)
    data.unsound_offices = 1
    offices(data)
    nameless(data)
    users(data)
    stand_in(data)
    doubles(data)
    patients(data)
    members(data)
    templates(data)
    world = known(data)
    data.good_projects = [i for i in range(1, world.total("dispatch_project") + 1) if arrives(world, i)]
    data.bad_projects = list(world.left_out["dispatch_project"])
    # States change what they share with the plan, so they come last of those that are made whole.
    data.counts = {**COUNTS, "dispatch_project": (7854, world.total("dispatch_project"))}
    states(data)
    data.later = later.files(world)
    for table in DECLARED:
        data.legacy[table.name] = Rows(world, table.name)
    return data


def nameless(data):
    """The one office that does not arrive."""
    office = data.legacy["dispatch_office"][-1]
    office["name"] = "  "
    data.planted.add("dispatch_office", office["id"], "no name", "practices", "rejected", "office without a name")


def stand_in(data):
    """The account that orders go to whose doctor nothing leads to; it is no doctor, and has no faults."""
    user = data.legacy["auth_user"][18]
    user.update(email=clinical.UNASSIGNED, username="unassigned.doctor", first_name="Unassigned", last_name="Doctor")


def doubles(data):
    """The target is empty, so the first user of an e-mail arrives, and the others lead to it."""
    for i in data.doubles:
        data.planted.add("auth_user", i, data.user_faults[i], "profiles", "skipped", "duplicate")
        # Another spelling of whatever e-mail the first one has by now.
        first = data.legacy["auth_user"][data.doubles[i] - 1]["email"].strip()
        spelled = data.user_faults[i] == "e-mail in other case"
        data.legacy["auth_user"][i - 1]["email"] = first.upper() if spelled else f"  {first} "


def known(data):
    """The world that the declared tables refer to."""
    world = World(data.scale, data.planted)
    world.declare(*DECLARED)
    world.users, world.doubles, world.doctors = data.good_users, sorted(data.doubles), data.doctors
    total = data.count("dispatch_patient")
    world.patients = [i for i in range(1, total + 1) if i not in data.bad_patients]
    world.know("dispatch_patient", world.patients, sorted(data.bad_patients), total)
    world.know("auth_user", data.good_users, data.rejected_users, data.count("auth_user"))
    sound, total = data.sound_offices(), data.count("dispatch_office")
    world.know("dispatch_office", range(1, sound + 1), range(sound + 1, total + 1), total)
    fates = {i: entry["fate"] for (table, i, _), entry in data.planted.entries.items() if table == "dispatch_template"}
    total = data.count("dispatch_template")
    good = [i for i in range(1, total + 1) if fates.get(i, "inserted") == "inserted"]
    world.know("dispatch_template", good, sorted(i for i, fate in fates.items() if fate == "rejected"), total)
    return world


def arrives(world, project):
    fault = world.faults("dispatch_project").get(project)
    return fault is None or fault.fate == "inserted"
