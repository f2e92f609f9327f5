"""Gift cards as a means to pay, and what is due when they are used up and the coins are rounded.

A plain card is a tender on the gross total. A card that was taxed when it was sold has a net balance: it covers a net value, and the tax
on that value with it. Cards are used in the order given, each as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen

from checkout_core.errors import BadSetting
from checkout_core.money import MAX_MINOR, Ratio, cash_round, divide
from checkout_core.pricing_policy import PricingPolicy


@frozen
class GiftCard:
    """A card with its balance in minor units. `limit`: use at most so much of it. `tax_rate`: the fraction it was taxed at when sold."""

    id: str
    balance: int
    limit: int | None = None
    tax_rate: Ratio | None = None

    def __attrs_post_init__(self) -> None:
        place = f"Gift card {self.id!r}"
        for name, amount in (("balance", self.balance), ("limit", self.limit)):
            if amount is not None and (type(amount) is not int or not 0 <= amount <= MAX_MINOR):
                raise BadSetting(place, f"its {name} is a whole number of minor units from 0 to {MAX_MINOR}, not {amount!r}", "Correct it.")
        if self.tax_rate is not None and self.tax_rate.numerator < 0:
            raise BadSetting(place, f"its tax rate is negative: {self.tax_rate}", "Write zero or more.")


@frozen
class UsedCard:
    """A card, and what of it was used: `used` of its balance (net, if the card was taxed) and the `tax` that covers."""

    id: str
    balance: int
    limit: int | None
    tax_rate: Ratio | None
    used: int
    tax: int

    @property
    def remaining(self) -> int:
        """The balance after this purchase."""
        return self.balance - self.used

    @property
    def paid(self) -> int:
        """What it takes off the amount due."""
        return self.used + self.tax

    @property
    def card(self) -> GiftCard:
        """The card as it was before."""
        return GiftCard(self.id, self.balance, self.limit, self.tax_rate)


def use(cards: Iterable[GiftCard], total: int, policy: PricingPolicy) -> tuple[UsedCard, ...]:
    """What is used of each card to pay `total`, in their order."""
    due, used = max(total, 0), list[UsedCard]()
    for card in cards:
        amount = min(card.balance, card.balance if card.limit is None else card.limit, due)
        tax = 0
        if card.tax_rate is not None:
            above, below = card.tax_rate.numerator, card.tax_rate.denominator
            tax = divide(amount * above, below, policy.tax.mode)
            if amount + tax > due:  # more than enough: what is due is the gross
                tax = divide(due * above, above + below, policy.tax.mode)
                amount = due - tax
        used.append(UsedCard(card.id, card.balance, card.limit, card.tax_rate, amount, tax))
        due -= amount + tax
    return tuple(used)


def due_after(total: int, cards: Sequence[UsedCard], policy: PricingPolicy) -> int:
    """What is left to be paid, in coins if the policy says so."""
    left = total - sum([card.paid for card in cards])
    return left if policy.cash is None else cash_round(left, policy.cash.increment, policy.cash.mode)
