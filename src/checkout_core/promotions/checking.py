"""What only shows beside the rest of the shop: a promotion that can never apply, because what it is for is not there, or no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from checkout_core.catalog import Product
from checkout_core.promotions.benefits import BuyGet
from checkout_core.promotions.rules import Promotion
from checkout_core.shipping import ShippingMethod

NAMED_AT_MOST: Final = 5
"""Ids that the words of a finding repeat; `missing` has all of them."""


@frozen
class Never:
    """Why a promotion can never apply: at which `place` of it, the `problem`, and a `cure`.

    `missing` are the ids that the shop does not have, `since` the instant (UTC) from which on it is over.
    """

    promotion: str
    place: str
    problem: str
    cure: str
    missing: tuple[str, ...] = ()
    since: datetime | None = None

    def __str__(self) -> str:
        return f"Promotion {self.promotion!r}, {self.place}: {self.problem}. {self.cure}"


@frozen
class _Need:
    """One thing a cart must have: some of these ids, in one of the currencies that those of the shop are priced in. None: any ids."""

    place: str
    what: str
    ids: frozenset[str] | None
    there: bool
    currencies: frozenset[str]


def never(promotion: Promotion, products: Iterable[Product], methods: Iterable[ShippingMethod], now: datetime) -> tuple[Never, ...]:
    """Why no cart of this shop can ever get it, every reason; empty: some cart can.

    It is over, it needs goods or carriage of which the shop has none, or no currency has a price and an amount for all that it needs.
    """
    p, found = promotion, list[Never]()
    if p.ends is not None and now >= p.ends:
        found.append(Never(p.id, "ends", f"it has ended at {p.ends:%Y-%m-%d %H:%M} UTC", "Take it out, or let it end later.", (), p.ends))
    needs = list(_needs(p, list(products), list(methods)))
    absent = [need for need in needs if not need.there]
    found += [_absent(p, need) for need in absent]
    if not absent and (clash := _clash(p, needs)):
        found.append(Never(p.id, "currencies", clash, "Give prices and amounts in one currency."))
    return tuple(found)


def _needs(p: Promotion, products: Sequence[Product], methods: Sequence[ShippingMethod]) -> Iterator[_Need]:
    def goods(place: str, skus: frozenset[str] | None) -> _Need:
        own = [one for one in products if skus is None or one.sku in skus]
        return _Need(place, "goods", skus, bool(own), frozenset(code for one in own for code in one.prices))

    if p.minimum_skus is not None:
        yield goods("minimum_skus", p.minimum_skus)
    if isinstance(p.benefit, BuyGet):
        yield goods("buy", p.benefit.buy)
        yield goods("get", p.benefit.get)
        return
    on, covered = getattr(p.benefit, "on", "lines"), goods("skus", p.skus)
    if on in ("lines", "order"):
        yield covered
        return
    ways = [one for one in methods if p.methods is None or one.id in p.methods]
    prices = frozenset(code for way in ways for zone in way.zones for band in zone.bands for code in band.prices)
    carriage = _Need("methods", "carriage", p.methods, bool(ways), prices)
    if on == "shipping":
        yield covered
        yield carriage
    elif not (covered.there or carriage.there):
        yield from (need for need in (covered, carriage) if need.ids != frozenset())
    else:
        yield _Need("skus or methods", "goods", None, True, covered.currencies | carriage.currencies)
        yield goods("skus", None)


def _absent(p: Promotion, need: _Need) -> Never:
    if need.ids is None:
        problem = "nothing is for sale" if need.what == "goods" else "nothing is ever sent, so there is no carriage to take it off"
        return Never(p.id, need.place, problem, "Take the promotion out.")
    missing = sorted(need.ids)
    more = f" and {len(missing) - NAMED_AT_MOST} more" if len(missing) > NAMED_AT_MOST else ""
    names = f"{'' if len(missing) == 1 else 'none of '}{', '.join(missing[:NAMED_AT_MOST])}{more}"
    if need.what == "goods":
        return Never(p.id, need.place, f"{names} is {_not(missing)}for sale", "Name goods that are sold here.", tuple(missing))
    return Never(p.id, need.place, f"{names} is {_not(missing)}a way to send", "Name methods of this shop.", tuple(missing))


def _not(missing: Sequence[str]) -> str:
    return "not " if len(missing) == 1 else ""


def _clash(p: Promotion, needs: Sequence[_Need]) -> str | None:
    """Which currency each part is in, if no currency has all of them."""
    parts = {need.place: need.currencies for need in needs}
    if p.currencies is not None:
        parts = {"amounts": p.currencies, **parts}
    if frozenset.intersection(*parts.values()):
        return None
    said = "; ".join(f"{place}: {', '.join(sorted(currencies)) or 'none'}" for place, currencies in parts.items())
    return f"no currency has all that it needs ({said})"
