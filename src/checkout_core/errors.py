"""Faults, as exceptions. A fault is named by what the caller may do next.

    CheckoutError
    ├── Refusal              the shop says no, with reasons and how far away yes is      -> change the request
    ├── NotFound             no such object, or not yours (R21: the two look the same)   -> check the id
    ├── NoAnswer             it may have happened                                        -> ask again, under the same key
    ├── Unavailable          it did not happen; something outside is down or busy        -> repeat later, same key
    │   └── Busy             others were in the way                                      -> repeat soon, same key
    ├── Undeliverable        it did not happen, and never will as it is                  -> stop trying, and call a person
    ├── Misconfigured        the shop is wired in a way that could lose money            -> change the configuration
    │   └── BadSetting       a setting or a rule that contradicts itself                 -> follow its cure
    └── Broken               an invariant does not hold                                  -> stop, and call a person

A refusal is first of all a value (`checkout_core.refusals.Refused`); `Refusal` is that value raised, by calls that have only
one happy result. A programmer's mistake (mixed currencies, a float as an amount) is a plain `ValueError` or `TypeError`:
nobody should catch it.
"""

from __future__ import annotations


class CheckoutError(Exception):
    """Anything this library raises on purpose."""


class NotFound(CheckoutError):
    """There is no such object, or it is not yours: check the id."""

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(kind, id)  # as they came: an exception is copied and pickled by its arguments
        self.kind = kind
        self.id = id

    def __str__(self) -> str:
        return f"There is no {self.kind} {self.id!r}. Check the id."


class NoAnswer(CheckoutError):
    """It may have happened, or not: ask again under the same key (R3)."""


class Unavailable(CheckoutError):
    """It did not happen, because something outside is down or busy: repeat the same call later, with the same key."""


class Busy(Unavailable):
    """It did not happen, because others were in the way: repeat the same call soon, with the same key. Nothing needs mending."""


class Undeliverable(CheckoutError):
    """It did not happen, and would not the next time: this message is refused for good. A person looks, mends and queues it again."""


class Misconfigured(CheckoutError):
    """The shop is wired in a way that could lose money or stock: change the configuration."""


class BadSetting(Misconfigured, ValueError):
    """A setting or a rule of the shop that cannot mean anything: `place` says which, `problem` why, and `cure` what to write instead."""

    def __init__(self, place: str, problem: str, cure: str) -> None:
        super().__init__(place, problem, cure)
        self.place = place
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.cure}"


class Broken(CheckoutError):
    """Something that must always be true is not. Nothing was written; stop and look."""
