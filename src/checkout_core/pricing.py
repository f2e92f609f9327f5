"""What a cart costs, or everything that stands in the way. `price` is the one order of calculation, written out.

Nothing is looked up here: the host's answers come in as `Facts`, the time as `now`, the shop's choices as `PricingPolicy`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from attrs import frozen

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination
from checkout_core.money import MAX_MINOR
from checkout_core.promotions import ABOUT_GOODS, Applies, Goods, Promotion, Stacked, stack
from checkout_core.receipt import (
    NOTHING_TO_SEND,
    AppliedPromotion,
    PricedLine,
    PricedShipping,
    PricingPolicy,
    Quote,
    Taxes,
    Totals,
    diff,
    hash_of,
    intact,
    totals_of,
)
from checkout_core.refusals import Refused
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxFormula, TaxRate, formula

__all__ = [
    "NOTHING_TO_SEND",
    "AppliedPromotion",
    "Basket",
    "Facts",
    "PricedLine",
    "PricedShipping",
    "PricingPolicy",
    "Quote",
    "Totals",
    "diff",
    "intact",
    "price",
]


@frozen
class Facts:
    """What the ports told us, as values, asked before the unit of work.

    - `products` by SKU. `promotions`: the automatic ones, and those whose codes were typed; more do no harm.
    - `taxes` by tax category, for the basket's destination: None, or no entry, is not known, and the price is refused. No tax is `()`.
    - `shipping`: for each method the option or why not (the subject of such a refusal is the method's id).
    - `used_up`: promotion id -> why it has no use left, as the counters say.
    """

    products: Mapping[str, Product]
    promotions: tuple[Promotion, ...] = ()
    taxes: Mapping[str, tuple[TaxRate, ...] | None] = MappingProxyType({})
    shipping: tuple[ShippingOption | Refused, ...] = ()
    used_up: Mapping[str, Refused] = MappingProxyType({})

    def __attrs_post_init__(self) -> None:
        if len({p.id for p in self.promotions}) != len(self.promotions):
            raise ValueError("Two promotions have one id. Name them apart.")


@frozen
class Basket:
    """What is to be priced: the lines of a cart, where they go, how they are sent, and the codes typed (canonical)."""

    currency: str
    lines: tuple[Line, ...]
    destination: Destination | None = None
    shipping: str | None = None
    codes: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if len({line.id for line in self.lines}) != len(self.lines):
            raise ValueError("Two lines of a basket have one id. Add up their quantities.")
        for line in self.lines:
            if type(line.quantity) is not int or line.quantity < 1:
                raise ValueError(f"The quantity of {line.sku} is a whole number, at least 1, not {line.quantity!r}.")


_POLICY: Final = PricingPolicy()
_NO_TAX: Final = formula(())


def price(basket: Basket, facts: Facts, now: datetime, policy: PricingPolicy = _POLICY) -> Quote | tuple[Refused, ...]:
    """The quote, or every reason why there is none, each with how far away it is.

    The order: unit price × quantity → promotions by priority, on what is left of goods and carriage → tax of each line and of the
    carriage, on the discounted amount, rounded by policy → totals, which are sums and never rounded. A code that was typed and takes
    nothing off is a reason to refuse, because the shopper must hear of it; an automatic promotion that misses is in `near_misses`.
    """
    wrong: list[Refused] = []
    # Unit price × quantity.
    found = _goods(basket, facts, wrong)
    subtotals = [product.prices[basket.currency].minor * line.quantity for line, product in found]
    option = _carriage(basket, facts, wrong)
    carriage = option.price.minor if option is not None else 0
    _limit("total", sum(subtotals) + carriage, wrong)
    # Promotions, by priority.
    known = option is not None or not wrong  # else the carriage may be one of the things that are wrong
    goods = Goods(basket.currency, [line.sku for line, _ in found], subtotals, subtotals, carriage if known else None)
    stacked = stack(
        [p for p in facts.promotions if p.code is None or p.code in basket.codes],
        goods,
        now,
        used_up=facts.used_up,
        mode=policy.discount_mode,
        allocation=policy.allocation,
    )
    _judge_codes(basket, facts, stacked, len(found) == len(basket.lines), wrong)
    # Tax, on what is left.
    taxes = _formulas(basket, facts, [product.tax_category for _, product in found], option, wrong)
    if wrong or basket.destination is None or stacked.shipping is None:
        return tuple(dict.fromkeys(wrong))
    tax_added = 0
    lines: list[PricedLine] = []
    for (line, product), subtotal, left in zip(found, subtotals, stacked.current, strict=True):
        unit = product.prices[basket.currency].minor
        taxed = taxes[product.tax_category].of(left, policy.tax, line.quantity)
        tax_added += taxed.gross - left
        lines.append(
            PricedLine(
                line.id,
                line.sku,
                product.name,
                line.quantity,
                unit,
                subtotal,
                subtotal - left,
                taxed.net,
                taxed.tax,
                taxed.gross,
                taxed.components,
                product.tax_category,
                product.tracked,
                line.options,
            )
        )
    shipping = NOTHING_TO_SEND
    if option is not None:
        left = stacked.shipping
        taxed = taxes[option.tax_category].of(left, policy.tax)
        tax_added += taxed.gross - left
        due = (taxed.net, taxed.tax, taxed.gross, taxed.components)
        shipping = PricedShipping(option.id, option.name, carriage, carriage - left, *due, option.tax_category)
    # Totals: sums only.
    subtotal, discount = sum(subtotals), sum(subtotals) - sum(stacked.current) + carriage - stacked.shipping
    entries: list[Taxes] = [line.taxes for line in lines]
    totals = totals_of(subtotal, carriage, discount, tax_added, [*entries, shipping.taxes])
    _limit("total", totals.total, wrong)
    if wrong:
        return tuple(wrong)
    return _quote(basket, basket.destination, facts, policy, tuple(lines), shipping, stacked, taxes, totals)


def _goods(basket: Basket, facts: Facts, wrong: list[Refused]) -> list[tuple[Line, Product]]:
    """The lines that have a price, with their products; what is wrong with the others is noted."""
    found: list[tuple[Line, Product]] = []
    for line in basket.lines:
        product = facts.products.get(line.sku)
        if product is None:
            wrong.append(Refused("unknown-sku", line.sku))
        elif (unit := product.prices.get(basket.currency)) is None:
            wrong.append(Refused("no-price", line.sku, basket.currency))
        elif _limit(line.sku, unit.minor * line.quantity, wrong):
            found.append((line, product))
    if not basket.lines:
        wrong.append(Refused("empty-cart"))
    return found


def _carriage(basket: Basket, facts: Facts, wrong: list[Refused]) -> ShippingOption | None:
    """The shipping option chosen, or None: nothing needs sending, or what is wrong is noted.

    Goods need sending if they are counted as stock or weigh something, and the shop has shipping methods.
    """
    if basket.destination is None:
        wrong.append(Refused("needs-address"))
        return None
    offers = facts.shipping
    if basket.shipping is None:
        products = [facts.products[line.sku] for line in basket.lines if line.sku in facts.products]
        if offers and any(product.tracked or product.weight for product in products):
            why_not = [offer for offer in offers if isinstance(offer, Refused)]
            wrong += [Refused("needs-shipping")] if len(why_not) < len(offers) else why_not
        return None
    chosen = next((o for o in offers if (o.subject if isinstance(o, Refused) else o.id) == basket.shipping), None)
    if chosen is None:
        wrong.append(Refused("unknown-method", basket.shipping))
    elif isinstance(chosen, Refused):
        wrong.append(chosen)
    elif chosen.price.currency != basket.currency:
        wrong.append(Refused("no-price", chosen.id, basket.currency))
    else:
        return chosen
    return None


def _judge_codes(basket: Basket, facts: Facts, stacked: Stacked, complete: bool, wrong: list[Refused]) -> None:
    """Notes why a typed code does nothing. With goods missing (not `complete`), only what no other goods would change."""
    if not basket.codes:
        return
    working = {promotion.code for promotion, _ in stacked.applied}
    for code in dict.fromkeys(basket.codes):
        if code in working:
            continue
        why_not = [refused for promotion, refused in stacked.refused if promotion.code == code]
        if not why_not and not any(promotion.code == code for promotion in facts.promotions):
            why_not = [Refused("unknown-code", code)]
        wrong += [refused for refused in why_not if complete or refused.reason not in ABOUT_GOODS]


def _formulas(
    basket: Basket, facts: Facts, categories: list[str], option: ShippingOption | None, wrong: list[Refused]
) -> dict[str, TaxFormula]:
    """The tax of each category, worked out; a category whose tax is not known is noted, never taken as zero (G2)."""
    formulas: dict[str, TaxFormula] = {}
    if basket.destination is None:
        return formulas
    for category in [*categories, option.tax_category] if option is not None else categories:
        if category not in formulas:
            rates = facts.taxes.get(category)
            formulas[category] = _NO_TAX if rates is None else formula(rates)
            if rates is None:
                wrong.append(Refused("tax-unknown", basket.destination.country, category))
    return formulas


def _quote(
    basket: Basket,
    destination: Destination,
    facts: Facts,
    policy: PricingPolicy,
    lines: tuple[PricedLine, ...],
    shipping: PricedShipping,
    stacked: Stacked,
    taxes: Mapping[str, TaxFormula],
    totals: Totals,
) -> Quote:
    promotions = tuple([_applied(promotion, applies) for promotion, applies in stacked.applied])
    rates = tuple([(category, tuple(facts.taxes[category] or ())) for category in sorted(taxes)])
    digest = hash_of(basket.currency, lines, shipping, promotions, destination, rates, policy, totals)
    near_misses = tuple([refused for promotion, refused in stacked.refused if promotion.code is None])
    return Quote(basket.currency, lines, shipping, promotions, destination, rates, policy, totals, digest, near_misses)


def _applied(p: Promotion, took: Applies) -> AppliedPromotion:
    given = (took.weights, took.shares, took.shipping, took.unused)
    return AppliedPromotion(p.id, p.name, p.code, p.kind, p.percent, *given, p.limit, p.per_person)


def _limit(subject: str, amount: int, wrong: list[Refused]) -> bool:
    """Whether an amount can be kept exactly; if not, that is noted."""
    if amount > MAX_MINOR:
        wrong.append(Refused("invalid", subject, f"{amount} minor units", limit=MAX_MINOR, hint=f"An amount is at most {MAX_MINOR}."))
        return False
    return True
