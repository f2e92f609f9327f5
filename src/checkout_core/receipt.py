"""The receipt of a quote: every minor unit traced to the rule, the inputs and the rounding that made it.

receipt     what went into the price (list prices, rules, rates, policy), and, on first access, a row for every step: the amounts of
            the rows add up to what is due, and each row says from which inputs, by which rule, rounded how, its figure came
recompute   the figures of the quote, worked out again from what went in alone; no figure of a row is believed
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from itertools import repeat
from operator import neg, sub
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from attrs import frozen

from checkout_core.gift_cards import GiftCard, UsedCard, due_after, use
from checkout_core.money import Ratio
from checkout_core.order_tax import taxes_of
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import AmountOff, Bundle, BuyGet, EveryNth, FreeGift, Kept, Percent, SetTotal, TieredPercent, Told
from checkout_core.promotions.stacking import again
from checkout_core.quote import AppliedPromotion, PricedLine, PricedShipping, Quote, Totals
from checkout_core.sheet import Sheet
from checkout_core.tax import Taxed, TaxFormula, TaxRate, formula

Step = Literal[
    "price-list",
    "price",
    "shipping",
    "parcel",
    "discount",
    "line-share",
    "shipping-share",
    "order-tax",
    "line-tax",
    "shipping-tax",
    "gift-card",
    "cash",
]

INPUTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "price-list": ("price", "from", "catalogue"),
        "price": ("unit", "quantity"),
        "shipping": ("price",),
        "parcel": ("price",),
        "discount": ("of", "unused"),
        "line-share": ("discount", "before", "units"),
        "shipping-share": ("discount", "before", "units"),
        "order-tax": ("exact",),
        "line-tax": ("code", "rate", "compound", "base", "quantity"),
        "shipping-tax": ("code", "rate", "compound", "base", "quantity"),
        "gift-card": ("balance", "tax"),
        "cash": ("due", "coin"),
    }
)
"""What the inputs of a row are called, by its step."""


class Row(NamedTuple):
    """One step of the calculation: by which `rule`, from which `inputs` (`INPUTS` names them), rounded how, came which `figure`.

    `amount` is what the row adds to what is due: a discount adds nothing itself, its shares do; nor does a tax that the price contains.
    A `parcel` row says which location (its rule) sends a part of the carriage above it, and what that costs.
    A `price-list` row says which list (its rule) gave the unit price from which quantity on; the catalogue's is "" if it has none.
    A tuple, because a large cart has tens of thousands.
    """

    step: Step
    subject: str
    rule: str
    inputs: tuple[int | str, ...]
    rounding: str
    figure: int
    amount: int

    @property
    def given(self) -> dict[str, int | str]:
        """The inputs by name."""
        return dict(zip(INPUTS[self.step], self.inputs, strict=True))


@frozen
class Priced:
    """An entry as it went in: a line, or carriage (`goods` False). `key` is its SKU or method, `floor` the least price of a unit."""

    id: str
    goods: bool
    key: str
    unit: int
    quantity: int
    floor: int
    rates: tuple[TaxRate, ...]


@frozen
class Deal:
    """A promotion as it went in: what it gives, on the entries at these positions, in competition with others of its `group`."""

    id: str
    benefit: Kept
    entries: tuple[int, ...]
    group: str | None


@frozen
class DiscountEffect:
    """What the discounts changed: in net, in tax, and in gross = net + tax (RB-61)."""

    net: int
    tax: int
    gross: int


@frozen
class Figures:
    """What comes out: the taxed amount of each entry, what each promotion takes of each of its entries, the cards used, and the totals."""

    entries: tuple[Taxed, ...]
    shares: tuple[tuple[int, ...], ...]
    cards: tuple[UsedCard, ...]
    totals: Totals


@frozen(slots=False)
class Receipt:
    """The whole calculation. What went in, and the `rows` that explain what came out; their amounts add up to `due`, in minor units."""

    currency: str
    policy: PricingPolicy
    entries: tuple[Priced, ...]
    deals: tuple[Deal, ...]
    cards: tuple[GiftCard, ...]
    due: int
    _quote: Quote

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Every step in the order of calculation; made when they are first looked at."""
        return tuple(_rows(self._quote))

    @cached_property
    def discount(self) -> DiscountEffect:
        """What all discounts together changed, net, tax and gross."""
        return _effect(self, figures_of(self._quote))


def receipt_of(quote: Quote) -> Receipt:
    """The receipt of a quote."""
    rates = dict(quote.rates)
    goods = [Priced(x.id, True, x.sku, x.unit, x.quantity, x.floor, rates[x.tax_category]) for x in quote.lines]
    carriage = [Priced(x.id, False, x.id, x.subtotal, 1, 0, rates[x.tax_category]) for x in quote.shipping]
    lines = tuple(range(len(goods)))
    deals = [Deal(used.id, used.benefit, lines if used.entries is None else used.entries, used.group) for used in quote.promotions]
    cards = tuple([used.card for used in quote.cards])
    return Receipt(quote.currency, quote.policy, (*goods, *carriage), tuple(deals), cards, quote.totals.due, quote)


