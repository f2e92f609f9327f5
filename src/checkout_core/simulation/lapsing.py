"""Whether a checkout is given up in its time: not while its payer may still pay, nor before the gateway was asked (Q1, Q2, R20, RB-17)."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Final

from checkout_core.checkout import Checkout
from checkout_core.payments import Attempt
from checkout_core.simulation.violations import Violation

UNPAID: Final = ("expired", "unfinished", "no-answer")
"""Why an attempt is given up of which nobody has said no: its money may still come."""


class Lapses:
    """When the last attempt of each checkout failed, and so how long its shopper may try another card."""

    def __init__(self, evaluated: Counter[str]) -> None:
        self.evaluated = evaluated
        self.failed: dict[str, datetime] = {}

    def after_commit(self, old: Checkout, c: Checkout, now: datetime) -> None:
        """Look at a checkout that a unit has changed at that instant of the store's clock. Raises Violation."""
        for attempt in c.attempts:
            was = old.attempt(attempt.key)
            if was is not None and was.open and not was.unwanted:
                self._of_attempt(old, attempt, now)
        if c.abandoned == "expired" and old.abandoned != "expired":
            self._expired(c, now)

    def _of_attempt(self, old: Checkout, attempt: Attempt, now: datetime) -> None:
        """It was under way, and wanted."""
        self.evaluated["Q1"] += 1
        until = max(old.latest, old.deadline)
        if attempt.unwanted == "expired" and now < until:
            raise Violation(
                "Q1",
                "a payment under way was given up before its time",
                (f"the checkout {old.id}: its payer had until {until:%H:%M:%S}", f"the attempt {attempt.key}: given up at {now:%H:%M:%S}"),
                old.id,
            )
        if not attempt.open and not attempt.unwanted:
            self.failed[old.id] = now

    def _expired(self, c: Checkout, now: datetime) -> None:
        for attempt in c.attempts:
            if attempt.open and not attempt.stop_asked and attempt.unwanted in UNPAID:
                raise Violation(
                    "Q1",
                    "the goods of a payment are let go before the gateway was told to stop it",
                    (
                        f"the checkout {c.id}: given up at {now:%H:%M:%S}",
                        f"the attempt {attempt.key}: {attempt.state.value}",
                    ),
                    c.id,
                )
        self.evaluated["Q2"] += 1
        failed = self.failed.get(c.id)
        if failed is not None and now < failed + timedelta(seconds=c.deadlines.after_decline):
            raise Violation(
                "Q2",
                "a shopper whose payment failed had no time for another card",
                (f"the checkout {c.id}: its payment failed at {failed:%H:%M:%S}", f"the checkout {c.id}: given up at {now:%H:%M:%S}"),
                c.id,
            )
