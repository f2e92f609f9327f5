"""A request is done once, whether it brings a key or gets one; payments are asked for and retried on demand; who cancelled is on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Checkout, NotFound, Pending, Placed, Refusal, Shop, Upi
from checkout_core.memory import MemoryStorage
from checkout_core.memory_lists import MemoryQueries
from checkout_core.payments import AttemptState, Declined, Refunded, RefundRefused
from checkout_core.unit import Unit
from tests.world import TestClock, Troubled, a_checkout, a_shop, answers, begin, drain, everything, lost, total, unheard

MENDED = {"reason": "the account is open again", "actor": "ann"}


class Forgetful:
    """A store on which the answer to the n-th COMMIT is lost, so that its unit is run again after it was applied (R12)."""

    def __init__(self, store: MemoryStorage, nth: int = 0) -> None:
        self.store, self.nth, self.units = store, nth, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        self.units += 1
        answer = self.store.transact(work)
        return self.store.transact(work) if self.units == self.nth else answer


class Desk:
    """A shop with one gateway, and a checkout to look at."""

    def __init__(self, watch: Callable[[MemoryStorage], Any] = lambda store: store) -> None:
        self.clock = TestClock()
        self.sandbox = SandboxGateway(clock=self.clock)
        self.gateway = Troubled(self.sandbox)
        made: tuple[Shop, MemoryStorage] = a_shop(gateways=[self.gateway], clock=self.clock, watch=watch)
        self.shop, self.store = made

    def begin(self, **details: Any) -> Checkout:
        return a_checkout(self.shop, **details)

    def pay(self, c: Checkout, token: str = "tok_ok", key: str = "k1") -> Any:
        return self.shop.pay(c.id, Upi(token) if token.startswith("upi") else Card(token), expected=total(c), key=key)

    def kinds(self, c: Checkout) -> list[str]:
        return [event.kind for event in self.store.tables.events if event.checkout == c.id]

    def facts(self, c: Checkout, kind: str) -> dict[str, str | int]:
        return dict(next(event.facts for event in self.store.tables.events if (event.checkout, event.kind) == (c.id, kind)))


# Keys.
def opens(shop: Shop) -> object:
    return shop.open_cart(currency="EUR", customer="ada"), shop.open_cart(currency="EUR")


def adds(shop: Shop) -> object:
    cart = shop.open_cart(currency="EUR").id
    shop.add(cart, sku="MUG", quantity=2)
    return shop.add(cart, sku="MUG", options={"engraving": "A"})


def changes(shop: Shop) -> object:
    cart = shop.open_cart(currency="EUR").id
    line = shop.add(cart, sku="MUG", quantity=2).lines[0].id
    shop.change(cart, line, quantity=5)
    shop.add(cart, sku="BOOK")
    return shop.remove(cart, line)


def merges(shop: Shop) -> object:
    guest, mine = shop.open_cart(currency="EUR").id, shop.open_cart(currency="EUR", customer="ada").id
    shop.add(guest, sku="MUG", quantity=2)
    return shop.merge(guest, mine)


def receives(shop: Shop) -> object:
    shop.receive("MUG", 3, reason="delivery", actor="ann")
    return shop.receive("MUG", -1, reason="broken", actor="ann")


def begins(shop: Shop) -> object:
    c = a_checkout(shop)
    return shop.update(c.id, codes=[])


def lossy(nth: int = 0) -> tuple[Desk, Forgetful]:
    """A desk on a store that loses the answer to the n-th COMMIT."""
    stores: list[Forgetful] = []

    def watch(store: MemoryStorage) -> Forgetful:
        stores.append(Forgetful(store, nth))
        return stores[0]

    return Desk(watch), stores[0]


@pytest.mark.parametrize("command", [opens, adds, changes, merges, receives, begins], ids=lambda command: command.__name__)
def test_a_unit_that_is_run_again_finds_what_it_did(command: Callable[[Shop], object]) -> None:
    """R12, I17: whichever COMMIT's answer is lost, all is told and stored as if none had been; no call brought a key."""
    desk, plain = lossy()
    answer = command(desk.shop)
    for nth in range(1, plain.units + 1):
        other, _ = lossy(nth)
        assert command(other.shop) == answer
        assert other.store.tables == desk.store.tables


