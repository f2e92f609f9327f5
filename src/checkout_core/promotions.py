"""Promotions as values, judged by a pure function: what one takes off here and now, or why not and how far away it is.

A promotion with a code is asked for by typing it; one without is automatic. They are applied by priority, the higher first and
equals in the order given, each to what the ones before it left. If exclusive ones qualify, the first of them applies alone.
Nothing is taken below zero: a discount is limited to what its lines can give, then split over them with nothing lost (RB-68, OB-2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal, get_args

from attrs import evolve, field, frozen

from checkout_core.customers import canonical_code
from checkout_core.money import Allocation, Money, Ratio, Rounding, allocate, divide
from checkout_core.refusals import Refused

Kind = Literal["percent", "fixed", "free_shipping"]
Basis = Literal["current", "original"]

ABOUT_GOODS: Final = frozenset({"minimum-spend", "not-these-goods", "no-effect", "not-combinable"})
"""The refusals that other goods would change: not worth telling while part of the cart has no price."""


def _by_currency(amounts: Mapping[str, Money] | Iterable[Money]) -> Mapping[str, Money]:
    given = list(amounts.values() if isinstance(amounts, Mapping) else amounts)
    table = {amount.currency: amount for amount in given}
    if len(table) != len(given):
        raise ValueError("A promotion has two amounts in one currency. Keep one.")
    if isinstance(amounts, Mapping) and set(table) != set(amounts):
        raise ValueError("An amount of a promotion is filed under another currency.")
    if any(amount.minor <= 0 for amount in given):
        raise ValueError("An amount of a promotion is more than zero. Leave it out instead.")
    return MappingProxyType(table)


def _skus(skus: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(skus, str):
        raise TypeError(f"Give a list of SKUs, not the text {skus!r}.")
    return None if skus is None else frozenset(skus)


@frozen
class Promotion:
    """One rule of the shop that makes things cheaper. Raises ValueError if it contradicts itself.

    - `kind` `percent`: `percent` per hundred of the goods it covers, rounded once, then allocated to the lines by current amount.
      `fixed`: the amount of the cart's currency off the goods it covers, allocated likewise. `free_shipping`: the carriage is taken off.
    - `skus`: the goods it covers; None is all. With `free_shipping`, one of them must be in the cart.
    - `code`: what the shopper types, canonical; None is automatic.
    - `starts`, `ends`: UTC instants; it runs from `starts` up to, but not at, `ends`.
    - `minimum`: the goods of the whole cart must be worth so much, by currency. `minimum_basis` `current` looks at what the promotions
      before this one left, `original` at the undiscounted goods. Reaching the value is enough.
    - `limit`, `per_person`: how often it can be used, in all and by one person; counted outside, and held while someone pays.
    """

    id: str
    name: str
    kind: Kind
    percent: Ratio | None = field(default=None, kw_only=True)
    amounts: Mapping[str, Money] = field(default=(), converter=_by_currency, hash=False, kw_only=True)
    skus: frozenset[str] | None = field(default=None, converter=_skus, kw_only=True)
    code: str | None = field(default=None, kw_only=True)
    starts: datetime | None = field(default=None, kw_only=True)
    ends: datetime | None = field(default=None, kw_only=True)
    minimum: Mapping[str, Money] = field(default=(), converter=_by_currency, hash=False, kw_only=True)
    minimum_basis: Basis = field(default="current", kw_only=True)
    limit: int | None = field(default=None, kw_only=True)
    per_person: int | None = field(default=None, kw_only=True)
    priority: int = field(default=0, kw_only=True)
    exclusive: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for mistake in _mistakes(self):
            raise ValueError(f"Promotion {self.id!r}: {mistake}")

    @property
    def label(self) -> str:
        """What a refusal calls it: its code, or the id of an automatic one."""
        return self.code or self.id

    def currencies(self) -> frozenset[str] | None:
        """The currencies it is for; None is all."""
        return frozenset(self.amounts or self.minimum) or None


def _mistakes(p: Promotion) -> Iterable[str]:
    if not p.id:
        yield "it has no id. Name it."
    if p.kind not in get_args(Kind):
        yield f"{p.kind!r} is not a kind. Use one of {', '.join(get_args(Kind))}."
    if (p.kind == "percent") != (p.percent is not None):
        yield "a percent goes with the kind percent, and with no other."
    if (p.kind == "fixed") != bool(p.amounts):
        yield "amounts go with the kind fixed, and with no other."
    if p.percent is not None and not 0 < p.percent.numerator <= 100 * p.percent.denominator:
        yield f"the percent is more than 0 and at most 100, not {p.percent}."
    if p.amounts and p.minimum and set(p.amounts) - set(p.minimum):
        yield f"there is an amount but no minimum in {', '.join(sorted(set(p.amounts) - set(p.minimum)))}. Give both."
    if p.minimum_basis not in get_args(Basis):
        yield f"{p.minimum_basis!r} is not a basis. Use one of {', '.join(get_args(Basis))}."
    if p.skus is not None and not p.skus:
        yield "it covers no SKU at all. Leave skus out to cover everything."
    if p.code is not None and canonical_code(p.code) != p.code:
        yield f"the code {p.code!r} is not canonical. Write {canonical_code(p.code)!r}."
    for name, instant in (("starts", p.starts), ("ends", p.ends)):
        if instant is not None and instant.utcoffset() != timedelta(0):
            yield f"{name} is a time in UTC, with its time zone; got {instant.isoformat()}."
    if p.starts is not None and p.ends is not None and p.starts >= p.ends:
        yield "it ends before it starts."
    for name, count in (("limit", p.limit), ("per_person", p.per_person)):
        if count is not None and (type(count) is not int or count < 1):
            yield f"{name} is a whole number of uses, at least 1, not {count!r}."
    if type(p.priority) is not int:
        yield f"the priority is an int, not {p.priority!r}."


@frozen
class Goods:
    """What a promotion may look at, a column a fact: SKU, undiscounted and current amount of each line, and the carriage.

    `shipping` is what the carriage costs now; None is not known yet.
    """

    currency: str
    skus: Sequence[str]
    original: Sequence[int]
    current: Sequence[int]
    shipping: int | None = 0


@frozen
class Applies:
    """What a promotion takes: `shares` of the lines, in proportion to `weights` (their amounts then; 0 is not covered), and of `shipping`.

    `unused` is the part of a fixed amount that the goods could not take.
    """

    weights: tuple[int, ...]
    shares: tuple[int, ...]
    shipping: int = 0
    unused: int = 0


def judge(
    promotion: Promotion,
    goods: Goods,
    now: datetime,
    *,
    used_up: Refused | None = None,
    mode: Rounding = "half_up",
    allocation: Allocation = "largest_remainder",
) -> Applies | Refused:
    """What the promotion takes off these goods now, or the first reason why it does not, with how far away it is.

    Whether it may be combined with others is for `stack`; `used_up` is what the counters said.
    """
    p, currency = promotion, goods.currency
    if p.starts is not None and now < p.starts:
        return Refused("not-yet", p.label, until=p.starts)
    if p.ends is not None and now >= p.ends:
        return Refused("expired", p.label, until=p.ends)
    if (p.amounts and currency not in p.amounts) or (p.minimum and currency not in p.minimum):
        return Refused("other-currency", p.label, ", ".join(sorted(p.currencies() or ())))
    if used_up is not None:
        return used_up
    if p.skus is not None and p.skus.isdisjoint(goods.skus):
        return Refused("not-these-goods", p.label)
    if p.minimum:
        missing = p.minimum[currency].minor - sum(goods.current if p.minimum_basis == "current" else goods.original)
        if missing > 0:
            return Refused("minimum-spend", p.label, missing=Money(missing, currency))
    return _benefit(p, goods, mode, allocation)


def _benefit(p: Promotion, goods: Goods, mode: Rounding, allocation: Allocation) -> Applies | Refused:
    if p.kind == "free_shipping":
        if goods.shipping == 0:
            return Refused("no-effect", p.label)
        none = (0,) * len(goods.current)
        return Applies(none, none, goods.shipping or 0)
    skus = p.skus
    weights = tuple(
        goods.current if skus is None else [now if sku in skus else 0 for sku, now in zip(goods.skus, goods.current, strict=True)]
    )
    amount, unused = discount_of(p.percent, p.amounts[goods.currency].minor if p.amounts else 0, sum(weights), mode)
    if not amount:
        return Refused("no-effect", p.label)
    return Applies(weights, tuple(split(amount, weights, allocation, mode)), 0, unused)


def discount_of(percent: Ratio | None, fixed: int, basis: int, mode: Rounding) -> tuple[int, int]:
    """The discount on goods worth `basis`, never more than they are worth, and what of the fixed amount is unused."""
    if percent is not None:
        return divide(basis * percent.numerator, 100 * percent.denominator, mode), 0
    amount = min(fixed, basis)
    return amount, fixed - amount


def split(amount: int, weights: Sequence[int], allocation: Allocation, mode: Rounding) -> list[int]:
    """A discount split over lines by their amounts: 0 ≤ share ≤ line, and the shares add up to the discount (OB-2)."""
    if allocation == "largest_remainder":
        return allocate(amount, weights)  # a share is at most its exact part rounded up, so never more than the line
    return allocate(amount, weights, allocation, mode=mode, caps=weights)


@frozen
class Stacked:
    """All promotions of a cart together: which applied with what, which did not and why, and what is left to pay."""

    applied: tuple[tuple[Promotion, Applies], ...]
    refused: tuple[tuple[Promotion, Refused], ...]
    current: Sequence[int]
    shipping: int | None


def stack(
    promotions: Iterable[Promotion],
    goods: Goods,
    now: datetime,
    *,
    used_up: Mapping[str, Refused] = MappingProxyType({}),
    mode: Rounding = "half_up",
    allocation: Allocation = "largest_remainder",
) -> Stacked:
    """The promotions applied one after another, each to what the ones before it left; `used_up` is by promotion id."""
    applied: list[tuple[Promotion, Applies]] = []
    refused: list[tuple[Promotion, Refused]] = []
    order = sorted(promotions, key=lambda p: -p.priority)  # stable: equals stay in the order given
    alone = None
    for p in order:
        if p.exclusive and isinstance(judge(p, goods, now, used_up=used_up.get(p.id), mode=mode, allocation=allocation), Applies):
            alone = p
            break
    for p in order if alone is None else [alone, *(p for p in order if p is not alone)]:
        verdict = judge(p, goods, now, used_up=used_up.get(p.id), mode=mode, allocation=allocation)
        if alone is not None and p is not alone and (isinstance(verdict, Applies) or verdict.reason in ABOUT_GOODS):
            verdict = Refused("not-combinable", p.label, alone.label)
        if isinstance(verdict, Refused):
            refused.append((p, verdict))
            continue
        applied.append((p, verdict))
        goods = evolve(
            goods,
            current=[amount - share for amount, share in zip(goods.current, verdict.shares, strict=True)],
            shipping=None if goods.shipping is None else goods.shipping - verdict.shipping,
        )
    return Stacked(tuple(applied), tuple(refused), goods.current, goods.shipping)
