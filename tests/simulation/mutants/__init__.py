"""Planted bugs: small wrong versions of the product, applied as test-time patches. Each must be caught; none is ever shipped.

FIRST_PURCHASE, MORE    those that the explorer of one purchase catches
ALL                     the whole registry, for the simulator
named("release twice")  one of them
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from tests.simulation.mutants import (
    books,
    cards,
    carts,
    clocks,
    found,
    holds,
    news,
    payments,
    races,
    requests,
    sending_back,
    taxing,
    worker,
)
from tests.simulation.mutants.bug import Mutant, Patch
from tests.simulation.mutants.first import FIRST_PURCHASE, MORE
from tests.simulation.mutants.measured import SURVIVORS

__all__ = ["ALL", "FIRST_PURCHASE", "MORE", "Mutant", "Patch", "named"]

_FAMILIES: Final = (
    (FIRST_PURCHASE, MORE),
    (payments.CALLS, sending_back.MONEY_BACK, news.NEWS),
    (holds.HOW_LONG, holds.HOW_MUCH, holds.LOCKS, cards.CARDS, cards.GIFTS),
    (carts.MERGING, carts.QUOTES, requests.REQUESTS),
    (books.FIGURES, books.BOOKS, books.EVENTS, books.STORE),
    (worker.DELIVERY, worker.TIME, taxing.TAXING),
    (clocks.CLOCKS, races.RACES, found.FOUND),
)

ALL: Final = tuple(evolve(bug, survives=bug.name in SURVIVORS) for rooms in _FAMILIES for family in rooms for bug in family)
"""Every planted bug, each once."""


def named(name: str) -> Mutant:
    """The planted bug of that name. Raises KeyError."""
    return {bug.name: bug for bug in ALL}[name]
