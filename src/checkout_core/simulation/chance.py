"""Where decisions come from: a seed, or a tape. A seed first draws how its run is: which faults are rare or common, and how time flows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from attrs import frozen

from checkout_core.simulation.draws import Draws, draw, seed_bytes
from checkout_core.simulation.faults import FAULTS, MENU
from checkout_core.simulation.scenarios import Exact, Faults
from checkout_core.simulation.tapes import BENIGN, Decision, Tape

SECOND: Final = 1_000_000
SCALE: Final = 1 << 20
RATES: Final[Mapping[str, int]] = {"off": 0, "rare": SCALE // 200, "common": SCALE // 12}
FLOWS: Final = ("steady", "random", "heavy", "ranked")
STALLS: Final = (0, SCALE // 64, SCALE // 10)
NEAR: Final = (-1000, 0, 1000, 2 * SECOND)
"""How far from an armed instant a stall ends, in microseconds."""
LONGEST: Final = 3 * 3600 * SECOND

Armed = Callable[[], Sequence[int]]


class Decides(Protocol):
    """What decides at an address."""

    def decide(self, address: str, call: str, now: int, armed: Armed) -> Decision:
        """The decision for this call; `armed` gives the instants at which something is due, which a stall may just miss."""
        ...

    def arrival(self, address: str, within: int) -> int:
        """When somebody comes, of so many microseconds."""
        ...


@frozen
class Mix:
    """How one run is."""

    flow: str
    stalls: int
    rates: Mapping[str, int]

    def __str__(self) -> str:
        common = [name for name, rate in self.rates.items() if rate >= RATES["common"]]
        return f"{self.flow}, common: {', '.join(common) or 'none'}"


class Seeded:
    """Decisions drawn from a seed."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.key = seed_bytes(seed)
        self.mix = mix_of(self.key, faults)
        self._menu = {call: _steps(names, self.mix.rates) for call, names in MENU.items()}
        self._struck = any(self._menu.values())
        self._still = self.mix.flow == "steady" and not self.mix.stalls
        self._ranks: dict[str, int] = {}

    def decide(self, address: str, call: str, now: int, armed: Armed) -> Decision:
        steps = self._menu.get(call)
        if self._still and not steps:
            return BENIGN
        bits = Draws(draw(self.key, address))
        fault, span = "", 0
        if steps:
            throw = bits.below(SCALE)
            for bound, name in steps:
                if throw < bound:
                    fault, span = name, _span(bits, 11 if name == "pause" else 7)
                    break
        wait = self._wait(bits, address)
        if self.mix.stalls and bits.below(SCALE) < self.mix.stalls:
            wait = _stall(bits, now, armed()) or wait
        if not wait and not fault:
            return BENIGN
        return Decision(fault, 0, wait, span) if wait and not bits.below(4) else Decision(fault, wait, 0, span)

    def arrival(self, address: str, within: int) -> int:
        return draw(self.key, address) % within if within else 0

    def _wait(self, bits: Draws, address: str) -> int:
        match self.mix.flow:
            case "random":
                return bits.below(250_000)
            case "heavy":
                return bits.below(1000) << bits.below(13)
            case "ranked":  # a few who are always slower than others, and now and then one who is overtaken by all
                actor = address.split(".", 1)[0]
                rank = self._ranks.get(actor)
                if rank is None:
                    rank = self._ranks[actor] = draw(self.key, f"rank of {actor}") % 16 * 7_001
                return rank if bits.below(24) else rank + bits.below(5 * SECOND)
            case _:
                return 0


def _steps(names: Sequence[str], rates: Mapping[str, int]) -> tuple[tuple[int, str], ...]:
    """The bounds below which a throw is each fault: at most every other call is struck, and by any of them."""
    shares = [(rates[name] // FAULTS[name].weight, name) for name in names if rates[name]]
    most = max(sum(share for share, _ in shares), SCALE // 2)
    steps, bound = list[tuple[int, str]](), 0
    for share, name in shares:
        bound += share * (SCALE // 2) // most
        steps.append((bound, name))
    return tuple(steps)


def mix_of(key: bytes, faults: Faults) -> Mix:
    """What this seed draws for its run; rates that the scenario pins stay."""
    bits = Draws(draw(key, "mix"))
    flow, stalls = bits.one_of(FLOWS), bits.one_of(STALLS)
    pinned = dict(faults.rates)
    calm = not bits.below(6)  # some runs have no fault but time itself
    rates = dict[str, int]()
    for name in FAULTS:
        drawn = "off" if calm or not faults.swarm else Draws(draw(key, f"rate of {name}")).one_of(("off", "off", "rare", "common"))
        rates[name] = RATES[pinned.get(name, drawn)]
    return Mix(flow, stalls, rates)


def _span(bits: Draws, powers: int) -> int:
    """How long a stop, a restart or a late arrival takes: mostly seconds, sometimes minutes."""
    return (1 + bits.below(SECOND)) << bits.below(powers)


def _stall(bits: Draws, now: int, armed: Sequence[int]) -> int:
    """How long to stall so as to go on near an armed instant; 0 if none is armed."""
    ahead = [at for at in armed if now < at <= now + LONGEST]
    return max(bits.one_of(ahead) + bits.one_of(NEAR) - now, 0) if ahead else 0


class Taped:
    """Decisions from a tape; benign where it says nothing."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def decide(self, address: str, call: str, now: int, armed: Armed) -> Decision:
        return self.tape.decisions.get(address, BENIGN)

    def arrival(self, address: str, within: int) -> int:
        return self.tape.decisions.get(address, BENIGN).wait


class Exactly:
    """Faults at named places, and decisions from elsewhere at all others."""

    def __init__(self, otherwise: Decides, exact: Sequence[Exact]) -> None:
        self.otherwise = otherwise
        self._at = {(one.actor, one.call, one.nth): one.fault for one in exact}
        self._calls = {one.call for one in exact}
        self._made: dict[tuple[str, str], int] = {}

    def decide(self, address: str, call: str, now: int, armed: Armed) -> Decision:
        if call in self._calls:
            actor = actor_at(address, call)
            n = self._made[actor, call] = self._made.get((actor, call), 0) + 1
            fault = self._at.get((actor, call, n))
            if fault is not None:
                return Decision(fault, span=30 * SECOND)
        return self.otherwise.decide(address, call, now, armed)

    def arrival(self, address: str, within: int) -> int:
        return self.otherwise.arrival(address, within)


_BEFORE: Final[Mapping[str, str]] = {"webhook.deliver": "hook ", "payer.act": "payer.act "}
"""What stands in an address before the checkout, where a call is made by nobody's task: it is then its shopper's."""


def actor_at(address: str, call: str) -> str:
    """Whose call it is: a shopper or a worker; of a gateway's message and a payer's act, the shopper whose checkout it is about."""
    return address.removeprefix(_BEFORE.get(call, "")).partition("/")[0].partition(".")[0]


def drawn_as(decides: Decides) -> str:
    """How a seed drew its run, in words; nothing for a tape."""
    if isinstance(decides, Exactly):
        return drawn_as(decides.otherwise)
    return str(decides.mix) if isinstance(decides, Seeded) else ""
