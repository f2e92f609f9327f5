"""Where decisions come from: an address and a seed, and nothing else; how a run is, and where its stalls end."""

from __future__ import annotations

from collections import Counter

import pytest

from checkout_core.simulation.chance import FLOWS, NEAR, RATES, SECOND, STALLS, Exactly, Seeded, Taped, mix_of
from checkout_core.simulation.draws import draw, seed_bytes
from checkout_core.simulation.faults import FAULTS, MENU
from checkout_core.simulation.scenarios import Exact, Faults
from checkout_core.simulation.tapes import BENIGN, Decision, Tape

CALL = "gateway.authorize"
MANY = [f"buyer-{n}.2/{CALL}#1" for n in range(400)]


def decided(seed: int, addresses: list[str], faults: Faults | None = None) -> dict[str, Decision]:
    chance = Seeded(seed, faults or Faults())
    return {address: chance.decide(address, CALL, 0, list) for address in addresses}


@pytest.mark.parametrize("seed", range(6))
def test_taking_one_decision_away_shifts_no_other(seed: int) -> None:
    """Each is drawn at its own address: asked in another order, or without the others, it is the same."""
    all_of_them = decided(seed, MANY)
    assert decided(seed, MANY[::-1]) == all_of_them
    assert decided(seed, MANY[1::3]) == {address: all_of_them[address] for address in MANY[1::3]}


def test_a_draw_is_the_same_everywhere() -> None:
    """BLAKE2b of the address, keyed by the seed: this number stands for every machine and every version."""
    assert f"{draw(seed_bytes(1), 'a'):032x}" == "b641ce6a3a6e662c3414062fbaae5d65"


def test_seeds_differ_in_how_their_runs_are() -> None:
    """Swarm: over many seeds every fault is off, rare and common, time flows in every way, and some runs have no fault at all."""
    mixes = [mix_of(seed_bytes(seed), Faults()) for seed in range(300)]
    assert {mix.flow for mix in mixes} == set(FLOWS)
    assert len({mix.stalls for mix in mixes}) == 3
    assert sum(not any(mix.rates.values()) for mix in mixes) > 20
    for name in FAULTS:
        assert {mix.rates[name] for mix in mixes} == set(RATES.values()), name


def test_a_pinned_rate_stays_and_without_swarm_there_is_no_other() -> None:
    """What the scenario says wins over what the seed draws."""
    pinned = Faults(swarm=False, rates=(("decline", "common"),))
    for seed in range(50):
        rates = mix_of(seed_bytes(seed), pinned).rates
        assert {name for name, rate in rates.items() if rate} == {"decline"}
        assert rates["decline"] == RATES["common"]


def test_with_everything_common_each_fault_still_strikes_and_some_calls_go_well() -> None:
    """The last of the menu is not crowded out by those before it: a throw is a fault at most every other time."""
    everything = Faults(swarm=False, rates=tuple((name, "common") for name in FAULTS))
    found = Counter(made.fault for seed in range(12) for made in decided(seed, MANY, everything).values())
    assert set(found) == {"", *MENU[CALL]}
    assert 0.4 < found[""] / found.total() < 0.65


def test_a_stall_ends_near_what_is_due() -> None:
    """Just before, at and just after an armed instant, and two seconds later: where a lapse, a lease or a call's time ends."""
    due = 600 * SECOND
    ends = set[int]()
    for seed in range(200):
        chance = Seeded(seed, Faults(swarm=False))
        if chance.mix.stalls == STALLS[-1] and chance.mix.flow == "steady":
            for address in MANY:
                made = chance.decide(address, CALL, 0, lambda: [due])
                ends.add(made.wait + made.after)
    assert ends == {0} | {due + near for near in NEAR}


def test_what_is_not_on_a_tape_is_benign() -> None:
    """No fault, and no time."""
    late = Decision(wait=5)
    taped = Taped(Tape({"buyer-1/arrives": late, MANY[0]: Decision("decline")}))
    assert taped.decide(MANY[0], CALL, 0, list) == Decision("decline")
    assert taped.decide(MANY[1], CALL, 0, list) is BENIGN
    assert (taped.arrival("buyer-1/arrives", 9), taped.arrival("buyer-2/arrives", 9)) == (5, 0)


def test_an_exact_fault_strikes_there_and_nowhere_else() -> None:
    """The nth such call of that actor, over all its requests."""
    chance = Exactly(Taped(Tape()), [Exact("buyer-3", CALL, 2, "decline")])
    asked = [f"buyer-3.4/{CALL}#1", f"buyer-2.4/{CALL}#1", f"buyer-3.5/{CALL}#1", f"buyer-3.5r1/{CALL}#1"]
    assert [chance.decide(address, CALL, 0, list).fault for address in asked] == ["", "", "decline", ""]
