"""Bills, payments, offers, discounts and the financial records, whose sum is known to the cent."""

from ..data import money
from .world import Table, day, harmless, left_behind, moment, nobody, rejected, skipped, value

# All financial records together, in cents.
BOOKED = 36_600_219

NAMES = ["Spring special", "New practice", "Second arch", "Volume", "Loyalty", "Returning patient"]
CODES = ["SPRING", "NEW", "ARCH2", "VOLUME", "LOYAL"]
MEMOS = ["Case fee", "Shipping", "Refinement", "Correction", "Lab fee"]


def bill(world, rng, i):
    total = rng.between(1_000, 900_000)
    issued = rng.between(0, 4400)
    return {
        "number": f"B-{i:06d}",
        "office_id": world.good("dispatch_office", rng),
        "patient_id": world.good("dispatch_patient", rng) if rng.chance(85) else None,
        "status": rng.between(2, 5),
        "total": money(total),
        "tax": money(total * 7 // 107),
        "currency": "USD" if rng.chance(90) else None,
        "issued_on": day(rng, issued, issued),
        "due_on": day(rng, issued + 30, issued + 30),
        "created_at": moment(rng),
    }


def payment(world, rng, i):
    amount = rng.between(500, 400_000)
    return {
        "bill_id": world.good("dispatch_bill", rng) if rng.chance(92) else None,
        "office_id": world.good("dispatch_office", rng),
        "payer_id": rng.pick(world.users) if rng.chance(80) else None,
        "method": rng.between(1, 4),
        "amount": money(amount),
        "refunded": money(rng.below(amount) if rng.chance(4) else 0),
        "currency": "USD" if rng.chance(90) else None,
        "reference": f"TX{rng.next():016x}" if rng.chance(75) else None,
        "voided": False,
        "paid_at": moment(rng),
    }


def offer(world, rng, i):
    start = rng.between(0, 4300)
    return {
        "office_id": world.good("dispatch_office", rng),
        "product_id": world.good("dispatch_product", rng),
        "code": f"{rng.pick(CODES)}-{i}",
        "kind": rng.between(1, 3),
        "price": money(rng.between(1_000, 200_000)),
        "valid_from": day(rng, start, start),
        "valid_to": day(rng, start + 1, start + 400) if rng.chance(70) else None,
        "created_at": moment(rng),
    }


def backwards(world, rng, row):
    return {"valid_from": "2018-06-01", "valid_to": rng.pick(["2018-05-31", "2017-12-24"])}


def discount(world, rng, i):
    return {
        "offer_id": world.good("dispatch_offer", rng) if rng.chance(50) else None,
        "office_id": world.good("dispatch_office", rng) if rng.chance(90) else None,
        "name": rng.pick(NAMES),
        "percent": f"{rng.between(1, 60)}.{rng.below(4) * 25:02d}",
        "active": "Y" if rng.chance(60) else "N",
        "created_at": moment(rng),
    }


class Financial:
    """Records that add up: the last one is what is missing from the sum."""

    def __call__(self, world, rng, i):
        total, last = round(BOOKED * world.scale), world.total("dispatch_financial")
        if i == 1:
            self.sum = 0
        cents = rng.between(-48_000, 51_428)
        memo = rng.pick(MEMOS)
        if i == last:
            cents, memo = total - self.sum, "Balance brought forward"
        self.sum += cents
        return {
            "office_id": world.good("dispatch_office", rng),
            "payment_id": world.good("dispatch_payment", rng) if rng.chance(60) else None,
            "account": rng.between(1, 5),
            "amount": money(cents),
            "currency": "USD" if rng.chance(90) else None,
            "memo": memo if rng.chance(70) else None,
            "booked_on": day(rng),
        }


TABLES = (
    Table("dispatch_bill", ("invoices",), 16203, bill, (
        skipped("draft that was never issued", 130, "draft that was never issued", value(status=[1])),
        harmless("office that is not there", 18, nobody("office_id", "dispatch_office")),
        harmless("patient who is not there", 22, nobody("patient_id", "dispatch_patient")),
        harmless("patient who was rejected", 6, left_behind("patient_id", "dispatch_patient")),
    )),
    Table("dispatch_payment", ("payments",), 18446, payment, (
        skipped("voided", 211, "voided payment", value(voided=[True])),
        harmless("bill that is not there", 64, nobody("bill_id", "dispatch_bill")),
        harmless("payment of a draft", 20, left_behind("bill_id", "dispatch_bill")),
        harmless("unknown method", 12, value(method=[0, 77, None])),
        harmless("payer who was rejected", 15, left_behind("payer_id", "auth_user")),
    )),
    Table("dispatch_offer", ("offers",), 788, offer, (
        rejected("office that is not there", 201, "lookup_missing", nobody("office_id", "dispatch_office")),
        rejected("product that is not there", 96, "lookup_missing", nobody("product_id", "dispatch_product")),
        rejected("no price", 58, "offer without a price", value(price=[None])),
        rejected("unknown kind", 21, "crosswalk", value(kind=[0, 8])),
        rejected("day that does not exist", 12, "cast", value(valid_from=["2017-02-30", "2019-13-01", "soon"])),
        rejected("ends before it begins", 7, "offer that ends before it begins", backwards),
    )),
    Table("dispatch_discount", ("discounts",), 151, discount, (
        rejected("offer that was rejected", 6, "lookup_missing", left_behind("offer_id", "dispatch_offer")),
        rejected("offer that is not there", 3, "lookup_missing", nobody("offer_id", "dispatch_offer")),
        rejected("more than all of it", 4, "percentage out of range", value(percent=["120", "100.01"])),
        rejected("percentage that is no number", 3, "cast", value(percent=["half", "10/15"])),
        harmless("percentage with its sign", 20, value(percent=["15 %", "12,5 %", "7.5%"])),
    )),
    Table("dispatch_financial", ("financial_records",), 21350, Financial(), (
        harmless("office that is not there", 25, nobody("office_id", "dispatch_office")),
        harmless("payment that was voided", 40, left_behind("payment_id", "dispatch_payment")),
        harmless("payment that is not there", 33, nobody("payment_id", "dispatch_payment")),
    )),
)  # fmt: skip
