"""What a letter shows of a purchase, as text in the shopper's language: a template writes it down and decides nothing.

The table reads downwards to the total: lines at their price as entered, carriage, what came off, tax that was added, total; then the tax
that the total contains. If gift cards pay a part, or coins round it, that and what is left to pay come last. All figures are those of the
frozen quote; nothing is calculated but sums of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import tzinfo

from attrs import field, frozen
from babel import Locale

from checkout_adapters.notify.language import date, money, number
from checkout_adapters.notify.occasions import Occasion
from checkout_core.money import Money
from checkout_core.pricing import PricedLine, PricedShipping, Quote

_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_TEXT_AT_MOST = 300


def plain(text: str) -> str:
    """The text on one line, without anything that could steer a reader's display or break the encoding (S14)."""
    return _NOT_TEXT.sub(" ", text).strip()[:_TEXT_AT_MOST]


@frozen
class ShownLine:
    """One line: what, how many, at how much, together."""

    name: str
    options: str
    quantity: str
    unit: str
    amount: str
    several: bool


@frozen
class Shown:
    """A name and an amount beside it."""

    name: str
    amount: str


@frozen
class Sheet:
    """The price of a purchase, to be looked at. `cards`, `rounded` and `due` lead from the total to what is paid, if that is another sum.

    A gift card is not named: who knows its number can spend it.
    """

    lines: tuple[ShownLine, ...]
    subtotal: str
    shipping: tuple[Shown, ...]
    discounts: tuple[Shown, ...]
    added: tuple[Shown, ...]
    total: str
    contained: tuple[Shown, ...]
    cards: tuple[str, ...]
    rounded: str
    due: str


@frozen
class Figures:
    """Everything a letter may say. `amount` is the money it is about: `due` if it is any, `moved` if it was taken (else it was reserved at
    most), `open` if it has not been settled that it will not come.
    """

    number: str
    placed: str
    why: str
    method: str
    amount: str
    moved: bool
    due: bool
    open: bool
    sheet: Sheet | None = field(default=None)


def figures(about: Occasion, locale: Locale, zone: tzinfo) -> Figures:
    """What there is to show on this occasion."""
    c, attempt = about.checkout, about.attempt
    order = c.order
    return Figures(
        number=plain(order.number if order is not None else c.number),
        placed=date(order.placed_at, locale, zone) if order is not None else "",
        why=about.why,
        method=attempt.instrument.method if attempt is not None else "",
        amount=money(attempt.taken, locale) if attempt is not None else "",
        moved=about.moved,
        due=attempt is not None and bool(attempt.taken),
        open=attempt is not None and attempt.open and not attempt.money,
        sheet=sheet(c.quote, locale) if c.quote is not None else None,
    )


def sheet(quote: Quote, locale: Locale) -> Sheet:
    """The table of a quote."""

    def shown(minor: int) -> str:
        return money(Money(minor, quote.currency), locale)

    added, contained = _taxes(quote)
    return Sheet(
        lines=tuple(
            ShownLine(
                plain(line.name),
                plain(", ".join(f"{name}: {value}" for name, value in line.options)),
                number(line.quantity, locale),
                shown(line.unit),
                shown(line.subtotal),
                line.quantity > 1,
            )
            for line in quote.lines
        ),
        subtotal=shown(quote.totals.subtotal),
        shipping=tuple(Shown(plain(sent.name), shown(sent.subtotal)) for sent in quote.shipping),
        discounts=tuple(Shown(plain(used.name), shown(-used.amount)) for used in quote.promotions if used.amount),
        added=_listed(added, quote.currency, locale),
        total=shown(quote.totals.total),
        contained=_listed(contained, quote.currency, locale),
        cards=tuple(shown(-card.paid) for card in quote.cards if card.paid),
        rounded=shown(quote.totals.rounded) if quote.totals.rounded else "",
        due=shown(quote.totals.due) if quote.totals.due != quote.totals.total else "",
    )


def _taxes(quote: Quote) -> tuple[dict[str, int], dict[str, int]]:
    """Tax by code: what was added to the prices as entered, and what they contained. One code may be both, for different goods."""
    rates = dict(quote.rates)
    added, contained = dict[str, int](), dict[str, int]()
    entries: list[PricedLine | PricedShipping] = [*quote.lines, *quote.shipping]
    for entry in entries:
        included = {rate.code for rate in rates.get(entry.tax_category, ()) if rate.included}
        for code, tax in entry.taxes:
            where = contained if code in included else added
            where[code] = where.get(code, 0) + tax
    return added, contained


def _listed(taxes: dict[str, int], currency: str, locale: Locale) -> tuple[Shown, ...]:
    pairs: Iterable[tuple[str, int]] = sorted(taxes.items())
    return tuple(Shown(plain(code), money(Money(tax, currency), locale)) for code, tax in pairs if tax)