def figures_of(quote: Quote) -> Figures:
    """The figures a quote was made with."""
    entries: list[PricedLine | PricedShipping] = [*quote.lines, *quote.shipping]
    taxed = tuple([Taxed(entry.net, entry.tax, entry.gross, entry.taxes) for entry in entries])
    return Figures(taxed, tuple([used.shares for used in quote.promotions]), quote.cards, quote.totals)


def recompute(receipt: Receipt) -> Figures:
    """The figures, calculated again from what went in: list prices, rules in their order, rates, policy and cards."""
    entries, policy = receipt.entries, receipt.policy
    formulas = [formula(entry.rates) for entry in entries]
    free = frozenset([i for deal in receipt.deals if isinstance(deal.benefit, FreeGift) for i in deal.entries])
    sheet = _sheet(receipt, formulas, free)  # for the other rules gifts are not there
    whole = _sheet(receipt, formulas) if free else sheet
    deals = [
        (deal.benefit, deal.group, deal.entries, _bought(deal.benefit, entries, free) if isinstance(deal.benefit, BuyGet) else ())
        for deal in receipt.deals
    ]
    given = again(deals, sheet, policy)
    shares = [
        tuple([whole.original[i] for i in deal.entries]) if isinstance(deal.benefit, FreeGift) else each.shares or (0,) * len(deal.entries)
        for each, deal in zip(given, receipt.deals, strict=True)
    ]
    whole.current = sheet.current
    taxed = taxes_of(whole, formulas, policy.tax)
    cards = use(receipt.cards, sum([each.gross for each in taxed]), policy)
    return Figures(tuple(taxed), tuple(shares), cards, totals_of(whole, taxed, cards, policy))


def _sheet(receipt: Receipt, formulas: Sequence[TaxFormula], free: Collection[int] = ()) -> Sheet:
    """The columns; those of the entries that are `free` cost nothing."""
    entries = receipt.entries
    goods = sum([entry.goods for entry in entries])
    keys, units = [entry.key for entry in entries], [0 if i in free else entry.unit for i, entry in enumerate(entries)]
    quantities, floors = [entry.quantity for entry in entries], [entry.floor for entry in entries]
    return Sheet(receipt.currency, goods, keys, units, quantities, floors, formulas)


def _bought(benefit: BuyGet, entries: Sequence[Priced], free: Collection[int]) -> tuple[int, ...]:
    return tuple(
        [i for i, entry in enumerate(entries) if entry.goods and i not in free and (benefit.buy is None or entry.key in benefit.buy)]
    )


def totals_of(sheet: Sheet, taxed: Sequence[Taxed], cards: Sequence[UsedCard], policy: PricingPolicy) -> Totals:
    """The sums, from what the sheet says as entered, the taxes of every entry, and the cards used. Sums are never rounded."""
    by_code: dict[str, int] = {}
    total = 0
    for _, _, gross, components in taxed:
        total += gross
        for code, tax in components:
            by_code[code] = by_code.get(code, 0) + tax
    original, current = sum(sheet.original), sum(sheet.current)
    subtotal = sum(sheet.original[: sheet.goods])
    tax = sum(by_code.values())
    used, card_tax = sum([card.used for card in cards]), sum([card.tax for card in cards])
    due = due_after(total, cards, policy)
    return Totals(
        subtotal,
        original - subtotal,
        original - current,
        total - tax,
        tax,
        total - current,
        total,
        tuple(sorted(by_code.items())),
        used,
        card_tax,
        due - (total - used - card_tax),
        due,
    )


# The rows.
_made: Final[Callable[[tuple[object, ...]], Row]] = partial(
    tuple.__new__, Row
)  # Row._make without its Python: rows are made by the thousand


def _rows(quote: Quote) -> list[Row]:
    rows = list[Row]()
    for x in quote.lines:
        if (of := x.origin) is not None:
            base = "" if of.catalogue is None else of.catalogue
            rows.append(Row("price-list", x.id, of.list, (of.price, of.quantity, base), "exact", x.unit, 0))
        rows.append(_made(("price", x.id, "unit × quantity", (x.unit, x.quantity), "exact", x.subtotal, x.subtotal)))
    for sent in quote.shipping:
        rule = "list price" if sent.source is None or not sent.source.answered else f"rate of {sent.source.carrier}"
        rows.append(Row("shipping", sent.id, rule, (sent.subtotal,), "exact", sent.subtotal, sent.subtotal))
        rows += [Row("parcel", sent.id, origin, (price,), "exact", price, 0) for origin, price in sent.parts]
    entries: list[PricedLine | PricedShipping] = [*quote.lines, *quote.shipping]
    ids, left = [entry.id for entry in entries], [entry.subtotal for entry in entries]
    for used in quote.promotions:
        rows += _discount_rows(used, quote, ids, left)
    rows += _tax_rows(quote)
    for card in quote.cards:
        rounding = "exact" if card.tax_rate is None else quote.policy.tax.mode
        rows.append(Row("gift-card", card.id, "balance", (card.balance, card.tax), rounding, card.paid, -card.paid))
    if quote.policy.cash is not None:
        cash, totals = quote.policy.cash, quote.totals
        due = (totals.due - totals.rounded, cash.increment)
        rows.append(Row("cash", "", "smallest coin", due, cash.mode, totals.due, totals.rounded))
    return rows


