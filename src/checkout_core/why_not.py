"""Why a promotion does not apply to a cart, or does; and which automatic ones are near. For shoppers, shop windows and support, as data.

Both look at a cart as pricing does, and cost what its promotions cost; neither needs an address, a way to send or a price for everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final, Literal

from attrs import evolve, frozen

from checkout_core.money import Money
from checkout_core.pricing import Basket, Facts, laid_out, stacked_for, visit_of
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import FreeGift, Given, Promotion
from checkout_core.promotions.benefits import Naming
from checkout_core.promotions.conditions import context_of
from checkout_core.promotions.rules import entries_of, obstacles, unmet
from checkout_core.refusals import Refused

_POLICY: Final = PricingPolicy()


@frozen
class NearMiss:
    """An automatic promotion that would apply if more was bought, or later: `why` has what is missing, or until when."""

    promotion: Promotion
    why: Refused


def near_misses(basket: Basket, facts: Facts, now: datetime, policy: PricingPolicy = _POLICY) -> tuple[NearMiss, ...]:
    """The automatic promotions that more goods or some time would bring: the least missing amount first, then units, then instants."""
    sheet = laid_out(basket, facts, [], now, policy).sheet
    automatic = [promotion for promotion in facts.promotions if promotion.automatic or promotion.code in basket.codes]
    stacked = stacked_for(basket, facts, sheet, now, policy, automatic)
    found = [NearMiss(promotion, why) for promotion, why in stacked.refused if promotion.automatic and _far(why) is not None]
    return tuple(sorted(found, key=lambda near: _far(near.why) or ()))


def _far(why: Refused) -> tuple[int, float] | None:
    """How far away it is, to be compared; None if no goods and no time bring it."""
    if why.missing is not None:
        return (0, why.missing.minor)
    if why.missing_units is not None:
        return (1, why.missing_units)
    if why.until is not None and why.reason in ("not-yet", "not-these-hours"):
        return (2, why.until.timestamp())
    return None


_DECIDED: Final[Mapping[str, Requirement]] = {
    "not-combinable": "combination",
    "budget-spent": "uses",
    "broken-rule": "rule",
    "too-many-entries": "rule",
}
Requirement = Literal["time", "currency", "uses", "goods", "full price", "minimum", "condition", "rule", "combination"]


@frozen
class Check:
    """One thing that a promotion asks for; `refused` says why it does not hold, and how far away it is; None: it holds.

    `about` is the condition's place in `Promotion.when`, for a condition.
    """

    what: Requirement
    refused: Refused | None = None
    about: int | None = None


@frozen
class Why:
    """What a promotion does for a cart.

    `takes` is what it takes off; None: it does not apply. `checks` is all that it asks for. `displaced` are other promotions that
    apply without it, and with it do not. `cart` is what keeps the cart from being bought at all, apart from this promotion.
    """

    promotion: Promotion
    takes: Money | None
    checks: tuple[Check, ...]
    displaced: tuple[Promotion, ...] = ()
    cart: tuple[Refused, ...] = ()


def why(promotion: Promotion, basket: Basket, facts: Facts, now: datetime, policy: PricingPolicy = _POLICY) -> Why:
    """What this promotion does for the cart if its code, should it have one, is typed besides those of the basket."""
    codes = tuple(dict.fromkeys((*basket.codes, *([promotion.code] if promotion.code else []))))
    asked = evolve(basket, codes=codes)
    deals = facts.promotions if any(deal.id == promotion.id for deal in facts.promotions) else (*facts.promotions, promotion)
    wrong: list[Refused] = []
    sheet = laid_out(asked, facts, wrong, now, policy).sheet
    barred = unmet(promotion, context_of(sheet, now, visit_of(asked, facts)))
    hindering = dict(obstacles(promotion, sheet, entries_of(promotion, sheet), now, facts.used_up.get(promotion.id), barred))
    stacked = stacked_for(asked, facts, sheet, now, policy, deals)
    takes = next((_worth(deal, given, facts, basket.currency) for deal, given in stacked.applied if deal.id == promotion.id), None)
    refused = next((refused for deal, refused in stacked.refused if deal.id == promotion.id), None)
    if refused is not None and refused.reason == "minimum-spend":
        hindering["minimum"] = refused  # after what others have taken, if it is to be reached then
    checks = [_checked(what, places, hindering, about) for what, places, about in _requirements(promotion)]
    if refused is not None and refused not in hindering.values():  # what only the others, or its own worth, decide
        checks.append(Check(_DECIDED.get(refused.reason, "goods"), refused))
    elif promotion.exclusive or promotion.group is not None or takes is not None:
        checks.append(Check("combination"))
    displaced: tuple[Promotion, ...] = ()
    if takes is not None:
        untouched = laid_out(asked, facts, [], now, policy).sheet
        others = [deal for deal in deals if deal.id != promotion.id]
        without = stacked_for(asked, facts, untouched, now, policy, others)
        kept = {deal.id for deal, _ in stacked.applied}
        displaced = tuple([deal for deal, _ in without.applied if deal.id not in kept])
    return Why(promotion, takes, tuple(checks), displaced, tuple(dict.fromkeys(wrong)))


def _requirements(p: Promotion) -> Iterator[tuple[Requirement, tuple[str, ...], int | None]]:
    """All that it asks for, and the places where that would fail."""
    if p.starts is not None or p.ends is not None:
        yield "time", ("starts", "ends"), None
    if p.currencies is not None:
        yield "currency", ("currencies",), None
    if p.limited:
        yield "uses", ("uses",), None
    for n, _ in enumerate(p.when):
        yield "condition", (f"when[{n}]",), n
    if not (p.goods is None and p.but_not is None and p.methods is None) or isinstance(p.benefit, Naming):
        yield "goods", ("goods",), None
    if p.full_price:
        yield "full price", ("full_price",), None
    if p.minimum:
        yield "minimum", ("minimum",), None


def _worth(deal: Promotion, given: Given, facts: Facts, currency: str) -> Money:
    """What it takes off; of a gift, what that costs in the catalogue."""
    if isinstance(gift := deal.benefit, FreeGift):
        return gift.quantity * facts.products[gift.sku].prices[currency]
    return Money(sum(given.shares), currency)


def _checked(what: Requirement, places: tuple[str, ...], hindering: Mapping[str, Refused], about: int | None) -> Check:
    return Check(what, next((hindering[place] for place in places if place in hindering), None), about)
