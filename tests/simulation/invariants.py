"""The simulator's full checkers, over the explorer's books: what they find is an AssertionError here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec

from checkout_core.memory import Tables
from checkout_core.simulation import full
from checkout_core.simulation.full import Known, live
from checkout_core.simulation.violations import Violation

__all__ = ["at_rest", "backing", "booked", "ensure", "holds_end", "live", "money", "replied", "stock", "told"]

P = ParamSpec("P")


def asserted(check: Callable[P, None]) -> Callable[P, None]:
    """The check, for whoever catches an AssertionError."""

    @wraps(check)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            check(*args, **kwargs)
        except Violation as violation:
            raise AssertionError(str(violation)) from violation

    return run


def ensure(holds: bool, id: str, says: Callable[[], str]) -> None:
    """Raise, naming the invariant, unless it holds; the words are made only then."""
    if not holds:
        raise AssertionError(f"{id}: {says()}")


def known(books: Any) -> list[Known]:
    """The payments in a gateway's books."""
    return [payment for _, payment in books.payments]


stock = asserted(full.stock)
backing = asserted(full.backing)
holds_end = asserted(full.holds_end)
told = asserted(full.told)
replied = asserted(full.replied)


@asserted
def money(t: Tables, books: Any) -> None:
    """I5, I6, I7 and I8 against these books."""
    full.money(t, known(books))


@asserted
def booked(before: Tables, after: Tables, books: Any) -> None:
    """I4, I13, I14 and I15 of one commit."""
    full.booked(before, after, known(books))


@asserted
def at_rest(t: Tables, books: Any, *, cancelled: frozenset[str], lapsed_first: Mapping[str, datetime], refused: frozenset[str]) -> None:
    """What holds when everything has drained."""
    full.at_rest(t, known(books), cancelled=cancelled, lapsed_first=lapsed_first)
