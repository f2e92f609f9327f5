"""Faults that strike in a calculation or in a text: each is made to happen in the simplest wrong way, and then by ours, which does not."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest

from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination, canonical_code
from checkout_core.money import ALLOCATIONS, Money, Ratio, allocate
from checkout_core.pricing import Basket, Facts, PricingPolicy, Quote, price
from checkout_core.promotions import AmountOff, Percent, Promotion
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.refusals import Refused
from checkout_core.script_reader import script_of
from checkout_core.scripts import BadScript
from checkout_core.shipping import ShippingOption
from checkout_core.tax import TaxPolicy, TaxRate
from tests.world import a_checkout, a_shop, total

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
BERLIN = Destination("DE", "BE", "10115")


def quoted(*lines: tuple[int, int], currency: str = "EUR", promotions: tuple[Promotion, ...] = (), rate: str | None = None,
           policy: PricingPolicy | None = None) -> Quote:  # fmt: skip
    """The quote of lines, each a unit price and a quantity."""
    products = {f"s{n}": Product(f"s{n}", "Something", [Money(unit, currency)]) for n, (unit, _) in enumerate(lines)}
    asked = Basket(currency, tuple(Line(f"s{n}", many) for n, (_, many) in enumerate(lines)), BERLIN)
    rates = () if rate is None else (TaxRate("VAT", Ratio.parse(rate), included=False),)
    answer = price(asked, Facts(products, promotions, {"standard": rates}, ()), NOW, policy or PricingPolicy())
    assert isinstance(answer, Quote), answer
    return answer


@pytest.mark.fault("G6")
def test_discounts_that_are_larger_than_the_cart_end_at_zero(struck: set[str]) -> None:
    """In either order nothing goes below zero, and the declared order decides (RB-68, RB-70)."""
    half = Promotion("half", "Half", Percent(Ratio(50)))
    ten = Promotion("ten", "Ten off", AmountOff([Money(1000, "EUR")]))
    if 1250 // 2 - 1000 < 0:  # what subtracting alone would make of it
        struck.add("G6")
    for order in ((half, ten), (ten, half)):
        totals = quoted((1250, 1), promotions=order).totals
        assert totals.total == 1250 - totals.discount >= 0
    assert quoted((1250, 1), promotions=(half, ten)).totals.total == 0
    assert quoted((1250, 1), promotions=(ten, half)).totals.total == 125


@pytest.mark.fault("G7")
def test_a_split_loses_no_cent(struck: set[str]) -> None:
    """Rounded one by one the parts do not add up; by each of our methods they do."""
    for amount, weights in ((100, [1, 1, 1]), (209, [99, 199, 299]), (1, [5, 5]), (1001, [3, 3, 3, 1])):
        naive = sum(round(Fraction(amount * weight, sum(weights))) for weight in weights)
        if naive != amount:
            struck.add("G7")
        assert {sum(allocate(amount, weights, method)) for method in ALLOCATIONS} == {amount}


@pytest.mark.fault("G13")
@pytest.mark.parametrize(("currency", "minor", "shown"), [("JPY", 1250, "1250 JPY"), ("KWD", 12_505, "12.505 KWD")])
def test_a_currency_has_its_own_number_of_digits(currency: str, minor: int, shown: str, struck: set[str]) -> None:
    """A yen has no hundredths and a dinar has thousandths: 19 % of tax is whole minor units of each, and no factor of 100 is anywhere."""
    quote = quoted((minor, 1), currency=currency, rate="0.19")
    assert str(Money(minor, currency)) == shown
    if shown != f"{minor / 100:.2f} {currency}":  # what a factor of 100 everywhere would show
        struck.add("G13")
    assert quote.totals.tax == round(Fraction(minor * 19, 100))
    assert recompute(receipt_of(quote)) == figures_of(quote)
    with pytest.raises(ValueError, match="1"):
        Money.parse(shown.split(" ", maxsplit=1)[0] + "1" if "." in shown else "1250.1", currency)


@pytest.mark.fault("G15")
def test_where_a_rounding_is_done_is_named_and_kept_to(struck: set[str]) -> None:
    """Per unit, per line and of the order give three figures for one cart; the policy names which, and the receipt leads to it (RB-49)."""
    levels: tuple[Any, ...] = ("unit", "line", "order")
    quotes = [quoted((45, 3), (46, 1), rate="0.19", policy=PricingPolicy(tax=TaxPolicy(level=level))) for level in levels]
    if len({quote.totals.tax for quote in quotes}) > 1:
        struck.add("G15")
    unit, line, order = (quote.totals.tax for quote in quotes)
    assert unit == 3 * round(Fraction(45 * 19, 100)) + round(Fraction(46 * 19, 100))
    assert line == round(Fraction(135 * 19, 100)) + round(Fraction(46 * 19, 100))
    assert order == round(Fraction(181 * 19, 100))
    assert [recompute(receipt_of(quote)) for quote in quotes] == [figures_of(quote) for quote in quotes]


def test_refunds_from_cumulative_figures_never_pass_what_was_sold() -> None:
    """52.00 net and 10.00 of tax go back in parts of 32, 9, 8, 3, 6 and 3: each rounded alone, 53.00 net would go (RB-56, G14).

    Here in whole units of one: the tax of what is refunded so far, less what went back before. The last part takes the rest.
    """
    net, tax, parts = 52, 10, [32, 9, 8, 3, 6, 3]
    alone = [round(Fraction(tax * part, net + tax)) for part in parts]
    assert sum(parts) - sum(alone) == 53 > net
    back = allocate(tax, [*parts, net + tax - sum(parts)], "cumulative")
    for n in range(1, len(parts) + 1):
        assert 0 <= sum(back[:n]) <= tax
        assert 0 <= sum(parts[:n]) - sum(back[:n]) <= net
    assert sum(back) == tax
    assert all(0 <= share <= part for share, part in zip(back, parts, strict=False))


def test_all_that_was_paid_can_go_back_carriage_and_its_tax() -> None:
    """100.00 of goods and 5.00 of carriage with 1.00 of tax: the gross of all entries is the 106.00 that was paid (RB-58)."""
    product = Product("s0", "Something", [Money(10_000, "EUR")], "none")
    post = ShippingOption("post", "Post", Money(500, "EUR"), "carriage")
    vat = (TaxRate("VAT", Ratio.parse("0.2")),)
    asked = Basket("EUR", (Line("s0", 1),), BERLIN, ("post",))
    quote = price(asked, Facts({"s0": product}, (), {"none": (), "carriage": vat}, (post,)), NOW)
    assert isinstance(quote, Quote)
    assert [line.gross for line in quote.lines] + [sent.gross for sent in quote.shipping] == [10_000, 600]
    assert quote.total == Money(10_600, "EUR")


@pytest.mark.parametrize("included", [True, False])
def test_what_a_gateway_is_told_line_by_line_is_what_is_due(included: bool) -> None:
    """Seven lines with 12.5 % off: what the lines cost, each in whole minor units, adds up to the total (RB-52)."""
    off = (Promotion("off", "Off", Percent(Ratio.parse("12.5"))),)
    units = (199, 1005, 333, 1, 2499, 87, 4950)
    products = {f"s{n}": Product(f"s{n}", "Something", [Money(unit, "EUR")]) for n, unit in enumerate(units)}
    asked = Basket("EUR", tuple(Line(sku, n + 1) for n, sku in enumerate(products)), BERLIN)
    quote = price(asked, Facts(products, off, {"standard": (TaxRate("VAT", Ratio.parse("0.19"), included),)}), NOW)
    assert isinstance(quote, Quote)
    assert len(quote.lines) == 7
    assert sum(line.gross for line in quote.lines) == quote.total.minor
    assert all(line.subtotal * 7 // 8 - 1 <= line.subtotal - line.discount <= line.subtotal * 7 // 8 + 1 for line in quote.lines)


@pytest.mark.fault("S2")
def test_a_price_a_total_a_status_and_an_owner_are_nobodys_to_say(struck: set[str]) -> None:
    """They are no words of a command, no keys of a script, and a total that differs from ours is refused before any money moves (R13)."""
    shop, store = a_shop()
    cart, c = shop.open_cart(currency="EUR"), a_checkout(shop)
    for field in ("price", "total", "status", "customer_id", "role", "discount"):
        for command in (
            lambda **said: shop.add(cart.id, sku="MUG", **said),
            lambda **said: shop.pay(c.id, expected=total(c), key="k", **said),
        ):
            with pytest.raises(TypeError, match=field):
                command(**{field: 1})
        steps = [{"do": "open", "currency": "EUR"}, {"do": "add", "sku": "MUG", field: 1}]
        with pytest.raises(BadScript, match=field):
            script_of({"title": "A", "shoppers": {"eve": {}}, "steps": steps}, "a")
        struck.add("S2")
    no = shop.pay(c.id, None, expected=Money(1, "EUR"), key="cheap")
    assert isinstance(no, Refused)
    assert no.reason == "quote-changed"
    assert store.tables.checkouts[c.id].attempts == ()


@pytest.mark.fault("S7")
def test_a_code_has_one_form_and_look_alikes_are_other_codes(struck: set[str]) -> None:
    """Full width and small letters are the same code; a Cyrillic letter or one of no width makes none at all (R22)."""
    ours = "SAVE10"
    same, alike = ("save10", "ＳＡＶＥ１０", " Save10 "), ("SАVE10", "SAV\u200bE10", "ЅAVE10")
    assert all(text != ours for text in (*same, *alike))
    struck.add("S7")
    assert {canonical_code(text) for text in same} == {ours}
    for text in alike:
        with pytest.raises(ValueError, match="A-Z"):
            canonical_code(text)
