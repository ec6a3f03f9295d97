"""Brackets, scans, impressions and measurements."""

import json

from .world import Table, harmless, left_behind, moment, nobody, rejected, value

TEETH = [quadrant * 10 + tooth for quadrant in (1, 2, 3, 4) for tooth in range(1, 9)]
DEVICES = ["ScanOne 2", "Orthoscan", "Lightbox", "iTooth 5D"]
NAMES = ["overjet", "overbite", "intercanine width", "midline", "arch length"]


def bracket(world, rng, i):
    return {
        "project_id": world.good("dispatch_project", rng),
        "tooth": str(rng.pick(TEETH)),
        "torque": f"{rng.between(-20, 20)}.{rng.below(2) * 5}",
        "angulation": f"{rng.between(0, 15)}.{rng.below(2) * 5}",
        "slot": rng.pick(["0.018", "0.022", None]),
        "material": rng.between(1, 3),
        "created_at": moment(rng),
    }


def scan(world, rng, i):
    return {
        "project_id": world.good("dispatch_project", rng),
        "file_id": world.good("dispatch_file", rng),
        "device": rng.pick(DEVICES) if rng.chance(90) else None,
        "arch": rng.between(1, 3),
        "resolution": rng.pick([20, 50, 100]),
        "meta": json.dumps({"operator": rng.between(1, 40), "colour": rng.chance(60)}),
        "scanned_at": moment(rng),
    }


def impression(world, rng, i):
    return {
        "patient_id": world.good("dispatch_patient", rng),
        "project_id": world.good("dispatch_project", rng) if rng.chance(70) else None,
        "tray": rng.pick(["S", "M", "L", "XL"]),
        "material": rng.between(1, 3),
        "quality": rng.between(1, 5) if rng.chance(80) else None,
        "taken": f"{rng.between(13, 28)}/{rng.between(1, 12):02d}/{rng.between(2012, 2023)}",
    }


def measurement(world, rng, i):
    return {
        "project_id": world.good("dispatch_project", rng),
        "name": rng.pick(NAMES),
        "value": f"{rng.below(60)}.{rng.below(100):02d}",
        "unit": rng.pick(["mm", "mm", "mm", "cm", "in"]),
        "user_id": rng.pick(world.users) if rng.chance(85) else None,
        "measured_at": moment(rng),
    }


TABLES = (
    Table("dispatch_bracket", ("brackets",), 3968, bracket, (
        rejected("tooth that nobody has", 13, "tooth that does not exist", value(tooth=["99", "19", "50"])),
        rejected("tooth that is no number", 5, "cast", value(tooth=["UL1", "?"])),
        rejected("project that is not there", 7, "lookup_missing", nobody("project_id", "dispatch_project")),
        harmless("torque with its sign", 90, value(torque=["12.5°", "-7 °"])),
        harmless("no torque", 40, value(torque=[None, "", " "])),
    )),
    Table("dispatch_scan", ("scans",), 8124, scan, (
        rejected("file that is not there", 16, "lookup_missing", nobody("file_id", "dispatch_file")),
        rejected("file that was left out", 12, "lookup_missing", left_behind("file_id", "dispatch_file")),
        rejected("unknown arch", 9, "crosswalk", value(arch=[0, 4])),
        harmless("broken JSON", 14, value(meta=['{"operator": 3', "?"])),
    )),
    Table("dispatch_impression", ("impressions",), 4016, impression, (
        rejected("patient who is not there", 8, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        rejected("day that does not exist", 6, "missing", value(taken=["31/02/2016", "45/13/2014", "spring"])),
        harmless("month before the day", 45, value(taken=["12/31/2018", "06/15/2019"])),
    )),
    Table("dispatch_measurement", ("measurements",), 19502, measurement, (
        rejected("unknown unit", 11, "crosswalk", value(unit=["px", "furlong"])),
        rejected("value that is no number", 15, "cast", value(value=["~4", "n/a", "3-4"])),
        rejected("project without a case", 6, "lookup_missing", left_behind("project_id", "dispatch_project")),
        harmless("value with a comma", 70, value(value=["4,25", "12,5"])),
        harmless("unit in capitals", 35, value(unit=["MM", " mm"])),
    )),
)  # fmt: skip
