"""Stories of shoppers as people read them, and as data. Nothing is computed here but what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich import box
from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from checkout_cli.demo import Told as Demo
from checkout_cli.exits import reason_data
from checkout_cli.rendering.facts import money_data
from checkout_cli.rendering.receipts import quote_data
from checkout_cli.rendering.tables import cell
from checkout_cli.run import Ran
from checkout_core.checkout import Checkout
from checkout_core.money import Money
from checkout_core.orders import payment_state
from checkout_core.pricing import Quote
from checkout_core.stories import Mismatch, Story, Told, money_text

WIDTH = 84
STYLES = {"✓": "bold green", "✗": "red", "…": "yellow", "·": "dim"}
AROUND = frozenset({"wait", "tick", "price", "stock", "load"})
"""Steps of the world: nobody in particular does them."""


def story_words(story: Story) -> Panel:
    """One story in a frame: who it is about, what they saw, and what they were told step by step."""
    parts: list[RenderableType] = [cell(story.script.about, "italic dim")] if story.script.about else []
    several = len(story.script.shoppers) > 1
    for who, checkout in story.checkouts:
        if checkout.quote is not None:
            parts += ["", *([cell(who.capitalize(), "cyan")] if several else []), priced(checkout.quote)]
    steps = Table.grid(padding=(0, 1))
    for told in story.told:
        for mark, text in _step_words(told, several):
            steps.add_row(Text(mark, STYLES[mark]), text)
    for mismatch in story.mismatches:
        steps.add_row(Text("!", "bold red"), cell(str(mismatch), "red"))
    parts += ["", steps] if steps.row_count else []
    style = "red" if story.mismatches else "cyan"
    return Panel(
        Group(*parts), title=cell(story.script.title, "bold"), title_align="left", box=box.ROUNDED, border_style=style, width=WIDTH
    )


def priced(quote: Quote) -> Table:
    """From list price to amount due, a line a step."""
    made = Table(box=None, show_header=False, padding=(0, 1), expand=True)
    made.add_column(ratio=1)
    made.add_column(justify="right", no_wrap=True)

    def money(minor: int) -> str:
        return str(Money(minor, quote.currency))

    for line in quote.lines:
        name = cell(f"{line.quantity} × {line.name}").append_text(cell(f" at {money(line.unit)}" if line.quantity > 1 else "", "dim"))
        made.add_row(name, money(line.subtotal))
    for sent in quote.shipping:
        made.add_row(cell(sent.name), money(sent.subtotal))
    for used in quote.promotions:
        name = cell(used.name, "green").append_text(cell(f" {used.code or ''}", "dim"))
        made.add_row(name, cell(money(-used.amount), "green"))
    if quote.totals.tax_added:
        made.add_row("tax, added to the prices", money(quote.totals.tax_added))
    totals = quote.totals
    made.add_row(Text("total", "bold"), cell(money(totals.total), "bold"))
    exempt = {rate.code for _, rates in quote.rates for rate in rates if not rate.rate.numerator}
    for code, tax in quote.totals.tax_by_code:
        if not tax and code not in exempt:
            continue  # a rate that had nothing to tax, such as that of carriage which is on the house
        made.add_row(cell(f"  of which {code}", "dim"), cell(money(tax), "dim"))
    for card in quote.cards:
        made.add_row(cell("gift card"), money(-card.paid))
    if totals.rounded:
        made.add_row("rounded to coins", money(totals.rounded))
    if totals.due != totals.total:
        made.add_row(Text("to pay", "bold"), cell(money(totals.due), "bold"))
    return made


def _step_words(told: Told, several: bool) -> Iterator[tuple[str, Text]]:
    if told.says:
        yield "·", cell(told.says, "dim")
    if not told.answer.quiet:
        who = f"{told.who.capitalize()}: " if several and told.word not in AROUND else ""
        yield told.mark, cell(f"{who}{told.answer.text}", "dim" if told.mark == "·" else "")


def ran_words(ran: Ran) -> Iterator[RenderableType]:
    """Every story, and at the end whether all went as expected."""
    for story in ran.stories:
        yield story_words(story)
    wrong = [(story, mismatch) for story in ran.stories for mismatch in story.mismatches]
    if wrong:
        yield from _mismatch_words(wrong)
    else:
        count = len(ran.stories)
        yield Text.assemble(("As expected", "bold green"), f": {count} script{'' if count == 1 else 's'}.")


def opening_words() -> RenderableType:
    """What the demo says before its first story."""
    name, promise = "\nLeaf & Kettle, a shop for tea and coffee.", " A sandbox gateway, a virtual clock: nothing real is charged.\n"
    return _narrow(Text.assemble((name, "bold"), (promise, "dim")))


def closing_words(demo: Demo) -> Iterator[RenderableType]:
    """What the demo says after its last story: stock, mails, money; the last line says whether the books balance."""
    stock = Table("stock that moved", "where", "before", "after", box=box.SIMPLE_HEAD)
    for column in stock.columns[2:]:
        column.justify = "right"
    for level in demo.stock:
        stock.add_row(cell(level.key.sku), cell(level.key.location), str(level.before), str(level.after))
    yield stock
    if demo.letters:
        count = len(demo.letters)
        yield _narrow(cell(f"{count} mail{'' if count == 1 else 's'} written, the last: “{demo.letters[-1].subject}”", "dim"))
    money = Table("money", "at the gateway", "in the ledger", "on the orders", box=box.SIMPLE_HEAD)
    for column in money.columns[1:]:
        column.justify = "right"
    for row in demo.money:
        figures = [str(Money(figure, row.currency)) for figure in (row.gateway, row.ledger, row.orders)]
        money.add_row(row.currency, *(cell(figure, "" if row.agree else "bold red") for figure in figures))
    yield money
    if demo.mismatches:
        yield from _mismatch_words(demo.mismatches)
    yield _narrow(books_words(demo))


def books_words(demo: Demo) -> Text:
    """The last line of the demo."""
    if not demo.balanced:
        apart = [f"{row.currency} differs between gateway, ledger and orders" for row in demo.money if not row.agree]
        return Text.assemble(("The books do not balance", "bold red"), *(f"\n  {wrong}" for wrong in (*demo.findings, *apart)))
    orders = sum(len(story.orders) for story in demo.stories)
    sums = money_text([Money(row.ledger, row.currency) for row in demo.money if row.ledger])
    told = f": {sums} at the gateway, in the ledger and on {orders} orders. Every unit is there."
    return Text.assemble(("The books balance", "bold green"), told)


def _mismatch_words(wrong: Iterable[tuple[Story, Mismatch]]) -> Iterator[RenderableType]:
    yield Text("Not as expected:", "bold red")
    for story, mismatch in wrong:
        yield _narrow(cell(f"  {story.script.name}: {mismatch}"))


def _narrow(text: Text) -> RenderableType:
    return Constrain(text, WIDTH)


# As data.
def ran_data(ran: Ran) -> dict[str, object]:
    """Scripts that were played, as data."""
    return {"stories": [story_data(story) for story in ran.stories], "as_expected": not ran.exit}


def demo_data(demo: Demo) -> dict[str, object]:
    """The demo as data: stable keys, amounts in minor units with their currency."""
    return {
        "stories": [story_data(story) for story in demo.stories],
        "stock": [
            {"sku": level.key.sku, "location": level.key.location, "before": level.before, "after": level.after} for level in demo.stock
        ],
        "money": [
            {"currency": row.currency, "gateway": row.gateway, "ledger": row.ledger, "orders": row.orders, "agree": row.agree}
            for row in demo.money
        ],
        "mails": [{"subject": letter.subject, "file": letter.file} for letter in demo.letters],
        "findings": list(demo.findings),
        "balanced": demo.balanced,
        "as_expected": not demo.mismatches,
    }


def story_data(story: Story) -> dict[str, object]:
    """One story as data."""
    return {
        "name": story.script.name,
        "title": story.script.title,
        "about": story.script.about,
        "shoppers": [shopper.name for shopper in story.script.shoppers],
        "steps": [_told_data(told) for told in story.told],
        "checkouts": [_checkout_data(who, checkout) for who, checkout in story.checkouts],
        "orders": list(story.orders),
        "kept": [money_data(amount) for amount in story.kept],
        "refunds": [money_data(amount) for amount in story.refunds],
        "mails": story.mails,
        "mismatches": [{"step": m.step, "do": m.word, "expected": m.expected, "got": m.got} for m in story.mismatches],
    }


def _told_data(told: Told) -> dict[str, object]:
    return {
        "step": told.number,
        "who": told.who,
        "do": told.word,
        "says": told.says,
        "outcome": told.answer.outcome,
        "text": told.answer.text,
        "reasons": [reason_data(refused) for refused in told.answer.refused],
        "total": money_data(told.answer.total),
    }


def _checkout_data(who: str, c: Checkout) -> dict[str, object]:
    order = None
    if c.order is not None:
        order = {"number": c.order.number, "state": c.order.state.value, "payment": payment_state(c.order, c.attempts).value}
    return {
        "who": who,
        "id": c.id,
        "order": order,
        "abandoned": c.because or c.abandoned,
        "quote": None if c.quote is None else quote_data(c.quote),
    }
