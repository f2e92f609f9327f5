"""Prices of the shop window: with their list, their steps by quantity, and what held before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType

from checkout_cli.rendering.facts import money_data, time_data
from checkout_cli.rendering.tables import cell, note, table
from checkout_core.money import Money
from checkout_core.prices import PriceOrigin, Promise, ShownPrice


def shown_data(shown: ShownPrice) -> dict[str, object]:
    """A shown price as data."""
    return {
        "price": money_data(shown.price),
        "origin": origin_data(shown.origin, shown.price.currency),
        "tiers": [{"quantity": tier.quantity, "price": money_data(tier.price)} for tier in shown.tiers],
        "since": time_data(shown.since),
        "until": time_data(shown.until),
        "before": money_data(shown.before),
        "lowest_30_days": money_data(shown.lowest),
    }


def origin_data(origin: PriceOrigin | None, currency: str) -> dict[str, object] | None:
    """Where a unit price comes from, as data; None is the catalogue."""
    if origin is None:
        return None
    catalogue = None if origin.catalogue is None else money_data(Money(origin.catalogue, currency))
    return {"list": origin.list, "quantity": origin.quantity, "price": money_data(Money(origin.price, currency)), "catalogue": catalogue}


def promise_data(promise: Promise) -> dict[str, object]:
    """A promised unit price, as data."""
    return {
        "sku": promise.sku,
        "price": money_data(promise.price),
        "origin": origin_data(promise.origin, promise.price.currency),
        "channel": promise.channel or None,
        "until": time_data(promise.until),
    }


def price_words(name: str, quantity: int, shown: Sequence[ShownPrice]) -> Iterator[RenderableType]:
    """The prices of one thing, a row a currency."""
    yield cell(f"{name}, {quantity} at once" if quantity > 1 else name)
    yield table(
        ("unit", "by", "catalogue", "from quantity on", "since", "until", "lowest before"),
        (
            (
                one.price,
                "the catalogue" if one.origin is None else f"{one.origin.list}, from {one.origin.quantity}",
                "" if one.origin is None or one.origin.catalogue is None else Money(one.origin.catalogue, one.price.currency),
                ", ".join([f"{tier.quantity}: {tier.price}" for tier in one.tiers]) if len(one.tiers) > 1 else "",
                "" if one.since is None else f"{one.since:%Y-%m-%d %H:%M}",
                "" if one.until is None else f"{one.until:%Y-%m-%d %H:%M}",
                "" if one.lowest is None else one.lowest,
            )
            for one in shown
        ),
        right=("unit", "catalogue", "lowest before"),
        keep=("unit",),
        spare=("catalogue", "until", "since"),
    )
    if any(one.lowest is not None for one in shown):
        yield note("lowest before: of the 30 days before the price was lowered (Directive 98/6/EC, Article 6a).")


def lowered_words(shown: Sequence[ShownPrice]) -> Iterator[RenderableType]:
    """Of each price that was lowered, a sentence with the lowest one before."""
    for one in shown:
        if one.since is not None:
            yield note(f"{one.sku}: {one.price} since {one.since:%Y-%m-%d %H:%M} UTC; the lowest of the 30 days before: {one.lowest}.")
