"""What only shows among promotions: one that another always keeps out, and some whose turn only the order of the file decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Literal

from attrs import frozen

from checkout_core.catalog import Product
from checkout_core.money import Money
from checkout_core.promotions.benefits import AmountOff, Bundle, BuyGet, EntryOff, Ours, Percent, UnitOff
from checkout_core.promotions.rules import Promotion

Clash = Literal["shadowed", "tie", "budget"]


@frozen
class Finding:
    """What is doubtful about these promotions together: the `problem`, and a `cure`. They work all the same, and always alike."""

    kind: Clash
    promotions: tuple[str, ...]
    place: str
    problem: str
    cure: str

    def __str__(self) -> str:
        names = f"Promotion{'s' if len(self.promotions) > 1 else ''} {', '.join(self.promotions)}"
        return f"{names}, {self.place}: {self.problem}. {self.cure}"


def clashes(promotions: Iterable[Promotion], products: Iterable[Product]) -> tuple[Finding, ...]:
    """Every promotion that another one always keeps out, those of one priority that meet on the same goods or carriage, and those
    whose budget is less than they promise.

    The cost grows with the square of the promotions, and with the products.
    """
    order, goods = sorted(promotions, key=lambda p: -p.priority), list(products)
    covered = {p.id: _covered(p, goods) for p in order}
    shadows = [(a, b) for a, b in combinations(order, 2) if _shadows(a, b, covered)]
    shadows += [(b, a) for a, b in combinations(order, 2) if not a.exclusive and (a, b) not in shadows and _shadows(b, a, covered)]
    told = [_shadowed(a, b) for a, b in shadows] + _ties(order, covered, {b.id for _, b in shadows})
    return (*told, *(found for p in order for found in _overdrawn(p)))


def _overdrawn(p: Promotion) -> Iterator[Finding]:
    """Where the uses that its limit allows, or a single one, may take more than its budget."""
    most = p.benefit.amounts if isinstance(p.benefit, AmountOff) else getattr(p.benefit, "cap", {}) if isinstance(p.benefit, Ours) else {}
    for currency, budget in sorted(p.budget.items()):
        uses, each = p.limit or 1, most.get(currency)
        if each is not None and each.minor * uses > budget.minor:
            whole = f"its {uses} uses of {each} come to {Money(each.minor * uses, currency)}" if uses > 1 else f"one use may take {each}"
            problem, cure = f"{whole}, and its budget is {budget}", "Raise the budget, or lower the limit or the amount"
            yield Finding("budget", (p.id,), "budget", problem, f"{cure}: it ends with the money.")


_Covered = frozenset[str]  # SKUs, and "carriage" under a name that no SKU has
_CARRIAGE = "\0carriage"


def _covered(p: Promotion, products: Sequence[Product]) -> _Covered:
    """What it can make cheaper."""
    on = p.on
    if isinstance(p.benefit, BuyGet):
        return frozenset(one.sku for one in products if p.benefit.get is None or one.sku in p.benefit.get)
    if isinstance(p.benefit, Bundle):
        return frozenset(one.sku for one in products if one.sku in p.benefit.skus)
    found = frozenset(one.sku for one in products if p.covers(one.sku, one)) if on != "shipping" else frozenset[str]()
    return found | {_CARRIAGE} if on in ("shipping", "order_and_shipping") else found


def _shadows(a: Promotion, b: Promotion, covered: dict[str, _Covered]) -> bool:
    """Whether `a` applies to every cart that `b` would apply to (but for carts so cheap that nothing comes of it), and keeps it out."""
    if not (a.exclusive or _beats(a, b)) or a.code is not None or a.limited:
        return False
    return (
        isinstance(a.benefit, Percent | AmountOff | UnitOff | EntryOff)  # the others ask for more than goods
        and a.lane == b.lane
        and not a.full_price
        and covered[a.id] >= covered[b.id]
        and bool(covered[b.id])
        and _asks_no_more(a, b)
        and (a.methods is None or a.methods == b.methods)
    )


def _beats(a: Promotion, b: Promotion) -> bool:
    """Of one group, and better on every line: a plain percent of the same things that is at least as high."""
    ours, theirs = a.benefit, b.benefit
    return (
        _rivals(a, b)
        and isinstance(ours, Percent)
        and isinstance(theirs, Percent)
        and ours.on == theirs.on
        and not ours.cap
        and ours.max_units is None
        and ours.percent.numerator * theirs.percent.denominator >= theirs.percent.numerator * ours.percent.denominator
    )


def _asks_no_more(a: Promotion, b: Promotion) -> bool:
    """Whether a cart that meets all that `b` asks for meets what `a` asks for."""
    least = not a.minimum or (
        a.minimum_skus == b.minimum_skus
        and a.minimum_basis == b.minimum_basis
        and a.minimum.keys() >= b.minimum.keys()
        and bool(b.minimum)
        and all(a.minimum[currency].minor <= amount.minor for currency, amount in b.minimum.items())
    )
    times = (a.starts is None or (b.starts is not None and a.starts <= b.starts)) and (
        a.ends is None or (b.ends is not None and a.ends >= b.ends)
    )
    currencies = a.currencies is None or (b.currencies is not None and a.currencies >= b.currencies)
    return least and times and currencies and set(a.when) <= set(b.when)


def _shadowed(a: Promotion, b: Promotion) -> Finding:
    how = (
        f"{a.id} applies to every cart that {b.id} is for, and {'shuts out all others' if a.exclusive else 'is the better of their group'}"
    )
    return Finding("shadowed", (a.id, b.id), "exclusive" if a.exclusive else "group", how, f"Take {b.id} out, or let {a.id} ask for more.")


def _ties(order: Sequence[Promotion], covered: dict[str, _Covered], passed: set[str]) -> list[Finding]:
    """Promotions of one priority that can meet, and whose order changes what they take."""
    found, told = list[Finding](), set[str]()
    for p in order:
        if p.id in told or p.id in passed:
            continue
        tied = [q for q in order if q.priority == p.priority and q.id not in passed and (q is p or _order_matters(p, q, covered))]
        if len(tied) > 1:
            told.update(q.id for q in tied)
            problem = f"they have the priority {p.priority} and can meet on the same {_on(tied, covered)}: their order in the file decides"
            found.append(Finding("tie", tuple(q.id for q in tied), "priority", problem, "Give them different priorities."))
    return found


def _on(tied: Sequence[Promotion], covered: dict[str, _Covered]) -> str:
    return "carriage" if all(covered[p.id] <= {_CARRIAGE} for p in tied) else "goods"


def _order_matters(a: Promotion, b: Promotion, covered: dict[str, _Covered]) -> bool:
    apart = (a.ends is not None and b.starts is not None and a.ends <= b.starts) or (
        b.ends is not None and a.starts is not None and b.ends <= a.starts
    )
    currencies = a.currencies is None or b.currencies is None or bool(a.currencies & b.currencies)
    alone = (a.lane == b.lane and a.exclusive != b.exclusive) or _rivals(a, b)
    alike = all(_plain(p) for p in (a, b)) and not (a.full_price or b.full_price)
    return not apart and currencies and not alone and not (alike and not a.exclusive) and bool(covered[a.id] & covered[b.id])


def _rivals(a: Promotion, b: Promotion) -> bool:
    return a.rivals is not None and a.rivals == b.rivals


def _plain(p: Promotion) -> bool:
    """A percent that comes to the same in any turn: nothing it asks of the goods depends on what others leave."""
    benefit = p.benefit
    steady = not p.minimum or p.minimum_basis == "original" or not p.on_goods
    return isinstance(benefit, Percent) and not benefit.cap and benefit.max_units is None and steady
