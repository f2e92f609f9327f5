"""Shops, baskets and their quotes for the tests of pricing: a few words for one by hand, and `sales()` for any at all.

`sales()` draws everything that a price can depend on: every benefit on every target, floors, credits, groups, exclusive promotions,
minimums, several parcels, gift cards, coins, and every value of every policy. Ties and limits are likely: few prices, few rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from string import ascii_lowercase
from typing import Any, Final, get_args

from attrs import frozen
from hypothesis import assume
from hypothesis import strategies as st

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination
from checkout_core.gift_cards import GiftCard
from checkout_core.money import ROUNDINGS, Money, Ratio
from checkout_core.pricing import Basket, Facts, price
from checkout_core.pricing_policy import CHOICES, CashRounding, PricingPolicy
from checkout_core.promotions import FREE_SHIPPING as ALL_CARRIAGE
from checkout_core.promotions import (
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    On,
    Part,
    Percent,
    Promotion,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.promotions.benefits import Naming, Picking, Sort, UnitOrder
from checkout_core.quote import PricedLine, PricedShipping, Quote
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TAX_CHOICES, TaxPolicy, TaxRate

NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
BERLIN: Final = Destination("DE", "BE", "10115")
SKUS: Final = "abcdef"


# --- by hand ---------------------------------------------------------------------------------------------------------------------


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def vat(rate: str, *, included: bool = False) -> tuple[TaxRate, ...]:
    return (TaxRate("VAT", Ratio.parse(rate), included),)


def promotion(id: str, benefit: Benefit, **more: Any) -> Promotion:
    return Promotion(id, id, benefit, **more)


def percent(text: str, id: str = "p", on: On = "order", **more: Any) -> Promotion:
    return promotion(id, Percent(Ratio.parse(text), on), **more)


def fixed(minor: int, id: str = "f", on: On = "order", **more: Any) -> Promotion:
    return promotion(id, AmountOff([Money(minor, more.pop("currency", "EUR"))], on), **more)


FREE_SHIPPING: Final = Promotion("free", "Free shipping", ALL_CARRIAGE)


def shop(
    *units: int,
    promotions: Sequence[Promotion] = (),
    rates: tuple[TaxRate, ...] | None = (),
    carriage: int | None = None,
    floors: Sequence[int] = (),
    currency: str = "EUR",
    **more: Any,
) -> Facts:
    """A shop that sells a, b, c … at these unit prices and floors, at home where it sells; a price below zero is a credit."""
    floors = [*floors, *[0] * len(units)]
    products = {
        sku: Product(sku, sku.upper(), [Money(unit, currency)], floors=[Money(floor, currency)] if floor else (), credit=unit < 0)
        for sku, unit, floor in zip(ascii_lowercase, units, floors, strict=False)
    }
    taxes: Mapping[str, tuple[TaxRate, ...] | None] = {"standard": rates}
    shipping = () if carriage is None else (ShippingOption("post", "Post", Money(carriage, currency)),)
    return Facts(products, tuple(promotions), taxes, shipping, **{"home": taxes, **more})


def basket(
    *quantities: int, codes: tuple[str, ...] = (), shipping: tuple[str, ...] = (), currency: str = "EUR", cards: Sequence[GiftCard] = ()
) -> Basket:
    """So many of a, b, c …, to Berlin."""
    lines = tuple(Line(chr(ord("a") + i), n) for i, n in enumerate(quantities))
    return Basket(currency, lines, BERLIN, shipping, codes, tuple(cards))


def quoted(asked: Basket, facts: Facts, policy: PricingPolicy | None = None) -> Quote:
    answer = price(asked, facts, NOW, policy or PricingPolicy())
    assert isinstance(answer, Quote), answer
    return answer


def refused(asked: Basket, facts: Facts, policy: PricingPolicy | None = None) -> list[str]:
    answer = price(asked, facts, NOW, policy or PricingPolicy())
    assert isinstance(answer, tuple)
    return [each.reason for each in answer]


def entries_of(quote: Quote) -> list[PricedLine | PricedShipping]:
    """Lines, then carriage: what promotions and taxes count by."""
    return [*quote.lines, *quote.shipping]


def quantities_of(quote: Quote) -> list[int]:
    return [line.quantity for line in quote.lines] + [1] * len(quote.shipping)


def discounts(quote: Quote) -> list[int]:
    """The discount of each entry, lines first."""
    return [entry.discount for entry in entries_of(quote)]


# --- any at all ------------------------------------------------------------------------------------------------------------------


@frozen
class Sale:
    """What was asked, what was known, the choices of the shop, and the quote that came of it."""

    basket: Basket
    facts: Facts
    policy: PricingPolicy
    quote: Quote

    @property
    def promotions(self) -> Iterator[tuple[Promotion, tuple[int, ...], tuple[int, ...]]]:
        """Each promotion that applied, with the positions it covers and its shares of them."""
        by_id = {each.id: each for each in self.facts.promotions}
        for used in self.quote.promotions:
            yield by_id[used.id], tuple(used.positions(len(self.quote.lines))), used.shares


PRICES: Final = st.sampled_from([0, 1, 2, 5, 25, 33, 50, 99, 100, 1000, 1995]) | st.integers(0, 20_000)
AMOUNTS: Final = st.builds(eur, st.sampled_from([1, 2, 15, 50, 99, 100, 1000]) | st.integers(1, 30_000))
PERCENTS: Final = st.sampled_from(["1", "10", "12.5", "15", "25", "100/3", "50", "99", "100"]).map(Ratio.parse) | st.builds(
    Ratio, st.integers(1, 1000), st.just(10)
)
ON: Final = st.sampled_from(get_args(On))
CAPS: Final[st.SearchStrategy[list[Money]]] = st.just([]) | st.lists(AMOUNTS, min_size=1, max_size=1)
MAX_UNITS: Final = st.none() | st.integers(1, 6)
UNIT_ORDERS: Final = st.sampled_from(get_args(UnitOrder))
SOME_SKUS: Final = st.none() | st.sets(st.sampled_from(SKUS), min_size=1)


@st.composite
def tiers(draw: st.DrawFn) -> list[Tier]:
    steps = sorted(draw(st.sets(st.integers(0, 20_000), min_size=1, max_size=3)))
    return [Tier([eur(step)], draw(PERCENTS)) for step in steps]


@st.composite
def every_nth(draw: st.DrawFn) -> EveryNth:
    size = draw(st.integers(1, 4))
    sort, picking = draw(st.sampled_from(get_args(Sort))), draw(st.sampled_from(get_args(Picking)))
    most = draw(st.none() | st.integers(1, 3))
    return EveryNth(size, draw(st.integers(1, size)), draw(PERCENTS), sort=sort, picking=picking, max_groups=most)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    skus = draw(st.lists(st.sampled_from(SKUS), min_size=1, max_size=4, unique=True))
    cut = draw(st.integers(1, len(skus)))
    parts = [Part(draw(st.integers(1, 3)), part) for part in (skus[:cut], skus[cut:]) if part]
    return Bundle(parts, [eur(draw(PRICES))], max_bundles=draw(st.none() | st.integers(1, 3)))


BENEFITS: Final[tuple[st.SearchStrategy[Benefit], ...]] = (
    st.builds(Percent, PERCENTS, ON, cap=CAPS, max_units=MAX_UNITS, unit_order=UNIT_ORDERS),
    st.builds(TieredPercent, tiers(), ON, cap=CAPS, max_units=MAX_UNITS, unit_order=UNIT_ORDERS),
    st.builds(AmountOff, AMOUNTS.map(lambda amount: [amount]), ON),
    st.builds(SetTotal, AMOUNTS.map(lambda amount: [amount]), ON),
    st.builds(UnitOff, AMOUNTS.map(lambda amount: [amount]), ON, max_units=MAX_UNITS, unit_order=UNIT_ORDERS),
    st.builds(EntryOff, AMOUNTS.map(lambda amount: [amount]), ON),
    st.builds(SetPrice, PRICES.map(lambda minor: [eur(minor)]), ON),
    st.builds(BuyGet, st.integers(1, 3), st.integers(1, 3), PERCENTS, buy=SOME_SKUS, get=SOME_SKUS),
    every_nth(),
    bundles(),
)
"""One strategy a benefit."""
ANY_BENEFIT: Final = st.one_of(BENEFITS)

RATES: Final = st.sampled_from(
    [
        (),
        vat("0.19", included=True),
        vat("0.19"),
        vat("0.5", included=True),
        vat("0"),
        (TaxRate("GST", Ratio.parse("0.05")), TaxRate("QST", Ratio.parse("0.09975"), compound=True)),
        (TaxRate("VAT", Ratio.parse("0.2"), included=True), TaxRate("ECO", Ratio.parse("0.01"))),
        (TaxRate("CGST", Ratio.parse("0.09"), included=True), TaxRate("SGST", Ratio.parse("0.09"), included=True)),
    ]
)


@st.composite
def tax_policies(draw: st.DrawFn) -> TaxPolicy:
    chosen: dict[str, Any] = {name: draw(st.sampled_from(values)) for name, values in TAX_CHOICES.items()}
    if chosen["base"] == "before_discount":
        chosen["discount_tax"] = "net_of_discount"  # the two contradict each other otherwise
    return TaxPolicy(**chosen, increment=draw(st.sampled_from([1, 1, 1, 5])))


ANY_TAX_POLICY: Final = tax_policies()


@st.composite
def policies(draw: st.DrawFn, tax: st.SearchStrategy[TaxPolicy] = ANY_TAX_POLICY) -> PricingPolicy:
    chosen: dict[str, Any] = {name: draw(st.sampled_from(values)) for name, values in CHOICES.items()}
    cash = draw(st.none() | st.builds(CashRounding, st.sampled_from([1, 5, 10, 100]), st.sampled_from(ROUNDINGS)))
    return PricingPolicy(draw(tax), **chosen, cash=cash)


ANY_POLICY: Final = policies()


@st.composite
def promotions(draw: st.DrawFn, id: str, benefits: st.SearchStrategy[Benefit]) -> Promotion:
    benefit = draw(benefits)
    more: dict[str, Any] = {
        "priority": draw(st.integers(0, 2)),
        "exclusive": draw(st.integers(0, 9)) == 0,
        "group": draw(st.sampled_from([None, None, "g", "g", "h"])),
        "methods": draw(st.sampled_from([None, None, ["post"]])),
        "lane": draw(st.sampled_from(["", "", "", "other"])),
        "full_price": draw(st.integers(0, 5)) == 0,
    }
    if not isinstance(benefit, Naming):
        more["skus"] = draw(SOME_SKUS)
    if draw(st.integers(0, 3)) == 0:
        more |= {
            "minimum": [draw(AMOUNTS)],
            "minimum_basis": draw(st.sampled_from(["current", "original"])),
            "minimum_skus": draw(SOME_SKUS),
        }
    return promotion(id, benefit, **more)


@st.composite
def gift_cards(draw: st.DrawFn, id: str) -> GiftCard:
    rate = draw(st.sampled_from([None, None, Ratio.parse("0.19"), Ratio.parse("1/3")]))
    return GiftCard(id, draw(PRICES), draw(st.none() | PRICES), rate)


@st.composite
def sales(
    draw: st.DrawFn,
    *,
    benefits: st.SearchStrategy[Benefit] = ANY_BENEFIT,
    policy: st.SearchStrategy[PricingPolicy] = ANY_POLICY,
    credits: bool = True,
) -> Sale:
    """Any sale. `benefits` and `policy` narrow down what is drawn; without `credits` nothing costs less than nothing.

    A credit that takes a total below zero is refused, so such carts are not drawn; every other cart has a price.
    """
    count = draw(st.integers(1, len(SKUS)))
    categories = [draw(st.sampled_from(["standard", "reduced"])) for _ in range(count)]
    products = {sku: draw(_products(sku, category, credits)) for sku, category in zip(SKUS, categories, strict=False)}
    lines = tuple(Line(sku, draw(st.integers(1, 9))) for sku in products)
    methods = draw(st.sampled_from([(), ("post",), ("post",), ("post", "van")]))
    options = tuple(ShippingOption(method, method, eur(draw(PRICES)), "reduced") for method in methods)
    deals = tuple(draw(promotions(f"p{n}", benefits)) for n in range(draw(st.integers(0, 4))))
    cards = tuple(draw(gift_cards(f"g{n}")) for n in range(draw(st.sampled_from([0, 0, 1, 2, 3]))))
    home = {"standard": draw(RATES), "reduced": draw(RATES)}
    facts = Facts(products, deals, {"standard": draw(RATES), "reduced": draw(RATES)}, options, home=home)
    asked, chosen = Basket("EUR", lines, BERLIN, methods, (), cards), draw(policy)
    answer = price(asked, facts, NOW, chosen)
    if not isinstance(answer, Quote):
        assert [each.reason for each in answer] == ["below-zero"], answer
        assume(False)
    assert isinstance(answer, Quote)
    return Sale(asked, facts, chosen, answer)


@st.composite
def _products(draw: st.DrawFn, sku: str, category: str, credits: bool) -> Product:
    unit = draw(PRICES)
    kind = draw(st.integers(0, 7))
    if credits and kind == 0:
        return Product(sku, sku.upper(), [eur(-unit // 10)], category, credit=True)
    floor = [eur(draw(st.sampled_from([unit // 2, unit * 9 // 10, unit, unit + 1])))] if kind in (1, 2) else ()
    return Product(sku, sku.upper(), [eur(unit)], category, floors=floor)
