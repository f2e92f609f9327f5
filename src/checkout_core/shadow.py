"""What another rule set would make of a basket: priced beside the shop's own, at one instant, and nobody is asked or told anything.

found = shadow(basket, facts, promotions, now, policy)
found.difference, found.came, found.went         # Money(-250, "EUR"), ("tenth",), ("welcome",)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Literal

from attrs import evolve, frozen

from checkout_core.difference import Difference, differences
from checkout_core.money import Money
from checkout_core.pricing import Basket, Facts, Quote, laid_out, price, stacked_for
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused

_POLICY: Final = PricingPolicy()


@frozen
class Side:
    """What one rule set makes of a basket: a quote, or everything that is `refused`; and what its promotions take off.

    `taken`: by promotion id, minor units as entered; also where there is no quote, because an address is still to be said, or a code
    does not work.
    """

    quote: Quote | None
    refused: tuple[Refused, ...]
    taken: tuple[tuple[str, int], ...]


@frozen
class Shadow:
    """A basket under two rule sets: `before` are the shop's own, `after` the others."""

    currency: str
    before: Side
    after: Side

    @property
    def totals(self) -> tuple[Money, Money] | None:
        """What is to be paid before and after; None if one of them has no quote."""
        one, other = self.before.quote, self.after.quote
        return None if one is None or other is None else (one.total, other.total)

    @property
    def difference(self) -> Money:
        """What the shopper would pay more, below zero less. Without two totals it is that of the discounts, as prices are entered."""
        if (totals := self.totals) is not None:
            return Money(totals[1].minor - totals[0].minor, self.currency)
        one, other = (sum(amount for _, amount in side.taken) for side in (self.before, self.after))
        return Money(one - other, self.currency)

    @property
    def verdict(self) -> Literal["cheaper", "dearer", "same"]:
        """Which way the difference goes."""
        minor = self.difference.minor
        return "same" if not minor else "cheaper" if minor < 0 else "dearer"

    @property
    def came(self) -> tuple[str, ...]:
        """The promotions that take something off after, and did not before."""
        return _only(self.after, self.before)

    @property
    def went(self) -> tuple[str, ...]:
        """The promotions that took something off before, and do not after."""
        return _only(self.before, self.after)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """What is refused after, and was not before."""
        return tuple([one for one in self.after.refused if one not in self.before.refused])

    @property
    def allowed(self) -> tuple[Refused, ...]:
        """What was refused before, and is not after."""
        return tuple([one for one in self.before.refused if one not in self.after.refused])

    @property
    def changes(self) -> tuple[Difference, ...]:
        """Every figure that is another one, the total first; nothing without two quotes."""
        one, other = self.before.quote, self.after.quote
        return () if one is None or other is None else differences(one, other)

    @property
    def alike(self) -> bool:
        """Whether a shopper would see no difference at all."""
        return not (self.difference.minor or self.came or self.went or self.refused or self.allowed)


def shadow(basket: Basket, facts: Facts, promotions: Iterable[Promotion], now: datetime, policy: PricingPolicy = _POLICY) -> Shadow:
    """The basket with the promotions of its facts, and with these instead. All other facts are the same, also what is `used_up`."""
    other = evolve(facts, promotions=tuple(promotions))
    return Shadow(basket.currency, side_of(basket, facts, now, policy), side_of(basket, other, now, policy))


def side_of(basket: Basket, facts: Facts, now: datetime, policy: PricingPolicy = _POLICY) -> Side:
    """What the promotions of these facts make of the basket."""
    answer = price(basket, facts, now, policy)
    if isinstance(answer, Quote):
        return Side(answer, (), tuple([(used.id, used.amount) for used in answer.promotions if used.amount]))
    stacked = stacked_for(basket, facts, laid_out(basket, facts, [], now, policy).sheet, now, policy)
    taken = [(promotion.id, amount) for promotion, given in stacked.applied if (amount := sum(given.shares))]
    return Side(None, answer, tuple(taken))


def _only(side: Side, other: Side) -> tuple[str, ...]:
    elsewhere = {id for id, _ in other.taken}
    return tuple([id for id, _ in side.taken if id not in elsewhere])
