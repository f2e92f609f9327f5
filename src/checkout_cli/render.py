"""Values to what a person reads, or to JSON. Nothing is computed here."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from checkout_cli.demo import Story, Told
from checkout_core import Money, Quote

MARKS = {"✓": "bold green", "✗": "red", "…": "yellow", "·": "dim"}


def amount(minor: int, currency: str) -> str:
    return str(Money(minor, currency))


def priced(quote: Quote) -> Table:
    """From list price to amount due, a line a step."""
    table = Table(box=None, show_header=False, padding=(0, 1), expand=True)
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for line in quote.lines:
        unit = amount(line.unit, quote.currency)
        table.add_row(f"{line.quantity} × {line.name} [dim]at {unit}[/]", amount(line.subtotal, quote.currency))
    for used in quote.promotions:
        table.add_row(f"[green]{used.name}[/] [dim]{used.code or ''}[/]", f"[green]{amount(-used.amount, quote.currency)}[/]")
    if quote.shipping.id:
        table.add_row(quote.shipping.name, amount(quote.shipping.subtotal, quote.currency))
    table.add_row("[bold]total[/]", f"[bold]{quote.total}[/]")
    for code, tax in quote.totals.tax_by_code:
        table.add_row(f"[dim]  of which {code}[/]", f"[dim]{amount(tax, quote.currency)}[/]")
    return table


def story(told: Story) -> Panel:
    steps = [Text.assemble((f"{mark} ", MARKS[mark]), text) for mark, text in told.steps]
    head: list[RenderableType] = [priced(told.quote), ""] if told.quote else []
    parts: list[RenderableType] = [*head, *steps]
    return Panel(Group(*parts), title=f"[bold]{told.title}[/]", title_align="left", box=box.ROUNDED, border_style="cyan", width=84)


def demo(told: Told, console: Console) -> None:
    """The demo, as a person reads it."""
    console.print("\n[bold]A shop in memory, a sandbox gateway, three shoppers.[/] [dim]Nothing real is charged.[/]\n")
    for one in told.stories:
        console.print(story(one))
    stock = Table("stock", "before", "after", box=box.SIMPLE_HEAD, title_justify="left")
    for column in stock.columns[1:]:
        column.justify = "right"
    for sku, before, after in told.stock:
        stock.add_row(sku, str(before), str(after))
    console.print(stock)
    console.print(f"[dim]The outbox told the console {len(told.delivered)} events, the last of them:[/]")
    for line in told.delivered[-2:]:
        console.print(f"[dim]  {line}[/]", no_wrap=True, overflow="ellipsis", highlight=False)
    if told.imbalances:
        console.print("\n[bold red]The books do not balance:[/]", *told.imbalances, sep="\n  ")
        return
    paid = amount(told.charged, "EUR")
    console.print(
        f"\n[bold green]The books balance[/]: {paid} at the gateway, in the ledger and on {len(told.stories)} orders. Every unit is there."
    )
    console.print("[dim]Next: `checkout sandbox` lists what the gateway can play; the README embeds the shop in ten lines.[/]\n")


def demo_json(told: Told) -> dict[str, Any]:
    """The demo as data: stable keys, amounts in minor units with their currency."""
    return {
        "stories": [
            {
                "title": one.title,
                "order": one.order,
                "total": None if one.quote is None else {"minor": one.quote.total.minor, "currency": one.quote.currency},
                "steps": [text for _, text in one.steps],
            }
            for one in told.stories
        ],
        "stock": [{"sku": sku, "before": before, "after": after} for sku, before, after in told.stock],
        "charged": {"minor": told.charged, "currency": "EUR"},
        "delivered": len(told.delivered),
        "imbalances": list(told.imbalances),
        "balanced": not told.imbalances,
    }


def tokens(scripts: dict[str, str], console: Console) -> None:
    """The sandbox's tokens."""
    table = Table("token", "what happens", box=box.SIMPLE_HEAD)
    for token, says in scripts.items():
        table.add_row(f"[cyan]{token}[/]", says)
    console.print(table)
