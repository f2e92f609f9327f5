"""A quote, and the receipt that traces every minor unit of it.

    quote     the frozen answer of pricing: what each thing costs, net, tax and gross, which promotions applied, the rates and the policy
    receipt   made from a quote when someone looks: a row for every list price, discount, share, tax and carriage; the amounts of the
              rows add up to the total, and `recompute` follows the rules and inputs of the rows again to the same totals

A quote is plain data (tuples, ints, text) in minor units of its currency. "As entered" means as the prices were given: included
taxes are inside, added taxes are not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter
from typing import Final, Literal

from attrs import field, fields, frozen

from checkout_core.customers import Destination
from checkout_core.money import ALLOCATIONS, ROUNDINGS, Allocation, Money, Ratio, Rounding
from checkout_core.promotions import Kind, discount_of, split
from checkout_core.refusals import Change, Refused
from checkout_core.tax import DEFAULT, TaxPolicy, TaxRate, formula

Taxes = tuple[tuple[str, int], ...]
Step = Literal["price", "shipping", "discount", "line-share", "shipping-share", "line-tax", "shipping-tax"]


@frozen
class PricingPolicy:
    """The choices of a shop that change what a cart costs. Part of every quote, and named on the receipt.

    - `tax`: how tax is rounded (`TaxPolicy`). Tax is computed on what discounts left.
    - `discount_mode`: the rounding of a percent discount, once, on the sum it covers.
    - `allocation`: who gets the spare minor units when a discount is split over lines (`money.allocate`).
    """

    tax: TaxPolicy = DEFAULT
    discount_mode: Rounding = "half_up"
    allocation: Allocation = "largest_remainder"

    def __attrs_post_init__(self) -> None:
        if self.discount_mode not in ROUNDINGS:
            raise ValueError(f"{self.discount_mode!r} is not a rounding. Use one of {', '.join(ROUNDINGS)}.")
        if self.allocation not in ALLOCATIONS:
            raise ValueError(f"{self.allocation!r} is not a way to allocate. Use one of {', '.join(ALLOCATIONS)}.")


@frozen
class PricedLine:
    """A line with its price. subtotal = unit × quantity, as entered; net + tax = gross is what is paid after `discount`."""

    id: str
    sku: str
    name: str
    quantity: int
    unit: int
    subtotal: int
    discount: int
    net: int
    tax: int
    gross: int
    taxes: Taxes
    tax_category: str
    tracked: bool = True
    options: tuple[tuple[str, str], ...] = ()


@frozen
class PricedShipping:
    """The carriage with its price; the figures mean what they mean for a line. No `id`: there is nothing to send (`NOTHING_TO_SEND`)."""

    id: str
    name: str
    subtotal: int
    discount: int
    net: int
    tax: int
    gross: int
    taxes: Taxes
    tax_category: str


NOTHING_TO_SEND: Final = PricedShipping("", "", 0, 0, 0, 0, 0, (), "")


@frozen
class AppliedPromotion:
    """A promotion that took something: `shares` line by line, in proportion to `weights` (the amounts then), and of the `shipping`.

    `unused` is the part of a fixed amount that found nothing to reduce (RB-68). `limit` and `per_person` say what placing must hold.
    """

    id: str
    name: str
    code: str | None
    kind: Kind
    percent: Ratio | None
    weights: tuple[int, ...]
    shares: tuple[int, ...]
    shipping: int
    unused: int
    limit: int | None
    per_person: int | None

    @property
    def amount(self) -> int:
        """All it takes off, goods and carriage, as entered."""
        return sum(self.shares) + self.shipping


@frozen
class Totals:
    """The sums. total = subtotal + shipping − discount + tax_added = net + tax.

    `subtotal` (goods) and `shipping` are as entered, before any discount; `discount` has that on goods and on carriage. `tax` is all
    tax in the total, `tax_added` the part of it that the entered prices did not contain; `tax_by_code` adds up to `tax`.
    """

    subtotal: int
    shipping: int
    discount: int
    net: int
    tax: int
    tax_added: int
    total: int
    tax_by_code: Taxes


@frozen(cache_hash=True)
class Quote:
    """The price of a cart, frozen (R7): equal content has an equal `hash` in every process.

    `rates` are the tax rates by category, as they were. `near_misses` says why automatic promotions did not apply; they are news, not
    part of the price, so neither the hash nor `==` looks at them.
    """

    currency: str
    lines: tuple[PricedLine, ...]
    shipping: PricedShipping
    promotions: tuple[AppliedPromotion, ...]
    destination: Destination
    rates: tuple[tuple[str, tuple[TaxRate, ...]], ...]
    policy: PricingPolicy
    totals: Totals
    hash: str
    near_misses: tuple[Refused, ...] = field(default=(), eq=False)

    @property
    def total(self) -> Money:
        """What is to be paid."""
        return Money(self.totals.total, self.currency)


def hash_of(
    currency: str,
    lines: tuple[PricedLine, ...],
    shipping: PricedShipping,
    promotions: tuple[AppliedPromotion, ...],
    destination: Destination,
    rates: tuple[tuple[str, tuple[TaxRate, ...]], ...],
    policy: PricingPolicy,
    totals: Totals,
) -> str:
    """The SHA-256 of the canonical text of a quote: JSON in ASCII, of everything but `near_misses` and the hash itself."""
    content = (
        "quote/1",
        currency,
        [_LINE(line) for line in lines],
        _SHIPPING(shipping),
        [_PROMOTION(used) for used in promotions],
        (destination.country, destination.region, destination.postcode),
        _rates_text(rates),
        _policy_text(policy),
        _TOTALS(totals),
    )
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()


def intact(quote: Quote) -> bool:
    """Whether a quote that was stored or sent is still the one its hash names."""
    q = quote
    return q.hash == hash_of(q.currency, q.lines, q.shipping, q.promotions, q.destination, q.rates, q.policy, q.totals)


def _text(value: object) -> str:
    if isinstance(value, Ratio):
        return str(value)
    raise TypeError(f"A quote is made of ints, text and ratios, not of {type(value).__name__}.")


# All fields in their order: one added later is in the hash without anyone remembering to put it there.
_LINE: Final = attrgetter(*(a.name for a in fields(PricedLine)))
_SHIPPING: Final = attrgetter(*(a.name for a in fields(PricedShipping)))
_PROMOTION: Final = attrgetter(*(a.name for a in fields(AppliedPromotion)))
_TOTALS: Final = attrgetter(*(a.name for a in fields(Totals)))
_CANONICAL: Final = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True, check_circular=False, default=_text)


@lru_cache(maxsize=1024)
def _rates_text(rates: tuple[tuple[str, tuple[TaxRate, ...]], ...]) -> str:
    return _CANONICAL.encode([(category, [(r.code, str(r.rate), r.included, r.compound) for r in of]) for category, of in rates])


@lru_cache(maxsize=64)
def _policy_text(policy: PricingPolicy) -> str:
    tax = {a.name: getattr(policy.tax, a.name) for a in fields(TaxPolicy)}
    own = {a.name: getattr(policy, a.name) for a in fields(PricingPolicy) if a.name != "tax"}
    return _CANONICAL.encode([sorted(tax.items()), sorted(own.items())])


def diff(a: Quote, b: Quote) -> tuple[Change, ...]:
    """What changed from `a` to `b`, the total first; nothing if, and only if, their hashes are equal."""
    if a.hash == b.hash:
        return ()
    changes: list[Change] = []
    before, after = _told(a), _told(b)
    for thing in before | after:
        old, new = before.get(thing), after.get(thing)
        if old is None or new is None:
            changes.append(Change(thing, *("nothing" if facts is None else ", ".join(facts.values()) for facts in (old, new))))
            continue
        changes += [Change(f"{thing} {what}".strip(), old[what], new[what]) for what in old if old[what] != new[what]]
    return tuple(changes)


def _told(quote: Quote) -> dict[str, dict[str, str]]:
    """Everything the hash covers, in words: thing -> what -> text. Every thing of a kind has the same whats."""

    def money(minor: int) -> str:
        return str(Money(minor, quote.currency))

    def taxed(entry: PricedLine | PricedShipping) -> dict[str, str]:
        return {
            "price": money(entry.subtotal),
            "discount": money(entry.discount),
            "net": money(entry.net),
            "tax": money(entry.tax),
            "gross": money(entry.gross),
            "taxes": _listed(entry.taxes),
            "tax category": entry.tax_category,
        }

    totals, place = quote.totals, quote.destination
    told = {
        "": {
            "total": money(totals.total),
            "subtotal": money(totals.subtotal),
            "shipping": money(totals.shipping),
            "discount": money(totals.discount),
            "net": money(totals.net),
            "tax": money(totals.tax),
            "tax added": money(totals.tax_added),
            "taxes": _listed(totals.tax_by_code),
            "currency": quote.currency,
            "destination": " ".join([place.country, place.region or "-", place.postcode or "-"]),
            "order of lines": ", ".join([line.id for line in quote.lines]),
            "order of promotions": ", ".join([used.id for used in quote.promotions]),
            "tax rates": _rates_text(quote.rates),
            "policy": _policy_text(quote.policy),
        }
    }
    for line in quote.lines:
        own = {"quantity": str(line.quantity), "sku": line.sku, "name": line.name, "unit price": money(line.unit)}
        rest = {"options": _CANONICAL.encode(line.options), "stock": "counted" if line.tracked else "not counted"}
        told[f"line {line.id}"] = own | taxed(line) | rest
    told["shipping"] = {"method": quote.shipping.id or "none", "name": quote.shipping.name} | taxed(quote.shipping)
    for used in quote.promotions:
        told[f"promotion {used.id}"] = {
            "name": used.name,
            "code": used.code or "-",
            "rule": f"{used.kind} {used.percent or ''}".strip(),
            "discount": money(used.amount),
            "of shipping": money(used.shipping),
            "unused": money(used.unused),
            "of lines": f"{_listed_ints(used.shares)} of {_listed_ints(used.weights)}",
            "limits": f"{used.limit or '-'} in all, {used.per_person or '-'} a person",
        }
    return told


def _listed(taxes: Taxes) -> str:
    return ", ".join([f"{code} {tax}" for code, tax in taxes])


def _listed_ints(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers))


@frozen
class Row:
    """One step of the calculation: by which `rule`, from which `inputs`, rounded how, came which `figure`.

    `amount` is what the row adds to the total: a discount adds nothing itself, its shares do; nor does a tax that the price contains.
    """

    step: Step
    subject: str
    rule: str
    inputs: tuple[tuple[str, int | str], ...]
    rounding: str
    figure: int
    amount: int


@frozen
class DiscountEffect:
    """What the discounts changed: in net, in tax, and in gross = net + tax (RB-61)."""

    net: int
    tax: int
    gross: int


@frozen
class Receipt:
    """The whole calculation. The amounts of the rows add up to `total`, in minor units of `currency`."""

    currency: str
    policy: PricingPolicy
    rows: tuple[Row, ...]
    total: int
    discount: DiscountEffect


def receipt_of(quote: Quote) -> Receipt:
    """The receipt of a quote, made from what the quote carries, in the order of calculation."""
    shipping = quote.shipping
    rows = [
        Row("price", line.id, "unit × quantity", (("unit", line.unit), ("quantity", line.quantity)), "exact", line.subtotal, line.subtotal)
        for line in quote.lines
    ]
    if shipping.id:
        price = shipping.subtotal
        rows.append(Row("shipping", shipping.id, "list price", (("price", price),), "exact", price, price))
    for used in quote.promotions:
        rows += _carriage_rows(used, quote) if used.kind == "free_shipping" else _discount_rows(used, quote)
    for line in quote.lines:
        rows += _tax_rows("line-tax", line, line.quantity, quote)
    if shipping.id:
        rows += _tax_rows("shipping-tax", shipping, 1, quote)
    return Receipt(quote.currency, quote.policy, tuple(rows), quote.totals.total, _effect(quote))


def _carriage_rows(used: AppliedPromotion, quote: Quote) -> tuple[Row, ...]:
    inputs, off = (("of", used.shipping),), used.shipping
    share = Row("shipping-share", quote.shipping.id, used.id, inputs, "exact", off, -off)
    return Row("discount", used.id, used.kind, inputs, "exact", off, 0), share


def _discount_rows(used: AppliedPromotion, quote: Quote) -> tuple[Row, ...]:
    policy, amount, basis = quote.policy, used.amount, sum(used.weights)
    inputs: tuple[tuple[str, int | str], ...]
    if used.percent is not None:
        inputs, rounding = (("percent", str(used.percent)), ("of", basis)), policy.discount_mode
        whole = Row("discount", used.id, used.kind, inputs, rounding, amount, 0)
    else:
        inputs = (("off", amount + used.unused), ("of", basis), ("unused", used.unused))
        whole = Row("discount", used.id, used.kind, inputs, "exact", amount, 0)
    shares = [
        Row("line-share", line.id, used.id, (("discount", amount), ("weight", weight)), policy.allocation, share, -share)
        for line, weight, share in zip(quote.lines, used.weights, used.shares, strict=True)
        if weight
    ]
    return whole, *shares


def _tax_rows(step: Step, entry: PricedLine | PricedShipping, quantity: int, quote: Quote) -> list[Row]:
    base = entry.subtotal - entry.discount
    return [
        Row(
            step,
            entry.id,
            "included" if rate.included else "added",
            (("code", rate.code), ("rate", str(rate.rate)), ("compound", int(rate.compound)), ("base", base), ("quantity", quantity)),
            quote.policy.tax.mode,
            tax,
            0 if rate.included else tax,
        )
        for rate, (_, tax) in zip(dict(quote.rates)[entry.tax_category], entry.taxes, strict=True)
    ]


def _effect(quote: Quote) -> DiscountEffect:
    rates, net, tax = dict(quote.rates), 0, 0
    entries: list[tuple[PricedLine | PricedShipping, int]] = [(line, line.quantity) for line in quote.lines]
    for entry, quantity in [*entries, (quote.shipping, 1)]:
        if entry.discount:
            full = formula(rates[entry.tax_category]).of(entry.subtotal, quote.policy.tax, quantity)
            net += full.net - entry.net
            tax += full.tax - entry.tax
    return DiscountEffect(net, tax, net + tax)


def recompute(receipt: Receipt) -> Totals:
    """The totals, calculated again from the rules and inputs of the rows alone; no figure of a row is believed."""
    policy = receipt.policy
    list_price: dict[str, int] = {}
    left: dict[str, int] = {}
    carriage = carriage_left = 0
    covered: dict[str, list[str]] = {}
    taxed: dict[tuple[Step, str], tuple[int, list[TaxRate]]] = {}
    for row in receipt.rows:
        if row.step == "line-share":
            covered.setdefault(row.rule, []).append(row.subject)
    for row in receipt.rows:
        given = dict(row.inputs)
        match row.step:
            case "price":
                list_price[row.subject] = left[row.subject] = int(given["unit"]) * int(given["quantity"])
            case "shipping":
                carriage = carriage_left = int(given["price"])
            case "discount" if row.rule == "free_shipping":
                carriage_left = 0
            case "discount":
                lines = covered[row.subject]
                weights = [left[line] for line in lines]
                percent = Ratio.parse(given["percent"]) if "percent" in given else None
                amount, _ = discount_of(percent, int(given.get("off", 0)), sum(weights), policy.discount_mode)
                for line, share in zip(lines, split(amount, weights, policy.allocation, policy.discount_mode), strict=True):
                    left[line] -= share
            case "line-tax" | "shipping-tax":
                rate = TaxRate(str(given["code"]), Ratio.parse(given["rate"]), row.rule == "included", bool(given["compound"]))
                taxed.setdefault((row.step, row.subject), (int(given["quantity"]), []))[1].append(rate)
            case "line-share" | "shipping-share":
                pass  # worked out with its discount
    added, taxes = 0, list[Taxes]()
    for (step, subject), (quantity, rates) in taxed.items():
        amount = left[subject] if step == "line-tax" else carriage_left
        result = formula(tuple(rates)).of(amount, policy.tax, quantity)
        added += result.gross - amount
        taxes.append(result.components)
    subtotal = sum(list_price.values())
    return totals_of(subtotal, carriage, subtotal - sum(left.values()) + carriage - carriage_left, added, taxes)


def totals_of(subtotal: int, shipping: int, discount: int, tax_added: int, taxes: Iterable[Taxes]) -> Totals:
    """The sums, from the sums as entered, the tax added to them, and the taxes of every line and of the carriage."""
    by_code: dict[str, int] = {}
    for entry in taxes:
        for code, tax in entry:
            by_code[code] = by_code.get(code, 0) + tax
    tax, total = sum(by_code.values()), subtotal + shipping - discount + tax_added
    return Totals(subtotal, shipping, discount, total - tax, tax, tax_added, total, tuple(sorted(by_code.items())))
