"""What changed from one quote to another: first as data, then in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import fields, frozen

from checkout_core.money import Money
from checkout_core.promotions import Told
from checkout_core.quote import (
    CANONICAL,
    AppliedPromotion,
    PricedLine,
    PricedShipping,
    Quote,
    Taxes,
    benefit_text,
    conditions_text,
    policy_text,
    rates_text,
)
from checkout_core.refusals import Change

Fact = Money | int | str | None
"""An amount, a number, a text; None is nothing there."""


@frozen
class Difference:
    """One fact that is not what it was. `thing` names a line, carriage, a promotion or a card; "" is the quote itself."""

    thing: str
    fact: str
    before: Fact
    after: Fact

    @property
    def change(self) -> Change:
        """The same in words."""
        before, after = ("nothing" if fact is None else str(fact) for fact in (self.before, self.after))
        return Change(f"{self.thing} {self.fact}".strip(), before, after)


def diff(a: Quote, b: Quote) -> tuple[Change, ...]:
    """What changed from `a` to `b`, in words, the total first; nothing if, and only if, their hashes are equal."""
    return tuple([difference.change for difference in differences(a, b)])


def differences(a: Quote, b: Quote) -> tuple[Difference, ...]:
    """What changed from `a` to `b`, as data, the total first; a thing that is in one quote only is one difference, its price."""
    if a.hash == b.hash:
        return ()
    found: list[Difference] = []
    before, after = _told(a), _told(b)
    for thing in before | after:
        old, new = before.get(thing), after.get(thing)
        if old is None or new is None:
            found.append(Difference(thing, "", _gist(old), _gist(new)))
            continue
        found += [Difference(thing, fact, old[fact], new[fact]) for fact in old if old[fact] != new[fact]]
    return tuple(found)


_ELSEWHERE: Final = ("total", "due", "tax_by_code")
_GIST: Final = ("gross", "discount", "used")


def _gist(facts: Mapping[str, Fact] | None) -> Fact:
    """Name and the one amount that tells most of a line or carriage, a promotion, or a card."""
    if facts is None:
        return None
    amount = next(facts[fact] for fact in _GIST if fact in facts)
    return f"{facts['name']}, {amount}" if "name" in facts else amount


def _told(quote: Quote) -> dict[str, dict[str, Fact]]:
    """Everything the hash covers: thing -> fact. Every thing of a kind has the same facts."""
    totals, place = quote.totals, quote.destination
    sums = {a.name.replace("_", " "): getattr(totals, a.name) for a in fields(type(totals)) if a.name not in _ELSEWHERE}
    told: dict[str, dict[str, Fact]] = {"": {"total": quote.total, **{name: _money(minor, quote) for name, minor in sums.items()}}}
    told[""] |= {
        "before cards and coins": _money(totals.total, quote) if totals.total != totals.due else None,
        "taxes": _listed(totals.tax_by_code),
        "currency": quote.currency,
        "destination": " ".join([place.country, place.region or "-", place.postcode or "-"]),
        "order of lines": ", ".join([line.id for line in quote.lines]),
        "order of carriage": ", ".join([sent.id for sent in quote.shipping]),
        "order of promotions": ", ".join([used.id for used in quote.promotions]),
        "order of cards": ", ".join([card.id for card in quote.cards]),
        "tax rates": rates_text(quote.rates),
        "tax source": _source(quote),
        "experiments": ", ".join([f"{experiment} {variant}" for experiment, variant in quote.experiments]) or None,
        "policy": policy_text(quote.policy),
        "scheme": quote.scheme,
    }
    for line in quote.lines:
        own: dict[str, Fact] = {"quantity": line.quantity, "sku": line.sku, "name": line.name, "unit price": _money(line.unit, quote)}
        rest: dict[str, Fact] = {"options": CANONICAL.encode(line.options), "stock": "counted" if line.tracked else "not counted"}
        told[f"line {line.id}"] = (
            own | _taxed(line, quote) | rest | {"price floor": _money(line.floor, quote), "price list": _origin(line, quote)}
        )
    for sent in quote.shipping:
        told[f"shipping {sent.id}"] = {
            "name": sent.name,
            **_taxed(sent, quote),
            "parcels": ", ".join([f"{_money(price, quote)} from {origin}" for origin, price in sent.parts]),
            "rate": _rated(sent),
            "fetched at": ", ".join(sent.point),
        }
    for used in quote.promotions:
        told[f"promotion {used.id}"] = _promotion(used, quote)
    for card in quote.cards:
        told[f"gift card {card.id}"] = {
            "balance": _money(card.balance, quote),
            "limit": None if card.limit is None else _money(card.limit, quote),
            "tax rate": None if card.tax_rate is None else str(card.tax_rate),
            "used": _money(card.used, quote),
            "tax": _money(card.tax, quote),
        }
    return told


def _source(quote: Quote) -> str | None:
    """Who said the rates; None is the shop's own table."""
    if (of := quote.tax_source) is None:
        return None
    return f"{of.provider} {of.reference}".strip() + ("" if of.answered else " (away: the shop's own table)")


def _origin(line: PricedLine, quote: Quote) -> str | None:
    """Where the unit price is from; None is the catalogue."""
    if (of := line.origin) is None:
        return None
    own = "nothing" if of.catalogue is None else _money(of.catalogue, quote)
    return f"{of.list}: {_money(of.price, quote)} from {of.quantity}, in the catalogue {own}"


def _money(minor: int, quote: Quote) -> Money:
    return Money(minor, quote.currency)


def _rated(sent: PricedShipping) -> str:
    """Who says what carriage costs."""
    if sent.source is None:
        return "of our own"
    return f"of {sent.source.carrier}" if sent.source.answered else f"of our own, {sent.source.carrier} is away"


def _taxed(entry: PricedLine | PricedShipping, quote: Quote) -> dict[str, Fact]:
    return {
        "price": _money(entry.subtotal, quote),
        "discount": _money(entry.discount, quote),
        "net": _money(entry.net, quote),
        "tax": _money(entry.tax, quote),
        "gross": _money(entry.gross, quote),
        "taxes": _listed(entry.taxes),
        "tax category": entry.tax_category,
    }


def _promotion(used: AppliedPromotion, quote: Quote) -> dict[str, Fact]:
    rule = used.benefit
    return {
        "name": used.name,
        "code": used.code,
        "rule": f"{rule.name} on {rule.on}: {rule.words}" if isinstance(rule, Told) else benefit_text(rule),
        "answer": _numbers(rule.shares) if isinstance(rule, Told) else None,
        "discount": _money(used.amount, quote),
        "unused": _money(used.unused, quote),
        "shares": _numbers(used.shares),
        "of entries": "all lines" if used.entries is None else _numbers(used.entries),
        "of units": _numbers(used.units) or None,
        "bought": " ".join([f"{count} of {entry}" for entry, count in used.bought]) or None,
        "group": used.group,
        "limit": used.limit,
        "limit per person": used.per_person,
        "limit per code": used.per_code,
        "issued code": used.issued,
        "limit in time": None if used.window is None else f"{used.window.uses} in {used.window.window}",
        "given back": "no, not when cancelled" if used.kept else None,
        "budget": None if used.budget is None else _money(used.budget, quote),
        "conditions": " ".join(conditions_text(used.when)) or None,
    }


def _listed(taxes: Taxes) -> str:
    return ", ".join([f"{code} {tax}" for code, tax in taxes])


def _numbers(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers))
