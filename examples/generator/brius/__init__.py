"""The legacy database of `specs/brius`, and the partly filled database that it goes to.

A profile makes tables of records and the list of what is wrong with them; `output` writes them. The profile
`plan` has the counts of the migration plan. Nothing here depends on anything but profile and scale.
"""

from . import output, plan

PROFILES = {"plan": plan}

# Small enough to be kept beside the spec.
SAMPLE_SCALE = 0.01


def files():
    """The sample that comes with the repository, by path."""
    data = plan.make(SAMPLE_SCALE)
    sample = {f"sample/{name}": content for name, content in output.fixtures(data).items()}
    return {**sample, "README.md": output.readme(plan)}
