"""What only shows beside the rest of the shop: a promotion that can never apply, because what it is for is not there, or no more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from attrs import frozen

from checkout_core.catalog import Product
from checkout_core.experiments import Experiment
from checkout_core.promotions.benefits import Bundle, BuyGet, FreeGift
from checkout_core.promotions.conditions import InVariant, Quantity
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
    ids: tuple[str, ...] | None
    there: bool
    currencies: frozenset[str]


def _sorted(ids: Iterable[str] | None) -> tuple[str, ...] | None:
    return None if ids is None else tuple(sorted(ids))


def never(
    promotion: Promotion,
    products: Iterable[Product],
    methods: Iterable[ShippingMethod],
    now: datetime,
    experiments: Iterable[Experiment] | None = None,
) -> tuple[Never, ...]:
    """Why no cart of this shop can ever get it, every reason; empty: some cart can.

    It is over, it needs goods or carriage of which the shop has none, or no currency has a price and an amount for all that it needs; or
    it is for a variant of an experiment that is not there, or over (None: they are not looked at).
    """
    p, found = promotion, list[Never]()
    if p.ends is not None and now >= p.ends:
        found.append(Never(p.id, "ends", f"it has ended at {p.ends:%Y-%m-%d %H:%M} UTC", "Take it out, or let it end later.", (), p.ends))
    found += [] if experiments is None else _untried(p, {one.id: one for one in experiments}, now)
    needs = list(_needs(p, list(products), list(methods)))
    absent = [need for need in needs if not need.there]
    found += [_absent(p, need) for need in absent]
    if not absent and (clash := _clash(p, needs)):
        found.append(Never(p.id, "currencies", clash, "Give prices and amounts in one currency."))
    return tuple(found)


def alike(experiment: Experiment, promotions: Iterable[Promotion]) -> tuple[str, ...]:
    """Variants between which no promotion makes a difference, if one does between others; a single one is what they are compared with."""
    asked = [c.variants for p in promotions for c in p.when if isinstance(c, InVariant) and c.experiment == experiment.id]
    left = [name for name, _ in experiment.variants if not any(name in variants for variants in asked)]
    return tuple(left) if asked and len(left) > 1 else ()


def _untried(p: Promotion, experiments: Mapping[str, Experiment], now: datetime) -> Iterator[Never]:
    """Its conditions for variants that nobody is in, now or later."""
    for n, condition in enumerate(p.when):
        if not isinstance(condition, InVariant):
            continue
        place, experiment = f"when[{n}]", experiments.get(condition.experiment)
        if experiment is None:
            yield Never(p.id, place, f"there is no experiment {condition.experiment}", "Add it, or name another.", (condition.experiment,))
            continue
        missing = tuple(sorted(condition.variants - {name for name, _ in experiment.variants}))
        if len(missing) == len(condition.variants):
            none = f"{missing[0]} is no" if len(missing) == 1 else f"none of {_names(missing)} is a"
            problem = f"{none} variant of the experiment {experiment.id}"
            yield Never(p.id, place, problem, f"Name one of {', '.join([name for name, _ in experiment.variants])}.", missing)
        if experiment.ends is not None and now >= experiment.ends:
            problem = f"its experiment {experiment.id} has ended at {experiment.ends:%Y-%m-%d %H:%M} UTC"
            yield Never(p.id, place, problem, "Take the condition out to keep the promotion for all.", (), experiment.ends)


def _needs(p: Promotion, products: Sequence[Product], methods: Sequence[ShippingMethod]) -> Iterator[_Need]:
    def goods(place: str, ids: tuple[str, ...] | None, own: Sequence[Product]) -> _Need:
        return _Need(place, "goods", ids, bool(own), frozenset(code for one in own for code in one.prices))

    def named(place: str, skus: frozenset[str] | None) -> _Need:
        return goods(place, _sorted(skus), [one for one in products if skus is None or one.sku in skus])

    if p.minimum_skus is not None:
        yield named("minimum_skus", p.minimum_skus)
    for n, condition in enumerate(p.when):
        if isinstance(condition, Quantity) and (of := condition.of) is not None:
            yield goods(f"when[{n}]", of.names, [one for one in products if of.has(one.sku, one)])
    if isinstance(p.benefit, FreeGift):
        yield named("sku", frozenset({p.benefit.sku}))
    if isinstance(p.benefit, BuyGet):
        yield named("buy", p.benefit.buy)
        yield named("get", p.benefit.get)
        return
    if isinstance(p.benefit, Bundle):
        yield from (named(f"parts[{n}]", part.skus) for n, part in enumerate(p.benefit.parts))
        return
    chosen = [one for one in products if p.goods is None or p.goods.has(one.sku, one)]
    left = [one for one in chosen if p.but_not is None or not p.but_not.has(one.sku, one)]
    on, covered = p.on, goods(_place(p), None if p.goods is None else p.goods.names, left)
    if chosen and not left and p.but_not is not None and on != "order_and_shipping":
        yield goods("but_not", p.but_not.names, left)
        return
    if on in ("lines", "order"):
        yield covered
        return
    ways = [one for one in methods if p.methods is None or one.id in p.methods]
    prices = frozenset(code for way in ways for zone in way.zones for band in zone.bands for code in band.prices)
    carriage = _Need("methods", "carriage", _sorted(p.methods), bool(ways), prices)
    if on == "shipping":
        yield covered
        yield carriage
    elif not (covered.there or carriage.there):
        yield from (need for need in (covered, carriage) if need.ids != ())
    else:
        yield _Need(f"{_place(p)} or methods", "goods", None, True, covered.currencies | carriage.currencies)
        yield named("skus", None)


def _place(p: Promotion) -> str:
    """Where it names the goods it covers."""
    if p.skus is not None or p.goods is None:
        return "skus"
    return "categories" if p.categories is not None else "attributes"


def _absent(p: Promotion, need: _Need) -> Never:
    if need.ids is None:
        problem = "nothing is for sale" if need.what == "goods" else "nothing is ever sent, so there is no carriage to take it off"
        return Never(p.id, need.place, problem, "Take the promotion out.")
    missing = need.ids
    names = f"{'' if len(missing) == 1 else 'none of '}{_names(missing)}"
    if need.place == "but_not":
        problem = f"it leaves out everything that the promotion covers ({_names(missing)})"
        return Never(p.id, need.place, problem, "Leave out less.", missing)
    if need.what == "goods":
        return Never(p.id, need.place, f"{names} is {_not(missing)}for sale", "Name goods that are sold here.", missing)
    return Never(p.id, need.place, f"{names} is {_not(missing)}a way to send", "Name methods of this shop.", missing)


def _names(ids: Sequence[str]) -> str:
    """A few of these ids, and how many more."""
    more = f" and {len(ids) - NAMED_AT_MOST} more" if len(ids) > NAMED_AT_MOST else ""
    return f"{', '.join(ids[:NAMED_AT_MOST])}{more}"


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
