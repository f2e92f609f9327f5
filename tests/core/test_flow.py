"""The flow, by example: what `plan` names, and the rules that carry the safety."""

from __future__ import annotations

from datetime import timedelta

from attrs import evolve

from checkout_core import flow
from checkout_core.checkout import Checkout, answer
from checkout_core.effects import Authorize, Booked, Done, Free, Inquire, NoReply, Place, Refund, Take, Void, Wait
from checkout_core.holds import Short, Taken
from checkout_core.payments import ActionNeeded, Attempt, AttemptState, Authorized, Captured, Card, Challenge, Declined, Refunded, Voided
from checkout_core.refusals import Refused
from tests.world import NOON, a_checkout, a_shop, eur, total

LATER = NOON + timedelta(minutes=1)
OVER = NOON + timedelta(minutes=5)


def open_checkout() -> Checkout:
    shop, _ = a_shop()
    return a_checkout(shop)


def paying() -> Checkout:
    """A checkout whose goods are held and whose call is in flight."""
    c = open_checkout()
    attempt = Attempt(f"{c.id}/k", "g", Card("t"), total(c))
    c = flow.pay(evolve(c, claims=c.claims), attempt, NOON)
    step = flow.plan(c, NOON)
    assert isinstance(step, Authorize)
    return flow.schedule(c, step, NOON)


def captured(c: Checkout) -> Captured:
    return Captured("ref", total(c))


def test_it_is_the_shoppers_turn_until_somebody_pays() -> None:
    """Without a wish to pay there is nothing to do before the deadline."""
    c = open_checkout()
    assert flow.plan(evolve(c, next=None), NOON) == Wait(c.deadline)


def test_goods_before_money() -> None:
    """What is claimed and not held is taken first; only then is a gateway called (I4, F1)."""
    c = open_checkout()
    c = flow.pay(evolve(c, held=()), Attempt(f"{c.id}/k", "g", Card("t"), total(c)), NOON)
    assert flow.plan(c, NOON) == Take(c.claims)
    c = flow.advance(c, Take(c.claims), Taken(), NOON)
    assert isinstance(flow.plan(c, NOON), Authorize)


def test_money_then_the_order() -> None:
    """Captured money is followed by placing, then by nothing."""
    c = paying()
    assert c.next is not None
    c = flow.advance(c, c.next, captured(c), LATER)  # type: ignore[arg-type]
    assert flow.plan(c, LATER) == Place()
    c = flow.advance(c, Place(), Booked(), LATER)
    assert c.order is not None
    assert flow.plan(c, LATER) == Done()


def test_nothing_overtakes_a_call_in_flight() -> None:
    """O1: a wish to cancel is noted, the call stays; when it lands with money, the money goes back and the goods are let go."""
    c = flow.cancel(paying(), "changed my mind", LATER)
    call = c.next
    assert isinstance(call, Authorize)
    assert flow.plan(c, LATER) == call
    c = flow.advance(c, call, captured(c), LATER)
    assert flow.plan(c, LATER) == Free()
    assert isinstance(flow.plan(evolve(c, held=()), LATER), Refund)


def test_an_outcome_counts_only_for_the_effect_it_answers() -> None:
    """A late "no answer" of an earlier call changes nothing; a late "captured" is news of its attempt."""
    c = paying()
    first = c.next
    assert isinstance(first, Authorize)
    asked = flow.advance(c, first, NoReply(), LATER)
    step = flow.plan(asked, LATER)
    assert isinstance(step, Inquire)
    asked = flow.schedule(asked, step, LATER)
    assert flow.advance(asked, first, NoReply(), LATER) == asked
    settled = flow.advance(asked, first, captured(c), LATER)
    assert flow.plan(settled, LATER) == Place()
    assert flow.advance(settled, step, captured(c), LATER) == settled


def test_silence_is_not_a_decline() -> None:
    """R3, RB-47: no answer leaves the attempt unknown, and the gateway is asked before anything else."""
    c = paying()
    assert isinstance(c.next, Authorize)
    c = flow.advance(c, c.next, NoReply(), LATER)
    assert c.attempts[0].state is AttemptState.UNKNOWN
    assert isinstance(flow.plan(c, LATER), Inquire)


def test_ask_before_destroying() -> None:
    """R20: when time is up the gateway is told to stop first; only then are the goods let go."""
    c = paying()
    assert isinstance(c.next, Authorize)
    late = c.latest
    c = flow.advance(c, c.next, NoReply(), late)
    step = flow.plan(c, late)
    assert isinstance(step, Void)
    assert c.held
    c = flow.advance(flow.schedule(c, step, late), step, Voided(), late)
    assert c.abandoned == "expired"
    assert flow.plan(c, late) == Free()


