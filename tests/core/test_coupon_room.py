"""A coupon's use that is held past its time is nobody's: whoever wants it next has it, whether a worker came by or not."""

from __future__ import annotations

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Placed, Promotion, Ratio
from checkout_core.promotions import Percent
from tests.world import TestClock, a_checkout, a_shop, begin, total


def test_a_lapsed_hold_on_a_coupon_is_in_nobodys_way() -> None:
    """Q2, RB-16: neither of somebody else, nor of the shopper who comes back to the same cart; no worker has come by."""
    clock = TestClock()
    once = Promotion("once", "Once", Percent(Ratio.parse("10")), code="ONCE", limit=1)
    shop, _ = a_shop(clock=clock, gateways=[SandboxGateway(clock=clock)], promotions=[once])
    mine = a_checkout(shop, codes=["ONCE"])
    shop.pay(mine.id, Card("tok_declined"), expected=total(mine), key="k1")
    clock.forward(hours=25)
    again = begin(shop, mine.cart, codes=["ONCE"])
    assert again.id != mine.id
    shop.pay(again.id, Card("tok_declined"), expected=total(again), key="k2")
    clock.forward(hours=25)
    other = a_checkout(shop, codes=["ONCE"])
    assert isinstance(shop.pay(other.id, Card("tok_ok"), expected=total(other), key="k3"), Placed)
