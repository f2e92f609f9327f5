"""Gift cards: lists of them, and one with its history. A number is shown when it is made, and never again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from checkout_cli.rendering.facts import money_data, time_data, time_short, time_words
from checkout_cli.rendering.stock import movement_data
from checkout_cli.rendering.tables import counted, facts, heading, note, state, table
from checkout_core.card_numbers import shown_number
from checkout_core.holds import CardBalance, Movement, Pool
from checkout_core.listings import CardListed, HoldListed
from checkout_core.money import Money


def issued_data(numbers: Sequence[str], count: int, worth: Money, out: Path | None) -> dict[str, object]:
    return {"numbers": list(numbers), "cards": count, "amount": money_data(worth), "out": None if out is None else str(out)}


def issued_words(numbers: Sequence[str], worth: Money, out: Path | None) -> Iterator[RenderableType]:
    cards = f"{len(numbers)} gift card{'s' if len(numbers) > 1 else ''} with {worth}{' each' if len(numbers) > 1 else ''}"
    if out is not None:
        yield note(f"Done: {cards}. The numbers are in {out}, and nowhere else.")
        return
    yield note(f"Done: {cards}. Keep the numbers: they are not shown again.")
    yield from (Text(f"  {number}", "bold") for number in numbers)


def balance_data(card: str, currency: str, pool: Pool) -> dict[str, object]:
    return _figures(card, currency, pool.on_hand, pool.held, pool.committed, pool.available)


def _figures(card: str, currency: str, loaded: int, held: int, spent: int, available: int) -> dict[str, object]:
    amounts = {"loaded": loaded, "held": held, "spent": spent, "available": available}
    return {"card": card, "currency": currency, **{name: money_data(Money(amount, currency)) for name, amount in amounts.items()}}


def cards_data(found: Sequence[CardListed]) -> dict[str, object]:
    return {"gift_cards": [_listed(one) for one in found]}


def _listed(one: CardListed) -> dict[str, object]:
    figures = _figures(one.card, one.currency, one.loaded, one.held, one.spent, one.available)
    return {**figures, "updated_at": time_data(one.updated_at)}


def cards_words(found: Sequence[CardListed], limit: int) -> Iterator[RenderableType]:
    if not found:
        yield note("There is no gift card here. `checkout gift-card issue 50.00 EUR --reason TEXT` makes one.")
        return
    columns = ("card", "reference", "", "loaded", "being spent", "spent", "left")
    rows = [(shown_number(one.card), one.card, one.currency, *_amounts(one)) for one in found]
    yield table(columns, rows, right=columns[3:], keep=("reference",), spare=("being spent", "card"))
    yield counted(len(found), limit, "gift card")


def _amounts(one: CardListed) -> tuple[str, ...]:
    return tuple(str(Money(amount, one.currency)).partition(" ")[0] for amount in (one.loaded, one.held, one.spent, one.available))


def card_data(card: str, found: Sequence[CardListed], spent: Sequence[HoldListed], moved: Sequence[Movement]) -> dict[str, object]:
    return {
        "card": {
            "card": card,
            "balances": [_listed(one) for one in found],
            "spent_by": [
                {
                    "checkout": one.checkout,
                    "number": one.number,
                    "amount": money_data(_of(one.pool, one.amount)),
                    "state": str(one.state),
                    "until": time_data(one.until),
                }
                for one in spent
            ],
            "movements": [movement_data(one) for one in moved],
        }
    }


def card_words(card: str, found: Sequence[CardListed], spent: Sequence[HoldListed], moved: Sequence[Movement]) -> Iterator[RenderableType]:
    yield heading(f"Gift card {shown_number(card)}")
    yield facts([("reference", card), *((f"left in {one.currency}", f"{Money(one.available, one.currency)}") for one in found)])
    if spent:
        yield heading("Who spends it")
        rows = [(one.number, str(_of(one.pool, one.amount)), state(one.state), time_words(one.until)) for one in spent]
        yield table(("order", "amount", "state", "until"), rows, right=("amount",), keep=("order",))
    yield heading("How its money came there, the last first")
    moves = [(time_short(one.at), f"{_of(one.pool, one.delta)}", one.reason, one.actor) for one in moved]
    yield table(("when (UTC)", "amount", "reason", "who"), moves, right=("amount",), keep=("when (UTC)",))


def _of(pool: object, minor: int) -> Money:
    assert isinstance(pool, CardBalance)
    return Money(minor, pool.currency)
