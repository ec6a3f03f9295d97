"""The legacy database of `specs/brius`, and the one that it goes to.

A profile makes tables of records and the list of what is wrong with them; `output` writes them. The profile
`plan` has the counts of the migration plan, `inventory` those of the inventory of scripts. Nothing here depends on
anything but profile and scale.
"""

from . import inventory, output, plan
from .readme import readme

PROFILES = {"plan": plan, "inventory": inventory}

# Small enough to be kept beside the spec.
SAMPLE_SCALE = 0.01


def files():
    """The sample that comes with the repository, by path."""
    data = plan.make(SAMPLE_SCALE)
    sample = {f"sample/{name}": "".join(pieces) for name, pieces in output.fixtures(data)}
    return {**sample, "README.md": readme(PROFILES)}
