"""What a cart costs, or everything that stands in the way. `price` is the one order of calculation, written out.

Nothing is looked up here: the host's answers come in as `Facts`, the time as `now`, the shop's choices as `PricingPolicy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final, NamedTuple

from attrs import evolve, field, frozen

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import UNKNOWN, Destination, Shopper
from checkout_core.difference import diff
from checkout_core.experiments import Assigned, assigned_of
from checkout_core.gift_cards import GiftCard, UsedCard, use
from checkout_core.gifts import gift_skus, laid_in, not_there
from checkout_core.money import MAX_MINOR, Money, Rounding, allocate
from checkout_core.order_tax import like_the_goods, taxes_of
from checkout_core.prices import NO_LISTS, Buyer, PriceBook, Promise, UnitPrice, book_of, unit_price
from checkout_core.pricing_policy import CashRounding, PricingPolicy
from checkout_core.promotions import ABOUT_GOODS, FreeGift, Given, Promotion, Stacked, Told, Visit, stack
from checkout_core.promotions.benefits import is_ours
from checkout_core.promotions.windows import UseIn
from checkout_core.quote import AppliedPromotion, Parts, PricedLine, PricedShipping, Quote, Rates, Totals, hash_text, intact
from checkout_core.receipt import totals_of
from checkout_core.refusals import Refused
from checkout_core.sheet import Sheet
from checkout_core.shipping import RateSource, ShippingOption
from checkout_core.tax import Taxed, TaxFormula, TaxRate, formula, moved
from checkout_core.tax_provider import TaxSource
from checkout_core.tax_relief import Taxes, relieved

__all__ = [
    "AppliedPromotion",
    "Basket",
    "CashRounding",
    "Facts",
    "GiftCard",
    "PricedLine",
    "PricedShipping",
    "PricingPolicy",
    "Quote",
    "Totals",
    "diff",
    "intact",
    "price",
]


def _promotions(given: Sequence[Promotion]) -> tuple[Promotion, ...]:
    return tuple(given)


def _ids(given: Sequence[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise TypeError(f"Give a tuple of shipping methods, not the text {given!r}.")
    return tuple(given)


@frozen
class Facts:
    """What the ports told us, as values, asked before the unit of work.

    - `products` by SKU. `promotions`: the automatic ones, and those whose codes were typed; more do no harm.
    - `taxes` by tax category, for the basket's destination: None, or no entry, is not known, and the price is refused. No tax is `()`.
    - `tax_source`: the provider that was asked for them; None is the shop's own table. That it was away is a reason of its own.
    - `shipping`: for each method the option or why not (the subject of such a refusal is the method's id).
    - `shopper`: what is known of who buys. `seller`: the country the shop sells from; None: nobody said. `home`: the taxes where its
      prices are at home, by category, if they are to stay the same without tax wherever it goes.
    - `codes`: typed code -> why it does nothing, where the catalogue says more of it than that it is unknown.
    - `prices`: the price lists there are, for anybody. `promises` by SKU: unit prices that hold for this basket until they end.
    - `used_up`: promotion id -> why it has no use left, `budgets`: promotion id -> minor units that its budget has left; as the counters
      say. A promotion that is in none of them has all it wants.
    """

    products: Mapping[str, Product]
    promotions: tuple[Promotion, ...] = field(default=(), converter=_promotions)
    taxes: Mapping[str, tuple[TaxRate, ...] | None] = MappingProxyType({})
    shipping: tuple[ShippingOption | Refused, ...] = ()
    used_up: Mapping[str, Refused] = MappingProxyType({})
    shopper: Shopper = UNKNOWN
    budgets: Mapping[str, int] = MappingProxyType({})
    seller: str | None = None
    home: Mapping[str, tuple[TaxRate, ...] | None] = MappingProxyType({})
    prices: PriceBook = field(default=NO_LISTS, converter=book_of)
    promises: Mapping[str, Promise] = MappingProxyType({})
    tax_source: TaxSource | None = None
    codes: Mapping[str, Refused] = MappingProxyType({})

    def __attrs_post_init__(self) -> None:
        if len({p.id for p in self.promotions}) != len(self.promotions):
            raise ValueError("Two promotions have one id. Name them apart.")


@frozen
class Basket:
    """What is to be priced: the lines of a cart, where they go, by which methods they are sent, the codes typed (canonical), gift cards.

    `channel` is where it is sold, "" the shop's own way; `pay_by` by what it will be paid (`card`, `upi`), "" while nobody has said.
    `experiments`: the variants that the shopper is in, by experiment (`experiments.assigned`); give a table.
    """

    currency: str
    lines: tuple[Line, ...]
    destination: Destination | None = None
    shipping: tuple[str, ...] = field(default=(), converter=_ids)
    codes: tuple[str, ...] = ()
    cards: tuple[GiftCard, ...] = ()
    channel: str = ""
    pay_by: str = ""
    experiments: Assigned = field(default=(), converter=assigned_of)

    def __attrs_post_init__(self) -> None:
        if len({line.id for line in self.lines}) != len(self.lines):
            raise ValueError("Two lines of a basket have one id. Add up their quantities.")
        for name, ids in (("shipping methods", self.shipping), ("gift cards", [card.id for card in self.cards])):
            if len(set(ids)) != len(ids):
                raise ValueError(f"Two {name} of a basket are the same. Name each once.")
        for line in self.lines:
            if type(line.quantity) is not int or line.quantity < 1:
                raise ValueError(f"The quantity of {line.sku} is a whole number, at least 1, not {line.quantity!r}.")


Found = tuple[Line, Product, int]

_POLICY: Final = PricingPolicy()
_NO_TAX: Final = formula(())


def price(basket: Basket, facts: Facts, now: datetime, policy: PricingPolicy = _POLICY) -> Quote | tuple[Refused, ...]:
    """The quote, or every reason why there is none, each with how far away it is.

    The order: unit price (`prices.unit_price`) × quantity → promotions by priority, on what is left of goods and carriage → tax of each
    entry, on the amount and rounded as the policy says → totals, which are sums → gift cards → cash rounding of what is due. A code that
    was typed and takes nothing off is a reason to refuse, because the shopper must hear of it; an automatic promotion that misses is in
    `near_misses`.
    """
    wrong: list[Refused] = []
    found, sent, taxes, formulas, sheet, listed = laid_out(basket, facts, wrong, now, policy)
    # Promotions, by priority.
    stacked = stacked_for(basket, facts, sheet, now, policy)
    _judge_codes(basket, facts, stacked, len(found) == len(basket.lines), wrong)
    if wrong or basket.destination is None or formulas is None:
        return tuple(dict.fromkeys(wrong))
    if any(isinstance(p.benefit, FreeGift) for p, _ in stacked.applied):
        kinds = {facts.products[sku].tax_category for sku in gift_skus([p for p, _ in stacked.applied])}
        due = {kind: _formula_of(kind, basket.destination, taxes, facts.tax_source, wrong) for kind in sorted(kinds)}
        gifts, sheet, formulas, applied = laid_in(found, stacked.applied, facts.products, listed, sheet, formulas, due)
        found, stacked = [*found, *gifts], Stacked(applied, stacked.refused)
    # Tax, totals, tenders.
    taxed = taxes_of(sheet, formulas, policy.tax)
    cards = use(basket.cards, sum([entry.gross for entry in taxed]), policy) if basket.cards else ()
    totals = totals_of(sheet, taxed, cards, policy)
    _limit("total", totals.total, wrong)
    if totals.total < 0:
        wrong.append(Refused("below-zero", "total", f"{totals.total} minor units of {basket.currency}"))
    if wrong:
        return tuple(wrong)
    return _quote(
        basket, basket.destination, taxes, facts.tax_source, policy, found, listed, sent, sheet, stacked, taxed, cards, totals, now
    )


def stacked_for(
    basket: Basket, facts: Facts, sheet: Sheet, now: datetime, policy: PricingPolicy, promotions: Sequence[Promotion] | None = None
) -> Stacked:
    """The promotions of these facts (or others) on a sheet that was laid out for this basket, which they change."""
    deals = facts.promotions if promotions is None else promotions
    unknown = not_there(deals, facts.products, basket.currency)
    return stack(
        deals,
        sheet,
        now,
        codes=basket.codes,
        used_up={**facts.used_up, **unknown} if unknown else facts.used_up,
        budgets=facts.budgets,
        policy=policy,
        visit=visit_of(basket, facts),
    )


class Laid(NamedTuple):
    """What is to be priced, before any promotion: lines, carriage, the taxes that are due by category, and all of it as columns.

    `listed`: the price of a unit by SKU, where there are price lists; None: every price is the catalogue's.
    """

    found: list[Found]
    sent: list[ShippingOption]
    taxes: Taxes
    formulas: list[TaxFormula] | None
    sheet: Sheet
    listed: Mapping[str, UnitPrice] | None


def laid_out(basket: Basket, facts: Facts, wrong: list[Refused], now: datetime, policy: PricingPolicy = _POLICY) -> Laid:
    """Unit price × quantity, and carriage, before any promotion; what is wrong is noted."""
    listed = _listed(basket, facts, now) if facts.prices.lists or facts.promises else None
    found, sent, taxes, to = _goods(basket, facts, listed, wrong), _carriage(basket, facts, wrong), facts.taxes, basket.destination
    known = bool(sent) or not wrong  # else the carriage may be one of the things that are wrong
    if to is not None:
        if facts.shopper.exemptions or facts.shopper.vat_id:
            taxes = relieved(taxes, facts.shopper.exemptions, facts.shopper.vat_id, facts.seller, to, now)
        keep = Keep(facts.home, policy.tax.mode, wrong) if policy.prices_keep == "net" else None
        if keep is not None:
            found = [(line, product, keep.net(unit, product.tax_category, taxes, product.tax_category)) for line, product, unit in found]
        at_home = [option.tax_category for option in sent]
        if policy.shipping_tax != "own":
            sent, taxes = like_the_goods(sent, [(p.tax_category, unit * line.quantity) for line, p, unit in found], taxes, policy)
        if keep is not None:
            sent = [keep.carriage(option, category, taxes) for option, category in zip(sent, at_home, strict=True)]
    formulas = _formulas(basket, taxes, facts.tax_source, found, sent, wrong)
    sheet = _sheet(basket.currency, found, sent, formulas, carriage_known=known)
    _limit("total", sum([abs(amount) for amount in sheet.original]), wrong)
    return Laid(found, sent, taxes, formulas, sheet, listed)


@frozen
class Keep:
    """Prices as they are where other tax is due, so that they come to the same without tax; what is not known at home is noted."""

    home: Taxes
    mode: Rounding
    wrong: list[Refused]

    def net(self, amount: int, category: str, here: Taxes, becomes: str) -> int:
        """A price of that category at home, which is taxed as another one here."""
        there = self.home.get(category)
        if there is None:
            self.wrong.append(Refused("tax-unknown", "the shop's own country", category))
            return amount
        return moved(amount, formula(there), formula(here.get(becomes) or ()), self.mode)

    def carriage(self, option: ShippingOption, category: str, here: Taxes) -> ShippingOption:
        """The same for carriage."""
        price = Money(self.net(option.price.minor, category, here, option.tax_category), option.price.currency)
        return evolve(option, price=price)


def visit_of(basket: Basket, facts: Facts) -> Visit:
    """What conditions look at, besides the goods."""
    return Visit(facts.shopper, basket.channel, basket.destination, basket.pay_by, basket.experiments)


def quantities_of(lines: Sequence[Line]) -> dict[str, int]:
    """The quantity of each SKU over all its lines: two engravings of one mug are two mugs (as RB-05 counts)."""
    found: dict[str, int] = {}
    for line in lines:
        found[line.sku] = found.get(line.sku, 0) + line.quantity
    return found


def _listed(basket: Basket, facts: Facts, now: datetime) -> dict[str, UnitPrice]:
    """What a unit of each SKU costs: today's price, or the one that was promised if that is less."""
    found = prices_today(basket, facts, now)
    if facts.promises:
        for sku, quantity in quantities_of(basket.lines).items():
            promise = facts.promises.get(sku)
            if promise is not None and promise.holds(quantity, basket.channel, now):
                found[sku] = promise.or_less(found.get(sku))
    return found


def prices_today(basket: Basket, facts: Facts, now: datetime) -> dict[str, UnitPrice]:
    """What a unit of each SKU costs whoever has been promised nothing; nothing for what is not sold in the basket's currency."""
    buyer = Buyer(facts.shopper.groups or frozenset(), basket.channel)
    found: dict[str, UnitPrice] = {}
    for sku, quantity in quantities_of(basket.lines).items():
        product = facts.products.get(sku)
        unit = None if product is None else unit_price(product, basket.currency, quantity, now, facts.prices, buyer)
        if unit is not None:
            found[sku] = unit
    return found


def _goods(basket: Basket, facts: Facts, listed: Mapping[str, UnitPrice] | None, wrong: list[Refused]) -> list[Found]:
    """The lines that have a price, with their products and the price of a unit; what is wrong with the others is noted."""
    found: list[Found] = []
    currency, products = basket.currency, facts.products
    unit: Money | UnitPrice | None
    for line in basket.lines:
        product = products.get(line.sku)
        if product is None:
            wrong.append(Refused("unknown-sku", line.sku))
        elif (unit := product.prices.get(currency) if listed is None else listed.get(line.sku)) is None:
            wrong.append(Refused("no-price", line.sku, currency))
        elif _limit(line.sku, unit.minor * line.quantity, wrong):
            found.append((line, product, unit.minor))
    if not basket.lines:
        wrong.append(Refused("empty-cart"))
    return found


def _carriage(basket: Basket, facts: Facts, wrong: list[Refused]) -> list[ShippingOption]:
    """The shipping options chosen. None, if nothing needs sending; what is wrong is noted.

    Goods need sending if they are counted as stock or weigh something, and the shop has shipping methods.
    """
    if basket.destination is None:
        wrong.append(Refused("needs-address"))
        return []
    offers = facts.shipping
    if not basket.shipping:
        products = [facts.products[line.sku] for line in basket.lines if line.sku in facts.products] if offers else []
        if any(product.tracked or product.weight for product in products):
            why_not = [offer for offer in offers if isinstance(offer, Refused)]
            wrong += [Refused("needs-shipping")] if len(why_not) < len(offers) else why_not
        return []
    by_id = {offer.subject if isinstance(offer, Refused) else offer.id: offer for offer in offers}
    chosen: list[ShippingOption] = []
    for method in basket.shipping:
        offer = by_id.get(method)
        if offer is None:
            wrong.append(Refused("unknown-method", method))
        elif isinstance(offer, Refused):
            wrong.append(offer)
        elif offer.price.currency != basket.currency:
            wrong.append(Refused("no-price", offer.id, basket.currency))
        else:
            chosen.append(offer)
    return chosen


def _formulas(
    basket: Basket,
    taxes: Taxes,
    source: TaxSource | None,
    found: Sequence[Found],
    sent: Sequence[ShippingOption],
    wrong: list[Refused],
) -> list[TaxFormula] | None:
    """The tax of each entry, worked out; a category whose tax is not known is noted, never taken as zero (G2). None without destination."""
    if basket.destination is None:
        return None
    known: dict[str, TaxFormula] = {}
    categories = [*[product.tax_category for _, product, _ in found], *[option.tax_category for option in sent]]
    for category in dict.fromkeys(categories):
        known[category] = _formula_of(category, basket.destination, taxes, source, wrong)
    return [known[category] for category in categories]


def _formula_of(category: str, to: Destination, taxes: Taxes, source: TaxSource | None, wrong: list[Refused]) -> TaxFormula:
    rates = taxes.get(category)
    if rates is not None:
        return formula(rates)
    away = source is not None and not source.answered
    wrong.append(Refused("tax-unavailable", source.provider, category) if source and away else Refused("tax-unknown", to.country, category))
    return _NO_TAX


def _sheet(
    currency: str,
    found: Sequence[Found],
    sent: Sequence[ShippingOption],
    formulas: Sequence[TaxFormula] | None,
    *,
    carriage_known: bool,
) -> Sheet:
    """Lines and carriage as columns."""
    units = [unit for _, _, unit in found]
    quantities = [line.quantity for line, _, _ in found]
    keys = [line.sku for line, _, _ in found]
    floors = None
    if any(product.floors for _, product, _ in found):
        floors = [floor.minor if (floor := product.floors.get(currency)) else 0 for _, product, _ in found] + [0] * len(sent)
    goods = len(found)
    if sent:
        units += [option.price.minor for option in sent]
        quantities += [1] * len(sent)
        keys += [option.id for option in sent]
    products = [product for _, product, _ in found]
    return Sheet(currency, goods, keys, units, quantities, floors, formulas, carriage_known=carriage_known, products=products)


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
            why_not = [facts.codes.get(code) or Refused("unknown-code", code)]
        passed_over = {"needs-address"} if complete else {"needs-address", *ABOUT_GOODS}  # the address is asked for already
        wrong += [refused for refused in why_not if refused.reason not in passed_over]


def _quote(
    basket: Basket,
    destination: Destination,
    taxes: Taxes,
    source: TaxSource | None,
    policy: PricingPolicy,
    found: Sequence[Found],
    listed: Mapping[str, UnitPrice] | None,
    sent: Sequence[ShippingOption],
    sheet: Sheet,
    stacked: Stacked,
    taxed: Sequence[Taxed],
    cards: tuple[UsedCard, ...],
    totals: Totals,
    now: datetime,
) -> Quote:
    currency, goods, original, current = basket.currency, sheet.goods, sheet.original, sheet.current
    lines = tuple(
        [
            PricedLine(
                line.id,
                line.sku,
                product.name,
                line.quantity,
                unit,
                subtotal,
                subtotal - left,
                net,
                tax,
                gross,
                components,
                product.tax_category,
                product.tracked,
                line.options,
                product.floors[currency].minor if currency in product.floors else 0,
                None if listed is None or (told := listed.get(line.sku)) is None else told.origin,
            )
            for (line, product, unit), subtotal, left, (net, tax, gross, components) in zip(found, original, current, taxed, strict=False)
        ]
    )
    shipping = tuple(
        [
            PricedShipping(o.id, o.name, before, before - left, *due, o.tax_category, *_sent(o, before))
            for o, before, left, due in zip(sent, original[goods:], current[goods:], taxed[goods:], strict=True)
        ]
    )
    promotions = tuple([_applied(promotion, given, sheet.lines, currency, now) for promotion, given in stacked.applied])
    categories = {line.tax_category for line in lines} | {carriage.tax_category for carriage in shipping}
    rates: Rates = tuple([(category, tuple(taxes[category] or ())) for category in sorted(categories)])
    digest = hash_text(currency, lines, shipping, promotions, cards, destination, rates, policy, totals, source, basket.experiments)
    near_misses = tuple([refused for promotion, refused in stacked.refused if promotion.automatic])
    content = (currency, lines, shipping, promotions, cards, destination, rates, policy, totals, digest, near_misses)
    return Quote(*content, tax_source=source, experiments=basket.experiments)


def _sent(option: ShippingOption, price: int) -> tuple[Parts, tuple[str, ...], RateSource | None]:
    """What each of several parcels costs of that price, where they are fetched, and who says the price."""
    paid = [(leg.origin, leg.price) for leg in option.legs if leg.price is not None]
    prices = [minor for _, minor in paid]
    if paid and sum(prices) != price:  # it keeps its net abroad: so do they, together
        prices = allocate(price, prices, zero_total="equal")
    parts = tuple([(origin, share) for (origin, _), share in zip(paid, prices, strict=True)])
    return parts, () if option.point is None else (option.point.name, *option.point.lines), option.source


def _applied(p: Promotion, given: Given, lines: tuple[int, ...], currency: str, now: datetime) -> AppliedPromotion:
    taken = (None if given.entries == lines else given.entries, given.shares, given.units, given.bought, given.unused)
    limit = p.limit + p.over if p.limit is not None and p.over else p.limit
    benefit = p.benefit if given.told is None else given.told
    assert is_ours(benefit) or type(benefit) is Told
    used = AppliedPromotion(p.id, p.name, p.code, benefit, *taken, p.rivals, limit, p.per_person, p.when)
    if p.window is None and not p.budget and not p.kept_when_cancelled and p.issued is None:
        return used
    window = None if p.window is None else UseIn(p.window.name(now), p.window.uses, p.window.a_person)
    budget, kept = p.budget[currency].minor if p.budget else None, p.kept_when_cancelled
    return evolve(used, budget=budget, window=window, kept=kept, issued=p.issued, per_code=None if p.issued is None else p.per_code)


def _limit(subject: str, amount: int, wrong: list[Refused]) -> bool:
    """Whether an amount can be kept exactly; if not, that is noted."""
    if abs(amount) > MAX_MINOR:
        wrong.append(Refused("invalid", subject, f"{amount} minor units", limit=MAX_MINOR, hint=f"An amount is at most {MAX_MINOR}."))
        return False
    return True