def pays(desk: Desk, c: Checkout) -> object:
    return desk.pay(c, key="k2")


def cancels(desk: Desk, c: Checkout) -> object:
    return desk.shop.cancel(c.id, reason="too late", actor="ann")


def retries(desk: Desk, c: Checkout) -> object:
    return desk.shop.retry(desk.shop.status(c.id).attempts[0].key, **MENDED)


def learns(desk: Desk, c: Checkout) -> object:
    return desk.shop.learn(desk.shop.status(c.id).attempts[0].key, Declined("gone"))


def states(desk: Desk, c: Checkout) -> object:
    return desk.shop.learn(desk.shop.status(c.id).attempts[0].key, Declined("gone"), reason="seen at the bank", actor="ann")


@pytest.mark.parametrize(
    ("before", "command"),
    [
        ("", pays),
        ("tok_declined", pays),
        ("tok_ok", cancels),
        ("upi_pending", cancels),
        ("refused", retries),
        ("upi_pending", learns),
        ("upi_pending", states),
    ],
)
def test_a_call_whose_intent_may_not_be_ours_waits_for_its_time(before: str, command: Callable[[Desk, Checkout], object]) -> None:
    """R12, R2: where a call of a gateway follows, a rerun cannot know that it is its own to make. It falls due, and is made once: money,
    order and events end as if no answer had been lost."""
    ends, units = list[Any](), 1
    nth = 0
    while nth <= units:
        desk, store = lossy()
        c = stuck(desk) if before == "refused" else desk.begin()
        if before.startswith(("tok", "upi")):
            desk.pay(c, before)
        store.units, store.nth = 0, nth
        command(desk, c)
        units = max(units, store.units if not nth else 0)
        store.nth = 0
        drain(desk.shop, desk.store, desk.clock)
        c = desk.shop.status(c.id)
        money = [(p.state, p.captured, p.refunded) for p in desk.sandbox.books.payments()]
        ends.append((money, c.order is not None and c.order.state, [a.state for a in c.attempts], sorted(desk.kinds(c))))
        nth += 1
    assert len(ends) > 1
    assert [end for end in ends if end != ends[0]] == []


def test_two_calls_without_a_key_are_two_requests() -> None:
    """Nobody said that the second is the first again."""
    desk = Desk()
    cart = desk.shop.open_cart(currency="EUR").id
    for _ in range(2):
        desk.shop.add(cart, sku="MUG")
        desk.shop.receive("MUG", 1, reason="delivery", actor="ann")
    assert [line.quantity for line in desk.shop.cart(cart).lines] == [2]
    assert desk.shop.stock("MUG")["MUG"].on_hand == 12


def test_every_call_without_a_key_gets_one_of_its_own() -> None:
    """R23: kept like any other, so that a unit that is run again finds its record."""
    desk = Desk()
    before = set(desk.store.tables.requests)
    cart = desk.shop.open_cart(currency="EUR").id
    line = desk.shop.add(cart, sku="MUG").lines[0].id
    desk.shop.change(cart, line, quantity=3)
    desk.shop.remove(cart, line)
    desk.shop.receive("MUG", 1, reason="delivery", actor="ann")
    made = set(desk.store.tables.requests) - before
    assert [operation for _, operation, _ in sorted(made, key=lambda asked: asked[1])] == [
        "add",
        "change",
        "open_cart",
        "receive",
        "remove",
    ]
    assert len({key for _, _, key in made}) == 5


def test_a_key_of_the_callers_is_done_once() -> None:
    """I17: repeated after other things happened, it gives the first answer and changes nothing."""
    desk = Desk()
    first = desk.shop.open_cart(currency="EUR", key="o")
    assert desk.shop.open_cart(currency="EUR", key="o") == first
    added = desk.shop.add(first.id, sku="MUG", key="a")
    desk.shop.add(first.id, sku="MUG")
    before = everything(desk.store)
    assert desk.shop.add(first.id, sku="MUG", key="a") == added
    assert everything(desk.store) == before
    with pytest.raises(Refusal, match="used with another request"):
        desk.shop.add(first.id, sku="MUG", quantity=2, key="a")


