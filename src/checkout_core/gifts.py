"""Free gifts: what a promotion puts into the order, at its list price and for nothing.

A gift is no line of the cart. What the cart costs, weighs and has to reach is counted without it; then it is a line of the quote like any
other, so that it is taxed by its category, held from stock, sent, and given back when the order is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import evolve

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.prices import UnitPrice
from checkout_core.promotions import FreeGift, Given, Promotion
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet
from checkout_core.tax import TaxFormula

Gift = tuple[Line, Product, int]  # as `pricing` has the lines of a cart: the line, its product, and what a unit costs


def gift_skus(deals: Iterable[Promotion]) -> list[str]:
    """The SKUs that these promotions may give away."""
    return sorted({deal.benefit.sku for deal in deals if isinstance(deal.benefit, FreeGift)})


def not_there(deals: Iterable[Promotion], products: Mapping[str, Product], currency: str) -> Mapping[str, Refused]:
    """The promotions whose gift the catalogue does not know, or has no price of in this currency, by id: nothing is guessed."""
    found: dict[str, Refused] = {}
    for deal in deals:
        if isinstance(gift := deal.benefit, FreeGift):
            product = products.get(gift.sku)
            if product is None or currency not in product.prices or product.prices[currency].minor < 0:
                found[deal.id] = Refused("gift-unknown", gift.sku, deal.label)
    return found


def of_stock(
    deals: Iterable[Promotion], products: Mapping[str, Product], units: Mapping[str, int], there: Mapping[str, int]
) -> Mapping[str, Refused]:
    """The promotions whose gift is not there any more, by id.

    `units` is what the cart wants of each SKU itself, `there` what it can have. The cart goes first, and the promotions in their turn:
    each as if those before it applied, so that what is quoted can be held.
    """
    left, gone = {sku: have - units.get(sku, 0) for sku, have in there.items()}, dict[str, Refused]()
    for deal in sorted(deals, key=lambda deal: -deal.priority):
        gift = deal.benefit
        if isinstance(gift, FreeGift) and (product := products.get(gift.sku)) is not None and product.tracked:
            left[gift.sku] = left.get(gift.sku, 0) - gift.quantity
            if left[gift.sku] < 0:
                gone[deal.id] = Refused("gift-out-of-stock", product.name, deal.label)
    return gone


def laid_in(
    found: Sequence[Gift],
    applied: Sequence[tuple[Promotion, Given]],
    products: Mapping[str, Product],
    listed: Mapping[str, UnitPrice] | None,
    sheet: Sheet,
    formulas: Sequence[TaxFormula],
    taxes: Mapping[str, TaxFormula],
) -> tuple[list[Gift], Sheet, list[TaxFormula], tuple[tuple[Promotion, Given], ...]]:
    """The gifts as lines after those of the cart, and the columns, the taxes and what each promotion took with them: of a gift, all.

    `listed`: what a unit in the cart costs by a price list; `taxes` are by tax category. The positions of carriage move on by the number
    of gifts, and so does what is said of them.
    """
    goods, gifts, ids = sheet.goods, list[Gift](), {line.id for line, _, _ in found}
    told = list[tuple[Promotion, Given]]()
    more = sum([isinstance(p.benefit, FreeGift) for p, _ in applied])
    for p, given in applied:
        if isinstance(gift := p.benefit, FreeGift):
            product = evolve(products[gift.sku], floors={})  # what costs nothing may cost nothing
            beside = listed.get(gift.sku) if listed else None  # those in the cart
            unit = (beside or product.prices[sheet.currency]).minor
            options = (("gift", p.id),)
            line = Line(gift.sku, gift.quantity, options)
            if line.id in ids:  # a shopper wrote these very options into the cart; a name without letters is not hers to write
                line = Line(gift.sku, gift.quantity, (*options, ("", "")))
            told.append((p, Given((goods + len(gifts),), (unit * gift.quantity,))))
            gifts.append((line, product, unit))
        else:
            told.append((p, evolve(given, entries=tuple([i if i < goods else i + more for i in given.entries]))))
    both = Sheet(
        sheet.currency,
        goods + more,
        [*sheet.keys[:goods], *[line.sku for line, _, _ in gifts], *sheet.keys[goods:]],
        [*sheet.units[:goods], *[unit for _, _, unit in gifts], *sheet.units[goods:]],
        [*sheet.quantities[:goods], *[line.quantity for line, _, _ in gifts], *sheet.quantities[goods:]],
    )
    both.current = [*sheet.current[:goods], *[0] * more, *sheet.current[goods:]]
    due = [*formulas[:goods], *[taxes[product.tax_category] for _, product, _ in gifts], *formulas[goods:]]
    return gifts, both, due, tuple(told)
