"""From a run that broke a promise to the fewest decisions that still break it: fewer people, fewer faults, shorter waits.

Every try is a whole run of a smaller tape. The same scenario and tape give the same result, however often and wherever it is shrunk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from hashlib import blake2b
from typing import Final

from attrs import evolve, field, frozen

from checkout_core.errors import CheckoutError
from checkout_core.simulation.chance import SECOND
from checkout_core.simulation.levels import Level
from checkout_core.simulation.people import cast, named
from checkout_core.simulation.running import Outcome, run_once
from checkout_core.simulation.scenarios import Scenario
from checkout_core.simulation.sweep import sweep_singles
from checkout_core.simulation.tapes import Decision, Tape
from checkout_core.simulation.violations import Violation

TRIES_AT_MOST: Final = 2_000
SEVERAL: Final = 4
"""So many decisions may be a coincidence."""
ROUND: Final = (SECOND, 60 * SECOND, 3600 * SECOND)
"""What waits are rounded to, in the hope of rounder stories."""


class NotReproduced(CheckoutError):
    """Its own tape does not bring back what this run showed: something in it does not follow from its decisions. Report this as a bug."""


@frozen
class Shrunk:
    """The smallest run that was found, and how many were tried."""

    outcome: Outcome
    tries: int


def shrink(
    scenario: Scenario,
    outcome: Outcome,
    *,
    level: Level | None = None,
    told: Callable[[int, int], None] = lambda tries, left: None,
    tries_at_most: int = TRIES_AT_MOST,
) -> Shrunk:
    """The same violation from fewer decisions. `told` hears of each try: how many there were, and how many decisions are left.

    Raises NotReproduced if the run's own tape does not give the run again, and ValueError if the run broke no promise.
    """
    if outcome.violation is None:
        raise ValueError("This run broke no promise: there is nothing to shrink.")
    again = run_once(scenario, tape=outcome.tape, level=level)
    if again.violation is None or again.violation.id != outcome.violation.id or again.digest != outcome.digest:
        came = "nothing" if again.violation is None else again.violation.id
        raise NotReproduced(
            f"The run broke {outcome.violation.id} and its tape breaks {came}; the digest was {outcome.digest} and is {again.digest}. "
            "Something in it does not follow from its decisions. Report this as a bug."
        )
    search = _Search(scenario, again, outcome.violation, level, told, tries_at_most)
    try:
        search.people()
        search.decisions()
        search.people()
        search.values()
        search.decisions()
        search.anew()
    except _Enough:
        pass
    return Shrunk(search.best, search.tries)


class _Enough(Exception):
    """As many runs as were allowed."""


@frozen(slots=False, eq=False)
class _Search:
    scenario: Scenario
    first: Outcome
    goal: Violation
    level: Level | None
    told: Callable[[int, int], None]
    at_most: int
    seen: dict[bytes, bool] = field(factory=dict)
    found: list[Outcome] = field(factory=list)

    @property
    def best(self) -> Outcome:
        return self.found[-1] if self.found else self.first

    @property
    def tape(self) -> Tape:
        return self.best.tape

    @property
    def tries(self) -> int:
        return len(self.seen)

    def better(self, tape: Tape) -> bool:
        """Whether this tape breaks the same promise; then it is the best so far, less what its run never came to."""
        if tape == self.tape:
            return False
        name = blake2b(json.dumps(tape.data()).encode(), digest_size=16).digest()
        if name in self.seen:
            return False
        if len(self.seen) >= self.at_most:
            raise _Enough
        came = run_once(self.scenario, tape=tape, level=self.level)
        same = came.violation is not None and self.same(came.violation)
        self.seen[name] = same
        if same:
            self.found.append(came)
        self.told(self.tries, len(self.tape))
        return same

    def same(self, violation: Violation) -> bool:
        if violation.id != self.goal.id or (violation.id == "guard" and violation.says != self.goal.says):
            return False
        if violation.id == "expect" and violation.facts[0] != self.goal.facts[0]:
            return False
        roles = self.role(violation.checkout), self.role(self.goal.checkout)
        return roles[0] == roles[1] or not all(roles)

    def role(self, checkout: str) -> str:
        """Which actor of the scenario began that checkout."""
        return next((actor.name for actor, name, _ in cast(self.scenario.actors) if checkout.startswith(f"{name}.")), "")

    # Who takes part.
    @cached_property
    def empty(self) -> Violation | None:
        """What is broken if nobody comes at all."""
        return run_once(self.scenario, tape=Tape(without=frozenset(named(self.scenario.actors))), level=self.level).violation

    def people(self) -> None:
        """Let as many stay at home as possible: all but the one it is about, or else by halves.

        Nobody may, where an expectation is missed in an empty shop as well: that too little was sold shows only while all are there.
        """
        if self.goal.id == "expect" and self.empty is not None and self.same(self.empty):
            return
        here = [name for name in named(self.scenario.actors) if name not in self.tape.without]
        it = next((name for name in here if (self.best.violation or self.goal).checkout.startswith(f"{name}.")), "")
        if it and self.better(self._without(here, {it})):
            return
        if it:
            self.better(self.tape.keeping(frozenset(a for a in self.tape.decisions if not _of(a, set(here) - {it}))))
        _fewer(here, lambda kept: self.better(self._without(here, kept)))

    def _without(self, here: Iterable[str], kept: Iterable[str]) -> Tape:
        gone = frozenset(here) - frozenset(kept)
        tape = self.tape.keeping(frozenset(a for a in self.tape.decisions if not _of(a, gone)))
        return evolve(tape, without=tape.without | gone)

    # What goes wrong.
    def decisions(self) -> None:
        """Leave out what can be left out: all, all waits, all faults of one name, then by halves down to one by one."""
        for fewer in (
            lambda made: Decision(),
            lambda made: Decision() if not made.fault else evolve(made, wait=0, after=0),
            lambda made: Decision() if not made.fault else made,
        ):
            self.better(self._each(fewer))
        for name in sorted({made.fault for made in self.tape.decisions.values() if made.fault}):
            self.better(self._each(partial(_not_struck_by, name)))
        addresses = list(self.tape.decisions)
        _fewer(addresses, lambda kept: self.better(self.tape.keeping(frozenset(kept))))

    def _each(self, change: Callable[[Decision], Decision]) -> Tape:
        made = {address: change(made) for address, made in self.tape.decisions.items()}
        return evolve(self.tape, decisions={address: one for address, one in made.items() if not one.benign})

    def anew(self) -> None:
        """If it still takes several: whether one thing will do as well, somewhere else in the purchase that it is about.

        A coincidence of many small waits can be what any one long wait does, and leaving out any of them shows nothing.
        """
        here = [name for name in named(self.scenario.actors) if name not in self.tape.without]
        it = next((name for name in here if (self.best.violation or self.goal).checkout.startswith(f"{name}.")), "")
        if len(self.tape) < SEVERAL or not it:
            return
        singles = list(sweep_singles(self.scenario, level=self.level, without=self.tape.without | (set(here) - {it})))
        for tape in reversed(singles):  # what comes late in a purchase is nearer to what breaks
            if self.better(tape):
                self.values()
                return

    # How long things take.
    def values(self) -> None:
        """Make what is left as plain as possible: no wait, a short one, a round one."""
        for address in list(self.tape.decisions):
            for name in ("after", "wait", "span"):
                made = self.tape.decisions.get(address)
                if made is None:
                    break
                for plainer in _plainer(getattr(made, name)):
                    if self.better(self._with(address, _timed(made, name, plainer))):
                        break

    def _with(self, address: str, made: Decision) -> Tape:
        others = {at: other for at, other in self.tape.decisions.items() if at != address}
        return evolve(self.tape, decisions=others if made.benign else {**others, address: made})


def _fewer(items: list[str], enough: Callable[[Sequence[str]], bool]) -> None:
    """Leave out parts of the list, halves first, for as long as what is kept is `enough`; in the end no single one can be left out."""
    parts = 2
    while items:
        size = -(-len(items) // parts)
        for start in _starts(len(items), size):
            kept = items[:start] + items[start + size :]
            if enough(kept):
                items, parts = kept, max(parts - 1, 2)
                break
        else:
            if size == 1:
                return
            parts = min(parts * 2, len(items))


def _starts(length: int, size: int) -> Iterator[int]:
    yield from reversed(range(0, length, size))  # what came last matters least


def _of(address: str, names: Iterable[str]) -> bool:
    """Whether a decision is one of these people's, or about a message of the gateway or a payer's act for their checkouts."""
    about = address.removeprefix("hook ").removeprefix("payer.act ")
    return any(about.startswith((f"{name}.", f"{name}/")) for name in names)


def _not_struck_by(name: str, made: Decision) -> Decision:
    return made if made.fault != name else evolve(made, fault="", span=0)


def _timed(made: Decision, name: str, time: int) -> Decision:
    match name:
        case "wait":
            return evolve(made, wait=time)
        case "after":
            return evolve(made, after=time)
        case _:
            return evolve(made, span=time)


def _plainer(time: int) -> Iterator[int]:
    """Shorter and rounder times than this one, the plainest first."""
    if not time:
        return
    yield 0
    for unit in ROUND:
        if time > unit:
            yield unit
    for unit in reversed(ROUND):
        if time > unit and time % unit:
            yield time // unit * unit
            yield (time // unit + 1) * unit