def test_an_account_has_one_open_cart_and_guests_their_own() -> None:
    """RB-77: the same cart on every device and in every session, until it is bought or merged away; one for each currency."""
    desk = Desk()
    mine = desk.shop.open_cart(currency="EUR", customer="ada")
    desk.shop.add(mine.id, sku="MUG")
    assert desk.shop.open_cart(currency="EUR", customer="ada", key="elsewhere") == desk.shop.cart(mine.id)
    assert desk.shop.open_cart(currency="USD", customer="ada").id != mine.id
    assert desk.shop.open_cart(currency="EUR").customer_id is None
    desk.pay(begin(desk.shop, mine.id))
    assert desk.shop.open_cart(currency="EUR", customer="ada").lines == ()


@pytest.mark.parametrize("customer", ["", "a\ud800", "x" * 201, 7])
def test_who_is_nobody_has_no_cart(customer: Any) -> None:
    """K7, RB-77: an empty name would be one account, and one cart, for everybody who has none; a guest is None."""
    desk = Desk()
    before = everything(desk.store)
    with pytest.raises(Refusal, match="customer"):
        desk.shop.open_cart(currency="EUR", customer=customer)
    assert everything(desk.store) == before


# Asking.
def test_to_ask_is_to_ask_the_gateway_now() -> None:
    """Instead of when it falls due: the payer has approved, and the order is placed."""
    desk = Desk()
    c = desk.begin()
    assert not isinstance(desk.pay(c, "upi_paid"), Placed)
    desk.sandbox.payer(desk.shop.status(c.id).attempts[0].authorization, "approve")
    asked = desk.gateway.count("inquire")
    after = desk.shop.ask(c.id)
    assert after.order is not None
    assert desk.gateway.count("inquire") == asked + 1


def test_to_ask_what_is_not_decided_yet_tells_nothing_new() -> None:
    """The gateway was asked, and it stays due at a later time."""
    desk = Desk()
    c = desk.begin()
    desk.pay(c, "upi_pending")
    for _ in range(3):
        after = desk.shop.ask(c.id)
        assert after.order is None
        assert after.due_at is not None
        assert after.due_at > desk.clock.time


@pytest.mark.parametrize("state", ["begun", "declined", "placed", "cancelled"])
def test_where_nothing_is_open_nobody_is_asked(state: str) -> None:
    """And nothing is written."""
    desk = Desk()
    c = desk.begin()
    if state != "begun":
        desk.pay(c, "tok_declined" if state == "declined" else "tok_ok")
    if state == "cancelled":
        desk.shop.cancel(c.id, reason="over")
    before, calls = everything(desk.store), len(desk.gateway.calls)
    assert desk.shop.ask(c.id) == desk.shop.status(c.id)
    assert (everything(desk.store), len(desk.gateway.calls)) == (before, calls)


def test_a_call_in_flight_is_not_overtaken_by_asking() -> None:
    """R20: while our own call is out, asking waits for it; when its time is over, the gateway is asked."""
    desk = Desk()
    c = desk.begin()
    seen: list[Any] = []

    def asked_meanwhile(real: Any, request: Any) -> Any:
        seen.append(desk.shop.ask(c.id))
        return real(request)

    desk.gateway.upset("authorize", asked_meanwhile)
    assert isinstance(desk.pay(c), Placed)
    assert seen[0].in_flight
    assert desk.gateway.count("inquire") == 0


def test_a_payment_that_is_being_stopped_is_not_asked_about() -> None:
    """R20: the call that stops it is out; asking meanwhile makes no call of its own."""
    desk = Desk()
    c = desk.begin()
    desk.pay(c, "upi_pending")
    calls: list[int] = []

    def asked_meanwhile(real: Any, request: Any) -> Any:
        desk.shop.ask(c.id)
        calls.append(len(desk.gateway.calls))
        return real(request)

    before = len(desk.gateway.calls)
    desk.gateway.upset("void", asked_meanwhile)
    desk.shop.cancel(c.id, reason="over")
    assert calls == [before + 1]


