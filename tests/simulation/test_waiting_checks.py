"""Who waits too long, is given up too soon, or is turned away for nothing: each check finds its bug, and nothing in the sound shop."""

from __future__ import annotations

import pytest
from attrs import evolve, frozen

from checkout_core.checkout import Deadlines
from checkout_core.money import Ratio
from checkout_core.policy import Policy
from checkout_core.promotions import Percent, Promotion
from checkout_core.scripts import Begin
from checkout_core.simulation.scenarios import Scenario
from tests.simulation.mutants import named
from tests.simulation.small import BEGIN, FILL, MUG, OPEN, a_scenario, at, begin, buyer, card, expecting, played, upi, wait
from tests.world import SECRET

SOON = Policy(identity_secret=SECRET, deadlines=Deadlines(hold_for=60, hold_at_most=200, after_decline=120, quote_for=600))
EARLY = Policy(identity_secret=SECRET, hold_at="begin")
LAST = Promotion("last", "The last one", Percent(Ratio(10)), code="LAST", limit=1)
CHALLENGED = evolve(buyer("ann", *FILL, card("tok_3ds_ok")), shared=True)


@frozen
class Case:
    """A bug, who must be first to see it and with what words, in which scenario."""

    bug: str
    id: str
    says: str
    scenario: Scenario


CASES = (
    # Given up.
    Case(
        "a hold is not extended while paying",
        "Q1",
        "a payment under way was given up before its time",
        a_scenario(buyer("ann", *FILL, upi("upi_late")), policy=SOON),
    ),
    Case(
        "let go before it is stopped",
        "Q1",
        "the goods of a payment are let go before the gateway was told to stop it",
        a_scenario(buyer("ann", *FILL, upi("upi_late")), policy=SOON),
    ),
    Case(
        "a decline leaves no time",
        "Q2",
        "a shopper whose payment failed had no time for another card",
        a_scenario(buyer("ann", *FILL, expecting(card("tok_declined"), "refused"), wait(400)), policy=SOON),
    ),
    Case("refund without ownership", "Q1", "the money of an order that stands is to go back", a_scenario()),
    # Turned away.
    Case(
        "blocked by its own use",
        "Q2",
        "a shopper was refused a code whose use is held for them",
        a_scenario(buyer("ann", OPEN, MUG, begin("last"), MUG, Begin(again=True), card()), policy=EARLY, promotions=[LAST]),
    ),
    Case(
        "the second tab leaves no record",
        "I17",
        "a wish to pay was answered, and is not written down",
        a_scenario(CHALLENGED, evolve(buyer("tab", OPEN, BEGIN, card(), after=1), shared=True)),
    ),
    # Left waiting.
    Case(
        "the next one goes out anyway",
        "I14",
        "a message overtook another of its checkout",
        a_scenario(buyer("ann", *FILL, card(), wait(30)), exact=[at("notifier.notify", "mail_down", who="worker-1")]),
    ),
    Case("a lease outlives its worker", "L3", "a message is left alone for days", a_scenario()),
    Case(
        "a dead letter holds up the rest",
        "L3",
        "a message waits, and nobody sends it",
        a_scenario(buyer("ann", *FILL, card("tok_3ds_ok"), wait(30)), exact=[at("notifier.notify", "poison", who="worker-1")]),
    ),
    Case(
        "a due one is taken off the list",
        "L1",
        "a checkout waits, and nobody comes",
        a_scenario(buyer("ann", *FILL, wait(1000)), exact=[at("store.transact", "busy", who="worker-1")], policy=EARLY, notifier=False),
    ),
    Case("what is over stays due", "L5", "the shop never comes to rest", a_scenario()),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.bug)
def test_a_check_finds_its_bug(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the first to see it, and says what is wrong; without the bug the same run breaks no promise."""
    assert played(case.scenario)[1].violation is None
    named(case.bug).plant(monkeypatch)
    found = played(case.scenario)[1].violation
    assert found is not None
    assert (found.id, found.says) == (case.id, case.says)
