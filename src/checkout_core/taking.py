"""Where what an order needs is taken from: the pools that placing a quote claims, and what a checkout can have of them."""

from __future__ import annotations

from collections.abc import Iterable

from checkout_core.checkout import Checkout, claims_of, demand_of
from checkout_core.holds import CardBalance, Claim, PoolKey, Stock, Unpaid, lock_order
from checkout_core.policy import Policy
from checkout_core.promotions import FreeGift
from checkout_core.quote import Quote
from checkout_core.sourcing import claims_on
from checkout_core.unit import Unit, View
from checkout_core.uses import there_for


def wanted(unit: Unit, c: Checkout, quote: Quote, policy: Policy) -> tuple[Claim, ...]:
    """What placing this quote needs, the goods from the locations that have them now; what it holds already counts as there (RB-16)."""
    demand = sorted(demand_of(quote).items())
    limited = unpaid(c, sum(units for _, units in demand), policy)
    if len(policy.locations) == 1:
        goods = [Claim(Stock(sku, policy.locations[0]), units) for sku, units in demand]
    else:
        others = claims_of(c.cart, quote, c.identities, limited)
        _lock(unit, _concerned(c, others, [sku for sku, _ in demand], policy))
        goods = claims_on(demand, {sku: shelves(unit, c, sku, policy) for sku, _ in demand}, policy.sourcing)
    return claims_of(c.cart, quote, c.identities, [*goods, *limited])


def unpaid(c: Checkout, units: int, policy: Policy) -> list[Claim]:
    """What somebody holds who has not paid, counted against what the shop lets them hold; once it is paid it counts no more (F10)."""
    if policy.unpaid_at_most is None or not units:
        return []
    return [Claim(Unpaid(who), units, limit=policy.unpaid_at_most) for who in c.identities]


def _concerned(c: Checkout, others: Iterable[Claim], skus: Iterable[str], policy: Policy) -> list[PoolKey]:
    """All pools that this unit will take or let go."""
    goods = [Stock(sku, location) for sku in skus for location in policy.locations]
    return [*(claim.pool for claim in others), *(held.pool for held in c.held), *goods]


def _lock(unit: View, keys: Iterable[PoolKey]) -> None:
    """Lock all pools that this unit will take or let go, before it looks at one of them, in the one order (R27)."""
    for key in sorted(set(keys), key=lock_order):
        unit.pool(key)


def shelves(unit: View, c: Checkout, sku: str, policy: Policy) -> list[tuple[str, int]]:
    """The locations in the order of their use, with what of a SKU this checkout can have there."""
    mine = {held.pool: held.amount for held in c.held}
    keys = [Stock(sku, location) for location in policy.places_for(c.destination)]
    pools = {key: unit.pool(key) for key in sorted(keys)}  # in the order of locks (R27)
    return [(key.location, pools[key].available + mine.get(key, 0)) for key in keys]


def gone(unit: View, c: Checkout, quote: Quote, policy: Policy) -> bool:
    """Whether a gift, or money on a gift card, that was quoted is not there any more: another price is due then, not a refusal (RB-71)."""
    demand, gifts = demand_of(quote), {used.benefit.sku for used in quote.promotions if isinstance(used.benefit, FreeGift)}
    gifts, cards = gifts & {*demand}, [card for card in quote.cards if card.used]
    if not gifts and not cards:
        return False
    _lock(unit, _concerned(c, claims_of(c.cart, quote, c.identities, ()), demand, policy))
    if any(sum(there for _, there in shelves(unit, c, sku, policy)) < demand[sku] for sku in gifts):
        return True
    return any(there_for(c, unit.pool(CardBalance(card.id, quote.currency))) < card.used for card in cards)
