"""Bugs that need two at the same time: at one call, or at one message."""

from __future__ import annotations

from typing import Any

from checkout_core import deliveries, drive
from checkout_core.checkout import Checkout
from checkout_core.effects import RemoteEffect
from checkout_core.unit import Delivery
from tests.simulation.mutants.bug import Patch, bug, everywhere


@bug("whoever comes by sends it", "a call that is stored is performed by all who read it, not by who stored it", "I5", "I7", origin="K1")
def whoever_comes_by_sends_it(patch: Patch) -> None:
    real = drive.step

    def step(before: Checkout | None, after: Checkout) -> Any:
        return after, after.next if isinstance(after.next, RemoteEffect) else None

    everywhere(patch, real, step)


@bug(
    "another's lease is taken for one's own",
    "a worker whose commit was lost sends what another has leased since",
    "Q3",
    "I14",
    origin="R12",
)
def anothers_lease_is_taken_for_ones_own(patch: Patch) -> None:
    real = deliveries.Lease.__call__

    def lease(self: deliveries.Lease, unit: Any) -> Delivery | None:
        old = unit.delivery(self.consumer, self.event)
        mine = self.wrote is not None and old is not None and not (old.delivered or old.dead) and old.tries == self.wrote.tries
        return old if mine else real(self, unit)

    patch.setattr(deliveries.Lease, "__call__", lease)


RACES = (whoever_comes_by_sends_it, anothers_lease_is_taken_for_ones_own)
