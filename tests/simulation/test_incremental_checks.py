"""Each check that looks at every commit and every answer finds its bug in a run of one or two shoppers, and nothing in the sound shop."""

from __future__ import annotations

import pytest
from attrs import field, frozen

from checkout_core.commands import Asked
from checkout_core.scripts import Add, Login, Merge, Open
from checkout_core.simulation.chance import SECOND, Taped
from checkout_core.simulation.running import Run
from checkout_core.simulation.scenarios import GatewayTerms, Scenario
from checkout_core.simulation.tapes import Decision, Tape
from checkout_core.simulation.violations import Violation
from tests.simulation.mutants import named
from tests.simulation.small import AGAIN, BACK, FILL, a_scenario, at, buyer, card, expecting, played, receive, reprice, wait

INTENT = "ann.4/store.transact#1"
"""The unit in which ann's intent to pay is stored."""
LONG = wait(300)
TRAIN, SAVED = Open("train", "EUR", guest=True), Open("saved", "EUR")
HERS, HIS = Add("MUG", 1, (("name", "Ada"),)), Add("MUG", 2, (("name", "Ben"),))
MERGED = (SAVED, HERS, TRAIN, HIS, Login("saved"), Merge("train", "saved"))
NO_TERMS = GatewayTerms(tombstone=False, idempotent_keys=False)
DEARER = buyer("keeper", reprice(1490), after=30)


@frozen
class Case:
    """A bug, who must be first to see it and with what words, in which scenario; `tape` adds what the scenario cannot say."""

    bug: str
    id: str
    says: str
    scenario: Scenario
    tape: dict[str, Decision] = field(factory=dict)


CASES = (
    # Money that goes back.
    Case(
        "a refund has a new key each time",
        "I7",
        "more is to be sent back than was taken",
        a_scenario(buyer("ann", *FILL, card(), BACK, LONG), exact=[at("gateway.refund", "timeout_applied")]),
    ),
    Case(
        "back goes what was asked",
        "I7",
        "more is to be sent back than was taken",
        a_scenario(exact=[at("gateway.authorize", "amount_short")]),
    ),
    Case(
        "closed is closed",
        "I6",
        "captured money is attached to nothing, and nobody will come for it",
        a_scenario(buyer("ann", *FILL, expecting(card(), "refused"), LONG), exact=[at("gateway.authorize", "declined_then_paid")]),
    ),
    Case(
        "a verdict is read off the moment",
        "I17",
        "the same request was answered in two ways",
        a_scenario(
            buyer("ann", *FILL, expecting(card(), "refused"), LONG, expecting(AGAIN, "refused")),
            exact=[at("gateway.authorize", "declined_then_paid")],
        ),
    ),
    Case(
        "by is not looked at",
        "I6",
        "money was taken for nothing, and nobody will send it back",
        a_scenario(gateway=NO_TERMS),
        {INTENT: Decision(after=400 * SECOND)},
    ),
    # What was agreed.
    Case(
        "re-quoted in silence",
        "I8",
        "another amount is charged than the shopper agreed to",
        a_scenario(buyer("ann", *FILL, wait(1800), expecting(card(), "refused")), DEARER),
    ),
    Case(
        "an old quote is honoured",
        "I8",
        "a price is charged that is not promised any more",
        a_scenario(buyer("ann", *FILL, wait(1800), expecting(card(), "refused")), DEARER),
    ),
    Case(
        "a promised price is asked for again",
        "Q2",
        "a shopper was refused the price that was promised",
        a_scenario(buyer("ann", *FILL, wait(60), card()), DEARER),
    ),
    # Carts.
    Case("a merge leaves the guest's cart open", "I18", "the lines of a merged cart are in two carts", a_scenario(buyer("ann", *MERGED))),
    Case("a merge loses a line", "I18", "a merge lost a line, or made one", a_scenario(buyer("ann", *MERGED))),
    Case(
        "a customer has two open carts",
        "I18",
        "a customer has two open carts in one currency",
        a_scenario(buyer("ann", Open("one", "EUR"), Open("two", "EUR"))),
    ),
    # Repetition.
    Case(
        "a rerun is another request",
        "I17",
        "a unit that had committed had its effect once more",
        a_scenario(buyer("keeper", receive(3)), exact=[at("store.transact", "ambig_applied", 1, "keeper")]),
    ),
    # Messages.
    Case(
        "an outage kills letters",
        "L3",
        "an event is with a person that could have been delivered",
        a_scenario(buyer("ann", *FILL, card(), LONG), exact=[at("notifier.notify", "mail_out", 1, "worker-1")]),
    ),
    Case(
        "an outage forgives",
        "I25",
        "the tries of a message are forgotten",
        a_scenario(buyer("ann", *FILL, card(), LONG), exact=[at("notifier.notify", "mail_down", 1, "worker-1")]),
    ),
    Case(
        "a poison letter never dies",
        "I25",
        "a message is tried without end",
        a_scenario(buyer("ann", *FILL, card(), LONG), exact=[at("notifier.notify", "mail_broken", 1, "worker-1")]),
    ),
)


def look(case: Case) -> Violation | None:
    if not case.tape:
        return played(case.scenario)[1].violation
    return Run(case.scenario, Taped(Tape(case.tape))).go()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.bug)
def test_a_check_sees_its_bug(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the bug planted this check is the first to see it; without it the same run breaks nothing."""
    assert look(case) is None
    named(case.bug).plant(monkeypatch)
    found = look(case)
    assert found is not None
    assert (found.id, found.says) == (case.id, case.says)


def test_a_key_that_does_something_else_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: nobody compares what was asked under a key before. Another card under it is told what the first was told (S4, I17)."""
    scenario = a_scenario(exact=[at("client.ask", "key_reused", 4)])
    assert played(scenario)[1].violation is None
    monkeypatch.setattr(Asked, "before", lambda self, unit: unit.request(self.scope, self.operation, self.key))
    found = played(scenario)[1].violation
    assert found is not None
    assert (found.id, found.says) == ("I17", "a key that stood for one request did something else")
