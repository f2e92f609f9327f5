"""The purchase, explored: every interleaving and every choice of up to three faults; and the planted bugs that this catches."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from tests.simulation.explorer import Found
from tests.simulation.gateway import GatewayModel
from tests.simulation.mutants import FIRST_PURCHASE, MORE, Mutant
from tests.simulation.purchase import Purchase, explore

FAULTS = {
    "crash before", "crash after", "no answer, no effect", "no answer, with effect", "refusal", "cancel", "deadline reached", "second pay",
    "late money", "duplicate evidence", "old evidence",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _rare_collections() -> Iterator[None]:
    """States are values without cycles: the collector has little to find among them."""
    usual = gc.get_threshold()
    gc.set_threshold(200_000, 50, 1000)
    yield
    gc.set_threshold(*usual)


Say = Callable[[str, object], None]


@pytest.fixture
def say(record_property: Callable[[str, object], None]) -> Say:
    """Adds a line to the summary at the end of the session (see tests/conftest.py)."""
    return lambda name, says: record_property("explored", f"{name}: {says}")


def test_one_purchase_with_three_faults(say: Say) -> None:
    """I1–I9, I13–I18, I20, I21, Q1, Q2 hold in every execution of one purchase with up to three faults."""
    found = explore(Purchase(), faults=3)
    say("one purchase, up to 3 faults", found)
    assert set(found.struck) == FAULTS


def test_two_purchases_of_the_last_unit_with_three_faults(say: Say) -> None:
    """The same for two concurrent purchases of one unit, in every interleaving (F1, RB-01)."""
    found = explore(Purchase(checkouts=2), faults=3)
    say("two purchases of the last unit, up to 3 faults", found)
    assert set(found.struck) == FAULTS


@pytest.mark.parametrize(
    "gateway",
    [GatewayModel(tombstone=False), GatewayModel(resend=False), GatewayModel(tombstone=False, resend=False)],
    ids=["no tombstone", "no idempotent keys", "neither"],
)
def test_gateways_that_can_do_less(gateway: GatewayModel, say: Say) -> None:
    """A gateway that cannot forbid, or cannot repeat, is outwaited instead: slower, and as safe (R3, B3)."""
    say(
        f"{gateway.capabilities.tombstone=}, {gateway.capabilities.idempotent_keys=}, up to 2 faults",
        explore(Purchase(gateway=gateway), 2),
    )


def test_money_that_cannot_be_called_back(say: Say) -> None:
    """A UPI intent is approved when the payer likes: the money buys the goods if they can still be had, or goes back (R8, B8, C9)."""
    say("UPI, the payer approves at any time, 1 fault", explore(Purchase(gateway=GatewayModel(upi=True)), 1))


def test_two_purchases_with_the_last_use_of_a_coupon(say: Say) -> None:
    """I9: goods for both, one use of the code; whatever happens, it is used as often as live orders carry it (G3, G5, RB-64)."""
    say("two purchases, the last use of a coupon, up to 2 faults", explore(Purchase(checkouts=2, stock=2, coupon=True), faults=2))


@pytest.mark.parametrize("mutant", [*FIRST_PURCHASE, *MORE], ids=lambda mutant: mutant.name)
def test_planted_bugs_are_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    """A guard must have been seen failing: each planted bug breaks an invariant that the explorer names."""
    mutant.plant(monkeypatch)
    caught: Found | None = None
    upi = GatewayModel(upi=True)
    for world, faults in ((Purchase(), 1), (Purchase(checkouts=2), 1), (Purchase(gateway=upi), 1), (Purchase(), 2), (Purchase(), 3)):
        try:
            explore(world, faults)
        except Found as found:
            caught = found
            break
    assert caught is not None, f"{mutant.name} was not caught"
    say(f"planted {mutant.name!r}", f"{caught.what} ({len(caught.path)} steps)")