def test_a_payment_without_an_answer_is_found_by_asking() -> None:
    """B2: taken and not heard of, twice; who asks finds the money."""
    desk = Desk()
    c = desk.begin()
    desk.gateway.upset("authorize", unheard)
    desk.gateway.upset("inquire", lost)
    assert isinstance(desk.pay(c), Pending)
    assert desk.shop.ask(c.id).order is not None


def test_nobody_asks_about_what_is_not_there() -> None:
    desk = Desk()
    with pytest.raises(NotFound):
        desk.shop.ask("nowhere")


# Trying again.
def stuck(desk: Desk) -> Checkout:
    """A cancelled order whose refund the gateway refuses."""
    c = desk.begin()
    desk.pay(c)
    desk.gateway.upset("refund", answers(RefundRefused("account-closed")))
    after = desk.shop.cancel(c.id, reason="too late")
    assert after.attempts[0].stuck == "account-closed"
    return after


def test_what_is_stuck_waits_for_a_person_and_goes_on_when_told() -> None:
    """L2, R19: an event calls for somebody, no worker tries it again, and told to, it is tried at once and told to the outbox."""
    desk = Desk()
    c = stuck(desk)
    assert desk.facts(c, "payment.attention")["reason"] == "account-closed"
    calls = len(desk.gateway.calls)
    drain(desk.shop, desk.store, desk.clock)
    assert len(desk.gateway.calls) == calls
    after = desk.shop.retry(c.attempts[0].key, **MENDED)
    assert (after.attempts[0].stuck, after.attempts[0].state) == ("", AttemptState.REFUNDED)
    assert desk.kinds(c)[-2:] == ["payment.retried", "payment.refunded"]
    assert desk.facts(c, "payment.retried") == {"attempt": c.attempts[0].key, "reason": MENDED["reason"], "by": "ann"}
    assert after.due_at is None
    assert desk.sandbox.books.payments()[0].refunded == total(c).minor


def test_what_is_refused_again_is_stuck_again() -> None:
    """And calls for a person again."""
    desk = Desk()
    c = stuck(desk)
    desk.gateway.upset("refund", answers(RefundRefused("still-closed")))
    assert desk.shop.retry(c.attempts[0].key, **MENDED).attempts[0].stuck == "still-closed"
    assert desk.kinds(c).count("payment.attention") == 2


def test_what_a_person_has_settled_waits_for_nobody() -> None:
    """R19, L2: money that was sent back past the gateway is stated once, and is off the list of what a person must look at."""
    desk = Desk()
    c = stuck(desk)
    assert [row.stuck for row in MemoryQueries(desk.store).payments(due=True)] == ["account-closed"]
    after = desk.shop.learn(c.attempts[0].key, Refunded("transfer-1", total(c)), reason="sent by bank transfer", actor="ann")
    assert (after.attempts[0].state, after.attempts[0].stuck) == (AttemptState.REFUNDED, "")
    assert MemoryQueries(desk.store).payments(due=True) == []


def test_what_is_not_stuck_is_not_tried_again() -> None:
    """A payment that is well, one that was declined, and one that has gone back: nothing is called, nothing written."""
    desk = Desk()
    keys = []
    for n, token in enumerate(("tok_ok", "tok_declined", "upi_pending")):
        c = desk.begin()
        desk.pay(c, token, key=f"k{n}")
        keys.append(desk.shop.status(c.id).attempts[0].key)
    gone = stuck(desk).attempts[0].key
    desk.shop.retry(gone, **MENDED)
    before, calls = everything(desk.store), len(desk.gateway.calls)
    for key in (*keys, gone):
        desk.shop.retry(key, **MENDED)
    assert (everything(desk.store), len(desk.gateway.calls)) == (before, calls)


@pytest.mark.parametrize("key", ["nowhere", "nowhere/at-all", "", "/"])
def test_a_payment_that_nobody_made_is_not_found(key: str) -> None:
    desk = Desk()
    with pytest.raises(NotFound):
        desk.shop.retry(key, **MENDED)


