"""Processes that stand still (SIGSTOP) at an edge of a purchase, for longer than any call may take, and are then continued.

    python -m tests.processes.pauses FOLDER

A shopper's process is halted before and after every COMMIT and call of its payment; then a worker that goes on with what another one left.
Meanwhile `checkout worker --once` goes on; or, inside a unit, others are told that the database is busy. Each time twice: once the halted
process finds that ten minutes have gone by, once its own clock stood still with it. What is found is printed as JSON.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, evolve, field, frozen

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Worker
from checkout_core.effects import Authorize
from checkout_core.errors import Unavailable
from checkout_core.sync.ports import Gateway
from checkout_core.testing.processes import go_on, halt, until_halted
from tests.processes.crashes import EARLIER, STOCK, Edge, Edges, Watched, killed, ready, watch, worker
from tests.processes.ground import Ago, Behind, Child, Shopper, copy_shop, forked, found_in, make_shop, opened, shopper_of, told, wrong

BETWEEN: Final = 300  # seconds ago: when a worker takes up what the shopper's process left
AFTERWARDS: Final = 100  # seconds ago: when another finds the call of that one overdue; now, what it wants to ask again is due
IMPATIENT: Final = 0.02  # seconds


@frozen
class Meanwhile:
    """What is found of a halted process: whether its own clock stood still too, and whether it holds the database."""

    edge: Edge
    clock: str
    inside: bool

    def __str__(self) -> str:
        return f"{self.edge}, halted {'inside a unit' if self.inside else 'between units'}, its clock {self.clock}"


@define
class Pauses:
    """Halts one process after the other, and notes what became of it."""

    template: Path
    path: Path
    through: Callable[[SandboxGateway], Gateway] = lambda plain: plain
    clock: Behind = field(factory=Behind)
    halted: Counter[str] = field(factory=Counter)
    told: Counter[str] = field(factory=Counter)
    failures: list[str] = field(factory=list)

    def shopper(self, edges: Sequence[Edge], kinds: Sequence[str]) -> None:
        """Halt a shopper's process at the edges of paying."""
        for fatal, here in chosen(edges, lambda edge: edge.call == "pay" and edge.kind in kinds):
            copy_shop(self.template, self.path)
            self.clock.seconds = EARLIER
            child = forked(lambda say, fatal=fatal: self.buying(fatal, say))  # type: ignore[misc]
            said = self.while_halted(child, here)
            resumed = shopper_of(said[-1])
            answer = "placed" if resumed.order else resumed.refused
            self.told[answer] += 1
            if answer not in ("placed", "Pending"):
                self.failures.append(f"{here}: the continued process told its shopper {answer!r}")
            self.settled(here, resumed)

    def worker(self, edges: Sequence[Edge], left_at: str, kinds: Sequence[str]) -> None:
        """Halt a worker that goes on after a shopper's process was killed at its call of the gateway."""
        (fatal,) = (n for n, edge in enumerate(edges) if str(edge) == left_at)
        self.left(fatal)
        (passed,) = forked(lambda say: self.working(-1, say)).ended()[1]
        for nth, here in chosen([Edge(**edge) for edge in passed["edges"]], lambda edge: edge.kind in kinds):
            if here.clock == "stood still" and (here.edge.side, here.edge.kind) != ("before", "gateway"):
                continue  # tried with the shopper's process
            shopper = self.left(fatal)
            child = forked(lambda say, nth=nth: self.working(nth, say))  # type: ignore[misc]
            self.while_halted(child, here)
            self.settled(here, shopper)

    def left(self, fatal: int) -> Shopper:
        """A database as a shopper's process left it that was killed at that edge, now due."""
        copy_shop(self.template, self.path)
        self.clock.seconds = BETWEEN
        return shopper_of(killed(self.path, fatal).ended()[1][-1])

    def buying(self, fatal: int, say: Callable[[object], None]) -> int:
        edges = Edges(Shopper("ada", codes=("HELLO",)), fatal, halt)
        with opened(self.path, clock=self.clock, gateway=lambda plain: Watched(self.through(plain), edges)) as shop:
            watch(engine_of(shop), edges)
            edges.shopper.buy(shop, lambda shopper: say(told(shopper)))
        return 0

    def working(self, fatal: int, say: Callable[[object], None]) -> int:
        edges = Edges(Shopper("nobody", at="work"), fatal, halt)
        with opened(self.path, clock=self.clock, gateway=lambda plain: Watched(plain, edges)) as shop:
            watch(engine_of(shop), edges)
            while Worker(shop).tick():
                pass
        say({"edges": [asdict(edge) for edge in edges.passed]})
        return 0

    def while_halted(self, child: Child, here: Meanwhile) -> list[dict[str, Any]]:
        """Let others go on, then the process too. What it said."""
        until_halted(child.pid)
        self.halted[f"{'inside a unit' if here.inside else f'{here.edge.side} {here.edge.kind}'}, clock {here.clock}"] += 1
        try:
            if here.inside:
                self.others_are_told_to_wait(here)
            else:
                self.others_go_on(here)
        finally:
            if here.clock == "gone on":
                self.clock.seconds = 0
            go_on(child.pid)
        code, said = child.ended()
        if code:
            self.failures.append(f"{here}: the continued process ended with {code}: {said[-1:]}")
        return said

    def others_go_on(self, here: Meanwhile) -> None:
        with opened(self.path, clock=Ago(AFTERWARDS)) as shop:
            shop.tick()
        if here.edge.call != "pay":
            with opened(self.path) as shop:
                shop.tick()
        elif code := worker(self.path):
            self.failures.append(f"{here}: the worker ended with {code}")
        found = found_in(self.path, checked=False)
        if found.intended and (found.orders, found.charges) != (1, 1):
            self.failures.append(f"{here}: the worker came to {found}")

    def others_are_told_to_wait(self, here: Meanwhile) -> None:
        with opened(self.path, busy_timeout=IMPATIENT) as shop:
            if shop.stock("MUG")["MUG"].on_hand != STOCK:
                self.failures.append(f"{here}: others read something else")
            try:
                shop.open_cart(currency="EUR", key="other-cart")
            except Unavailable:
                return
            self.failures.append(f"{here}: another process wrote at the same time")

    def settled(self, here: Meanwhile, shopper: Shopper) -> None:
        """A worker comes by once more, and the shopper repeats the call: one order, the one they were told of, and one charge."""
        heard = shopper.order
        with opened(self.path) as shop:
            Worker(shop).tick()
            shopper.buy(shop)
        if not shopper.order or heard not in ("", shopper.order):
            self.failures.append(f"{here}: the shopper was told {heard!r}, and then {shopper.order or shopper.refused!r}")
        self.failures += [f"{here}: {sentence}" for sentence in wrong(self.path, orders=1, stock=STOCK)]


