"""A scenario as values: the world that is sold from, who does what in it, what goes wrong, and what must be true at the end.

Every invariant of docs/guarantees.md is checked in every scenario; `expect` only adds to them. `scenario_reader` makes these of TOML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal

from attrs import field, frozen

from checkout_core.holds import Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.money import Money
from checkout_core.policy import Policy
from checkout_core.scripts import Script

STARTS: Final = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
Rate = Literal["off", "rare", "common"]


@frozen
class GatewayTerms:
    """What the model gateway can do, in the words of `payments.Capabilities`; times in seconds.

    `forgets_keys_after`: how long a key is remembered; None for ever. `webhooks`: whether it sends messages of what became of a payment.
    `checks_by`: whether its adapter itself looks once more whether it is too late to send a call.
    """

    tombstone: bool = True
    idempotent_keys: bool = True
    capture_later: bool = True
    capture_with_authorize: bool = True
    settle_window: int = 120
    call_timeout: int = 10
    forgets_keys_after: int | None = None
    webhooks: bool = True
    checks_by: bool = False


@frozen
class World:
    """A shop to sell from, at the first moment `starts` (UTC): `stock` is what lies there, `cards` the gift cards by their numbers.

    `processes` serve shoppers and `workers` tick and relay; any of them may crash, stall and restart. The clock of each process is wrong by
    up to `skew` seconds, either way; with `steps` it is set right now and then, and so may step back.
    """

    catalog: MemoryCatalog
    stock: tuple[tuple[Stock, int], ...] = ()
    cards: tuple[tuple[str, Money], ...] = ()
    currency: str = "EUR"
    policy: Policy = Policy(identity_secret=b"a secret of the simulated shop")
    gateway: GatewayTerms = GatewayTerms()
    processes: int = 2
    workers: int = 1
    notifier: bool = True
    tax_provider: bool = False
    starts: datetime = STARTS
    skew: int = 0
    steps: bool = False


@frozen
class Actor:
    """So many who follow one script, each by themselves, arriving within so many seconds from `after` on.

    A shopper whose call brings no answer repeats it, with the same key, at most `patience` times. Its steps' `expect` is what happens if
    nothing goes wrong; who is refused otherwise leaves. With several shoppers in the script, its steps are still taken one by one.
    Each has accounts and addresses of their own (`scripts.renamed`), unless they are `shared`: then all are the script's own people.
    """

    name: str
    journey: Script
    count: int = 1
    within: int = 0
    after: int = 0
    patience: int = 5
    shared: bool = False


@frozen
class Exact:
    """One fault at one place: it strikes the `nth` time (from 1) that `actor` (such as `buyer-3`) makes the `call` (`gateway.capture`)."""

    actor: str
    call: str
    nth: int
    fault: str


@frozen
class Faults:
    """What goes wrong. With `swarm` each run draws for every fault whether it is off, rare or common; `rates` pins some of them.

    `exact` ones strike in every run. Names are those of `faults.FAULTS`.
    """

    swarm: bool = True
    rates: tuple[tuple[str, Rate], ...] = ()
    exact: tuple[Exact, ...] = ()


@frozen
class Between:
    """A number that must lie between these, both included."""

    least: int = 0
    most: int = 10**9

    def __contains__(self, number: int) -> bool:
        return self.least <= number <= self.most

    def __str__(self) -> str:
        if self.least == self.most:
            return str(self.least)
        if not self.least:
            return f"at most {self.most}"
        return f"at least {self.least}" if self.most == Between().most else f"{self.least} to {self.most}"


@frozen
class Facts:
    """What must be true when all is at rest, on top of the invariants. None, and what is not listed, is not looked at.

    `orders` that stand; what is `left` of a SKU; `refused`: the only reasons for which anybody may be refused; `notices` delivered.
    """

    orders: Between | None = None
    left: tuple[tuple[str, Between], ...] = ()
    refused: tuple[str, ...] | None = None
    notices: Between | None = None


@frozen
class Adapters:
    """Parts of the world that are not the models: a name of ours (`sqlite`), or where the host's own is to be found (`package:object`).

    The caller of the simulator opens them: it knows the model store and the model gateway alone.
    """

    storage: str = "model"
    gateway: str = "model"


@frozen
class Scenario:
    """A whole scenario. `calm` is expected only of runs in which no fault struck, `always` of every run."""

    name: str
    title: str
    about: str
    world: World
    actors: tuple[Actor, ...]
    faults: Faults = Faults()
    always: Facts = Facts()
    calm: Facts = Facts()
    adapters: Adapters = Adapters()
    marks: tuple[str, ...] = field(default=())
    """Marks of `coverage.MARKS` that many seeds together must reach."""
