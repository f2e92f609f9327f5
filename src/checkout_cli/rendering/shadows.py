"""Carts under two rule sets: how many are cheaper and dearer, by how much in all, and where they differ most."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from attrs import define, field, frozen
from rich.console import RenderableType

from checkout_cli.exits import reason_data
from checkout_cli.rendering.facts import money_data, time_data
from checkout_cli.rendering.tables import cell, counted, note, table
from checkout_core.money import CURRENCIES, Money
from checkout_core.shadow import Shadow, Side

PASSED_OVER_AT_MOST: Final = 20
"""Carts that are named of those that could not be compared."""


@define
class Sums:
    """The carts of one currency; `difference` is what all their shoppers would pay more, in minor units."""

    cheaper: int = 0
    dearer: int = 0
    same: int = 0
    difference: int = 0


@frozen(order=True)
class Differing:
    """A cart that differs, by how much it does: the heap of a tally has the least on top."""

    size: int
    refused: bool
    nth: int
    cart: str = field(order=False)
    shadow: Shadow = field(order=False)


@define
class Tally:
    """What a comparison of many carts has come to. It grows by currency, and to `limit` carts: the ones that differ most."""

    limit: int
    compared: int = 0
    refused: int = 0
    allowed: int = 0
    passed_over: int = 0
    currencies: dict[str, Sums] = field(factory=dict)
    why: list[tuple[str, str]] = field(factory=list)
    heap: list[Differing] = field(factory=list)

    def add(self, cart: str, found: Shadow) -> None:
        """One more cart."""
        self.compared += 1
        self.refused += bool(found.refused)
        self.allowed += bool(found.allowed)
        sums, minor = self.currencies.setdefault(found.currency, Sums()), found.difference.minor
        sums.difference += minor
        sums.cheaper, sums.dearer, sums.same = sums.cheaper + (minor < 0), sums.dearer + (minor > 0), sums.same + (not minor)
        if not found.alike:
            # of several currencies, amounts in whole units are compared; of equals, the cart that came first stands first
            size = abs(minor) * 10 ** (4 - CURRENCIES[found.currency].exponent)
            heapq.heappush(self.heap, Differing(size, bool(found.refused), -self.compared, cart, found))
            if len(self.heap) > self.limit:
                heapq.heappop(self.heap)

    def pass_over(self, cart: str, why: str) -> None:
        """A cart that cannot be compared."""
        self.passed_over += 1
        if len(self.why) < PASSED_OVER_AT_MOST:
            self.why.append((cart, why))

    @property
    def differing(self) -> list[Differing]:
        """The carts that differ most, the biggest difference first."""
        return sorted(self.heap, reverse=True)

    def count(self, verdict: str) -> int:
        """How many carts are cheaper, dearer or the same, over all currencies."""
        return sum(getattr(sums, verdict) for sums in self.currencies.values())


def tally_data(tally: Tally, now: datetime) -> dict[str, object]:
    """The comparison as data."""
    return {
        "shadow": {
            "at": time_data(now),
            "compared": tally.compared,
            **{verdict: tally.count(verdict) for verdict in ("cheaper", "dearer", "same")},
            "refused": tally.refused,
            "allowed": tally.allowed,
            "currencies": [
                {
                    "currency": code,
                    "cheaper": sums.cheaper,
                    "dearer": sums.dearer,
                    "same": sums.same,
                    "difference": money_data(Money(sums.difference, code)),
                }
                for code, sums in sorted(tally.currencies.items())
            ],
            "carts": [_cart_data(one.cart, one.shadow) for one in tally.differing],
            "passed_over": {"carts": tally.passed_over, "why": [{"cart": cart, "message": why} for cart, why in tally.why]},
        }
    }


def _cart_data(cart: str, found: Shadow) -> dict[str, object]:
    return {
        "cart": cart,
        "verdict": found.verdict,
        "difference": money_data(found.difference),
        "of": "discounts" if found.totals is None else "total",
        "before": _side_data(found.before, found.currency),
        "after": _side_data(found.after, found.currency),
        "came": list(found.came),
        "went": list(found.went),
        "refused": [reason_data(one) for one in found.refused],
        "allowed": [reason_data(one) for one in found.allowed],
        "changes": [
            {"thing": one.thing, "fact": one.fact, "before": _fact(one.before), "after": _fact(one.after)} for one in found.changes
        ],
    }


def _side_data(side: Side, currency: str) -> dict[str, object]:
    return {
        "total": None if side.quote is None else money_data(side.quote.total),
        "promotions": [{"id": id, "amount": money_data(Money(minor, currency))} for id, minor in side.taken],
    }


def _fact(fact: Money | int | str | None) -> object:
    return money_data(fact) if isinstance(fact, Money) else fact


def tally_words(tally: Tally) -> Iterator[RenderableType]:
    """The comparison in words: all carts first, then those that differ."""
    if not tally.compared and not tally.passed_over:
        yield note("There is no open cart with anything in it. Describe some with --cart FILE.")
        return
    carts = "1 cart" if tally.compared == 1 else f"{tally.compared} carts"
    verdicts = ", ".join([f"{tally.count(verdict)} {words}" for verdict, words in _VERDICTS])
    yield cell(f"{carts} compared: {verdicts}.", "bold")
    if tally.refused or tally.allowed:
        yield cell(f"! Something is newly refused in {tally.refused} of them, and no longer refused in {tally.allowed}.", "yellow")
    if tally.currencies:
        yield table(
            ("currency", "cheaper", "dearer", "the same", "all shoppers pay"),
            (
                (code, sums.cheaper, sums.dearer, sums.same, _signed(Money(sums.difference, code)))
                for code, sums in sorted(tally.currencies.items())
            ),
            right=("cheaper", "dearer", "the same", "all shoppers pay"),
        )
    if differing := tally.differing:
        yield table(
            ("cart", "before", "after", "difference", "promotions", "refused"),
            ((one.cart, *_row(one.shadow)) for one in differing),
            right=("before", "after", "difference"),
            keep=("cart", "difference"),
            spare=("refused", "before", "after"),
        )
        yield counted(len(differing), tally.limit, "cart")
        if any(one.shadow.totals is None for one in differing):
            yield note("*: there is no total to compare yet; it is the difference of the discounts, as prices are entered.")
    for cart, why in tally.why:
        yield cell(f"! {cart} is passed over: {why}", "yellow")


_VERDICTS: Final = (("cheaper", "cheaper"), ("dearer", "dearer"), ("same", "the same"))


def _row(found: Shadow) -> tuple[object, ...]:
    totals = found.totals
    before, after = ("–", "–") if totals is None else totals
    moved = [*(f"+{id}" for id in found.came), *(f"−{id}" for id in found.went)]
    refused = " ".join([*(str(one) for one in found.refused), *(f"No longer: {one}" for one in found.allowed)])
    return before, after, f"{_signed(found.difference)}{'*' if totals is None else ''}", " ".join(moved), refused


def _signed(money: Money) -> str:
    """With its sign, also of what is more."""
    return f"+{money}" if money.minor > 0 else str(money)
