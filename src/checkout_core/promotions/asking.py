"""A host's own benefit: asked once, its answer checked to the last unit, and a class that misbehaves takes nothing and stops nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve

from checkout_core.catalog import Product
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions.benefits import Answer, Entry, HostBenefit, Told
from checkout_core.promotions.conditions import WORDS_AT_MOST
from checkout_core.promotions.working import Given, able_of, limited, shared, spread
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet

ENTRIES_AT_MOST: Final = 1000
"""So many entries a host's own benefit is asked about; a promotion that covers more does not apply (R25)."""


class _BrokenError(Exception):
    """The class did not keep to what it promises; says how."""


def asked(benefit: HostBenefit, label: str, sheet: Sheet, entries: Sequence[int], policy: PricingPolicy) -> Given | Refused | None:
    """What the host's class takes off these entries; None: nothing. `label` is what a refusal calls the promotion.

    The class is called once. If it raises, or answers what cannot be, the promotion does not apply: a shop sells on at a higher price
    rather than not at all, and never gives away what nobody meant to give.
    """
    able = able_of(sheet, entries)
    if not able:
        return None
    if len(able) > ENTRIES_AT_MOST:
        return Refused("too-many-entries", label, str(len(able)), limit=ENTRIES_AT_MOST)
    name = type(benefit).__name__
    try:
        words = _words(benefit)
        answer = _checked(benefit.takes(_entries(sheet, able)), sheet, able)
    except _BrokenError as error:
        return Refused("broken-rule", label, f"{name}: {error}")
    except Exception as error:  # whatever the host's class raises; not what it says, which may be about a person (R24)
        return Refused("broken-rule", label, f"{name}: it raised {type(error).__name__}")
    if isinstance(answer, int):
        given = shared(answer, sheet, able, policy)
    else:
        given = limited([answer.get(i, 0) for i in able], sheet, able)
    if given is None or not any(given.shares):
        return None
    given = spread(given, entries)
    return evolve(given, told=Told(name, words, benefit.on, given.shares))


def _entries(sheet: Sheet, able: Sequence[int]) -> tuple[Entry, ...]:
    products: Sequence[Product] = sheet.products
    return tuple(
        [
            Entry(
                i,
                sheet.keys[i],
                sheet.quantities[i],
                sheet.original[i],
                sheet.current[i],
                sheet.currency,
                products[i] if i < len(products) else None,
            )
            for i in able
        ]
    )


def _words(benefit: HostBenefit) -> str:
    words: object = benefit.words
    if type(words) is not str or not 0 < len(words) <= WORDS_AT_MOST or not words.isprintable():
        raise _BrokenError(f"its words are not a text of 1 to {WORDS_AT_MOST} printable characters")
    return words


def _checked(answer: object, sheet: Sheet, able: Sequence[int]) -> Answer:
    """The answer, if it is whole numbers of minor units, none below zero or above what is there, of these entries alone."""
    if type(answer) is int:
        _fits(answer, sum([sheet.current[i] for i in able]), "in all")
        return answer
    if not isinstance(answer, Mapping):
        raise _BrokenError(f"it answered a {type(answer).__name__}, not a sum or amounts by position")
    if len(answer) > len(able):
        raise _BrokenError(f"it answered {len(answer)} amounts for {len(able)} entries")
    covered, found = frozenset(able), dict[int, int]()
    for index, amount in answer.items():
        if type(index) is not int or index not in covered:
            raise _BrokenError("it answered for an entry that it does not cover")
        _fits(amount, sheet.current[index], f"off entry {index}")
        found[index] = amount
    return found


def _fits(amount: object, most: int, where: str) -> None:
    if type(amount) is not int:
        raise _BrokenError(f"it took a {type(amount).__name__} {where}, not a whole number of minor units")
    if not 0 <= amount <= most:
        raise _BrokenError(f"it took {amount} {where}, where 0 to {most} can be taken")
