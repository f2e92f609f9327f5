"""Bugs about repetition: what is remembered of a request, and what it is answered the next time."""

from __future__ import annotations

import itertools
from typing import Any

from attrs import evolve

from checkout_core import checkout, commands, payments
from checkout_core.checkout import Checkout
from checkout_core.commands import Asked
from checkout_core.unit import Request
from tests.simulation.mutants.bug import Patch, bug, everywhere


@bug(
    "the second tab leaves no record",
    "who joins a payment under way is not written down, and asks again under a new key",
    "I17",
    "I21",
    origin="RB-26",
)
def the_second_tab_leaves_no_record(patch: Patch) -> None:
    _forget(patch, lambda unit, id: unit.checkout(id).paying is not None)


@bug(
    "the request is written down with the money",
    "the key of a payment is recorded when it has landed, not when it is stored",
    "I17",
    "I5",
    "I21",
    origin="OB-3",
)
def the_request_is_written_down_late(patch: Patch) -> None:
    _forget(patch, lambda unit, id: unit.checkout(id).paying is None)


def _forget(patch: Patch, when: Any) -> None:
    real = commands.pay

    class Forgetful:
        """A unit that does not write requests down."""

        def __init__(self, unit: Any) -> None:
            self.unit = unit

        def __getattr__(self, name: str) -> Any:
            return getattr(self.unit, name)

        def write(self, *records: Any) -> None:
            self.unit.write(*(record for record in records if not isinstance(record, Request)))

    def pay(unit: Any, id: str, wish: Any, known: Any, policy: Any) -> Any:
        return real(Forgetful(unit) if when(unit, id) else unit, id, wish, known, policy)

    everywhere(patch, real, pay)


@bug("a rerun is another request", "after a commit that nobody answered, a call without a key acts once more", "I17", origin="E4")
def a_rerun_is_another_request(patch: Patch) -> None:
    count = itertools.count(1)
    before, record = Asked.before, Asked.record
    patch.setattr(Asked, "before", lambda self, unit: None if self.own else before(self, unit))

    def anew(self: Asked, **what: Any) -> Request:
        return record(evolve(self, key=f"{self.key}~{next(count)}") if self.own else self, **what)

    patch.setattr(Asked, "record", anew)


@bug("other words, other request", "a key that is used again for something else acts", "I17", origin="S4")
def other_words_other_request(patch: Patch) -> None:
    before, record = Asked.before, Asked.record

    def key_of(asked: Asked) -> Asked:
        return evolve(asked, key=f"{asked.key}~{asked.fingerprint[:8]}")

    patch.setattr(Asked, "before", lambda self, unit: before(key_of(self), unit))
    patch.setattr(Asked, "record", lambda self, **what: record(key_of(self), **what))


@bug(
    "a verdict is read off the moment",
    "what a caller is told of a payment follows from its state now, not from what was said",
    "I17",
    origin="RB-20",
)
def a_verdict_is_read_off(patch: Patch) -> None:
    real = checkout.answer

    def answer(c: Checkout, attempt: Any) -> Any:
        return real(c, evolve(attempt, verdict=checkout.verdict(c, attempt)))

    everywhere(patch, real, answer)


@bug(
    "a second card has the first one's key",
    "the key of an attempt forgets the client's: another card is told what the first was told",
    "Q2",
    "I13",
    "I17",
    origin="RB-28",
)
def a_second_card_has_the_first_ones_key(patch: Patch) -> None:
    real = payments.attempt_key
    everywhere(patch, real, lambda id, quote_hash, client_key: real(id, quote_hash, ""))


REQUESTS = (
    the_second_tab_leaves_no_record,
    the_request_is_written_down_late,
    a_rerun_is_another_request,
    other_words_other_request,
    a_verdict_is_read_off,
    a_second_card_has_the_first_ones_key,
)
