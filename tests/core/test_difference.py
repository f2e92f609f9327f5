"""What changed between two quotes is told; and there is nothing in a quote that could change without its hash."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given

from checkout_core.customers import Destination
from checkout_core.difference import Difference, diff, differences
from checkout_core.money import Money, Ratio
from checkout_core.prices import PriceOrigin
from checkout_core.pricing import GiftCard
from checkout_core.pricing_policy import CHOICES, CashRounding, PricingPolicy
from checkout_core.promotions import (
    FREE_SHIPPING,
    AmountOff,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    Part,
    Percent,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.promotions.benefits import Ours
from checkout_core.promotions.windows import UseIn
from checkout_core.quote import Quote, hash_of, intact
from checkout_core.refusals import Change
from checkout_core.shipping import RateSource
from checkout_core.tax import TAX_CHOICES, TaxPolicy, TaxRate
from checkout_core.tax_provider import TaxSource
from tests.core.sales import Sale, basket, eur, fixed, percent, promotion, quoted, sales, shop, vat

# A quote with one of everything.
QUOTE = quoted(
    basket(3, 1, shipping=("post",), cards=(GiftCard("g", 500, 300, Ratio.parse("0.1")),)),
    shop(
        1000,
        333,
        floors=(100,),
        carriage=490,
        rates=vat("0.19", included=True),
        promotions=[
            percent("12.5", group="g", limit=9, per_person=1),
            promotion("b", BuyGet(1, 1, buy=["a"], get=["b"])),
            promotion("s", FREE_SHIPPING),
        ],
    ),
    PricingPolicy(cash=CashRounding(5)),
)


def resealed(quote: Quote, **changed: Any) -> Quote:
    """The quote with something changed, and the hash that belongs to it."""
    other = evolve(quote, **changed)
    return evolve(other, hash=hash_of(other))


# In words and as data.


def test_the_total_comes_first() -> None:
    """Then each fact that is not what it was, with the thing it belongs to."""
    before, after = (quoted(basket(1), shop(unit)) for unit in (1000, 1100))
    assert differences(before, after)[0] == Difference("", "total", eur(1000), eur(1100))
    assert Difference("line a", "unit price", eur(1000), eur(1100)) in differences(before, after)
    assert diff(before, after)[0] == Change("total", "10.00 EUR", "11.00 EUR")
    assert differences(before, before) == ()


def test_what_came_and_went_is_one_difference_each() -> None:
    """A line, carriage, promotion or card that only one quote has is told once, against nothing."""
    deals = (fixed(100),)
    small, large = quoted(basket(1), shop(1000)), quoted(basket(1, 1, cards=(GiftCard("g", 5),)), shop(1000, 500, promotions=deals))
    for a, b, side in ((small, large, "before"), (large, small, "after")):
        gone = [each.thing for each in differences(a, b) if getattr(each, side) is None and not each.fact]
        assert sorted(gone) == ["gift card g", "line b", "promotion f"]
    sent = quoted(basket(1, shipping=("post",)), shop(1000, carriage=490))
    assert [each.thing for each in differences(small, sent) if each.before is None] == ["shipping post"]


def test_the_order_of_lines_is_a_difference() -> None:
    """Spare minor units go to the earlier line, so the order belongs to the price."""
    facts = shop(1000, 500)
    a = quoted(basket(1, 1), facts)
    asked = basket(1, 1)
    b = quoted(evolve(asked, lines=asked.lines[::-1]), facts)
    assert a.totals == b.totals
    assert diff(a, b) == (Change("order of lines", "a, b", "b, a"),)


def test_a_benefit_that_changed_is_told() -> None:
    """Even where it takes the same: another rule is another promise."""
    a, b = (quoted(basket(1), shop(1000, promotions=[promotion("p", benefit)])) for benefit in (Percent(Ratio(10)), AmountOff([eur(100)])))
    assert a.totals == b.totals
    assert {each.thing for each in differences(a, b)} == {"promotion p"}


# Every field.


def another(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case None:
            return 1
        case ():
            return (("x", 1),)
        case tuple():
            return (*value[:-1], another(value[-1]))
        case Ratio():
            return Ratio(value.numerator + 1, value.denominator)
        case _:
            raise AssertionError(f"No other value for {value!r}")


def plain_changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field of each line, carriage, promotion and card, and of the totals, in turn: the name of it, and what to change."""
    things: dict[str, tuple[Any, ...]] = {
        "lines": QUOTE.lines,
        "shipping": QUOTE.shipping,
        "promotions": QUOTE.promotions,
        "cards": QUOTE.cards,
    }
    special = {"benefit": Percent(Ratio(13)), "entries": (0,), "group": "h", "code": "CODE", "taxes": (("VAT", 1),), "limit": 299}
    special["window"] = UseIn("2026-W18", 1)
    special["origin"] = PriceOrigin("trade", 1, 100, None)
    special |= {"point": ("House", "Street 1"), "source": RateSource("acme")}
    for kind, (first, *others) in things.items():
        for a in fields(type(first)):
            new = special[a.name] if a.name in special else another(getattr(first, a.name))
            yield f"{kind}.{a.name}", {kind: (evolve(first, **{a.name: new}), *others)}
        yield f"{kind} gone", {kind: tuple(others)}
    for a in fields(type(QUOTE.totals)):
        yield f"totals.{a.name}", {"totals": evolve(QUOTE.totals, **{a.name: another(getattr(QUOTE.totals, a.name))})}


