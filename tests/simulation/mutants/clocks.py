"""Bugs about whose clock counts: a process has its own, which may be wrong, and is not the store's."""

from __future__ import annotations

from typing import Any

from checkout_core import commands, deliveries, worker
from checkout_core.unit import Delivery
from tests.simulation.mutants.bug import SHOPS, WORKERS, Patch, Timed, bug, in_both, ready


@bug(
    "the payer's own clock",
    "how long goods are held for a payment is counted by the process that asks for it",
    "Q1",
    "I8",
    "I16",
    "Q2",
    origin="T1",
)
def the_payers_own_clock(patch: Patch) -> None:
    async def try_to_pay(self: Any, checkout: str, wish: Any, known: Any) -> Any:
        now = self.clock.now()
        return await ready(self._in_unit(lambda unit: commands.pay(Timed(unit, now), checkout, wish, known, self.policy)))

    in_both(patch, SHOPS, "_try_to_pay", try_to_pay)


@bug("a lease has the worker's time", "whether a message is another worker's is judged by one's own clock", "Q3", "I14", origin="T1")
def a_lease_has_the_workers_time(patch: Patch) -> None:
    async def deliver(self: Any, notifier: Any, event: Any) -> Any:
        now, storage = self.shop.clock.now(), self.shop.storage
        lease = deliveries.Lease(notifier.name, event.id, self._token())
        leased = await ready(storage.transact(lambda unit: lease(Timed(unit, now))))
        if leased is None or leased.dead:
            return await ready(storage.look(lambda view: view.delivery(notifier.name, event.id) or Delivery(notifier.name, event.id)))
        failed: Exception | None = None
        try:
            await ready(notifier.notify(await ready(storage.look(lambda view: worker._notice(view, event)))))
        except Exception as fault:
            failed = fault
        return await ready(storage.transact(lambda unit: deliveries.note(unit, leased, failed)))

    in_both(patch, WORKERS, "_deliver", deliver)


CLOCKS = (the_payers_own_clock, a_lease_has_the_workers_time)
