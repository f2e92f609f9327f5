"""Bugs that the product had until the simulator found them; each stands here so that it never comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core import flow, payments, runner, uses
from checkout_core.effects import Authorize
from checkout_core.payments import RefundRefused
from checkout_core.sync import runner as sync_runner
from tests.simulation.mutants.bug import ASKING, Patch, bug, everywhere, in_both, ready


@bug(
    "two clocks are compared",
    "the last moment for a call is the store's, and the process looks at its own clock",
    "I6",
    "Q1",
    "Q2",
    origin="T1",
)
def two_clocks_are_compared(patch: Patch) -> None:
    def last_moment(checkout: Any, effect: Any, since: datetime) -> datetime:
        return effect.by if isinstance(effect, Authorize) else since

    patch.setattr(runner, "last_moment", last_moment)
    patch.setattr(sync_runner, "last_moment", last_moment)


@bug(
    "old news settles a stop",
    "money that was reserved a moment ago buys the goods, though our stop may have let it go",
    "I4",
    "I13",
    origin="B16",
)
def old_news_settles_a_stop(patch: Patch) -> None:
    real = payments.settle

    def settle(attempt: Any, fact: Any) -> Any:
        told = real(attempt, fact)
        return told if told is attempt else evolve(told, doubt=False)

    everywhere(patch, real, settle)


@bug(
    "a spent coupon waits for the worker",
    "a use of a code that a lapsed checkout holds is in everybody's way until a worker comes by",
    "Q2",
    origin="G5",
)
def a_spent_coupon_waits_for_the_worker(patch: Patch) -> None:
    async def wanted(self: Any, limited: Any, who: Any, currency: Any) -> Any:
        return await ready(self.storage.pools(uses.pools_of(limited, who, currency, self.clock.now())))

    in_both(patch, ASKING, "_uses", wanted)


@bug(
    "a refusal is the last word",
    "what a gateway refuses to refund is not looked at again, though an earlier call for it may still arrive",
    "I20",
    origin="B13",
)
def a_refusal_is_the_last_word(patch: Patch) -> None:
    real = flow.heard

    def heard(attempt: Any, effect: Any, outcome: Any, now: datetime) -> Any:
        told = real(attempt, effect, outcome, now)
        return evolve(told, ask_at=None, final_at=None) if isinstance(outcome, RefundRefused) else told

    patch.setattr(flow, "heard", heard)


FOUND = (
    a_refusal_is_the_last_word,
    two_clocks_are_compared,
    old_news_settles_a_stop,
    a_spent_coupon_waits_for_the_worker,
)
