"""What limited promotions have left: the pools that count them, and why one has no use left for a checkout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from checkout_core.catalog import Product
from checkout_core.checkout import Checkout
from checkout_core.gifts import of_stock
from checkout_core.holds import Claim, CodeUses, CouponBudget, CouponUses, CouponUsesBy, CouponUsesIn, Pool, PoolKey, Stock
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused


def used_up_for(deal: Promotion, c: Checkout, pools: Mapping[PoolKey, Pool], now: datetime) -> Refused | None:
    """Why this promotion has no use left for this checkout; what it holds itself does not count (RB-16)."""
    for claim, reason in limits_of(deal, c.identities, now):
        if is_spent(claim, pools, own(c, claim.pool)):
            until = deal.window.ends(now) if deal.window is not None and isinstance(claim.pool, CouponUsesIn) else None
            return Refused(reason, deal.code or deal.name, until=until)
    return None


def gifts_gone(
    deals: Iterable[Promotion], c: Checkout, products: Mapping[str, Product], pools: Mapping[PoolKey, Pool]
) -> Mapping[str, Refused]:
    """The promotions whose gift is not there for this checkout, by id; what it holds itself is (RB-16)."""
    there, wanted = dict[str, int](), dict[str, int]()
    for key, pool in pools.items():
        if isinstance(key, Stock):
            there[key.sku] = there.get(key.sku, 0) + there_for(c, pool)
    for line in c.lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return of_stock(deals, products, wanted, there)


def left_of(deal: Promotion, c: Checkout, pools: Mapping[PoolKey, Pool]) -> int | None:
    """What this promotion's budget has left for this checkout, in minor units; None: it has none, or nothing was ever taken from it."""
    pool = pools.get(key := CouponBudget(deal.id, c.currency))
    if c.currency not in deal.budget or pool is None:
        return None
    return deal.budget[c.currency].minor - pool.held - pool.committed + own(c, key)


def there_for(c: Checkout, pool: Pool) -> int:
    """How much of a pool this checkout can have: what is free, and what it holds itself (RB-16)."""
    return pool.available + own(c, pool.key)


def own(c: Checkout, key: PoolKey) -> int:
    """What this checkout holds of a pool itself."""
    return sum(held.amount for held in c.held if held.pool == key)


def spent(deals: Iterable[Promotion], who: Sequence[str], currency: str, now: datetime, pools: Mapping[PoolKey, Pool]) -> list[PoolKey]:
    """Those of their pools that may be too small for somebody: all uses taken, or money that others hold."""
    found = [claim.pool for deal in deals for claim, _ in limits_of(deal, who, now) if is_spent(claim, pools)]
    money = [key for deal in deals if currency in deal.budget and (key := CouponBudget(deal.id, currency)) in pools]
    return [*found, *(key for key in money if pools[key].held)]


def is_spent(claim: Claim, pools: Mapping[PoolKey, Pool], mine: int = 0) -> bool:
    """Whether a coupon's uses are all held or made, but for so many that are one's own."""
    pool = pools.get(claim.pool)
    return pool is not None and claim.limit is not None and pool.held + pool.committed - mine >= claim.limit


def limits_of(deal: Promotion, who: Sequence[str], now: datetime) -> list[tuple[Claim, str]]:
    """The uses a limited promotion claims, each with the reason it gives when it is short."""
    found = [] if deal.limit is None else [(Claim(CouponUses(deal.id), 1, deal.limit), "coupon-used-up")]
    if deal.per_person is not None:
        found += [(Claim(CouponUsesBy(deal.id, one), 1, deal.per_person), "coupon-used-by-you") for one in who]
    if deal.per_code is not None and deal.issued is not None:
        found.append((Claim(CodeUses(deal.id, deal.issued), 1, deal.per_code), "coupon-used-up"))
    if (window := deal.window) is not None:
        reason, whose = ("coupon-used-by-you", who) if window.a_person else ("coupon-used-up", ("",))
        found += [(Claim(CouponUsesIn(deal.id, window.name(now), one), 1, window.uses), reason) for one in whose]
    return found


def pools_of(deals: Iterable[Promotion], who: Sequence[str], currency: str, now: datetime) -> list[PoolKey]:
    """The pools that say what limited promotions have left."""
    uses = [claim.pool for deal in deals for claim, _ in limits_of(deal, who, now)]
    return [*uses, *(CouponBudget(deal.id, currency) for deal in deals if currency in deal.budget)]
