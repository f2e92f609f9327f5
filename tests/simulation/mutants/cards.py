"""Bugs about gift cards and free gifts: money that is spent twice, not taken, or not given back; goods that nobody took from a shelf."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from checkout_core import drive, taking
from checkout_core.checkout import Checkout
from checkout_core.effects import Take
from checkout_core.holds import CardBalance, Claim, Pool, Stock
from checkout_core.promotions import FreeGift
from tests.simulation.mutants.bug import Patch, bug, everywhere


@bug("a card is only looked at", "its balance is compared when the cart is priced, and taken from when it is paid", "I10", origin="RB-71")
def a_card_is_only_looked_at(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, CardBalance):
            return real(self, amount)
        return evolve(self, held=self.held + amount, shortfall=max(self.held + self.committed + amount - self.on_hand, 0))

    patch.setattr(Pool, "take", take)
    patch.setattr(taking, "gone", lambda *said: False)


@bug("a card is not taken from", "what a gift card pays comes off the total, and not off the card", "I10", origin="G10")
def a_card_is_not_taken_from(patch: Patch) -> None:
    real = taking.wanted

    def wanted(*said: Any) -> tuple[Claim, ...]:
        return tuple(claim for claim in real(*said) if not isinstance(claim.pool, CardBalance))

    everywhere(patch, real, wanted)


@bug("a cancelled order keeps the card's money", "what was paid by gift card does not go back to it", "I3", "I10", origin="A7")
def a_cancelled_order_keeps_the_money(patch: Patch) -> None:
    real: Any = vars(Checkout)["kept"].fget

    def kept(c: Checkout) -> tuple[Claim, ...]:
        cards = () if c.order is None else tuple(claim for claim in c.held if isinstance(claim.pool, CardBalance))
        return (*real(c), *cards)

    patch.setattr(Checkout, "kept", property(kept))


@bug("late money forgets the card", "money that comes late takes the goods again, and nothing from the gift card", "I10", origin="RB-14")
def late_money_forgets_the_card(patch: Patch) -> None:
    real = drive.perform

    def perform(unit: Any, c: Checkout, effect: Any) -> Any:
        late = isinstance(effect, Take) and c.paying is not None and c.paying.money and c.paying.amount.minor
        if not late or unit.cart(c.cart).ordered is not None:
            return real(unit, c, effect)
        return unit.take(c.id, tuple(claim for claim in effect.claims if not isinstance(claim.pool, CardBalance)))

    everywhere(patch, real, perform)


CARDS = (a_card_is_only_looked_at, a_card_is_not_taken_from, a_cancelled_order_keeps_the_money, late_money_forgets_the_card)


@bug("a gift comes off no shelf", "what a promotion gives away is not taken from stock", "I3", origin="F1")
def a_gift_comes_off_no_shelf(patch: Patch) -> None:
    real = taking.wanted

    def wanted(unit: Any, c: Checkout, quote: Any, policy: Any) -> tuple[Claim, ...]:
        gifts = {used.benefit.sku for used in quote.promotions if isinstance(used.benefit, FreeGift)} - {line.sku for line in c.lines}
        return tuple(claim for claim in real(unit, c, quote, policy) if not (isinstance(claim.pool, Stock) and claim.pool.sku in gifts))

    everywhere(patch, real, wanted)


@bug("a sale is lost for want of a gift", "who was quoted a gift that is gone is refused, and not sold the rest", "Q2", origin="F1")
def a_sale_is_lost_for_want_of_a_gift(patch: Patch) -> None:
    everywhere(patch, taking.gone, lambda *said: False)


GIFTS = (a_gift_comes_off_no_shelf, a_sale_is_lost_for_want_of_a_gift)
