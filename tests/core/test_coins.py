"""A shop that rounds what is due to coins: what is paid differs from net and tax, and the books say by how much."""

from __future__ import annotations

from collections import Counter

import pytest

from checkout_core import Placed, Policy, Promotion, Ratio, Refused
from checkout_core.checkout import Checkout
from checkout_core.pricing import CashRounding, PricingPolicy
from checkout_core.promotions import FREE_SHIPPING, Percent
from checkout_core.simulation.full.prices import not_adding_up
from tests.core.test_shop import Life
from tests.world import SECRET, eur, total

COINS = PricingPolicy(cash=CashRounding(5))
AT_ONCE = Policy(identity_secret=SECRET, pricing=COINS)
LATER = Policy(identity_secret=SECRET, pricing=COINS, capture="after-placing")


def selling(percent: str, policy: Policy = AT_ONCE) -> tuple[Life, Checkout]:
    """A mug for 12.50, less so many per hundred, with 4.90 for carriage; 19 % of tax is inside."""
    life = Life(Promotion("off", "Something off", Percent(Ratio.parse(percent))), policy=policy)
    return life, life.begin()


def books(life: Life) -> dict[str, int]:
    """The balance of each account that has one."""
    balance = Counter[str]()
    for posting in life.store.tables.postings:
        balance.update({entry.account: entry.amount for entry in posting.entries})
    return {account: amount for account, amount in balance.items() if amount}


@pytest.mark.parametrize("policy", [AT_ONCE, LATER], ids=["captured at once", "captured after placing"])
@pytest.mark.parametrize(
    ("percent", "paid", "rounding"),
    [("3", 1700, 2), ("0.9", 1730, -1), ("2", 1715, 0)],
    ids=["rounded down", "rounded up", "not rounded"],
)
def test_what_coins_add_or_take_has_an_account(percent: str, paid: int, rounding: int, policy: Policy) -> None:
    """R28, I11: the gateway has what was paid, sales and tax are what they were without coins, and the difference stands by itself."""
    life, c = selling(percent, policy)
    assert c.quote is not None
    assert not_adding_up(c.quote) is None
    sums = c.quote.totals
    assert (total(c), sums.total, sums.rounded) == (eur(paid), paid + rounding, -rounding)
    assert isinstance(life.pay(c), Placed)
    life.drain()
    assert life.charged == [paid]
    order = life.now(c).order
    assert order is not None
    assert order.total == eur(paid)
    goods, carriage = c.quote.lines[0].net, c.quote.shipping[0].net
    expected = {"gateway": paid, "sales": -goods, "shipping": -carriage, "tax": -sums.tax, "rounding": rounding}
    assert books(life) == {account: amount for account, amount in expected.items() if amount}


@pytest.mark.parametrize("policy", [AT_ONCE, LATER], ids=["captured at once", "captured after placing"])
def test_a_cancelled_order_leaves_nothing_in_the_books(policy: Policy) -> None:
    """R28, I11: the money goes back as it came, in coins, and the rounding is taken back with the sale."""
    life, c = selling("3", policy)
    life.pay(c)
    life.shop.cancel(c.id, reason="changed my mind")
    life.drain()
    assert (life.charged, books(life)) == ([], {})
    rounded = [e.amount for p in life.store.tables.postings for e in p.entries if e.account == "rounding"]
    assert rounded == [2, -2]


def test_the_sum_without_coins_is_not_what_is_agreed() -> None:
    """RB-88: whoever agrees to 17.02 has not agreed to 17.00, and is told."""
    life, c = selling("3")
    said = life.pay(c, expected=eur(1702))
    assert isinstance(said, Refused)
    assert (said.reason, life.charged, life.events(c)) == ("quote-changed", [], ["checkout.begun"])


def test_an_order_that_coins_round_to_nothing_is_placed_without_a_payment() -> None:
    """R28, I11: two cents are sold, and nobody is charged."""
    life = Life(Promotion("posted", "Posted free", FREE_SHIPPING), policy=AT_ONCE)
    life.shelf.reprice("MUG", 2)
    c = life.begin()
    assert total(c) == eur(0)
    assert isinstance(life.pay(c), Placed)
    life.drain()
    assert (life.charged, books(life)) == ([], {"sales": -2, "rounding": 2})