def setting_changes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each part of the destination, each rate, each choice of the policies."""
    yield "currency", {"currency": "USD"}
    for place in (Destination("FR", "BE", "10115"), Destination("DE", "BY", "10115"), Destination("DE", "BE", "1")):
        yield str(place), {"destination": place}
    rate = TaxRate("VAT", Ratio.parse("0.19"), included=True)
    changed_rates: dict[str, Any] = {"code": "MwSt", "rate": Ratio.parse("0.2"), "included": False, "compound": True}
    assert {*changed_rates, "reason"} == {a.name for a in fields(TaxRate)}
    yield "rate.reason", {"rates": (("standard", (TaxRate("VAT", Ratio(0), included=True, reason="exempt"),)),)}
    for name, value in changed_rates.items():
        yield f"rate.{name}", {"rates": (("standard", (evolve(rate, **{name: value}),)),)}
    yield "rate gone", {"rates": (("standard", ()),)}
    for source in (TaxSource("acme"), TaxSource("acme", "DE"), TaxSource("acme", answered=False)):
        yield f"source {source}", {"tax_source": source}
    for pairs in ((("offer", "a"),), (("offer", "b"),), (("layout", "a"), ("offer", "a"))):
        yield f"experiments {pairs}", {"experiments": pairs}
    for rated in (RateSource("post"), RateSource("acme", answered=False)):
        yield f"shipping {rated}", {"shipping": (evolve(QUOTE.shipping[0], source=rated), *QUOTE.shipping[1:])}
    yield "category", {"rates": (("reduced", (rate,)),)}
    policy = QUOTE.policy
    for name, values in CHOICES.items():
        yield f"policy.{name}", {"policy": evolve(policy, **{name: _other(values, getattr(policy, name))})}
    for name, values in TAX_CHOICES.items():
        yield f"tax.{name}", {"policy": evolve(policy, tax=evolve(policy.tax, **{name: _other(values, getattr(policy.tax, name))}))}
    yield "tax.increment", {"policy": evolve(policy, tax=evolve(policy.tax, increment=5))}
    for cash in (None, CashRounding(10), CashRounding(5, "up")):
        yield f"cash {cash}", {"policy": evolve(policy, cash=cash)}
    assert {*CHOICES, "tax", "cash"} == {a.name for a in fields(PricingPolicy)}
    assert {*TAX_CHOICES, "increment"} == {a.name for a in fields(TaxPolicy)}


def _other(values: tuple[str, ...], than: str) -> Any:
    return next(value for value in values if value != than)


CHANGES = [*plain_changes(), *setting_changes()]


@pytest.mark.parametrize(("changed"), [changed for _, changed in CHANGES], ids=[name for name, _ in CHANGES])
def test_each_field_is_in_the_hash_and_is_told(changed: dict[str, Any]) -> None:
    """With any one field another, the old hash no longer fits, the new one is another, and the difference has words (R7)."""
    assert not intact(evolve(QUOTE, **changed))
    other = resealed(QUOTE, **changed)
    assert other.hash != QUOTE.hash
    assert differences(QUOTE, other)
    assert differences(other, QUOTE)


def test_what_is_news_or_bookkeeping_is_not_in_the_hash() -> None:
    """All fields of a quote are covered but the hash, the news, and how the hash was made."""
    covered = {name for _, changed in CHANGES for name in changed}
    assert {a.name for a in fields(Quote)} - covered == {"hash", "near_misses", "scheme"}
    assert intact(evolve(QUOTE, near_misses=()))


EURO, CAP = [eur(100)], [eur(50)]
RULES: list[tuple[Ours, dict[str, Any]]] = [
    (Percent(Ratio(10)), {"percent": Ratio(11), "on": "lines", "cap": CAP, "max_units": 1, "unit_order": "price_asc"}),
    (
        TieredPercent([Tier(EURO, Ratio(10))]),
        {"tiers": [Tier(CAP, Ratio(10))], "on": "lines", "cap": CAP, "max_units": 1, "unit_order": "price_asc"},
    ),
    (AmountOff(EURO), {"amounts": CAP, "on": "lines"}),
    (SetTotal(EURO), {"amounts": CAP, "on": "lines"}),
    (UnitOff(EURO), {"amounts": CAP, "on": "order", "max_units": 1, "unit_order": "price_asc"}),
    (EntryOff(EURO), {"amounts": CAP, "on": "order"}),
    (SetPrice(EURO), {"amounts": [*EURO, Money(1, "USD")], "on": "order"}),
    (BuyGet(1, 1), {"buy_quantity": 2, "get_quantity": 2, "percent": Ratio(50), "buy": ["a"], "get": ["a"]}),
    (Bundle([Part(1, ["a"])], EURO), {"parts": [Part(2, ["a"])], "amounts": CAP, "max_bundles": 1}),
    (FreeGift("a"), {"sku": "b", "quantity": 2}),
    (EveryNth(2), {"size": 3, "nth": 2, "percent": Ratio(50), "sort": "price_desc", "picking": "horizontal", "max_groups": 1}),
]


@pytest.mark.parametrize(("benefit", "changes"), RULES, ids=[type(benefit).__name__ for benefit, _ in RULES])
def test_each_field_of_a_benefit_is_in_the_hash(benefit: Ours, changes: dict[str, Any]) -> None:
    """Another amount, cap, target or count is another promise, and so is another kind with the same numbers."""
    assert {a.name for a in fields(type(benefit)) if a.init} == set(changes)
    used = QUOTE.promotions[0]
    base = resealed(QUOTE, promotions=(evolve(used, benefit=benefit),))
    hashes = {base.hash}
    for name, value in changes.items():
        other = resealed(base, promotions=(evolve(used, benefit=evolve(benefit, **{name: value})),))
        assert [each.fact for each in differences(base, other)] == ["rule"]
        hashes.add(other.hash)
    assert len(hashes) == len(changes) + 1


def test_kinds_with_equal_numbers_have_other_hashes() -> None:
    """An amount off each unit is not an amount off each line."""
    hashes = [resealed(QUOTE, promotions=(evolve(QUOTE.promotions[0], benefit=kind),)).hash for kind in (UnitOff(EURO), EntryOff(EURO))]
    assert len(set(hashes)) == 2


# For any two.


@given(sales(), sales())
def test_a_diff_is_empty_if_and_only_if_the_hashes_agree(a: Sale, b: Sale) -> None:
    """Whatever differs in the hash is told as a difference, in data and in words."""
    first, second = a.quote, b.quote
    assert (first.hash == second.hash) == (first == second) == (not differences(first, second)) == (not diff(first, second))
    assert diff(first, first) == ()


@given(sales(credits=False))
def test_a_different_sale_of_the_same_goods_is_told(sale: Sale) -> None:
    """One more of the first line is another quote; what is told of the line is its quantity and its price."""
    line, *others = sale.basket.lines
    more = evolve(sale.basket, lines=(evolve(line, quantity=line.quantity + 1), *others))
    told = {(each.thing, each.fact) for each in differences(sale.quote, quoted(more, sale.facts, sale.policy))}
    assert (f"line {line.sku}", "quantity") in told
