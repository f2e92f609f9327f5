"""Which location goods come from, by a stated rule; and the parcels that follow from it.

first    each thing from the first location that has all of it, else from each in turn
fewest   as few parcels as will do; of equally few, from the locations that come first
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, Literal

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.holds import Claim, Stock, spread
from checkout_core.shipping import Parcel

Sourcing = Literal["first", "fewest"]
Shelves = Mapping[str, Sequence[tuple[str, int]]]
"""By SKU, the locations in the order of their use, with what each has."""

FEWEST_OF: Final = 12
"""With `fewest` a shop has so many locations at most: every choice of them is looked at."""


def claims_on(demand: Iterable[tuple[str, int]], shelves: Shelves, how: Sourcing) -> list[Claim]:
    """What to take where. What is nowhere is asked of the first location, which will be short."""
    wanted = list(demand)
    chosen = _fewest(wanted, shelves) if how == "fewest" else None
    found: list[Claim] = []
    for sku, units in wanted:
        there = [shelf for shelf in shelves[sku] if chosen is None or shelf[0] in chosen]
        found += spread(sku, units, there)
    return found


def _fewest(wanted: Sequence[tuple[str, int]], shelves: Shelves) -> tuple[str, ...] | None:
    """The fewest locations that have everything together; None if all of them have not."""
    order = list(dict.fromkeys([location for sku, _ in wanted for location, _ in shelves[sku]]))
    for size in range(1, len(order) + 1):
        for chosen in combinations(order, size):
            if all(sum([max(there, 0) for location, there in shelves[sku] if location in chosen]) >= units for sku, units in wanted):
                return chosen
    return None


def looked_at(lines: Iterable[Line], products: Mapping[str, Product], order: Sequence[str]) -> list[Stock]:
    """The pools that say where these lines would come from; none with one location, which sends everything."""
    counted = sorted(sku for sku in travelling(lines, products) if products[sku].tracked)
    return [Stock(sku, location) for sku in counted for location in order] if len(order) > 1 else []


def parcels_now(
    lines: Iterable[Line],
    products: Mapping[str, Product],
    worth: Mapping[str, int],
    order: Sequence[str],
    how: Sourcing,
    available: Mapping[Stock, int],
) -> tuple[Parcel, ...]:
    """The parcels that these lines would be sent in, one from each location that sends, with goods that are not counted in the first.

    `worth`: minor units of one of a SKU. `order`: the locations in the order of their use. `available`: what `looked_at` names. Without
    goods to send there is one parcel with nothing in it.
    """
    units = travelling(lines, products)
    counted = [(sku, units[sku]) for sku in sorted(units) if products[sku].tracked]
    if len(order) > 1:
        claims = claims_on(counted, {sku: [(place, available[Stock(sku, place)]) for place in order] for sku, _ in counted}, how)
    else:
        claims = [Claim(Stock(sku, order[0]), wanted) for sku, wanted in counted]
    there: dict[str, dict[str, int]] = {place: {} for place in order}
    for claim in claims:
        if isinstance(claim.pool, Stock):
            there[claim.pool.location][claim.pool.sku] = claim.amount
    first = next((place for place, goods in there.items() if goods), order[0])
    there[first].update({sku: wanted for sku, wanted in units.items() if not products[sku].tracked})
    parcels = [_parcel(goods, products, worth, place) for place, goods in there.items() if goods]
    return tuple(parcels) or (Parcel(units=0, origin=order[0]),)


def travelling(lines: Iterable[Line], products: Mapping[str, Product]) -> dict[str, int]:
    """The units of each SKU that have to be sent."""
    units: dict[str, int] = {}
    for line in lines:
        product = products.get(line.sku)
        if product is not None and product.travels:
            units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


def _parcel(goods: Mapping[str, int], products: Mapping[str, Product], worth: Mapping[str, int], origin: str) -> Parcel:
    each = [(products[sku], worth.get(sku, 0), count) for sku, count in goods.items()]
    return Parcel(
        weight=sum([product.weight * count for product, _, count in each]),
        volume=sum([product.volume * count for product, _, count in each]),
        units=sum(goods.values()),
        worth=sum([unit * count for _, unit, count in each]),
        origin=origin,
    )
