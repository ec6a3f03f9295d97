"""Files, attachments, images and documents."""

from .. import words
from .world import Table, harmless, left_behind, moment, nobody, rejected, skipped, value

MIMES = {
    "stl": "model/stl",
    "zip": "application/zip",
    "pdf": "application/pdf",
    "jpg": "image/jpeg",
    "dcm": "application/dicom",
}
DOCUMENTS = ["Consent", "Referral", "Treatment letter", "Insurance form", "Prescription"]


def file(world, rng, i):
    ending = rng.pick(words.ENDINGS)
    name = f"{rng.pick(words.FILES)}-{i:06d}.{ending}"
    return {
        "owner_id": rng.pick(world.users) if rng.chance(92) else None,
        "name": name,
        "path": f"/srv/media/{rng.below(256):02x}/{name}",
        "mime": MIMES[ending] if rng.chance(90) else None,
        "size": rng.below(2 ** rng.between(10, 31)),
        "sha1": f"{rng.next():016x}{rng.next():016x}{rng.below(2**32):08x}",
        "deleted": False,
        "created_at": moment(rng),
    }


OBJECTS = {"project": "dispatch_project", "order": "dispatch_order", "message": "dispatch_message"}


def attachment(world, rng, i):
    kind = rng.pick(list(OBJECTS))
    return {
        "file_id": world.good("dispatch_file", rng),
        "object_type": kind,
        "object_id": world.good(OBJECTS[kind], rng),
        "caption": rng.pick(words.NOTES) if rng.chance(40) else None,
        "created_at": moment(rng),
    }


def of_nothing(world, rng, row):
    return {"object_id": world.absent(OBJECTS[row["object_type"]], rng)}


def image(world, rng, i):
    year, month, date = rng.between(2012, 2023), rng.between(1, 12), rng.between(1, 28)
    return {
        "file_id": world.good("dispatch_file", rng),
        "patient_id": world.good("dispatch_patient", rng),
        "view": rng.between(1, 5),
        "width": rng.pick([1024, 2048, 4032]),
        "height": rng.pick([768, 1536, 3024]),
        "taken": f"{year}:{month:02d}:{date:02d} {rng.below(24):02d}:{rng.below(60):02d}:{rng.below(60):02d}",
        "created_at": moment(rng),
    }


def document(world, rng, i):
    return {
        "file_id": world.good("dispatch_file", rng),
        "patient_id": world.good("dispatch_patient", rng),
        "kind": rng.between(1, 4),
        "title": f"{rng.pick(DOCUMENTS)} {i}",
        "signed": rng.pick(["Y", "N", None]),
        "language": rng.pick(["en", "es", "de", None]),
        "created_at": moment(rng),
    }


def on_windows(_, rng, row):
    return {"path": f"D:\\media\\{rng.below(256):02x}\\{row['name']}"}


TABLES = (
    Table("dispatch_file", ("files",), 31211, file, (
        skipped("deleted", 620, "deleted file", value(deleted=[True])),
        rejected("no path", 18, "file without a path", value(path=[None, "", " "])),
        rejected("negative size", 24, "negative file size", value(size=[-1, -4096])),
        harmless("path of another system", 300, on_windows),
        harmless("file of more than 2 GiB", 15, lambda _, rng, __: {"size": 2**31 + rng.below(2**40)}),
        harmless("owner who is not there", 44, nobody("owner_id", "auth_user")),
    )),
    Table("dispatch_attachment", ("attachments",), 12090, attachment, (
        rejected("file that is not there", 31, "lookup_missing", nobody("file_id", "dispatch_file")),
        rejected("object that is not there", 26, "attachment to nothing", of_nothing),
        rejected("unknown kind of object", 9, "attachment to nothing", value(object_type=["invoice", None])),
    )),
    Table("dispatch_image", ("images",), 14845, image, (
        rejected("file that was left out", 40, "lookup_missing", left_behind("file_id", "dispatch_file")),
        rejected("patient who is not there", 33, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        rejected("unknown view", 6, "crosswalk", value(view=[0, 9])),
        harmless("camera whose clock was not set", 150, value(taken=["0000:00:00 00:00:00", None, ""])),
    )),
    Table("dispatch_document", ("documents",), 9377, document, (
        rejected("file that was left out", 20, "lookup_missing", left_behind("file_id", "dispatch_file")),
        rejected("patient who is not there", 17, "lookup_missing", nobody("patient_id", "dispatch_patient")),
        harmless("no title", 61, value(title=[None, "", " "])),
    )),
)  # fmt: skip
