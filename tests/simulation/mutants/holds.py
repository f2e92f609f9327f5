"""Bugs about what is scarce: how long it is held, who lets it go, and how often it can be had."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core import checkout, drive, flow, taking, uses
from checkout_core.checkout import Checkout
from checkout_core.effects import Take, Wait
from checkout_core.errors import Broken
from checkout_core.holds import Claim, CouponBudget, CouponUses, CouponUsesBy, CouponUsesIn, HoldState, Pool, PoolKey, Short, Stock, Unpaid
from checkout_core.memory import MemoryStorage, MemoryUnit
from checkout_core.payments import AttemptState
from checkout_core.unit import Unit
from tests.simulation.mutants.bug import SHOPS, Patch, bug, everywhere, in_both, ready


# How long.
@bug(
    "a hold is not extended while paying", "goods lapse in the middle of a payment that was given longer", "Q1", "Q2", "I16", origin="RB-13"
)
def a_hold_is_not_extended(patch: Patch) -> None:
    patch.setattr(Checkout, "lapses_at", property(lambda c: c.deadline))


@bug("a declined shopper keeps the goods", "after a decline it is the shopper's turn for ever", "I16", "L1", origin="RB-17")
def a_declined_shopper_keeps_the_goods(patch: Patch) -> None:
    real = flow.go_on

    def go_on(c: Checkout, now: datetime) -> Any:
        step = real(c, now)
        return Wait(None) if isinstance(step, Wait) and c.attempts and not any(a.open for a in c.attempts) else step

    everywhere(patch, real, go_on)


@bug("a decline leaves no time", "who is declined in the last minute cannot try another card", "Q2", origin="RB-17")
def a_decline_leaves_no_time(patch: Patch) -> None:
    patch.setattr(Checkout, "with_deadline", lambda c, now, seconds: c)


@bug(
    "let go before it is stopped",
    "the goods of a lapsed payment go to others before the gateway was told to stop",
    "Q1",
    "I16",
    origin="RB-13",
)
def let_go_before_it_is_stopped(patch: Patch) -> None:
    real = flow.weigh_wish

    def weigh_wish(c: Checkout, now: datetime) -> Checkout:
        after = real(c, now)
        money = after.paying is not None and after.paying.money
        return evolve(after, abandoned="expired") if now >= after.lapses_at and not after.abandoned and not money else after

    everywhere(patch, real, weigh_wish)


@bug(
    "the last unit makes room for itself",
    "who finds nothing left takes what a lapsed payment holds, with its call in the air",
    "I6",
    "I5",
    "Q1",
    origin="RB-13",
)
def the_last_unit_makes_room(patch: Patch) -> None:
    def evict(unit: Unit, id: str) -> Any:
        before = unit.checkout(id)
        if before.order is not None or before.over or unit.now < before.lapses_at:
            return before, None
        closed = [evolve(a, state=AttemptState.VOIDED, unwanted="expired") if a.open else a for a in before.attempts]
        after = evolve(before, attempts=tuple(closed), abandoned="expired", next=None)
        return drive.step(before, drive.drive(unit, before, after))

    async def make_room(self: Any, pool: Any) -> None:
        for id in await ready(self.storage.blocking(pool, 10)):
            try:
                await ready(self.storage.transact(lambda unit, id=id: evict(unit, id)))
            except Broken:
                continue

    def blocking(self: MemoryStorage, pool: Any, limit: int) -> Any:
        with self._lock:
            holders = [self.tables.checkouts[id] for id in self.tables.holders.get(pool, ())]
        return [c.id for c in holders if c.order is None][:limit]

    in_both(patch, SHOPS, "_make_room", make_room)
    patch.setattr(MemoryStorage, "blocking", blocking)


# How much.
@bug("half a take", "what was found before the one that is short stays taken", "I1", "I16", "I3", origin="R5")
def half_a_take(patch: Patch) -> None:
    real = MemoryUnit.take

    def take(self: MemoryUnit, id: str, claims: Any) -> Any:
        for n, claim in enumerate(claims):
            pool = self.pool(claim.pool).sized(claim.limit)
            mine = sum(h.amount for h in self._holds.get(id) or () if h.pool == claim.pool and h.state is HoldState.HELD)
            if claim.amount > mine and pool.take(claim.amount - mine) is None:
                for early in claims[:n]:
                    self._pools.put(early.pool, self.pool(early.pool).sized(early.limit).take(early.amount) or self.pool(early.pool))
                return Short(claim.pool, claim.amount, pool.available + mine, self._free_at(claim.pool, id))
        return real(self, id, claims)

    patch.setattr(MemoryUnit, "take", take)


@bug("blocked by its own use", "the one use of a code that a checkout holds keeps it from being priced again", "Q2", origin="RB-16")
def blocked_by_its_own_use(patch: Patch) -> None:
    real = uses.used_up_for
    everywhere(patch, real, lambda deal, c, pools, now: real(deal, evolve(c, held=()), pools, now))


@bug(
    "a coupon is counted by a look",
    "its uses are compared with the limit when it is priced, and added to when it is paid",
    "I9",
    origin="RB-64",
)
def a_coupon_is_counted_by_a_look(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, CouponUses):
            return real(self, amount)
        return evolve(self, held=self.held + amount, shortfall=max(self.held + self.committed + amount - self.on_hand, 0))

    patch.setattr(Pool, "take", take)


@bug("a person is counted by the account", "whoever has an account is not known by e-mail too", "I9", origin="RB-67")
def a_person_is_counted_by_the_account(patch: Patch) -> None:
    real = checkout.claims_of

    def claims_of(cart: str, quote: Any, identities: Any, goods: Any) -> tuple[Claim, ...]:
        return real(cart, quote, tuple(identities)[:1], goods)

    everywhere(patch, real, claims_of)


@bug("a person's second tab is not counted", "the limit per person is looked at when it is priced only", "I9", origin="S5")
def a_second_tab_is_not_counted(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, CouponUsesBy):
            return real(self, amount)
        return evolve(self, held=self.held + amount, shortfall=max(self.held + self.committed + amount - self.on_hand, 0))

    patch.setattr(Pool, "take", take)


@bug("a budget is only looked at", "what it has left is compared when it is priced, and nothing is held of it", "I9", origin="RB-64")
def a_budget_is_only_looked_at(patch: Patch) -> None:
    real = checkout.claims_of

    def claims_of(*given: Any) -> tuple[Claim, ...]:
        return tuple(claim for claim in real(*given) if not isinstance(claim.pool, CouponBudget))

    everywhere(patch, real, claims_of)


@bug("a budget counts its uses", "each order takes one from a campaign's money, whatever it gave away", "I9", origin="RB-64")
def a_budget_counts_its_uses(patch: Patch) -> None:
    real = checkout.claims_of

    def claims_of(*given: Any) -> tuple[Claim, ...]:
        return tuple(evolve(claim, amount=1) if isinstance(claim.pool, CouponBudget) else claim for claim in real(*given))

    everywhere(patch, real, claims_of)


@bug(
    "the last cents of a budget are for all",
    "a campaign has money as long as there is any, so the last order takes more",
    "I9",
    origin="RB-64",
)
def the_last_cents_are_for_all(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, CouponBudget) or not self.available:
            return real(self, amount)
        return evolve(self, held=self.held + amount, shortfall=max(self.held + self.committed + amount - self.on_hand, 0))

    patch.setattr(Pool, "take", take)


@bug("a day's uses are not counted", "a window of time is looked at when it is priced only", "I9", origin="RB-64")
def a_days_uses_are_not_counted(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, CouponUsesIn):
            return real(self, amount)
        return evolve(self, held=self.held + amount, shortfall=max(self.held + self.committed + amount - self.on_hand, 0))

    patch.setattr(Pool, "take", take)


@bug(
    "a cancelled order keeps its use", "the goods of a cancelled order are free again, the use of its code is not", "I1", "I9", origin="G5"
)
def a_cancelled_order_keeps_its_use(patch: Patch) -> None:
    real = MemoryUnit._move

    def move(self: MemoryUnit, checkout: str, old: Any, new: HoldState, stay: Any = ()) -> None:
        kept = tuple(hold for hold in self._holds.get(checkout) or () if isinstance(hold.pool, CouponUses) and new is HoldState.RELEASED)
        sold = tuple(hold for hold in kept if hold.state is HoldState.COMMITTED)
        self._holds.put(checkout, tuple(hold for hold in self._holds.get(checkout) or () if hold not in sold))
        real(self, checkout, old, new, stay)
        self._holds.put(checkout, (*(self._holds.get(checkout) or ()), *sold))

    patch.setattr(MemoryUnit, "_move", move)


@bug(
    "late money buys a cart twice",
    "money that comes late does not ask whether its cart was bought meanwhile",
    "I6",
    "I18",
    "L1",
    "I13",
    origin="RB-92",
)
def late_money_buys_a_cart_twice(patch: Patch) -> None:
    real = drive.perform

    def perform(unit: Any, c: Checkout, effect: Any) -> Any:
        return unit.take(c.id, effect.claims) if isinstance(effect, Take) else real(unit, c, effect)

    everywhere(patch, real, perform)


@bug("a unit is promised for less", "stock may be one short when a hold of this checkout is there already", "I2", origin="OB-1")
def a_unit_is_promised_for_less(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if isinstance(self.key, Stock) and self.held and amount == self.available + 1:
            return evolve(self, held=self.held + amount, shortfall=self.shortfall + 1)
        return real(self, amount)

    patch.setattr(Pool, "take", take)


@bug("late money forgets the code", "money that comes late takes the goods again, and not the use of its coupon", "I9", origin="G5")
def late_money_forgets_the_code(patch: Patch) -> None:
    real = drive.perform

    def perform(unit: Any, c: Checkout, effect: Any) -> Any:
        late = isinstance(effect, Take) and c.paying is not None and c.paying.money and c.paying.amount.minor
        if not late or unit.cart(c.cart).ordered is not None:
            return real(unit, c, effect)
        return unit.take(c.id, tuple(claim for claim in effect.claims if not isinstance(claim.pool, CouponUses)))

    everywhere(patch, real, perform)


# In which order.
@bug("claims are locked as they come", "the pools of a checkout are locked in the order of its quote", "R27", origin="D2")
def claims_are_locked_as_they_come(patch: Patch) -> None:
    real = drive.perform

    def perform(unit: Any, c: Checkout, effect: Any) -> Any:
        return real(unit, c, evolve(effect, claims=tuple(reversed(effect.claims))) if isinstance(effect, Take) else effect)

    everywhere(patch, real, perform)


@bug("shelves are locked as they are used", "the locations of a SKU are locked in the order of their use", "R27", origin="F7")
def shelves_are_locked_as_they_are_used(patch: Patch) -> None:
    def lock(unit: Unit, keys: Iterable[PoolKey]) -> None:
        for key in dict.fromkeys(keys):
            unit.pool(key)

    patch.setattr(taking, "_lock", lock)


@bug("backorders count twice", "more is sold that is not there than the shop allows", "I2", origin="F11")
def backorders_count_twice(patch: Patch) -> None:
    def take(self: Pool, amount: int) -> Pool | None:
        if amount > self.on_hand + 2 * self.backorder - self.held - self.committed:
            return None
        missing = self.held + self.committed + amount - self.on_hand - self.backorder
        return evolve(self, held=self.held + amount, shortfall=max(missing, 0))

    patch.setattr(Pool, "take", take)


@bug("backorders end unseen", "an operator ends backorders below what is promised, and nobody is asked", "I2", origin="F11")
def backorders_end_unseen(patch: Patch) -> None:
    real = Pool.adjust

    def adjust(self: Pool, delta: int, *, backorder: int | None = None, force: bool = False) -> Pool | None:
        return real(self, delta, backorder=backorder, force=force or backorder is not None)

    patch.setattr(Pool, "adjust", adjust)


@bug("what is paid for still counts as unpaid", "who has bought a lot can hold nothing more", "I25", origin="F10")
def what_is_paid_still_counts(patch: Patch) -> None:
    patch.setattr(flow, "counted_as_paid", lambda c: c)


@bug("what somebody holds unpaid is only looked at", "one person holds more without paying than the shop allows", "I25", origin="F10")
def unpaid_is_only_looked_at(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, Unpaid) or self.available:
            return real(self, amount) or (evolve(self, held=self.held + amount, shortfall=99) if isinstance(self.key, Unpaid) else None)
        return None

    patch.setattr(Pool, "take", take)


HOW_LONG = (
    a_hold_is_not_extended,
    a_declined_shopper_keeps_the_goods,
    a_decline_leaves_no_time,
    let_go_before_it_is_stopped,
    the_last_unit_makes_room,
)
HOW_MUCH = (
    half_a_take,
    blocked_by_its_own_use,
    a_coupon_is_counted_by_a_look,
    a_person_is_counted_by_the_account,
    a_second_tab_is_not_counted,
    a_budget_is_only_looked_at,
    a_budget_counts_its_uses,
    the_last_cents_are_for_all,
    a_days_uses_are_not_counted,
    a_cancelled_order_keeps_its_use,
    late_money_buys_a_cart_twice,
    late_money_forgets_the_code,
    a_unit_is_promised_for_less,
    backorders_count_twice,
    backorders_end_unseen,
    what_is_paid_still_counts,
    unpaid_is_only_looked_at,
)
LOCKS = (claims_are_locked_as_they_come, shelves_are_locked_as_they_are_used)
