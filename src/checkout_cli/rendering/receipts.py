"""A quote: as a short table, and as a tree in which every minor unit says where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from checkout_cli.rendering.facts import money_data
from checkout_cli.rendering.tables import cell
from checkout_core.money import Money
from checkout_core.pricing import Quote
from checkout_core.receipt import Row, receipt_of

WIDTH = 100


def quote_data(quote: Quote) -> dict[str, object]:
    """A quote as data: amounts in minor units of its currency."""

    def money(minor: int) -> dict[str, object] | None:
        return money_data(Money(minor, quote.currency))

    totals = quote.totals
    return {
        "hash": quote.hash,
        "currency": quote.currency,
        "lines": [
            {
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "options": dict(line.options),
                "unit": money(line.unit),
                "subtotal": money(line.subtotal),
                "discount": money(line.discount),
                "net": money(line.net),
                "tax": money(line.tax),
                "gross": money(line.gross),
            }
            for line in quote.lines
        ],
        "shipping": {
            "method": quote.shipping.id,
            "name": quote.shipping.name,
            "subtotal": money(quote.shipping.subtotal),
            "discount": money(quote.shipping.discount),
            "gross": money(quote.shipping.gross),
        },
        "promotions": [{"id": p.id, "name": p.name, "code": p.code, "amount": money(p.amount)} for p in quote.promotions],
        "taxes": [{"code": code, "amount": money(tax)} for code, tax in totals.tax_by_code],
        "totals": {name: money(getattr(totals, name)) for name in ("subtotal", "shipping", "discount", "net", "tax", "tax_added", "total")},
    }


def rows_data(quote: Quote) -> list[dict[str, object]]:
    """Every row of the receipt as data."""
    return [
        {
            "step": row.step,
            "subject": row.subject,
            "rule": row.rule,
            "inputs": dict(row.inputs),
            "rounding": row.rounding,
            "figure": money_data(Money(row.figure, quote.currency)),
            "amount": money_data(Money(row.amount, quote.currency)),
        }
        for row in receipt_of(quote).rows
    ]


def quote_words(quote: Quote) -> Table:
    """From list price to amount due, a line a step."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(overflow="fold", min_width=36)
    made.add_column(justify="right", no_wrap=True)

    def money(minor: int) -> str:
        return str(Money(minor, quote.currency))

    for line in quote.lines:
        options = "".join(f", {name} {value}" for name, value in line.options)
        name = cell(f"{line.quantity} × {line.name}{options}")
        made.add_row(name.append_text(cell(f"  {line.sku} at {money(line.unit)}", "dim")), money(line.subtotal))
    for used in quote.promotions:
        name = cell(used.name, "green").append_text(cell(f"  {used.code or used.id}", "dim"))
        made.add_row(name, cell(money(-used.amount), "green"))
    if quote.shipping.id:
        made.add_row(cell(quote.shipping.name).append_text(cell(f"  {quote.shipping.id}", "dim")), money(quote.shipping.subtotal))
    if quote.totals.tax_added:
        made.add_row("tax added", money(quote.totals.tax_added))
    made.add_row(Text("total", "bold"), cell(str(quote.total), "bold"))
    for code, tax in quote.totals.tax_by_code:
        made.add_row(cell(f"  of which {code}", "dim"), cell(money(tax), "dim"))
    return made


def tree_words(quote: Quote) -> RenderableType:
    """The receipt as a tree: each row with its rule, inputs and rounding; the right column adds up to the total."""
    rows = receipt_of(quote).rows
    tree = Tree(_branch(cell("to pay", "bold"), cell(str(quote.total), "bold")), guide_style="dim")
    for line in quote.lines:
        mine = [row for row in rows if row.subject == line.id and row.step in ("price", "line-share", "line-tax")]
        left = sum(row.amount for row in mine)
        name = cell(f"{line.quantity} × {line.name}").append_text(cell(f"  {line.sku}", "dim"))
        branch = tree.add(_branch(name, _money(left, quote)))
        for row in mine:
            branch.add(_branch(_row_words(row, quote, rows), _money(row.amount, quote, faint=True)))
    carriage = [row for row in rows if row.step in ("shipping", "shipping-share", "shipping-tax")]
    if carriage:
        branch = tree.add(_branch(cell(quote.shipping.name), _money(sum(row.amount for row in carriage), quote)))
        for row in carriage:
            branch.add(_branch(_row_words(row, quote, rows), _money(row.amount, quote, faint=True)))
    deals = [row for row in rows if row.step == "discount"]
    if deals:
        branch = tree.add(_branch(cell("discounts, split over the lines above"), Text("")))
        for row in deals:
            branch.add(_branch(_row_words(row, quote, rows), Text("")))
    return Constrain(tree, WIDTH)


def _branch(words: Text, amount: Text) -> Table:
    made = Table.grid(expand=True, padding=(0, 1, 0, 0))
    made.add_column(ratio=1, overflow="fold")
    made.add_column(justify="right", no_wrap=True)
    made.add_row(words, amount)
    return made


def _money(minor: int, quote: Quote, *, faint: bool = False) -> Text:
    return cell(str(Money(minor, quote.currency)), "dim" if faint and not minor else "")


def _row_words(row: Row, quote: Quote, rows: Iterable[Row]) -> Text:
    """One step of the calculation as a sentence."""
    given = dict(row.inputs)

    def money(value: int | str) -> str:
        return str(Money(int(value), quote.currency))

    names = {used.id: used.name for used in quote.promotions}
    match row.step:
        case "price":
            words = f"list price: {given['quantity']} × {money(given['unit'])} = {money(row.figure)}"
        case "shipping":
            words = f"carriage by {row.subject}: {money(row.figure)}"
        case "discount" if row.rule == "free_shipping":
            words = f"{names[row.subject]}: the carriage of {money(given['of'])} is free"
        case "discount" if "percent" in given:
            words = f"{names[row.subject]}: {given['percent']} % of {money(given['of'])} = {money(row.figure)}"
        case "discount":
            rest = f"; {money(given['unused'])} found nothing to reduce" if given["unused"] else ""
            words = f"{names[row.subject]}: {money(given['off'])} off {money(given['of'])} = {money(row.figure)}{rest}"
        case "line-share":
            basis = next((dict(deal.inputs)["of"] for deal in rows if deal.step == "discount" and deal.subject == row.rule), "")
            share = f"{money(given['discount'])} × {money(given['weight'])} / {money(basis)}"
            words = f"{names[row.rule]}: its share is {share} = {money(row.figure)}"
        case "shipping-share":
            words = f"{names[row.rule]}: {money(row.figure)} off the carriage"
        case _:
            compound = ", on top of the taxes before it" if given["compound"] else ""
            inside = "is inside" if row.rule == "included" else "is added to"
            words = f"{given['code']} at {given['rate']}{compound}: {money(row.figure)} {inside} {money(given['base'])}"
    rounding = "" if row.rounding == "exact" else f"  ({row.rounding})"
    return cell(words, "dim" if "tax" in row.step and not row.amount else "").append_text(cell(rounding, "dim"))


def near_misses(quote: Quote) -> Iterator[Text]:
    """Why automatic promotions did not apply, and how far away they are."""
    for refused in quote.near_misses:
        yield cell(f"· {refused}", "dim")