def _discount_rows(used: AppliedPromotion, quote: Quote, ids: Sequence[str], left: list[int]) -> list[Row]:
    """The discount, then its share of each entry; what is left of them goes on to the next."""
    amount, goods, shares = used.amount, len(quote.lines), used.shares
    steps: Iterable[Step]
    if used.entries is None:
        steps, subjects, before = repeat("line-share"), ids, left[:goods]
        left[:goods] = map(sub, before, shares)
    else:
        positions = used.entries
        steps = ["line-share" if i < goods else "shipping-share" for i in positions]
        subjects, before = [ids[i] for i in positions], [left[i] for i in positions]
        for i, share in zip(positions, shares, strict=True):
            left[i] -= share
    mode, shared = _roundings(used.benefit, amount, quote)
    inputs = zip(repeat(amount), before, used.units or repeat(0))
    columns = zip(steps, subjects, repeat(used.id), inputs, repeat(shared), shares, map(neg, shares))
    rule = used.benefit.name if isinstance(used.benefit, Told) else type(used.benefit).__name__
    return [Row("discount", used.id, rule, (sum(before), used.unused), mode, amount, 0), *map(_made, columns)]


def _roundings(benefit: Kept, amount: int, quote: Quote) -> tuple[str, str]:
    """How the discount was rounded, and how its shares came about."""
    policy = quote.policy
    match benefit:
        case Percent() | TieredPercent():
            together = benefit.on in ("order", "order_and_shipping") and policy.percent_order_level == "order"
            capped = bool(benefit.cap) and amount == benefit.cap[quote.currency].minor
            if together or capped:
                return ("cap" if capped else policy.discount_mode), policy.allocation
            return "sum of shares", policy.discount_mode
        case AmountOff() | SetTotal() | Bundle():
            return "exact", policy.allocation
        case BuyGet() | EveryNth():
            return "sum of shares", policy.discount_mode
        case _:
            return "sum of shares", "exact"


def _tax_rows(quote: Quote) -> list[Row]:
    rates, policy, rows = dict(quote.rates), quote.policy.tax, list[Row]()
    before = policy.base == "before_discount"
    taxed: list[tuple[Step, PricedLine | PricedShipping, int, int]] = [
        *[("line-tax", line, line.subtotal if before else line.subtotal - line.discount, line.quantity) for line in quote.lines],
        *[("shipping-tax", sent, sent.subtotal if before else sent.subtotal - sent.discount, 1) for sent in quote.shipping],
    ]
    if policy.level == "order":
        exact = dict.fromkeys([code for code, _ in quote.totals.tax_by_code], Ratio(0))
        for _, entry, base, _ in taxed:
            made = formula(rates[entry.tax_category])
            for code, numerator in zip(made.codes, made.numerators, strict=True):
                exact[code] = _sum(exact[code], Ratio(base * numerator, made.denominator))
        for code, tax in quote.totals.tax_by_code:
            rows.append(Row("order-tax", code, "sum of exact taxes", (str(exact[code]),), policy.mode, tax, 0))
    rounding = policy.order_shares if policy.level == "order" else policy.mode
    told = {category: [_told(rate) for rate in each] for category, each in quote.rates}
    for step, entry, base, quantity in taxed:
        for (code, rate, compound, rule, adds), (_, tax) in zip(told[entry.tax_category], entry.taxes, strict=True):
            rows.append(_made((step, entry.id, rule, (code, rate, compound, base, quantity), rounding, tax, tax * adds)))
    return rows


@lru_cache(maxsize=4096)
def _told(rate: TaxRate) -> tuple[str, str, int, str, int]:
    """Code, rate and compound as a row shows them, the rule, and how often the tax comes on top: once, or not if it is included."""
    rule, adds = ("included", 0) if rate.included else ("added", 1)
    return rate.code, str(rate.rate), int(rate.compound), rule, adds


def _sum(a: Ratio, b: Ratio) -> Ratio:
    return Ratio(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)


def _effect(receipt: Receipt, figures: Figures) -> DiscountEffect:
    """The taxes as they are, less what they would be had nothing been taken off."""
    formulas = [formula(entry.rates) for entry in receipt.entries]
    full = taxes_of(_sheet(receipt, formulas), formulas, receipt.policy.tax)
    net = sum([entry.net for entry in full]) - sum([entry.net for entry in figures.entries])
    tax = sum([entry.tax for entry in full]) - sum([entry.tax for entry in figures.entries])
    return DiscountEffect(net, tax, net + tax)
