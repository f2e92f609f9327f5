"""Where scripts are played: a shop, the clock and the world around it, and the views from outside that say whether it all adds up.

It knows no storage and no gateway by name: `wiring` fills it, and tests fill it with parts in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from checkout_core.holds import Stock
from checkout_core.sync.player import MovableClock, Player, World
from checkout_core.sync.shop import Shop
from checkout_core.sync.worker import Worker


@frozen
class Kept:
    """The money of one currency as three books have it, each counted by itself, in minor units."""

    currency: str
    gateway: int
    ledger: int
    orders: int

    @property
    def agree(self) -> bool:
        return self.gateway == self.ledger == self.orders


@frozen
class Letter:
    """A mail that was written: its subject, and the file it lies in. To whom it went is nobody's business here."""

    subject: str
    file: str = ""


@frozen
class Stage:
    """A shop to play scripts on.

    `levels`: what can be had of each SKU at each location. `money`: a row for each currency. `check`: what is wrong, a sentence each;
    nothing if every invariant holds. `letters`: the mails written until now, in order.
    """

    shop: Shop
    worker: Worker
    clock: MovableClock
    world: World
    levels: Callable[[], Mapping[Stock, int]]
    money: Callable[[], Sequence[Kept]]
    check: Callable[[], Sequence[str]]
    letters: Callable[[], Sequence[Letter]]

    @property
    def player(self) -> Player:
        return Player(self.shop, self.worker, self.clock, self.world)
