"""A promotion that can never apply in a shop is found, typed, with the place, what is missing or since when, and a cure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from checkout_core.catalog import Product
from checkout_core.experiments import Experiment
from checkout_core.money import Money, Ratio
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Assortment,
    Benefit,
    BuyGet,
    EveryNth,
    FirstOrder,
    FreeGift,
    InVariant,
    Percent,
    Promotion,
    Quantity,
)
from checkout_core.promotions.checking import Never, alike, never
from checkout_core.shipping import Band, ShippingMethod, Zone

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PRODUCTS = (
    Product("MUG", "Mug", [Money(1250, "EUR"), Money(1400, "USD")]),
    Product("TEA", "Tea", [Money(890, "EUR")], categories={"tea"}, attributes={"origin": "Assam"}),
    Product("FAN", "Fan", [Money(2000, "JPY")]),
)
METHODS = (
    ShippingMethod("parcel", "Parcel", [Zone({"DE"}, [Band(2000, [Money(490, "EUR"), Money(590, "USD")])])]),
    ShippingMethod("letter", "Letter", [Zone({"DE"}, [Band(100, [Money(120, "EUR")])])]),
)
TEN, EUR5, USD5 = Percent(Ratio(10)), AmountOff([Money(500, "EUR")]), AmountOff([Money(500, "USD")])
BOTH = Percent(Ratio(10), "order_and_shipping")


def reasons(promotion: Promotion) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.place, one.missing) for one in never(promotion, PRODUCTS, METHODS, NOW)]


def deal(benefit: Benefit = TEN, *, skus: set[str] | None = None, methods: set[str] | None = None) -> Promotion:
    return Promotion("deal", "A deal", benefit, skus=skus, methods=methods)


@pytest.mark.parametrize(
    "promotion",
    [
        deal(),
        deal(skus={"MUG", "GONE"}),
        deal(USD5, skus={"MUG", "TEA"}),
        deal(FREE_SHIPPING),
        deal(FREE_SHIPPING, methods={"letter", "bike"}),
        deal(BOTH, skus={"GONE"}),
        deal(BOTH, methods={"bike"}),
        deal(BuyGet(1, 1, buy={"MUG"}, get={"TEA", "GONE"})),
        deal(EveryNth(3), skus={"FAN"}),
        deal(FreeGift("TEA"), skus={"MUG"}),
        Promotion("deal", "A deal", TEN, categories={"tea", "cake"}),
        Promotion("deal", "A deal", TEN, skus={"GONE"}, attributes={"origin": ["Assam", "Uji"]}),
        Promotion("deal", "A deal", TEN, categories={"tea"}, but_not=Assortment({"MUG"})),
        Promotion("deal", "A deal", BOTH, categories={"tea"}, but_not=Assortment({"TEA"})),
        Promotion("deal", "A deal", TEN, when=[Quantity(3), Quantity(2, Assortment(categories={"tea"})), FirstOrder()]),
        Promotion("deal", "A deal", TEN, ends=NOW + timedelta(microseconds=1)),
        Promotion("deal", "A deal", TEN, starts=NOW + timedelta(days=9)),
        Promotion("deal", "A deal", TEN, skus={"TEA"}, minimum=[Money(1, "EUR"), Money(1, "JPY")], minimum_skus={"MUG"}),
    ],
)
def test_what_some_cart_can_get_is_left_alone(promotion: Promotion) -> None:
    """One of its goods, one way to send and one currency are enough; and it may begin later."""
    assert reasons(promotion) == []


@pytest.mark.parametrize(
    ("promotion", "found"),
    [
        (deal(skus={"GONE", "LOST"}), [("skus", ("GONE", "LOST"))]),
        (deal(EveryNth(3), skus={"GONE"}), [("skus", ("GONE",))]),
        (deal(FREE_SHIPPING, skus={"GONE"}, methods={"bike"}), [("skus", ("GONE",)), ("methods", ("bike",))]),
        (deal(BOTH, skus={"GONE"}, methods={"bike"}), [("skus", ("GONE",)), ("methods", ("bike",))]),
        (deal(BOTH, skus=set(), methods={"bike"}), [("methods", ("bike",))]),
        (deal(BuyGet(1, 1, buy={"GONE"}, get={"TEA"})), [("buy", ("GONE",))]),
        (deal(BuyGet(1, 1, get={"GONE"})), [("get", ("GONE",))]),
        (deal(FreeGift("GONE")), [("sku", ("GONE",))]),
        (deal(FreeGift("FAN"), skus={"TEA"}), [("currencies", ())]),
        (Promotion("deal", "A deal", TEN, minimum=[Money(1, "EUR")], minimum_skus={"GONE"}), [("minimum_skus", ("GONE",))]),
        (Promotion("deal", "A deal", TEN, categories={"cake"}), [("categories", ("cake",))]),
        (Promotion("deal", "A deal", TEN, attributes={"origin": "Uji"}), [("attributes", ("origin Uji",))]),
        (Promotion("deal", "A deal", TEN, skus={"GONE"}, categories={"cake"}), [("skus", ("GONE", "cake"))]),
        (Promotion("deal", "A deal", TEN, categories={"tea"}, but_not=Assortment({"TEA"})), [("but_not", ("TEA",))]),
        (Promotion("deal", "A deal", TEN, when=[FirstOrder(), Quantity(2, Assortment({"GONE"}))]), [("when[1]", ("GONE",))]),
        (Promotion("deal", "A deal", USD5, when=[Quantity(2, Assortment(categories={"tea"}))]), [("currencies", ())]),
        (deal(AmountOff([Money(5, "CHF")])), [("currencies", ())]),
        (deal(USD5, skus={"TEA"}), [("currencies", ())]),
        (deal(AmountOff([Money(5, "USD")], "shipping"), methods={"letter"}), [("currencies", ())]),
        (deal(AmountOff([Money(5, "CHF")], "order_and_shipping")), [("currencies", ())]),
        (deal(FREE_SHIPPING, skus={"FAN"}), [("currencies", ())]),
        (deal(BuyGet(1, 1, buy={"FAN"}, get={"TEA"})), [("currencies", ())]),
        (Promotion("deal", "A deal", TEN, minimum=[Money(1, "USD")], minimum_skus={"FAN"}), [("currencies", ())]),
    ],
)
def test_what_no_cart_can_get_is_told_with_what_is_missing(promotion: Promotion, found: list[tuple[str, tuple[str, ...]]]) -> None:
    """Goods or carriage that the shop does not have, or no currency that has everything it needs."""
    assert reasons(promotion) == found


def test_what_is_over_is_told_with_since_when() -> None:
    """From the instant on at which it ends, beside whatever else is wrong with it."""
    over = Promotion("deal", "A deal", TEN, skus={"GONE"}, ends=NOW)
    first, second = never(over, PRODUCTS, METHODS, NOW)
    assert first == Never("deal", "ends", "it has ended at 2026-06-01 00:00 UTC", "Take it out, or let it end later.", (), NOW)
    assert str(second) == "Promotion 'deal', skus: GONE is not for sale. Name goods that are sold here."


def test_the_words_name_the_currencies_and_a_few_ids() -> None:
    """A finding is one line, however many ids are missing; `missing` has them all."""
    (clash,) = never(deal(USD5, skus={"TEA"}), PRODUCTS, METHODS, NOW)
    assert clash.problem == "no currency has all that it needs (amounts: USD; skus: EUR)"
    (many,) = never(deal(skus={f"GONE{n}" for n in range(9)}), PRODUCTS, METHODS, NOW)
    assert many.problem == "none of GONE0, GONE1, GONE2, GONE3, GONE4 and 4 more is for sale"
    assert len(many.missing) == 9


def test_a_shop_without_goods_or_ways_to_send_gives_nothing_away() -> None:
    (goods,) = never(deal(), (), METHODS, NOW)
    (carriage,) = never(deal(FREE_SHIPPING), PRODUCTS, (), NOW)
    assert (goods.problem, carriage.place) == ("nothing is for sale", "methods")
    assert "nothing is ever sent" in carriage.problem


# Experiments.
OFFER = Experiment("offer", {"control": 1, "tenth": 1, "fifth": 1})


def tried(*variants: str, experiment: str = "offer") -> Promotion:
    return Promotion("deal", "A deal", TEN, when=[Quantity(1), InVariant(experiment, variants)])


@pytest.mark.parametrize(
    ("promotion", "experiment", "told"),
    [
        (tried("tenth"), OFFER, []),
        (tried("tenth", "gone"), OFFER, []),
        (tried("gone"), OFFER, [("when[1]", "gone is no variant of the experiment offer", ("gone",))]),
        (tried("gone", "lost"), OFFER, [("when[1]", "none of gone, lost is a variant of the experiment offer", ("gone", "lost"))]),
        (tried("tenth", experiment="ofer"), OFFER, [("when[1]", "there is no experiment ofer", ("ofer",))]),
        (tried("tenth"), evolve(OFFER, starts=NOW + timedelta(days=1)), []),
        (tried("tenth"), evolve(OFFER, ends=NOW), [("when[1]", "its experiment offer has ended at 2026-06-01 00:00 UTC", ())]),
    ],
)
def test_a_promotion_for_a_variant_that_nobody_is_in_is_found(
    promotion: Promotion, experiment: Experiment, told: list[tuple[str, str, tuple[str, ...]]]
) -> None:
    """One that is there and will run is enough; whoever has no experiments at hand asks nothing of them."""
    found = never(promotion, PRODUCTS, METHODS, NOW, [experiment])
    assert [(one.place, one.problem, one.missing) for one in found] == told
    assert all(one.cure for one in found)
    assert never(promotion, PRODUCTS, METHODS, NOW) == ()


def test_variants_without_a_difference_are_found_where_there_is_one_elsewhere() -> None:
    """An experiment that no promotion asks for is one of pages; the one that is left alone is what is compared with."""
    assert alike(OFFER, [tried("tenth")]) == ("control", "fifth")
    assert alike(OFFER, [tried("tenth"), tried("fifth")]) == ()
    assert alike(OFFER, [tried("tenth", "fifth", "control")]) == ()
    assert alike(OFFER, [deal(), tried("tenth", experiment="other")]) == ()
