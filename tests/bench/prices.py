"""The speed of prices: the quote with its hash, the receipt, and the receipt with all its rows, beside a bare floor, in one run.

    python -m tests.bench.prices [--seconds S] [--markdown | --json]

A cell is a cart of so many lines, one carriage, promotions and tax rates. The floor is the same sums on bare lists of ints: no object, no
name, no reason, no hash. The promotions are percents of the order, which the floor can do, or `mixed`: every benefit in turn; `full` adds
everything else that promotions and taxes know.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from statistics import median
from typing import Final

from attrs import asdict, evolve, frozen

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination, Exemption, Shopper
from checkout_core.money import Money, Ratio
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.promotions import (
    AmountOff,
    Benefit,
    BuyGet,
    EntryOff,
    EveryNth,
    Percent,
    Promotion,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.promotions.conditions import Channel, Condition, FirstOrder, Hours, InGroup, InVariant, PaidBy, Quantity, ShipTo
from checkout_core.receipt import receipt_of
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate, TaxRow, TaxTable

NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
LINES: Final = (3, 10, 50, 200)
PROMOTIONS: Final = (0, 1, 20, 50)
RATES: Final = (1, 5)
CARRIAGE: Final = 490
FEWEST: Final = 15
Kind = str


@frozen
class Cell:
    """A size of cart."""

    lines: int
    promotions: int
    rates: int
    mixed: bool = False
    full: bool = False


@frozen
class Figure:
    """How long it took, in microseconds: the median and the best of so many runs."""

    cell: Cell
    runs: int
    quote: tuple[float, float]
    receipt: tuple[float, float]
    rows: tuple[float, float]
    floor: tuple[float, float]


def cells() -> Iterator[Cell]:
    """Every cell, the smallest first."""
    for lines in LINES:
        for promotions in PROMOTIONS:
            for mixed in (False, True) if promotions else (False,):
                for rates in RATES:
                    yield Cell(lines, promotions, rates, mixed)
        yield Cell(lines, 20, 5, mixed=True, full=True)


def cart(cell: Cell) -> tuple[Basket, Facts]:
    """The basket and the facts of a cell. All taxes are included ones, as in a shop for consumers."""
    skus = [f"S{i}" for i in range(cell.lines)]
    products = {sku: Product(sku, f"Thing {i}", [_eur(unit(i))], f"tax{i % cell.rates}") for i, sku in enumerate(skus)}
    taxes = {f"tax{i}": (TaxRate(f"VAT{i}", Ratio(19 - i, 100), included=True),) for i in range(cell.rates)}
    promotions = [mixed(i) if cell.mixed else Promotion(f"p{i}", f"Rule {i}", Percent(percent(i))) for i in range(cell.promotions)]
    post = ShippingOption("post", "By post", _eur(CARRIAGE), "tax0")
    basket = Basket("EUR", tuple([Line(sku, quantity(i)) for i, sku in enumerate(skus)]), Destination("DE"), ("post",))
    facts = Facts(products, tuple(promotions), taxes, (post,))
    return everything(basket, facts) if cell.full else (basket, facts)


def everything(basket: Basket, facts: Facts) -> tuple[Basket, Facts]:
    """The same cart with all of it on: each promotion asks every condition, has a budget, a lane and, every other one, a group with rivals.

    The rates come out of a table with days, and the shopper is exempt from one of them.
    """
    promotions = tuple(
        [
            evolve(one, when=CONDITIONS, budget=[_eur(BUDGET)], lane=f"lane{i % 3}", group=f"group{i // 12}" if i % 2 else None)
            for i, one in enumerate(facts.promotions)
        ]
    )
    rows = [TaxRow("DE", None, category, rates or (), "", date(2025, 1, 1), date(2027, 1, 1)) for category, rates in facts.taxes.items()]
    table = TaxTable([*rows, *[evolve(row, since=date(2027, 1, 2), until=None) for row in rows]])
    taxes = {category: table.rates("DE", None, category, NOW) for category in facts.taxes}
    shopper = Shopper(groups=["trade"], orders=0, exemptions=[Exemption("CERT-1", "DE", None, ["tax1"])])
    budgets = {one.id: BUDGET for one in promotions}
    full = evolve(facts, promotions=promotions, taxes=taxes, shopper=shopper, budgets=budgets, seller="DE")
    return evolve(basket, channel="web", pay_by="card", experiments={"offer": "tenth"}), full


BUDGET: Final = 1_000_000
CONDITIONS: Final[tuple[Condition, ...]] = (
    Quantity(1),
    InGroup(["trade"]),
    FirstOrder(),
    Channel(["web"]),
    ShipTo(["DE"]),
    PaidBy(["card"]),
    Hours(["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "00:00", "24:00", "Europe/Berlin"),
    InVariant("offer", ["tenth"]),
)


def unit(i: int) -> int:
    return 995 + 37 * i


def quantity(i: int) -> int:
    return 1 + i % 3


def percent(i: int) -> Ratio:
    return Ratio(200 + i, 100)


def mixed(i: int) -> Promotion:
    """The benefits in turn, on all goods or a few, none so large that nothing is left for the next."""
    benefit, skus = MIXED[i % len(MIXED)]
    return Promotion(f"p{i}", f"Rule {i}", benefit, skus=skus)


def _eur(minor: int) -> Money:
    return Money(minor, "EUR")


MIXED: Final[tuple[tuple[Benefit, frozenset[str] | None], ...]] = (
    (Percent(Ratio(3), "lines"), None),
    (TieredPercent([Tier([_eur(0)], Ratio(1)), Tier([_eur(10_000)], Ratio(2))]), None),
    (AmountOff([_eur(120)]), None),
    (SetTotal([_eur(1900)]), frozenset({"S0", "S1"})),
    (UnitOff([_eur(2)]), None),
    (EntryOff([_eur(3)]), None),
    (SetPrice([_eur(990)]), frozenset({"S2"})),
    (BuyGet(1, 1, Ratio(50)), None),
    (EveryNth(3, percent=Ratio(10)), None),
)


def bare(units: Sequence[int], quantities: Sequence[int], percents: Sequence[int], rates: Sequence[int]) -> int:
    """The total of a cell with percents of the order: the same sums, on lists of ints alone. The last entry is carriage."""
    current = [each * count for each, count in zip(units, quantities, strict=True)]
    goods = len(units) - 1
    subtotal = sum(current)
    for in_ten_thousand in percents:
        worth = current[:goods]
        total = sum(worth)
        off = (2 * total * in_ten_thousand + 10_000) // 20_000
        exact = [off * amount for amount in worth]
        shares = [product // total for product in exact]
        if spare := off - sum(shares):
            rests = [-(product % total) for product in exact]
            for i in sorted(range(goods), key=rests.__getitem__)[:spare]:
                shares[i] += 1
        for i, share in enumerate(shares):
            current[i] -= share
    taxes = [(2 * amount * rate + 100 + rate) // (200 + 2 * rate) for amount, rate in zip(current, rates, strict=True)]
    net = [amount - tax for amount, tax in zip(current, taxes, strict=True)]
    discount = subtotal - sum(current)
    assert sum(net) + sum(taxes) == subtotal - discount
    return subtotal - discount


def columns(cell: Cell) -> tuple[list[int], list[int], list[int], list[int]]:
    """What the floor is given for a cell."""
    lines = range(cell.lines)
    rates = [19 - i % cell.rates for i in lines]
    percents = [percent(i).of(100) for i in range(cell.promotions)]
    return [*map(unit, lines), CARRIAGE], [*map(quantity, lines), 1], percents, [*rates, 19]


def measured(cell: Cell, seconds: float) -> Figure:
    """One cell, run again and again for so many seconds, its four ways in turn, so that what slows the machine slows all of them."""
    basket, facts = cart(cell)
    given = columns(cell)
    laps: list[tuple[float, float, float, float]] = []
    clock = time.process_time
    gc.collect()
    end = clock() + seconds
    while len(laps) < FEWEST or clock() < end:
        began = clock()
        quote = price(basket, facts, NOW)
        quoted = clock()
        assert isinstance(quote, Quote)
        receipt = receipt_of(quote)
        noted = clock()
        assert receipt.rows
        del receipt  # what was made is freed on the clock of its own way
        told = clock()
        bare(*given)
        laps.append((quoted - began, noted - began, told - began, clock() - told))
    ways = [(median(way) * 1e6, min(way) * 1e6) for way in zip(*laps, strict=True)]
    return Figure(cell, len(laps), *ways)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.prices")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long to run each cell")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--markdown", action="store_true")
    shape.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    measured(Cell(10, 1, 1), asked.seconds)  # warm
    found = [measured(cell, asked.seconds) for cell in cells()]
    if asked.json:
        print(json.dumps({"figures": [asdict(figure) for figure in found]}))
    else:
        print("\n".join(table(found, markdown=asked.markdown)))


def table(figures: Sequence[Figure], *, markdown: bool) -> Iterator[str]:
    """A line for every cell: microseconds, median and best, how many times the smallest cell, and how many times the floor."""
    heads = ("lines", "promotions", "rates", "quote", "receipt", "with rows", "× smallest", "floor", "× floor")
    least = figures[0].rows[0]
    rows: list[tuple[str, ...]] = [heads, ("---:",) * len(heads)] if markdown else [heads]
    for figure in figures:
        cell, floor = figure.cell, figure.floor[0]
        kind = " full" if cell.full else " mixed" if cell.mixed else ""
        times = [f"{middle:.0f} ({best:.0f})" for middle, best in (figure.quote, figure.receipt, figure.rows)]
        ratios = (f"{figure.rows[0] / least:.1f}", f"{floor:.0f}", f"{figure.rows[0] / floor:.1f}")
        rows.append((str(cell.lines), f"{cell.promotions}{kind}", str(cell.rates), *times, *ratios))
    for row in rows:
        yield f"| {' | '.join(row)} |" if markdown else "".join(f"{text:>15}" for text in row)


if __name__ == "__main__":
    main()
