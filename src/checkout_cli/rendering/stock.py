"""Inventory: levels, one SKU with its history, holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen
from rich.console import RenderableType
from rich.text import Text

from checkout_cli.rendering.facts import amount_words, money_data, pool_data, pool_words, time_data, time_short, time_words
from checkout_cli.rendering.tables import cell, counted, facts, heading, note, state, table
from checkout_core.catalog import Product
from checkout_core.holds import Movement, Stock
from checkout_core.listings import HoldListed, StockListed


@frozen
class Total:
    """One SKU over all locations."""

    sku: str
    name: str
    places: tuple[StockListed, ...]

    def sum(self, number: str) -> int:
        """That number over all locations."""
        return sum(getattr(place, number) for place in self.places)


def totals(levels: Sequence[StockListed], names: Mapping[str, str]) -> list[Total]:
    """The levels by SKU, in their order."""
    by_sku: dict[str, list[StockListed]] = {}
    for level in levels:
        by_sku.setdefault(level.sku, []).append(level)
    return [Total(sku, names.get(sku, ""), tuple(places)) for sku, places in by_sku.items()]


NUMBERS = ("on_hand", "held", "committed", "available", "shortfall", "backorder")
COLUMNS = ("on hand", "held", "committed", "available", "short", "beyond")


def inventory_data(found: Sequence[Total]) -> dict[str, object]:
    return {"inventory": [_total_data(one) for one in found]}


def _total_data(one: Total) -> dict[str, object]:
    return {
        "sku": one.sku,
        "name": one.name,
        **{number: one.sum(number) for number in NUMBERS},
        "locations": [
            {
                "location": place.location,
                **{number: getattr(place, number) for number in NUMBERS},
                "updated_at": time_data(place.updated_at),
            }
            for place in one.places
        ],
    }


def inventory_words(found: Sequence[Total], limit: int) -> Iterator[RenderableType]:
    if not found:
        yield note("There is no such stock. `checkout inventory receive SKU N` brings some in, `checkout shop load DIR` a whole shop.")
        return
    rows: list[tuple[object, ...]] = []
    for one in found:
        several = len(one.places) > 1
        for place in one.places:
            first = place is one.places[0]
            rows.append((one.sku if first else "", one.name if first else "", place.location, *map(_number, _numbers(place))))
        if several:
            rows.append(("", "", Text("in all", "dim"), *(cell(one.sum(number) or "", "dim") for number in NUMBERS)))
    columns = ("sku", "product", "location", *COLUMNS)
    yield table(columns, rows, right=columns[3:], keep=("sku",), spare=("product", "beyond", "held", "committed"))
    yield counted(len(found), limit, "SKU")
    missing = sum(one.sum("shortfall") for one in found)
    if missing:
        yield cell(f"{missing} promised and not there: somebody forced an adjustment. Find them, or cancel orders.", "bold yellow")


def _numbers(level: StockListed) -> tuple[int, ...]:
    return tuple(getattr(level, number) for number in NUMBERS)


def _number(value: int) -> Text:
    return cell(value, "" if value else "dim")


@frozen
class Item:
    """One SKU in full. `product` is None for what no catalogue has ever had."""

    total: Total
    product: Product | None
    for_sale: bool
    holds: tuple[HoldListed, ...]
    movements: tuple[Movement, ...]


def sku_data(one: Item) -> dict[str, object]:
    return {
        "item": {
            **_total_data(one.total),
            "for_sale": one.for_sale,
            "prices": [money_data(price) for price in one.product.prices.values()] if one.product else [],
            "holds": [_hold_data(hold) for hold in one.holds],
            "movements": [movement_data(movement) for movement in one.movements],
        }
    }


def sku_words(one: Item) -> Iterator[RenderableType]:
    total, product = one.total, one.product
    yield heading(f"{total.sku}  {total.name}".strip())
    if not one.for_sale:
        yield note("It is not for sale: it was withdrawn from the catalogue." if product else "It is not in the catalogue.")
    if product is not None:
        prices = ", ".join(map(str, product.prices.values()))
        weight = f"{product.weight} g" if product.weight else ""
        counting = "" if product.tracked else "not counted"
        yield facts((("prices", prices), ("weight", weight), ("tax", product.tax_category), ("stock", counting)))
    if total.places:
        places = [(place.location, *map(_number, _numbers(place))) for place in total.places]
        sums = [("in all", *(cell(total.sum(number)) for number in NUMBERS))] if len(places) > 1 else []
        columns = ("location", *COLUMNS)
        yield table(columns, [*places, *sums], right=columns[1:])
    if one.holds:
        yield heading("Who has it")
        yield _holds_table(one.holds)
    if one.movements:
        yield heading("Why it is so many, the last first")
        yield table(
            ("when (UTC)", "where", "by", "reason", "who"),
            ((time_short(m.at), m.pool.location if isinstance(m.pool, Stock) else "", _moved(m), m.reason, m.actor) for m in one.movements),
            right=("by",),
            keep=("when (UTC)",),
        )


def _moved(movement: Movement) -> str:
    return f"{movement.delta:+d}" if movement.backorder is None else f"beyond: {movement.backorder}"


def movement_data(movement: Movement) -> dict[str, object]:
    return {
        "at": time_data(movement.at),
        "pool": pool_data(movement.pool),
        "delta": movement.delta,
        **({} if movement.backorder is None else {"backorder": movement.backorder}),
        "reason": movement.reason,
        "actor": movement.actor,
    }


def holds_data(holds: Sequence[HoldListed]) -> dict[str, object]:
    return {"holds": [_hold_data(hold) for hold in holds]}


def holds_words(holds: Sequence[HoldListed], limit: int) -> Iterator[RenderableType]:
    if not holds:
        yield note("Nothing is held or sold.")
        return
    yield _holds_table(holds)
    yield counted(len(holds), limit, "hold")


def _hold_data(hold: HoldListed) -> dict[str, object]:
    return {
        "checkout": hold.checkout,
        "number": hold.number,
        "pool": pool_data(hold.pool),
        "amount": hold.amount,
        "state": str(hold.state),
        "until": time_data(hold.until),
    }


def _holds_table(holds: Sequence[HoldListed]) -> RenderableType:
    return table(
        ("order", "what", "amount", "state", "until"),
        (
            (hold.number, pool_words(hold.pool), amount_words(hold.pool, hold.amount), state(hold.state), time_words(hold.until))
            for hold in holds
        ),
        right=("amount",),
        keep=("order",),
        spare=("until", "state"),
    )
