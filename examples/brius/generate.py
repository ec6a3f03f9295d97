#!/usr/bin/env python3
"""Writes a legacy database and the database that it goes to, at any scale.

    python3 examples/brius/generate.py --out target/brius                        fixture folders, whole
    python3 examples/brius/generate.py --out target/brius --scale 0.05          a twentieth
    python3 examples/brius/generate.py --out target/brius --format psql         legacy.sql and mdw.sql
    python3 examples/brius/generate.py --out target/brius --profile inventory   1.2 million records

`planted.jsonl` lists every record with something wrong, and which fate it must have; `expected.env` holds the
variables for `mapper --env-file`. The data is invented and the same at every run.
"""

import argparse
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generator"))

import brius  # noqa: E402
from brius import output  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="the folder to write to")
    parser.add_argument("--profile", choices=brius.PROFILES, default="plan", help="which state of the database")
    parser.add_argument(
        "--scale", type=float, default=os.environ.get("MAPPER_SCALE", "1"), help="how large (MAPPER_SCALE, or 1)"
    )
    parser.add_argument("--format", choices=("fixtures", "psql"), default="fixtures", help="what is written")
    arguments = parser.parse_args()
    if not 0 < arguments.scale <= 10:
        parser.error("--scale is above 0, and at most 10")
    data = brius.PROFILES[arguments.profile].make(arguments.scale)
    output.write(arguments.out, output.psql(data) if arguments.format == "psql" else output.fixtures(data))
    # So that specs find this data, and not the sample.
    out = Path(arguments.out).as_posix()
    with (Path(arguments.out) / "expected.env").open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"BRIUS_DATA={out}\nLEGACY_URL=sqlite:{out}/legacy.db\nMDW_URL=sqlite:{out}/mdw.db\n")
    print(f"{data.records()} records in {arguments.out}, {len(data.planted.lines())} fates planted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
