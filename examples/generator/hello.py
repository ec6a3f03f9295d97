"""The counts of the hello example; its few rows are written by hand."""

from common import expected, phase


def files():
    first = {"customers": phase(4, inserted=4), "orders": phase(6, inserted=6)}
    return {"expected_counts.json": expected(first, totals={"customers": 4, "orders": 6})}