def test_another_payment_of_the_same_checkout_is_not_found_either() -> None:
    desk = Desk()
    c = stuck(desk)
    with pytest.raises(NotFound, match="payment"):
        desk.shop.retry(f"{c.id}/{'0' * 32}", **MENDED)


# Who.
def test_who_cancelled_is_kept_with_the_reason() -> None:
    """The operator's name is on the checkout and in the event, for an order and for what was no order yet."""
    desk = Desk()
    begun, bought = desk.begin(), desk.begin()
    desk.pay(bought)
    for c in (begun, bought):
        assert desk.shop.cancel(c.id, reason="no stock", actor="ann").by == "ann"
    assert desk.facts(begun, "checkout.abandoned") == {"reason": "cancelled", "by": "ann"}
    assert desk.facts(bought, "order.cancelled")["by"] == "ann"
    assert desk.shop.status(begun.id).because == "no stock"


def test_the_shopper_is_nobody_by_name() -> None:
    """R24: without an actor there is no such fact."""
    desk = Desk()
    c = desk.begin()
    desk.pay(c)
    assert desk.shop.cancel(c.id, reason="changed my mind").by == ""
    assert "by" not in desk.facts(c, "order.cancelled")


def test_the_first_who_cancelled_stays() -> None:
    """Doing it twice is doing it once, whoever does it."""
    desk = Desk()
    c = desk.begin()
    desk.pay(c)
    desk.shop.cancel(c.id, reason="no stock", actor="ann")
    before = everything(desk.store)
    assert desk.shop.cancel(c.id, reason="other", actor="bob").by == "ann"
    assert everything(desk.store) == before


def test_who_cancelled_in_the_middle_of_a_call_is_told_when_it_lands() -> None:
    """O1: the wish is noted with its actor, and the event that follows names them."""
    desk = Desk()
    c = desk.begin()

    def cancelled_meanwhile(real: Any, request: Any) -> Any:
        desk.shop.cancel(c.id, reason="fraud", actor="ann")
        return real(request)

    desk.gateway.upset("authorize", cancelled_meanwhile)
    assert desk.pay(c).reason == "cancelled"
    assert desk.shop.status(c.id).by == "ann"
    assert desk.facts(c, "checkout.abandoned")["by"] == "ann"


@pytest.mark.parametrize("actor", ["a\x00b", "x" * 10_000, "4111 1111 1111 1111", 7])
def test_what_is_no_name_cancels_nothing(actor: Any) -> None:
    """S10: it is refused at the edge, and nothing is written."""
    desk = Desk()
    c = desk.begin()
    before = everything(desk.store)
    with pytest.raises(Refusal):
        desk.shop.cancel(c.id, reason="over", actor=actor)
    assert everything(desk.store) == before


def test_a_reason_is_needed() -> None:
    desk = Desk()
    c = desk.begin()
    with pytest.raises(Refusal, match="reason"):
        desk.shop.cancel(c.id, reason="")


def test_a_repetition_of_what_changed_nothing_changes_nothing_later_either() -> None:
    """I17, R23: the client's key got an answer; by the time it is repeated, acting on it would do something."""
    desk = Desk()
    first = desk.shop.open_cart(currency="EUR", customer="ann")
    assert desk.shop.open_cart(currency="EUR", customer="ann", key="tap 1") == first
    cart = desk.shop.add(first.id, sku="MUG", quantity=2)
    same = desk.shop.change(first.id, cart.lines[0].id, quantity=2, key="tap 2")
    desk.shop.change(first.id, cart.lines[0].id, quantity=5)
    assert desk.shop.change(first.id, cart.lines[0].id, quantity=2, key="tap 2") == same
    assert desk.shop.cart(first.id).lines[0].quantity == 5
    assert desk.shop.open_cart(currency="EUR", customer="ann", key="tap 1") == first


def test_a_forced_movement_is_another_request() -> None:
    """R23: the same key with --force says something else."""
    desk = Desk()
    desk.shop.receive("MUG", 2, reason="x", actor="ann", key="k")
    with pytest.raises(Refusal, match="used with another request"):
        desk.shop.receive("MUG", 2, reason="x", actor="ann", key="k", force=True)
