"""Small scenarios for tests: a few shoppers at the shop of `tests.world`, in a world where nothing goes wrong unless it is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from checkout_core.holds import Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.money import Money
from checkout_core.payments import Card, Upi
from checkout_core.promotions import Promotion
from checkout_core.scripts import (
    Add,
    Backorder,
    Begin,
    Cancel,
    Do,
    MoveStock,
    Open,
    Outcome,
    Pay,
    PayAgain,
    Reprice,
    Script,
    Shopper,
    Step,
    WaitFor,
)
from checkout_core.simulation.chance import Seeded
from checkout_core.simulation.levels import Level
from checkout_core.simulation.running import Outcome as Came
from checkout_core.simulation.running import Run, outcome_of
from checkout_core.simulation.scenarios import Actor, Exact, Faults, GatewayTerms, Rate, Scenario, World
from tests.world import ADA, BERLIN, catalog

OPEN, MUG, BEGIN = Open("cart", "EUR"), Add("MUG"), Begin(shipping="standard", ship_to=BERLIN, contact=ADA)
FILL: tuple[Do, ...] = (OPEN, MUG, BEGIN)
AGAIN, BACK = PayAgain(), Cancel("changed my mind")


def card(token: str = "tok_ok", agreed: Money | None = None) -> Pay:
    return Pay(Card(token), agreed)


def upi(token: str) -> Pay:
    return Pay(Upi(token))


def wait(seconds: int) -> WaitFor:
    return WaitFor(seconds)


def reprice(minor: int, sku: str = "MUG") -> Reprice:
    return Reprice(sku, Money(minor, "EUR"))


def receive(delta: int, sku: str = "MUG", location: str = "main") -> MoveStock:
    return MoveStock(sku, delta, location, "counted")


def backorder(limit: int, sku: str = "MUG") -> Backorder:
    return Backorder(sku, limit, "main", "on its way")


def begin(*codes: str) -> Begin:
    return Begin(shipping="standard", ship_to=BERLIN, contact=ADA, codes=codes)


def expecting(do: Do, outcome: Outcome) -> tuple[Do, Outcome]:
    return do, outcome


def journey(*steps: Do | tuple[Do, Outcome], guest: bool = False) -> Script:
    """One person's steps, each with what is expected of it, if anything."""
    pairs = [step if isinstance(step, tuple) else (step, None) for step in steps]
    people = (Shopper("ada", None if guest else "ada", ADA, BERLIN),)
    return Script("journey", "A journey", "", people, tuple(Step(type(do).__name__, "ada", do, expect=expect) for do, expect in pairs))


def buyer(name: str = "ann", *steps: Do | tuple[Do, Outcome], count: int = 1, within: int = 0, after: int = 0, patience: int = 5) -> Actor:
    """Somebody who takes these steps; without any, one who buys a mug."""
    return Actor(name, journey(*(steps or (*FILL, card()))), count, within, after, patience)


def a_scenario(
    *actors: Actor,
    exact: Iterable[Exact] = (),
    rates: Mapping[str, Rate] | None = None,
    swarm: bool = False,
    stock: Mapping[Stock, int] | None = None,
    promotions: Iterable[Promotion] = (),
    gateway: GatewayTerms | None = None,
    shelf: MemoryCatalog | None = None,
    **world: Any,
) -> Scenario:
    """A scenario with one process and one worker, unless it says otherwise."""
    lies = tuple((stock or {Stock("MUG"): 5}).items())
    given: dict[str, Any] = {"processes": 1, "workers": 1} | world
    of = World(shelf or catalog(promotions), lies, gateway=gateway or GatewayTerms(), **given)
    return Scenario("small", "Small", "", of, actors or (buyer(),), Faults(swarm, tuple((rates or {}).items()), tuple(exact)))


def at(call: str, fault: str, nth: int = 1, who: str = "ann") -> Exact:
    """A fault at one place."""
    return Exact(who, call, nth, fault)


def _is_calm(seed: int) -> bool:
    mix = Seeded(seed, Faults(swarm=False)).mix
    return mix.flow == "steady" and not mix.stalls


CALM: Final = tuple(seed for seed in range(200) if _is_calm(seed))
"""Seeds with which nothing waits and nothing happens but what the scenario says."""


def played(scenario: Scenario, level: Level | None = None, seed: int = CALM[0]) -> tuple[Run, Came]:
    """One run, calm unless another seed is given, and what came of it."""
    run = Run(scenario, Seeded(seed, scenario.faults), level=level)
    violation = run.go()
    return run, outcome_of(run, seed, violation)
