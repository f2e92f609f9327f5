"""The kit for storages has been seen failing: each wrong store planted here turns the promise it breaks red."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import pytest
from attrs import evolve

from checkout_core import memory
from checkout_core.events import Event
from checkout_core.holds import Claim, HoldState, Pool, Short, Taken
from checkout_core.memory import MemoryStorage, MemoryUnit
from checkout_core.testing import StorageContract
from checkout_core.unit import Unit
from tests.red import goes_red

MILLION = 10**6


# Storages: the one in memory, with a patch.
class InMemory(StorageContract):
    storage: type[MemoryStorage] = MemoryStorage

    def make(self, clock: Any) -> Any:
        return self.storage(clock)


Patch = Callable[[pytest.MonkeyPatch], None]


def patched(where: Any, name: str, wrong: Any) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(where, name, wrong)


def _unconditional(pool: Pool, amount: int) -> Pool:
    return evolve(pool, held=pool.held + amount, shortfall=MILLION)


def _one_by_one(unit: MemoryUnit, checkout: str, claims: Sequence[Claim], whole: Any = MemoryUnit.take) -> Taken | Short:
    answer: Taken | Short = Taken()
    for n in range(len(claims)):
        answer = whole(unit, checkout, claims[: n + 1])
        if isinstance(answer, Short):
            return answer
    return answer if claims else whole(unit, checkout, claims)


def _counts_its_own(unit: MemoryUnit, checkout: str, claims: Sequence[Claim], whole: Any = MemoryUnit.take) -> Taken | Short:
    for claim in claims:
        pool = unit.pool(claim.pool).sized(claim.limit)
        if pool.available < claim.amount:
            return Short(claim.pool, claim.amount, pool.available)
    answer: Taken | Short = whole(unit, checkout, claims)
    return answer


def _adds_up(unit: MemoryUnit, checkout: str, claims: Sequence[Claim]) -> Taken | Short:
    for claim in claims:
        pool = unit.pool(claim.pool).sized(claim.limit).take(claim.amount)
        if pool is None:
            return Short(claim.pool, claim.amount, unit.pool(claim.pool).available)
        unit._pools.put(claim.pool, pool)
        unit._remember(claim.pool, checkout)
    return Taken()


def _lets_committed_go(unit: MemoryUnit, checkout: str, claims: Sequence[Claim], whole: Any = MemoryUnit.take) -> Taken | Short:
    unit._move(checkout, (HoldState.COMMITTED,), HoldState.RELEASED)
    answer: Taken | Short = whole(unit, checkout, claims)
    return answer


def _own_deadline(unit: MemoryUnit, checkout: str, claims: Sequence[Claim], whole: Any = MemoryUnit.take) -> Taken | Short:
    answer = whole(unit, checkout, claims)
    return evolve(answer, until=unit.checkout(checkout).lapses_at) if isinstance(answer, Short) else answer


def _releases_again(unit: MemoryUnit, checkout: str, old: tuple[HoldState, ...], new: HoldState) -> None:
    for hold in unit._holds.get(checkout) or ():
        pool = unit.pool(hold.pool)
        unit._pools.put(hold.pool, evolve(pool, held=max(pool.held - hold.amount, 0)))


def _only_held(unit: MemoryUnit, checkout: str, old: tuple[HoldState, ...], new: HoldState, move: Any = MemoryUnit._move) -> None:
    move(unit, checkout, (HoldState.HELD,), new)


def _forgets_the_turn(unit: MemoryUnit, checkout: str, old: tuple[HoldState, ...], new: HoldState, move: Any = MemoryUnit._move) -> None:
    move(unit, checkout, old, new)
    for hold in unit._holds.get(checkout) or ():
        unit._forget(hold.pool, checkout)


def _at_once(overlay: Any, key: Any, value: Any) -> None:
    overlay.written[key] = overlay.table[key] = value


class LooksBack(MemoryStorage):
    """Shows how it was when it was opened."""

    def look(self, work: Any) -> Any:
        return work(MemoryUnit(memory.Tables(), self.clock.now()))


class Leaky(MemoryStorage):
    """Events are out before the commit."""

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        def leaking(unit: Any) -> Any:
            try:
                return work(unit)
            finally:
                self.tables.events += [record for record in unit._records if isinstance(record, Event)]
                unit._records = [record for record in unit._records if not isinstance(record, Event)]

        return super().transact(leaking)


class Unlocked(MemoryStorage):
    """Read, think, write: with time in between, and nothing locked."""

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self._lock: Any = nullcontext()

    def transact(self, work: Callable[[Unit], Any]) -> Any:
        def slowly(unit: Unit) -> Any:
            result = work(unit)
            time.sleep(0.002)
            return result

        return super().transact(slowly)


class Forgetful(MemoryStorage):
    def due(self, limit: int) -> Sequence[str]:
        found = super().due(limit)
        self._due = [entry for entry in self._due if entry[1] not in found]
        return found


class Unsorted(MemoryStorage):
    def due(self, limit: int) -> Sequence[str]:
        return sorted(super().due(MILLION))[:limit]


class Impatient(MemoryStorage):
    def due(self, limit: int) -> Sequence[str]:
        return [c.id for c in sorted(self.tables.checkouts.values(), key=lambda c: str(c.due_at)) if c.due_at is not None][:limit]


class LetsMoneyInFlightGo(MemoryStorage):
    def blocking(self, pool: Any, limit: int) -> Sequence[str]:
        holders = [self.tables.checkouts[id] for id in self.tables.holders.get(pool, ())]
        return [c.id for c in holders if c.due_at is not None and c.due_at <= self.clock.now()][:limit]


class LetsAnythingGo(MemoryStorage):
    def blocking(self, pool: Any, limit: int) -> Sequence[str]:
        return self.due(limit)


class FirstComeFirst(MemoryStorage):
    def blocking(self, pool: Any, limit: int) -> Sequence[str]:
        blocking = super().blocking(pool, MILLION)
        return [id for id in self.tables.holders.get(pool, ()) if id in blocking][:limit]


class Backwards(MemoryStorage):
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return list(reversed(super().undelivered(consumer, MILLION)))[:limit]


class OneConsumer(MemoryStorage):
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return super().undelivered("mail", limit)


class NeverWaits(MemoryStorage):
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        told = {
            event for (who, event), delivery in self.tables.deliveries.items() if who == consumer and delivery.delivered | delivery.dead
        }
        return [event for event in self.tables.events if event.id not in told][:limit]


class Overtakes(MemoryStorage):
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        told = {event for (who, event), delivery in self.tables.deliveries.items() if who == consumer and delivery.next_at is not None}
        return [event for event in self.tables.events if event.id not in told][:limit]


class NeverLooksBack(MemoryStorage):
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        told = [n for n, event in enumerate(self.tables.events) if (consumer, event.id) in self.tables.deliveries]
        after = {event.id for event in self.tables.events[max(told, default=-1) + 1 :]}
        return [event for event in super().undelivered(consumer, MILLION) if event.id in after][:limit]


class Starves(MemoryStorage):
    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        first = {event.id for event in self.tables.events[:limit]}
        return [event for event in super().undelivered(consumer, limit) if event.id in first]


def stored_as(storage: type[MemoryStorage]) -> Patch:
    return patched(InMemory, "storage", storage)


@pytest.mark.parametrize(
    ("plant", "promise"),
    [
        (patched(Pool, "take", _unconditional), "test_as_many_as_there_are_and_not_one_more"),
        (patched(Pool, "take", _unconditional), "test_of_many_at_once_exactly_as_many_as_there_are_get_one"),
        (patched(MemoryUnit, "take", _one_by_one), "test_all_claims_or_none"),
        (patched(MemoryUnit, "take", _counts_its_own), "test_what_one_holds_oneself_is_not_in_the_way"),
        (patched(MemoryUnit, "take", _adds_up), "test_the_holds_become_exactly_the_claims"),
        (patched(MemoryUnit, "take", _lets_committed_go), "test_take_leaves_committed_goods_alone"),
        (patched(MemoryUnit, "take", _own_deadline), "test_short_says_when_somebody_elses_hold_may_lapse"),
        (patched(Pool, "sized", lambda pool, limit: pool), "test_a_limited_pool_appears_with_its_first_use_and_stops_at_the_limit"),
        (
            patched(Pool, "sized", lambda pool, limit: evolve(pool, on_hand=max(pool.on_hand, limit or 0))),
            "test_a_limit_may_be_changed_while_uses_are_held",
        ),
        (patched(MemoryUnit, "_move", _releases_again), "test_release_gives_back_once"),
        (patched(MemoryUnit, "_move", _releases_again), "test_commit_keeps_once"),
        (patched(MemoryUnit, "_move", _only_held), "test_a_cancelled_order_gives_back_what_was_committed"),
        (patched(MemoryUnit, "_move", _forgets_the_turn), "test_one_checkout_has_the_turn_of_a_cart"),
        (patched(MemoryUnit, "_forget", lambda unit, key, checkout: None), "test_a_turn_that_is_let_go_is_free"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_a_checkout_is_written_only_as_the_next_version"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_of_two_that_read_the_same_version_one_wins"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_a_cart_is_written_only_as_the_next_version"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_an_order_number_is_given_once"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_a_gateways_reference_belongs_to_one_payment"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_a_cart_is_bought_once"),
        (patched(memory, "_guard", lambda holds, otherwise: None), "test_a_key_stands_for_one_request"),
        (patched(memory.Overlay, "put", _at_once), "test_an_exception_rolls_everything_back"),
        (patched(memory.Overlay, "put", _at_once), "test_a_record_that_breaks_a_rule_takes_the_whole_unit_with_it"),
        (stored_as(Leaky), "test_an_exception_rolls_everything_back"),
        (stored_as(LooksBack), "test_a_look_sees_what_is_committed"),
        (stored_as(Unlocked), "test_of_many_at_once_exactly_as_many_as_there_are_get_one"),
        (stored_as(Unlocked), "test_many_at_once_on_the_first_use_of_a_coupon"),
        (stored_as(Unlocked), "test_no_update_is_lost"),
        (stored_as(Forgetful), "test_it_stays_due_until_a_unit_says_otherwise"),
        (stored_as(Unsorted), "test_due_is_what_the_time_has_come_for_the_most_overdue_first"),
        (stored_as(Impatient), "test_due_is_what_the_time_has_come_for_the_most_overdue_first"),
        (stored_as(LetsMoneyInFlightGo), "test_blocking_is_what_could_be_let_go_of_a_pool"),
        (stored_as(LetsAnythingGo), "test_blocking_is_what_could_be_let_go_of_a_pool"),
        (stored_as(FirstComeFirst), "test_blocking_is_the_most_overdue_first"),
        (stored_as(Backwards), "test_events_come_in_sequence_within_a_checkout"),
        (stored_as(OneConsumer), "test_what_was_delivered_or_given_up_is_not_offered_again"),
        (stored_as(NeverWaits), "test_a_later_event_waits_for_an_earlier_one_to_be_tried_again"),
        (stored_as(Overtakes), "test_a_later_event_waits_for_an_earlier_one_to_be_tried_again"),
        (stored_as(Starves), "test_a_later_event_waits_for_an_earlier_one_to_be_tried_again"),
        (stored_as(NeverLooksBack), "test_what_is_queued_again_is_offered_again"),
    ],
)
def test_a_wrong_storage_is_caught(monkeypatch: pytest.MonkeyPatch, plant: Patch, promise: str) -> None:
    assert not goes_red(InMemory(), promise)
    plant(monkeypatch)
    assert goes_red(InMemory(), promise)
