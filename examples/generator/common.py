"""What the examples share: random numbers, ids, words, files."""

import hashlib
import json


class Random:
    """SplitMix64, so that no Python version changes the data."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def below(self, limit):
        return self.next() % limit

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def pick(self, items):
        return items[self.below(len(items))]

    def chance(self, per_cent):
        return self.below(100) < per_cent

    def shuffled(self, items):
        items = list(items)
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]
        return items


class Dirt:
    """Counts each kind of dirt; every kind is declared with how the spec meets it."""

    def __init__(self, kinds):
        self.kinds = kinds
        self.counts = dict.fromkeys(kinds, 0)

    def add(self, kind, count=1):
        self.counts[kind] += count

    def table(self):
        missing = [kind for kind, count in self.counts.items() if count == 0]
        assert not missing, f"no dirt of these kinds: {missing}"
        rows = [f"| {kind} | {self.counts[kind]:,} | {met} |" for kind, met in self.kinds.items()]
        return "\n".join(["| dirt | records | met by |", "|---|---|---|", *rows])


def object_id(kind, number):
    return hashlib.sha256(f"{kind}:{number}".encode()).hexdigest()[:24]


def uuid(kind, number):
    h = hashlib.sha256(f"{kind}:{number}".encode()).hexdigest()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) % 4]}{h[17:20]}-{h[20:32]}"


def json_lines(records):
    return "".join(line(record) + "\n" for record in records)


def line(record):
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def pretty(value):
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def phase(read, **counts):
    """A phase's counts as a report gives them; the law of conservation is asserted."""
    reasons = {k: v for k, v in counts.pop("reasons", {}).items() if v}
    rejected = counts.pop("rejected", 0)
    result = {
        "read": read,
        "inserted": counts.pop("inserted", 0),
        "updated": counts.pop("updated", 0),
        "unchanged": counts.pop("unchanged", 0),
        "skipped": sum(reasons.values()),
        "rejected": rejected,
        "reasons": reasons,
        **counts,
    }
    assert read == sum(result[k] for k in ("inserted", "updated", "unchanged", "skipped", "rejected")), result
    return result


def second(counts):
    """The same phase run once more on unchanged data: what was written is unchanged."""
    again = dict(counts)
    again["unchanged"] += again["inserted"] + again["updated"]
    again["inserted"] = again["updated"] = 0
    return again


def expected(first, **more):
    return pretty({"first_run": first, "second_run": {k: second(v) for k, v in first.items()}, **more})


FIRST_NAMES = [
    "Adaeze", "Babajide", "Chiamaka", "Damilola", "Ebele", "Folasadé", "Gbénga", "Halima", "Ifeanyi", "Jumoké",
    "Kelechi", "Ladi", "Musa", "Ngozi", "Olúṣẹ́gun", "Precious", "Rahma", "Ṣadé", "Tunde", "Uche", "Víctor", "Wuraọla",
    "Yetunde", "Zainab", "José", "Zoë",
]  # fmt: skip
LAST_NAMES = [
    "Example", "Sample", "Testwell", "O'Specimen", "Mock-Data", "Placeholder", "Ẹ̀kọ́", "Fixture", "Notreal", "Dummy",
    "Invented", "Nobody",
]  # fmt: skip


def name(rng):
    return rng.pick(FIRST_NAMES), rng.pick(LAST_NAMES)