def test_money_for_goods_that_are_gone_goes_back() -> None:
    """R8: late money whose goods cannot be held again is due to be refunded, in the same step."""
    c = paying()
    key = c.attempts[0].key
    lapsed = evolve(c, next=None, abandoned="expired", held=(), attempts=(evolve(c.attempts[0], unwanted="expired"),))
    c = flow.learn(lapsed, key, captured(c), LATER)
    assert flow.plan(c, LATER) == Take(c.claims)
    c = flow.advance(c, Take(c.claims), Short(c.claims[0].pool, 1, 0), LATER)
    assert isinstance(flow.plan(c, LATER), Refund)


def test_a_decline_leaves_time_for_another_card() -> None:
    """RB-17: the goods stay held, for at least five minutes."""
    c = paying()
    assert isinstance(c.next, Authorize)
    late = c.deadline - timedelta(seconds=5)
    c = flow.advance(c, c.next, Declined("no"), late)
    assert c.held
    assert flow.plan(c, late) == Wait(late + timedelta(minutes=5))


def test_another_amount_is_quarantined() -> None:
    """B21, R17: a success for another amount is never ours to keep, and goes back by the gateway's own figure."""
    c = paying()
    assert isinstance(c.next, Authorize)
    c = flow.advance(c, c.next, Captured("ref", eur(1)), LATER)
    step = flow.plan(c, LATER)
    assert isinstance(step, Refund)
    assert step.amount == eur(1)


def test_money_sent_back_before_we_knew_of_it_ends_the_attempt() -> None:
    """I16, L1: a refund made at the gateway while we had no answer closes the attempt; its caller is told, another card may be tried."""
    c = paying()
    assert isinstance(c.next, Authorize)
    c = flow.advance(c, c.next, NoReply(), LATER)
    step = flow.plan(c, LATER)
    assert isinstance(step, Inquire)
    c = flow.advance(flow.schedule(c, step, LATER), step, Refunded("ref", total(c)), LATER)
    assert not c.attempts[0].open
    assert answer(c, c.attempts[0]) == Refused("refunded", given="sent back at the gateway")
    assert flow.plan(c, LATER) == Wait(c.deadline)
    assert flow.plan(flow.weigh(c, c.deadline), c.deadline) == Free()


def stopped_without_an_answer() -> Checkout:
    """A challenge that was not passed in time; the call that forbids the payment has no answer, and somebody asks what became of it."""
    c = paying()
    assert isinstance(c.next, Authorize)
    c = flow.advance(c, c.next, ActionNeeded("ref", Challenge("https://bank.invalid"), OVER), LATER)
    c = flow.overdue(evolve(c, due_at=OVER), OVER)
    void = flow.plan(c, OVER)
    assert isinstance(void, Void)
    c = flow.advance(flow.schedule(c, void, OVER), void, NoReply(), OVER)
    ask = flow.plan(c, OVER)
    assert isinstance(ask, Inquire)
    return flow.schedule(c, ask, OVER)


def test_reserved_money_may_be_older_news_than_a_stop_without_an_answer() -> None:
    """B16, I4: the payer approved, our stop came after, and the message of the first is heard now: ask what is true before placing."""
    c = stopped_without_an_answer()
    key, now = c.attempts[0].key, OVER + timedelta(seconds=1)
    c = flow.learn(c, key, Authorized("ref", total(c)), now)
    ask = flow.plan(c, now)
    assert isinstance(ask, Inquire)
    c = flow.advance(flow.schedule(c, ask, now), ask, Voided(), now)
    assert c.attempts[0].state is AttemptState.VOIDED
    assert c.order is None


def test_what_a_gateway_says_of_a_stop_is_final_when_its_window_has_passed() -> None:
    """B3, Q1: until then its "reserved" may be what it knew before; after that the money buys the goods after all."""
    c = stopped_without_an_answer()
    still, now = Authorized("ref", total(c)), OVER + timedelta(seconds=1)
    c = flow.learn(c, c.attempts[0].key, still, now)
    ask = flow.plan(c, now)
    assert isinstance(ask, Inquire)
    c = flow.advance(flow.schedule(c, ask, now), ask, still, now)
    later = c.attempts[0].final_at
    assert later is not None
    assert flow.plan(c, now) == Wait(later)
    ask = flow.plan(c, later)
    assert isinstance(ask, Inquire)
    assert flow.plan(flow.advance(flow.schedule(c, ask, later), ask, still, later), later) == Place()
