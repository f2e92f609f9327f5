"""Who owes less tax than the table says: exemptions and reverse charge; prices that keep their net; carriage taxed like the goods."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.tax_ids import checked_vat_id
from checkout_core import Destination, Policy, Product, Refused, Shopper
from checkout_core.cart import Line
from checkout_core.customers import UNKNOWN, Exemption, VatId
from checkout_core.errors import BadSetting
from checkout_core.money import Ratio
from checkout_core.pricing import Basket, Facts, Quote, price
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxRate, TaxRow, TaxTable, formula, moved
from checkout_core.tax_relief import relieved
from tests.world import NOON, a_shop, begin, eur

MWST = (TaxRate("MwSt", Ratio(19, 100), included=True),)
VAT = (TaxRate("VAT", Ratio(23, 100), included=True),)
IRISH = VatId("IE", "IE6388047V")
GROSS = PricingPolicy()
CERT = Exemption("CERT-1", "US", "TX", ["standard"], date(2026, 1, 1), date(2026, 12, 31), "America/Chicago")


def quoted(to: str, taxes: Any, shopper: Shopper = UNKNOWN, policy: PricingPolicy = GROSS, **more: Any) -> Quote:
    products = {"MUG": Product("MUG", "Mug", [eur(1190)])}
    answer = price(Basket("EUR", (Line("MUG", 2),), Destination(to)), Facts(products, (), taxes, shopper=shopper, **more), NOON, policy)
    assert isinstance(answer, Quote), answer
    assert recompute(receipt_of(answer)) == figures_of(answer)
    return answer


# Reverse charge.
def test_a_business_in_another_member_state_owes_the_tax_itself() -> None:
    """The receipt names the number and the reason; the price is what it was, or its net stays, as the shop chose."""
    shopper = Shopper(vat_id=IRISH)
    gross = quoted("IE", {"standard": VAT}, shopper, seller="DE")
    ((_, (rate,)),) = gross.rates
    assert (rate.code, rate.reason, gross.totals.tax, gross.total) == ("Reverse charge (IE6388047V)", "reverse-charge", 0, eur(2380))
    net = quoted("IE", {"standard": VAT}, shopper, PricingPolicy(prices_keep="net"), seller="DE", home={"standard": MWST})
    assert (net.total, net.totals.tax) == (eur(2000), 0)


@pytest.mark.parametrize(
    ("to", "vat_id", "seller"),
    [("DE", VatId("DE", "DE136695976"), "DE"), ("FR", IRISH, "DE"), ("IE", IRISH, None), ("IE", IRISH, "GB"), ("IE", None, "DE")],
)
def test_where_it_does_not_apply_the_tax_is_charged(to: str, vat_id: VatId | None, seller: str | None) -> None:
    """At home, elsewhere than the number is of, from outside the Union, without a number, or where nobody said who sells."""
    assert quoted(to, {"standard": VAT}, Shopper(vat_id=vat_id), seller=seller).totals.tax > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ie 6388047v", IRISH),
        ("EL094259216", VatId("GR", "EL094259216")),
        ("DE136695975", "check digits"),
        ("DE13669597", "too few or too many"),
        ("6388047V", "country's letters"),
        ("", "country's letters"),
        ("9" * 500, "country's letters"),
    ],
)
def test_a_vat_number_is_checked_offline(text: str, said: Any) -> None:
    found = checked_vat_id(text)
    if isinstance(found, Refused):
        assert said in found.hint
        assert len(found.given) <= 30
    else:
        assert found == said


# Exemptions.
@pytest.mark.parametrize(
    ("to", "category", "at", "exempt"),
    [
        (Destination("US", "TX"), "standard", "2026-01-01T06:00", True),
        (Destination("US", "TX"), "standard", "2026-01-01T05:59", False),
        (Destination("US", "TX"), "standard", "2027-01-01T05:59", True),
        (Destination("US", "TX"), "standard", "2027-01-01T06:00", False),
        (Destination("US", "CA"), "standard", "2026-06-01T00:00", False),
        (Destination("US", "TX"), "food", "2026-06-01T00:00", False),
    ],
)
def test_an_exemption_is_good_where_and_while_it_says(to: Destination, category: str, at: str, exempt: bool) -> None:
    """By the calendar of its place (R15): from the first midnight in Texas to the last."""
    assert CERT.covers(to, category, datetime.fromisoformat(at).replace(tzinfo=UTC)) is exempt


def test_an_exempt_shopper_pays_no_tax_and_the_quote_keeps_the_evidence() -> None:
    sales = (TaxRate("TX", Ratio(625, 10_000)), TaxRate("city", Ratio(2, 100)))
    exempt = Shopper(exemptions=[evolve(CERT, country="DE", region=None, reason="export")])
    quote = quoted("DE", {"standard": sales}, exempt)
    ((_, (rate,)),) = quote.rates
    assert (rate.code, rate.reason, rate.included, quote.total) == ("Exempt (CERT-1)", "export", False, eur(2380))


def test_nobody_is_exempt_from_what_is_not_known_and_zero_keeps_its_reason() -> None:
    """G2: a tax that was never looked up stays unknown."""
    zero = (TaxRate("none", Ratio(0), reason="out-of-scope"),)
    found = relieved({"a": None, "b": zero}, [Exemption("C", "DE")], None, None, Destination("DE"), NOON)
    assert found == {"a": None, "b": zero}


@pytest.mark.parametrize(
    "wrong",
    [{"evidence": ""}, {"country": "XX"}, {"reason": "friend"}, {"since": date(2026, 2, 1), "until": date(2026, 1, 1)}],
)
def test_an_exemption_that_makes_no_sense_says_so(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\."):
        Exemption(**{"evidence": "C", "country": "DE", **wrong})


# Prices that keep their net.
def test_a_price_moves_with_the_tax_inside_it() -> None:
    """119.00 with 19 % inside is 120.00 with 20 %, 100.00 with tax on top, and itself at home; a credit is the mirror image."""
    home, here, on_top = formula(MWST), formula((TaxRate("USt", Ratio(1, 5), True),)), formula((TaxRate("S", Ratio(1, 10)),))
    assert [moved(11_900, home, to, "half_up") for to in (home, here, on_top)] == [11_900, 12_000, 10_000]
    assert moved(-11_900, home, here, "half_up") == -12_000


def test_a_shop_that_keeps_net_prices_asks_what_is_due_at_home() -> None:
    """Goods and carriage, to the minor unit; and the checkout is paid at that price."""
    policy = Policy(pricing=PricingPolicy(prices_keep="net"), home=Destination("DE"))
    shop, _ = a_shop(policy=policy)
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG", quantity=2)
    at_home = begin(shop, cart.id)
    assert at_home.quote is not None
    assert at_home.quote.total == eur(2 * 1250 + 490)
    with pytest.raises(BadSetting, match="nobody says where they are at home"):
        Policy(pricing=PricingPolicy(prices_keep="net"))
    with pytest.raises(BadSetting):
        Policy(channels={"web": PricingPolicy(prices_keep="net")})


def test_what_is_not_known_at_home_is_refused() -> None:
    """G2: no price is made of a guess."""
    products = {"MUG": Product("MUG", "Mug", [eur(1190)])}
    facts = Facts(products, (), {"standard": VAT}, home={"standard": None})
    answer = price(Basket("EUR", (Line("MUG", 1),), Destination("IE")), facts, NOON, PricingPolicy(prices_keep="net"))
    assert answer == (Refused("tax-unknown", "the shop's own country", "standard"),)


# Carriage.
def test_carriage_is_taxed_like_the_goods() -> None:
    """Own 20 %, goods of 30.00 at 10 % and 20.00 at 13 %: by the highest, or each rate on its part of 4.90."""
    rates = {"tea": ("A", Ratio(10, 100)), "wine": ("B", Ratio(13, 100)), "post": ("C", Ratio(1, 5))}
    taxes = {category: (TaxRate(code, rate, included=True),) for category, (code, rate) in rates.items()}
    goods = {"TEA": Product("TEA", "Tea", [eur(3000)], "tea"), "WINE": Product("WINE", "Wine", [eur(2000)], "wine")}
    basket = Basket("EUR", (Line("TEA", 1), Line("WINE", 1)), Destination("AT"), ("post",))
    facts = Facts(goods, (), taxes, (ShippingOption("post", "Post", eur(490), "post"),))
    found = {}
    for how in ("own", "highest", "weighted"):
        quote = price(basket, facts, NOON, PricingPolicy(shipping_tax=how))
        assert isinstance(quote, Quote)
        assert recompute(receipt_of(quote)) == figures_of(quote)
        found[how] = (quote.shipping[0].tax_category, quote.shipping[0].taxes)
    assert found == {
        "own": ("post", (("C", 82),)),
        "highest": ("wine", (("B", 56),)),
        "weighted": ("by the goods", (("A", 27), ("B", 23))),
    }


@pytest.mark.parametrize("how", ["highest", "weighted"])
def test_the_order_of_the_lines_does_not_tax_the_carriage(how: Any) -> None:
    """Categories of 20 % together: in either order the first by code, and of equal codes the one inside the price (G15)."""
    taxes = {
        "added": (TaxRate("VAT", Ratio(19, 100), included=False), TaxRate("B", Ratio(1, 100), included=False)),
        "inside": (TaxRate("VAT", Ratio(19, 100), included=True), TaxRate("B", Ratio(1, 100), included=True)),
        "other": (TaxRate("C", Ratio(1, 5), included=False),),
    }
    goods = {sku: Product(sku, sku, [eur(1000)], sku.lower()) for sku in ("ADDED", "INSIDE", "OTHER")}
    facts = Facts(goods, (), taxes, (ShippingOption("post", "Post", eur(490), "added"),))
    for skus in (("ADDED", "INSIDE"), ("OTHER", "INSIDE"), ("OTHER", "ADDED")):
        asked = [Basket("EUR", tuple([Line(sku, 1) for sku in order]), Destination("AT"), ("post",)) for order in (skus, skus[::-1])]
        one, other = [price(basket, facts, NOON, PricingPolicy(shipping_tax=how)) for basket in asked]
        assert isinstance(one, Quote)
        assert isinstance(other, Quote)
        assert one.shipping == other.shipping
        assert one.totals == other.totals
        if how == "highest":
            assert one.shipping[0].tax_category == ("other" if "OTHER" in skus else "inside")


# Rows in force.
def row(since: str | None, until: str | None, percent: int, region: str | None = None) -> TaxRow:
    first, last = (None if day is None else date.fromisoformat(day) for day in (since, until))
    return TaxRow("DE", region, "standard", [TaxRate(f"{percent} %", Ratio(percent, 100), True)], "law", first, last, "Europe/Berlin")


CUT = (row("2021-01-01", None, 19), row("2007-01-01", "2020-06-30", 19), row("2020-07-01", "2020-12-31", 16))
TABLE = TaxTable([*CUT, row(None, None, 5, "HE")])


@pytest.mark.parametrize(
    ("at", "percent"),
    [
        ("2006-12-31T22:59", None),
        ("2006-12-31T23:00", 19),
        ("2020-06-30T21:59", 19),
        ("2020-06-30T22:00", 16),
        ("2020-12-31T22:59", 16),
        ("2020-12-31T23:00", 19),
    ],
)
def test_rates_change_at_midnight_of_their_place(at: str, percent: int | None) -> None:
    """R15, T3: the cut of 2020 began when it was midnight in Berlin; before the first row nothing is known, and that refuses (G2)."""
    rates = TABLE.rates("DE", None, "standard", datetime.fromisoformat(at).replace(tzinfo=UTC))
    assert rates == (None if percent is None else (TaxRate(f"{percent} %", Ratio(percent, 100), True),))


def test_a_region_with_rows_of_its_own_has_no_others() -> None:
    assert TABLE.rates("DE", "HE", "standard", NOON) == (TaxRate("5 %", Ratio(5, 100), True),)
    gap = TaxTable([row(None, None, 19), row("2030-01-01", None, 5, "HE")])
    assert gap.rates("DE", "HE", "standard", NOON) is None


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row(None, None, 19), row(None, None, 16)], "standard in DE has two tax rows. Keep one"),
        ([row("2020-01-01", None, 19), row("2021-01-01", None, 16)], "two tax rows from 2021-01-01 on"),
        ([row(None, "2020-07-01", 19), row("2020-07-01", None, 16)], "two tax rows from 2020-07-01 on"),
    ],
)
def test_rows_that_overlap_are_refused(rows: list[TaxRow], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        TaxTable(rows)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: row("2021-01-01", "2020-01-01", 19), "ends on 2020-01-01, before it begins"),
        (lambda: evolve(row(None, None, 19), zone="Moon"), "no time zone"),
        (lambda: TaxRate("A", Ratio(1, 10), reason="exempt"), "has a reason to be zero"),
        (lambda: TaxRate("A", Ratio(0), reason="because"), "is no reason"),  # type: ignore[arg-type]
    ],
)
def test_a_row_or_rate_that_contradicts_itself_says_so(make: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()
