"""A fault at a named place strikes there, whoever makes the call, and a store of the simulator fails as real ones do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.holds import Movement, Stock
from checkout_core.simulation.chance import Taped
from checkout_core.simulation.parts import TRIES, SimStorage
from checkout_core.simulation.running import Run, run_once
from checkout_core.simulation.tapes import Tape
from checkout_core.unit import Unit
from tests.simulation.small import FILL, a_scenario, at, buyer, card, played


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ("client.ask", "reply_lost"),
        ("store.transact", "serialization"),
        ("gateway.authorize", "timeout_applied"),
        ("webhook.deliver", "dup"),
        ("payer.act", "never_acts"),
    ],
)
def test_a_fault_strikes_the_call_of_the_shopper_whom_it_names(call: str, fault: str) -> None:
    """The messages of a gateway and the acts of a payer are the shopper's whose checkout they are about."""
    shoppers = (buyer("ann", *FILL, card("tok_3ds_ok")), buyer("ben", *FILL, card("tok_3ds_ok")))
    run, came = played(a_scenario(*shoppers, exact=[at(call, fault, who="ben")]))
    assert came.violation is None
    assert dict(run.coverage.struck) == {fault: 1}
    (address,) = [address for address, made in came.tape.decisions.items() if made.fault]
    assert "ben" in address


def run_unit(faults: Sequence[str]) -> None:
    """A unit of the simulator's storage, each time with the next of these faults."""
    run = Run(a_scenario(), Taped(Tape()))
    left = list(faults)
    unit = SimStorage(run.store).transact(lambda unit: _receives(unit))
    answer: object = None
    fault: Exception | None = None
    while True:
        try:
            call = unit.send(answer) if fault is None else unit.throw(fault)
        except StopIteration:
            return
        answer, fault = None, None
        try:
            answer = call.run(left.pop(0))
        except Exception as raised:
            fault = raised


def _receives(unit: Unit) -> None:
    unit.write(Movement(Stock("MUG"), 1, "counted", "test", unit.now))


@pytest.mark.parametrize("lost", ["ambig_applied", "ambig_lost"])
def test_after_a_lost_commit_nothing_says_that_nothing_happened(lost: str) -> None:
    """E4: that a later try of the same unit found the store busy does not take back what the first may have done."""
    with pytest.raises(NoAnswer):
        run_unit([lost, "busy"])
    with pytest.raises(NoAnswer):
        run_unit([lost, *["serialization"] * (TRIES - 1)])


def test_a_unit_that_was_never_committed_says_so() -> None:
    """E1, E5: it was rolled back each time, so it can be said that it did not happen."""
    for faults in (["busy"], ["deadlock", "disk_full"], ["serialization"] * TRIES):
        with pytest.raises(Unavailable):
            run_unit(faults)
    run_unit(["serialization", ""])


def test_a_run_says_how_its_seed_drew_it() -> None:
    """With exact faults too; a tape has drawn nothing."""
    scenario = a_scenario(exact=[at("store.transact", "busy")])
    _, came = played(scenario)
    assert came.mix == "steady, common: none"
    assert run_once(scenario, tape=came.tape).mix == ""
