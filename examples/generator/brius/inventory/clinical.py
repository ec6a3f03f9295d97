"""Doctors, products, orders, jaws and treatment plans."""

import json

from .. import words
from ..data import Money, money
from .world import Table, harmless, left_behind, moment, moments, nobody, rejected, skipped, value

# Who stands for a doctor whom nobody knows any more: an account of the old application.
UNASSIGNED = "unassigned.doctor@example.test"

PRODUCTS = ["Bracket set", "Aligner", "Retainer", "Wire", "Scan body", "Bonding tray", "Debonding kit"]
PLANS = ["Full treatment", "Upper arch only", "Lower arch only", "Refinement", "Retention"]


def doctor(world, rng, i):
    since = f"{rng.between(1975, 2018)}-{rng.between(1, 12):02d}-{rng.between(1, 28):02d}"
    return {
        "user_id": world.doctors[i % len(world.doctors)],
        "office_id": world.good("dispatch_office", rng),
        "license_no": f"L{rng.below(10**8):08d}" if rng.chance(93) else None,
        "specialty": rng.between(1, 5),
        "since": since if rng.chance(90) else None,
        "created_at": moment(rng),
    }


def product(world, rng, i):
    return {
        "sku": f"BR-{i:05d}",
        "name": f"{rng.pick(PRODUCTS)} {i}",
        "category": rng.between(1, 4),
        "price": money(rng.between(500, 250_000)),
        "stock": rng.below(900),
        "active": "Y" if rng.chance(85) else "N",
        "created_at": moment(rng),
    }


def order(world, rng, i):
    ordered, updated = moments(rng, 9_000_000)
    return {
        "project_id": world.good("dispatch_project", rng) if rng.chance(94) else None,
        "patient_id": world.good("dispatch_patient", rng),
        "doctor_ref": str(rng.pick(world.doctors)),
        "doctor_email": None,
        "product_id": world.good("dispatch_product", rng) if rng.chance(90) else None,
        "kind": rng.between(1, 4),
        "status": rng.between(1, 5),
        "quantity": rng.between(1, 12),
        "amount": money(rng.below(450_000)),
        "notes": rng.pick(words.NOTES) if rng.chance(15) else None,
        "ordered_at": ordered,
        "updated_at": updated,
    }


def nobodys_uuid(world, rng, _):
    """What an earlier conversion left: an id that was never written down, and the doctor's e-mail."""
    return {"doctor_ref": uuid(rng), "doctor_email": f"user{rng.pick(world.doctors):05d}@example.test"}


def spelled(world, rng, _):
    email = f"user{rng.pick(world.doctors):05d}@example.test"
    return {"doctor_ref": str(world.absent("auth_user", rng)), "doctor_email": rng.pick([email.upper(), f" {email} "])}


def nothing_to_go_by(world, rng, _):
    return {
        "doctor_ref": rng.pick([None, "", "unknown", uuid(rng), str(world.absent("auth_user", rng))]),
        "doctor_email": rng.pick([None, "", f"gone{rng.below(1000)}@example.test"]),
    }


def uuid(rng):
    digits = f"{rng.next():016x}{rng.next():016x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def jaw(world, rng, i):
    tenths = rng.between(280, 460)
    return {
        "project_id": world.good("dispatch_project", rng),
        "arch": 1 + i % 2,
        "width": f"{tenths // 10}.{tenths % 10}",
        "crowding": f"{rng.below(9)}.{rng.below(100):02d}" if rng.chance(80) else None,
        "data": json.dumps({"canine": rng.between(20, 40), "molar": rng.between(30, 60)}),
        "created_at": moment(rng),
    }


def plan(world, rng, i):
    stages = rng.between(4, 40)
    created, approved = moments(rng, 6_000_000)
    return {
        "patient_id": world.patients[i % len(world.patients)],
        "doctor_id": rng.pick(world.doctors) if rng.chance(95) else None,
        "name": rng.pick(PLANS),
        "version": rng.between(1, 4),
        "status": rng.between(1, 4),
        "price": money(rng.between(80_000, 900_000)) if rng.chance(88) else None,
        "body": json.dumps({"stages": stages, "wear_days": rng.pick([7, 10, 14]), "arch": rng.pick(words.ARCHES)}),
        "approved_at": approved if rng.chance(70) else None,
        "created_at": created,
    }


def repeats(world, rng, row):
    other = world.again("dispatch_product", rng)
    return {"sku": f" {other['sku'].lower()}", "name": other["name"]}


TABLES = (
    Table("dispatch_doctor", ("doctors",), 1740, doctor, (
        rejected("user who is not there", 4, "lookup_missing", nobody("user_id", "auth_user")),
        rejected("unknown specialty", 3, "crosswalk", value(specialty=[0, 55])),
        harmless("office that is not there", 6, nobody("office_id", "dispatch_office")),
        harmless("date with slashes", 25, value(since=["24/12/1999", "31/01/2004"])),
        harmless("date that is none", 9, value(since=["n/a", "long ago", "2001-02-30"])),
    )),
    Table("dispatch_product", ("products",), 412, product, (
        skipped("the same SKU in other letters", 7, "duplicate", repeats),
        rejected("no name", 3, "product without a name", value(name=[None, "", "  "])),
        rejected("unknown category", 2, "crosswalk", value(category=[0, 9])),
        harmless("negative stock", 6, value(stock=[-1, -12])),
    )),
    Table("dispatch_order", ("orders",), 23272, order, (
        harmless("doctor's UUID that nobody has, and an e-mail", 17911, nobodys_uuid),
        harmless("doctor who is not there, and an e-mail in another spelling", 2103, spelled),
        harmless("doctor whom nothing leads to", 515, nothing_to_go_by),
        rejected("patient who is not there", 96, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        rejected("patient who was rejected", 22, "lookup_missing", left_behind("patient_id", "dispatch_patient")),
        rejected("no patient", 31, "order without a patient", value(patient_id=[None])),
        rejected("unknown kind", 28, "crosswalk", value(kind=[0, 12])),
        rejected("unknown status", 17, "crosswalk", value(status=[0, 70])),
        rejected("quantity of nothing", 28, "order of nothing", value(quantity=[0, -1])),
    )),
    Table("dispatch_jaw", ("jaws",), 15706, jaw, (
        harmless("width with its unit", 210, value(width=["34.5 mm", "29.9mm"])),
        harmless("width with a comma", 160, value(width=["34,5", "41,25"])),
        harmless("broken JSON", 11, value(data=['{"canine": 3', "none"])),
        rejected("width that is no number", 14, "cast", value(width=["wide", "n/a", "3-4"])),
        rejected("project that is not there", 20, "lookup_missing", nobody("project_id", "dispatch_project")),
        rejected("project without a case", 8, "lookup_missing", left_behind("project_id", "dispatch_project")),
        rejected("unknown arch", 9, "crosswalk", value(arch=[0, 3])),
    )),
    Table("dispatch_plan", ("treatment_plans",), 9633, plan, (
        harmless("a further plan of its patient", 1784, lambda world, rng, _: {"patient_id": rng.pick(world.patients)}),
        rejected("patient who is not there", 19, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        rejected("patient who was rejected", 12, "lookup_missing", left_behind("patient_id", "dispatch_patient")),
        rejected("broken JSON", 8, "cast", value(body=['{"stages": 12', "see letter"])),
        rejected("unknown status", 7, "crosswalk", value(status=[0, 31])),
        harmless("price of nothing", 5, value(price=[Money("0.00")])),
    )),
)  # fmt: skip
