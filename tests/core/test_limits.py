"""What limited promotions have left: budgets to the minor unit, uses in a window, what a cancelled order gives back, and persons."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from attrs import evolve, frozen

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Card, Checkout, Contact, MemoryStorage, Money, Placed, Policy, Product, Promotion, Ratio, Refusal, Refused, Shop
from checkout_core.errors import BadSetting
from checkout_core.holds import CouponBudget, CouponUses, CouponUsesBy, CouponUsesIn, Pool, PoolKey
from checkout_core.promotions import AmountOff, Percent, Window
from checkout_core.sync.ports import Storage
from tests.databases import empty
from tests.world import ADA, SECRET, TestClock, a_checkout, begin, catalog, eur, total

TEN = Percent(Ratio(10))
MUG = Product("MUG", "Mug", [eur(1250)])


@frozen
class Stage:
    """A shop with promotions on a store of either kind."""

    shop: Shop
    clock: TestClock

    def pool(self, key: PoolKey) -> Pool:
        return self.shop.storage.pools([key])[key]

    def bought(self, **more: Any) -> Checkout:
        """A mug that somebody has paid."""
        c = a_checkout(self.shop, **more)
        assert isinstance(self.shop.pay(c.id, Card("tok_ok"), expected=total(c), key=f"k-{c.id}"), Placed)
        return self.shop.status(c.id)


Make = Callable[..., Stage]


@pytest.fixture(params=["memory", "sqlite"])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    opened = list[SqlStorage]()

    def make(*promotions: Promotion) -> Stage:
        clock, storage = TestClock(), cast(Storage, None)
        if request.param == "memory":
            storage = MemoryStorage(clock)
        else:
            path = tmp_path / f"{len(opened)}.db"
            path.write_bytes(empty())
            opened.append(SqlStorage(str(path), clock=clock))
            storage = opened[-1]
        shop = Shop(
            storage=storage,
            gateways=[SandboxGateway(clock=clock)],
            catalog=catalog(promotions),
            clock=clock,
            policy=Policy(identity_secret=SECRET),
        )
        shop.receive("MUG", 90, reason="opening stock", actor="test")
        return Stage(shop, clock)

    yield make
    for one in opened:
        one.close()


def told(refusal: Refusal) -> list[tuple[str, str]]:
    return [(one.reason, one.given) for one in refusal.refused]


# Budgets.
def test_a_budget_is_spent_to_the_minor_unit_and_never_beyond(stage: Make) -> None:
    """3.00 for discounts of 1.25: two orders have it, a third is told that 0.50 are left; nothing is given away in part (I9)."""
    s = stage(Promotion("deal", "Deal", TEN, code="DEAL", budget=[eur(300)]))
    for _ in range(2):
        assert total(s.bought(codes=["DEAL"])) == eur(1250 - 125 + 490)
    pool = s.pool(CouponBudget("deal", "EUR"))
    assert (pool.held, pool.committed, pool.available) == (0, 250, 50)
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=["DEAL"])
    assert told(refusal.value) == [("budget-spent", "0.50 EUR")]


def test_a_budget_that_fits_exactly_is_given(stage: Make) -> None:
    s = stage(Promotion("deal", "Deal", TEN, code="DEAL", budget=[eur(125)]))
    s.bought(codes=["DEAL"])
    assert s.pool(CouponBudget("deal", "EUR")).available == 0


def test_an_automatic_promotion_without_money_is_news(stage: Make) -> None:
    """It falls away, and the quote says why; the shopper pays the price that was shown."""
    s = stage(Promotion("deal", "Deal", TEN, budget=[eur(200)]))
    assert total(s.bought()) == eur(1615)
    c = a_checkout(s.shop)
    assert c.quote is not None
    assert c.quote.near_misses == (Refused("budget-spent", "deal", "0.75 EUR"),)
    assert total(c) == eur(1740)


def test_two_who_pay_at_once_share_a_budget_for_one(stage: Make) -> None:
    """Both were priced while it was there; who pays second is told, and buys at the new price. What is held counts (RB-64, I9)."""
    s = stage(Promotion("deal", "Deal", TEN, code="DEAL", budget=[eur(200)]))
    one, other = a_checkout(s.shop, codes=["DEAL"]), a_checkout(s.shop, codes=["DEAL"])
    assert isinstance(s.shop.pay(one.id, Card("tok_ok"), expected=total(one), key="k1"), Placed)
    answer = s.shop.pay(other.id, Card("tok_ok"), expected=total(other), key="k2")
    assert isinstance(answer, Refused)
    assert (answer.reason, answer.given) == ("budget-spent", "0.75 EUR")
    again = s.shop.update(other.id, codes=[])
    assert isinstance(s.shop.pay(again.id, Card("tok_ok"), expected=total(again), key="k3"), Placed)


def test_what_is_held_of_a_budget_past_its_time_is_nobodys(stage: Make) -> None:
    """Q2: somebody began to pay and went away."""
    s = stage(Promotion("deal", "Deal", TEN, code="DEAL", budget=[eur(125)]))
    gone = a_checkout(s.shop, codes=["DEAL"])
    s.shop.pay(gone.id, Card("tok_declined"), expected=total(gone), key="k1")
    assert s.pool(CouponBudget("deal", "EUR")).held == 125
    s.clock.forward(hours=25)
    s.bought(codes=["DEAL"])


def test_a_cancelled_order_gives_its_money_and_its_uses_back_unless_the_promotion_keeps_them(stage: Make) -> None:
    """By default what was used comes back with the goods; `kept_when_cancelled` keeps the use, and the goods come back anyway (F3)."""
    limits: dict[str, Any] = {"limit": 5, "per_person": 5, "budget": [eur(1000)], "window": Window(5, "day")}
    back = Promotion("back", "Back", TEN, code="BACK", **limits)
    stays = Promotion("stays", "Stays", TEN, code="STAYS", kept_when_cancelled=True, **limits)
    s = stage(back, stays)
    for deal, kept in ((back, 0), (stays, 1)):
        assert deal.code is not None
        c = s.bought(codes=[deal.code])
        s.shop.cancel(c.id, reason="changed her mind")
        over = s.shop.status(c.id)
        assert over.over
        day = CouponUsesIn(deal.id, f"{s.clock.now():%Y-%m-%d}")
        found = [s.pool(key).committed for key in (CouponUses(deal.id), day, CouponBudget(deal.id, "EUR"))]
        assert found == [kept, kept, 125 * kept]
        assert [s.pool(CouponUsesBy(deal.id, who)).committed for who in c.identities] == [kept]
        assert {claim.pool for claim in over.held} == {claim.pool for claim in over.kept}
        assert (s.shop.stock("MUG")["MUG"].committed, s.shop.stock("MUG")["MUG"].on_hand) == (0, 90)
        s.shop.tick()
        assert s.shop.status(c.id) == over


def test_a_budget_is_for_its_currencies(stage: Make) -> None:
    deal = Promotion("deal", "Deal", TEN, budget=[eur(300), Money(400, "USD")])
    assert deal.currencies == frozenset({"EUR", "USD"})


# Windows.
def test_uses_in_a_window_come_back_with_the_next_one(stage: Make) -> None:
    """One a day: the second shopper of the day is told when the next day begins, and has it then."""
    s = stage(Promotion("daily", "Daily", TEN, code="DAILY", window=Window(1, "day", "Europe/Berlin")))
    s.bought(codes=["DAILY"])
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=["DAILY"])
    (refused,) = refusal.value.refused
    assert (refused.reason, refused.subject) == ("coupon-used-up", "DAILY")
    assert refused.until is not None
    s.clock.time = refused.until - timedelta(seconds=1)
    with pytest.raises(Refusal):
        a_checkout(s.shop, codes=["DAILY"])
    s.clock.time = refused.until
    s.bought(codes=["DAILY"])


def test_a_window_a_person_counts_persons(stage: Make) -> None:
    """One a week for each: the same e-mail in another spelling is the same person, somebody else is not (R22)."""
    s = stage(Promotion("weekly", "Weekly", TEN, code="WEEKLY", window=Window(1, "week", a_person=True)))
    s.bought(codes=["WEEKLY"])
    with pytest.raises(Refusal) as refusal:
        a_checkout(s.shop, codes=["WEEKLY"], contact=Contact("ADA+tag@example.com"))
    assert [one.reason for one in refusal.value.refused] == ["coupon-used-by-you"]
    s.bought(codes=["WEEKLY"], contact=Contact("bob@example.org"))
    cart = s.shop.open_cart(currency="EUR")
    s.shop.add(cart.id, sku="MUG", quantity=1)
    nobody = begin(s.shop, cart.id, codes=["WEEKLY"], contact=None)
    assert [one.reason for one in s.shop.validate(nobody.id) if one.reason == "needs-email"] == ["needs-email"]


def test_a_price_made_in_one_window_counts_there_though_it_is_paid_in_the_next(stage: Make) -> None:
    s = stage(Promotion("hourly", "Hourly", TEN, code="HOURLY", window=Window(1, "hour")))
    s.clock.time = s.clock.time.replace(minute=59)
    c, window = a_checkout(s.shop, codes=["HOURLY"]), Window(1, "hour").name(s.clock.now())
    s.clock.forward(minutes=2)
    assert isinstance(s.shop.pay(c.id, Card("tok_ok"), expected=total(c), key="k"), Placed)
    assert s.pool(CouponUsesIn("hourly", window)).committed == 1
    s.bought(codes=["HOURLY"])


# Soft limits, persons.
def test_a_soft_limit_honours_those_who_were_promised_it_in_time(stage: Make) -> None:
    """RB-65: two were priced with the last use, and one is allowed beyond it: both have it, a third was too late; hard by default."""
    for over, expected in ((1, [Placed, Placed, Refused]), (0, [Placed, Refused, Refused])):
        s = stage(Promotion(f"last{over}", "Last", TEN, code="LAST", limit=1, over=over))
        checkouts = [a_checkout(s.shop, codes=["LAST"]) for _ in range(3)]
        answers = [s.shop.pay(c.id, Card("tok_ok"), expected=total(c), key=f"k{over}-{n}") for n, c in enumerate(checkouts)]
        assert [type(answer) for answer in answers] == expected
        with pytest.raises(Refusal):
            a_checkout(s.shop, codes=["LAST"])


def test_two_tills_that_were_both_told_yes_use_a_code_once(stage: Make) -> None:
    """RB-73: given two tills, each told of the last use; when one holds it, the other is refused; past its time it is free again."""
    s = stage(Promotion("last", "Last", TEN, code="LAST", limit=1))
    one, other = a_checkout(s.shop, codes=["LAST"]), a_checkout(s.shop, codes=["LAST"])
    s.shop.pay(one.id, Card("tok_declined"), expected=total(one), key="k1")
    assert (s.pool(CouponUses("last")).held, s.pool(CouponUses("last")).committed) == (1, 0)
    answer = s.shop.pay(other.id, Card("tok_ok"), expected=total(other), key="k2")
    assert isinstance(answer, Refused)
    assert answer.reason == "coupon-used-up"
    s.clock.forward(hours=25)
    s.bought(codes=["LAST"])
    assert (s.pool(CouponUses("last")).held, s.pool(CouponUses("last")).committed) == (0, 1)


def test_a_guest_who_signs_in_is_still_one_person(stage: Make) -> None:
    """R22, RB-67: twice a person; once as a guest, once signed in with the same address, and then never again, either way."""
    s = stage(Promotion("twice", "Twice", TEN, code="TWICE", per_person=2))
    s.bought(codes=["TWICE"])
    s.bought(codes=["TWICE"], customer="ada")
    for customer, contact in ((None, ADA), ("ada", Contact("ada@elsewhere.example")), ("ada", ADA)):
        if customer == "ada" and contact != ADA:  # the account alone has used it once
            c = a_checkout(s.shop, codes=["TWICE"], customer=customer, contact=contact)
            s.shop.cancel(c.id, reason="looked only")
            continue
        with pytest.raises(Refusal) as refusal:
            a_checkout(s.shop, codes=["TWICE"], customer=customer, contact=contact)
        assert [one.reason for one in refusal.value.refused] == ["coupon-used-by-you"]


# What makes no sense.
@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"budget": [eur(0)]}, "budget"),
        ({"budget": [Money(5, "USD")], "minimum": [eur(5)]}, "budget"),
        ({"over": -1, "limit": 1}, "over"),
        ({"over": 1}, "over"),
        ({"kept_when_cancelled": True}, "kept_when_cancelled"),
    ],
)
def test_a_limit_that_contradicts_itself_says_where(more: dict[str, Any], place: str) -> None:
    with pytest.raises(BadSetting) as bad:
        Promotion("deal", "Deal", AmountOff([eur(500)]) if "minimum" in more else TEN, **more)
    assert bad.value.place == f"Promotion 'deal', {place}"


def test_the_quote_says_what_placing_must_hold(stage: Make) -> None:
    """And is another promise with other limits: they are in its hash (R7)."""
    s = stage(Promotion("deal", "Deal", TEN, budget=[eur(300)], window=Window(3, "day"), limit=2, over=1))
    c = a_checkout(s.shop)
    assert c.quote is not None
    (used,) = c.quote.promotions
    assert (used.budget, used.limit, used.window and used.window.uses) == (300, 3, 3)
    plain = evolve(used, budget=None)
    assert plain != used
    assert begin(s.shop, c.cart).quote == c.quote
