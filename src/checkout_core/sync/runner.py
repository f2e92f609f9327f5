# Made from ../runner.py by tests/project/twins.py; do not edit.
"""Perform what the core decided: call the gateway, record what came back, until there is nothing of ours to do."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import assert_never

from attrs import evolve, frozen

from checkout_core.checkout import Checkout
from checkout_core.drive import Step, land
from checkout_core.effects import Authorize, Capture, Inquire, NoReply, Refund, RemoteEffect, Void
from checkout_core.errors import CheckoutError
from checkout_core.payments import Fact
from checkout_core.sync.ports import Gateway, Storage, Clock


@frozen
class Runner:
    """Drives one checkout between units. It decides nothing."""

    storage: Storage
    gateways: Mapping[str, Gateway]
    clock: Clock

    def run(self, stored: Step, since: datetime | None = None) -> Checkout:
        """Perform the effect that our own unit has stored, record its outcome, and so on; returns when the next one is not ours.

        `since` is when, by this process's clock, the unit was begun; without it, now.
        """
        checkout, effect = stored
        while effect is not None:
            outcome = self.perform(effect, last_moment(checkout, effect, since or self.clock.now()))
            since = self.clock.now()
            checkout, effect = self.record(checkout.id, effect, outcome)
        return checkout

    def record(self, id: str, effect: RemoteEffect, outcome: Fact | NoReply) -> Step:
        """Store what came back for an effect."""
        return self.storage.transact(lambda unit: land(unit, id, effect, outcome))

    def perform(self, effect: RemoteEffect, by: datetime | None = None) -> Fact | NoReply:
        """Call the gateway. Whatever goes wrong is no answer: it may have happened (R3).

        `by` is the last moment for sending an authorize, by this process's clock; without it, the effect's own, which is the store's.
        """
        gateway = self.gateways.get(effect.gateway)
        if gateway is None:
            warnings.warn(f"No gateway is called {effect.gateway!r} here; its payments wait.", RuntimeWarning, stacklevel=2)
            return NoReply()
        if isinstance(effect, Authorize):
            effect = evolve(effect, by=by or effect.by)
            if self.clock.now() > effect.by:
                return NoReply()  # we were asleep, and others may have gone on
        try:
            return self._call(gateway, effect)
        except CheckoutError:
            return NoReply()
        except Exception as error:
            kind = type(error).__name__  # its text may hold anything (R24)
            warnings.warn(f"The gateway {effect.gateway!r} raised {kind}, which is taken as no answer.", RuntimeWarning, stacklevel=2)
            return NoReply()

    def _call(self, gateway: Gateway, effect: RemoteEffect) -> Fact:
        match effect:
            case Authorize():
                return gateway.authorize(effect)
            case Capture():
                return gateway.capture(effect)
            case Void():
                return gateway.void(effect)
            case Refund():
                return gateway.refund(effect)
            case Inquire():
                return gateway.inquire(effect)
            case _:
                assert_never(effect)


def last_moment(checkout: Checkout, effect: RemoteEffect, since: datetime) -> datetime:
    """When an effect may be sent at the latest, by the clock that said `since` before the unit that stored it.

    The store's clock may be another than this process's, and either may be wrong: only what has passed by one of them counts (R15, T1).
    """
    attempt = checkout.attempt(effect.attempt)
    return since + timedelta(seconds=attempt.terms.call_timeout if attempt is not None else 0)