def chosen(edges: Sequence[Edge], wanted: Callable[[Edge], bool]) -> Iterator[tuple[int, Meanwhile]]:
    """Every COMMIT of a unit and call of the gateway among them, with both kinds of clock."""
    inside = False
    for n, edge in enumerate(edges):
        inside |= (edge.side, edge.what) == ("after", "BEGIN IMMEDIATE")
        of_a_unit = inside and edge.kind == "commit"
        inside &= (edge.side, edge.kind) != ("after", "commit")
        if wanted(edge) and (edge.kind == "gateway" or of_a_unit):
            yield n, Meanwhile(edge, "gone on", inside)
            yield n, Meanwhile(edge, "stood still", inside)


def engine_of(shop: Any) -> Any:
    assert isinstance(shop.storage, SqlStorage)
    return shop.storage.engine


@frozen
class Forgetful:
    """A planted bug: a gateway that declares idempotent keys, and takes the money again when it gets the same key a second time."""

    inner: SandboxGateway

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def authorize(self, effect: Authorize) -> Any:
        known = self.inner.books.payment(effect.key) is not None
        return self.inner.authorize(evolve(effect, key=f"{effect.key}/again") if known else effect)


def explore(folder: Path) -> dict[str, Any]:
    """Halt processes at all these edges, and say what became of them; then at the call of the gateway once more, with the bug."""
    template, path = folder / "template.db", folder / "shop.db"
    make_shop(template, STOCK)
    edges = ready(template, path)
    pauses = Pauses(template, path)
    pauses.shopper(edges, ("commit", "gateway"))
    pauses.worker(edges, "before authorize in pay", ("commit", "gateway"))
    pauses.worker(edges, "after authorize in pay", ("gateway",))
    planted = Pauses(template, path, Forgetful)
    planted.shopper(edges, ("gateway",))
    return {
        "halted": dict(pauses.halted),
        "told": dict(pauses.told),
        "failures": pauses.failures,
        "failures with a gateway that takes money twice": planted.failures,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Halt processes at the edges of a purchase, and continue them.")
    parser.add_argument("folder", type=Path)
    print(json.dumps(explore(parser.parse_args().folder), indent=1))


if __name__ == "__main__":
    main()
