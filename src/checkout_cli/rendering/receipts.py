"""A quote on a screen: as data, as a short table, and as a picture in which every minor unit says where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import fields
from rich.table import Table
from rich.text import Text

from checkout_cli.rendering.facts import money_data
from checkout_cli.rendering.pictures import Picture
from checkout_cli.rendering.price_tree import PriceTree, missed, together
from checkout_cli.rendering.prices import origin_data
from checkout_cli.rendering.tables import cell
from checkout_core.money import Money, Ratio
from checkout_core.pricing import AppliedPromotion, PricedLine, PricedShipping, Quote
from checkout_core.pricing_policy import settings_of
from checkout_core.promotions import Kept, Told
from checkout_core.promotions.conditions import words_of
from checkout_core.receipt import receipt_of


def quote_data(quote: Quote) -> dict[str, object]:
    """A quote as data, with every figure: amounts in minor units of its currency."""

    def money(minor: int | None) -> dict[str, object] | None:
        return None if minor is None else money_data(Money(minor, quote.currency))

    def costs(entry: PricedLine | PricedShipping) -> dict[str, object]:
        amounts = {name: money(getattr(entry, name)) for name in ("subtotal", "discount", "net", "tax", "gross")}
        taxes = [{"code": code, "amount": money(tax)} for code, tax in entry.taxes]
        return {**amounts, "taxes": taxes, "tax_category": entry.tax_category}

    totals, place = quote.totals, quote.destination
    return {
        "hash": quote.hash,
        "scheme": quote.scheme,
        "currency": quote.currency,
        "destination": {"country": place.country, "region": place.region, "postcode": place.postcode},
        "lines": [
            {
                "id": line.id,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "options": dict(line.options),
                "unit": money(line.unit),
                "floor": money(line.floor),
                "origin": origin_data(line.origin, quote.currency),
                **costs(line),
            }
            for line in quote.lines
        ],
        "shipping": [
            {
                "method": sent.id,
                "name": sent.name,
                "parts": [{"origin": origin, "price": money(price)} for origin, price in sent.parts],
                "point": list(sent.point),
                "source": None if sent.source is None else _plain(sent.source),
                **costs(sent),
            }
            for sent in quote.shipping
        ],
        "promotions": [_promotion_data(used, quote) for used in quote.promotions],
        "gift_cards": [
            {
                "id": card.id,
                **{name: money(getattr(card, name)) for name in ("balance", "limit", "used", "tax", "paid", "remaining")},
                "tax_rate": None if card.tax_rate is None else str(card.tax_rate),
            }
            for card in quote.cards
        ],
        "taxes": [{"code": code, "amount": money(tax)} for code, tax in totals.tax_by_code],
        "totals": {a.name: money(getattr(totals, a.name)) for a in fields(type(totals)) if a.name != "tax_by_code"},
        "tax_source": None if quote.tax_source is None else _plain(quote.tax_source),
        "experiments": dict(quote.experiments),
        "rates": {category: [_plain(rate) for rate in rates] for category, rates in quote.rates},
        "policy": settings_of(quote.policy),
    }


def _promotion_data(used: AppliedPromotion, quote: Quote) -> dict[str, object]:
    ids = [*[line.id for line in quote.lines], *[sent.id for sent in quote.shipping]]
    goods = len(quote.lines)
    counts = used.units or (None,) * len(used.shares)
    return {
        "id": used.id,
        "name": used.name,
        "code": used.code,
        "issued": used.issued,
        "amount": money_data(Money(used.amount, quote.currency)),
        "unused": money_data(Money(used.unused, quote.currency)),
        "group": used.group,
        "benefit": _benefit_data(used.benefit),
        "when": [words_of(condition) for condition in used.when],
        "shares": [
            {"of": "line" if at < goods else "shipping", "id": ids[at], "amount": money_data(Money(share, quote.currency)), "units": units}
            for at, share, units in zip(used.positions(goods), used.shares, counts, strict=True)
        ],
        "bought": [{"line": ids[at], "units": units} for at, units in used.bought],
    }


def _benefit_data(benefit: Kept) -> dict[str, object]:
    """Its kind and its fields; of a host's own its class, words and answer."""
    kind = benefit.name if isinstance(benefit, Told) else type(benefit).__name__
    return {"kind": kind, **{name: value for name, value in _plain_fields(benefit).items() if name != "name"}}


def _plain(value: object) -> object:
    """A value of the rules as JSON has it."""
    match value:
        case Money():
            return money_data(value)
        case Ratio():
            return str(value)
        case frozenset():
            return sorted(value)
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case None | bool() | int() | str():
            return value
        case _:
            return _plain_fields(value)


def _plain_fields(value: object) -> dict[str, object]:
    return {a.name: _plain(getattr(value, a.name)) for a in fields(type(value))}  # type: ignore[arg-type]


def rows_data(quote: Quote) -> list[dict[str, object]]:
    """Every row of the receipt as data. Inputs that are amounts are in minor units."""
    return [
        {
            "step": row.step,
            "subject": row.subject,
            "rule": row.rule,
            "inputs": row.given,
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
    totals = quote.totals

    def money(minor: int) -> str:
        return str(Money(minor, quote.currency))

    for line in quote.lines:
        options = "".join(f", {name} {value}" for name, value in line.options)
        name = cell(f"{line.quantity} × {line.name}{options}")
        made.add_row(name.append_text(cell(f"  {line.sku} at {money(line.unit)}", "dim")), money(line.subtotal))
    for sent in quote.shipping:
        made.add_row(cell(sent.name).append_text(cell(f"  {sent.id}", "dim")), money(sent.subtotal))
    for used in quote.promotions:
        name = cell(used.name, "green").append_text(cell(f"  {used.code or used.id}", "dim"))
        made.add_row(name, cell(money(-used.amount), "green"))
    if totals.tax_added:
        made.add_row("tax added", money(totals.tax_added))
    made.add_row(Text("total", "bold"), cell(money(totals.total), "bold"))
    for code, tax in totals.tax_by_code:
        made.add_row(cell(f"  of which {code}", "dim"), cell(money(tax), "dim"))
    for card in quote.cards:
        made.add_row(cell("gift card", "green").append_text(cell(f"  {card.id}", "dim")), cell(money(-card.paid), "green"))
    if quote.policy.cash is not None:
        made.add_row("cash rounding", money(totals.rounded))
    if quote.cards or quote.policy.cash is not None:
        made.add_row(Text("to pay", "bold"), cell(str(quote.total), "bold"))
    return made


def price_picture(quote: Quote) -> Picture:
    """The whole calculation as a tree, from list prices to the amount due, with near misses."""
    return Picture(tuple(PriceTree(quote).nodes()), quote.currency)


def near_misses(quote: Quote) -> Iterator[Text]:
    """Why automatic promotions did not apply, and how far away they are."""
    for refused in together(quote.near_misses):
        yield cell(f"· {missed(refused)}", "dim")
