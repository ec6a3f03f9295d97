#!/usr/bin/env python3
"""Writes the example data: `python3 examples/generate.py`, or `--check` to see that nothing differs.

The data is invented, the same at every run, and dirty in ways that are counted as they are made; each
folder's README.md lists them. `expected_counts.json` is worked out here from the finished records, in
plain Python that knows nothing of the interpreter.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent / "generator"))

import brius  # noqa: E402
import hello  # noqa: E402
import mtr_followup  # noqa: E402
import treatment_goals  # noqa: E402


def main():
    root = Path(__file__).resolve().parent
    files = {}
    for example in (mtr_followup, treatment_goals, hello, brius):
        for name, content in example.files().items():
            files[f"{example.__name__}/{name}"] = content.encode("utf-8")

    if sys.argv[1:] == ["--check"]:
        wrong = [name for name, content in files.items() if differs(root / name, content)]
        for name in wrong:
            print(f"differs: examples/{name}")
        return 1 if wrong else 0
    if sys.argv[1:]:
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    print(f"{len(files)} files, {sum(map(len, files.values()))} bytes")
    return 0


def differs(path, content):
    return not path.is_file() or path.read_bytes() != content


if __name__ == "__main__":
    sys.exit(main())
