"""A run as its decisions: at each call of a port, which fault strikes and how long things take. What is not on the tape is benign.

An address names a decision: who calls, what, and for the how-manieth time, as in `buyer-3.5/gateway.authorize#1`: the first authorize
within the fifth request of the third buyer. A tape replays a run without its seed, and a shorter tape is a smaller story.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, field, frozen

from checkout_core.errors import CheckoutError


@frozen
class Decision:
    """What happens at one address; times in microseconds of virtual time.

    `wait` passes before the call takes effect, `after` between its effect and its answer; `span` is how long what the fault does lasts.
    """

    fault: str = ""
    wait: int = 0
    after: int = 0
    span: int = 0

    @property
    def benign(self) -> bool:
        """Whether nothing happens."""
        return not (self.fault or self.wait or self.after)


BENIGN = Decision()


@frozen
class Tape:
    """Every decision that is not benign, by its address; `without` are actors who stay at home."""

    decisions: Mapping[str, Decision] = field(factory=dict)
    without: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self.decisions)

    def keeping(self, addresses: frozenset[str]) -> Tape:
        """The same with only these decisions."""
        return evolve(self, decisions={address: made for address, made in self.decisions.items() if address in addresses})

    def data(self) -> dict[str, object]:
        """As plain data, for JSON."""
        rows = [
            {"at": address, **{name: value for name, value in _fields(made) if value}} for address, made in sorted(self.decisions.items())
        ]
        return {"decisions": rows, "without": sorted(self.without)}


class BadTape(CheckoutError):
    """This is no tape: use a file that `checkout simulate` wrote."""


def tape_of(data: object) -> Tape:
    """The tape from plain data. Raises BadTape, saying what is wrong."""
    if not isinstance(data, Mapping) or not isinstance(data.get("decisions"), list) or not isinstance(data.get("without", []), list):
        raise BadTape('A tape is an object with the lists "decisions" and "without".')
    decisions = dict[str, Decision]()
    for n, row in enumerate(data["decisions"], start=1):
        known = {"at", "fault", "wait", "after", "span"}
        if not isinstance(row, Mapping) or not isinstance(row.get("at"), str) or not set(row) <= known:
            raise BadTape(f'Decision {n} has "at", and some of "fault", "wait", "after" and "span"; got {str(row)[:80]}.')
        times = [row.get(name, 0) for name in ("wait", "after", "span")]
        if not isinstance(row.get("fault", ""), str) or any(type(time) is not int or time < 0 for time in times):
            raise BadTape(f'Decision {n}: "fault" is a text, and times are microseconds, 0 or more.')
        decisions[row["at"]] = Decision(row.get("fault", ""), *times)
    return Tape(decisions, frozenset(str(name) for name in data.get("without", [])))


def _fields(made: Decision) -> tuple[tuple[str, object], ...]:
    return ("fault", made.fault), ("wait", made.wait), ("after", made.after), ("span", made.span)
