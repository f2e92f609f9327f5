"""Somebody else says what tax is due: what a quote keeps of it, and what the shop does while it is away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Checkout, Money, Placed, Policy, Refusal, Refused, TaxRate, TaxRow, TaxTable
from checkout_core.codec import decode, encode
from checkout_core.errors import BadSetting, NoAnswer
from checkout_core.memory import AsyncMemoryStorage, MemoryCatalog, MemoryStorage
from checkout_core.money import Ratio
from checkout_core.quote import Quote, intact
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.shop import AsyncShop
from checkout_core.sync.shop import Shop
from checkout_core.tax_provider import REFERENCE_AT_MOST, TaxEstimate, TaxSource
from checkout_core.testing import TableTaxProvider
from tests.world import ADA, BERLIN, SECRET, Numbered, TestClock, a_checkout, catalog, eur

SEVEN = (TaxRate("VAT7", Ratio(7, 100), included=True),)
ROWS = TaxTable([TaxRow("DE", None, "standard", SEVEN), TaxRow("DE", None, "reduced", SEVEN)])


class Life:
    """A shop whose own table says 19 %, and whose provider says 7."""

    def __init__(self, outage: Any = "block", provider: Any = None) -> None:
        self.clock, self.provider = TestClock(), provider or TableTaxProvider(ROWS, "acme", "2026")
        self.shop = Shop(
            storage=MemoryStorage(self.clock),
            catalog=catalog(),
            gateways=[SandboxGateway(clock=self.clock)],
            tax_provider=self.provider,
            clock=self.clock,
            ids=Numbered(),
            policy=Policy(tax_outage=outage, identity_secret=SECRET),
        )
        self.shop.receive("MUG", 10, reason="opening stock", actor="test")

    def pay(self, c: Checkout, **expected: Any) -> Any:
        return self.shop.pay(c.id, Card("tok_ok"), expected=expected.get("expected", quote_of(c).hash), key="k1")


def quote_of(c: Checkout) -> Quote:
    assert c.quote is not None
    return c.quote


def codes(quote: Quote) -> set[str]:
    return {code for code, _ in quote.totals.tax_by_code}


# While it answers.
def test_the_provider_goes_before_the_table_and_the_quote_says_so() -> None:
    """With its name, and with what it calls these rates; all of it in the hash, stored, and on the receipt (R7)."""
    quote = quote_of(a_checkout(Life().shop))
    assert codes(quote) == {"VAT7"}
    assert quote.tax_source == TaxSource("acme", "DE, edition 2026")
    assert intact(quote)
    assert not intact(evolve(quote, tax_source=None))
    assert decode(Quote, encode(quote)) == quote


def test_the_parts_add_up_whoever_answers() -> None:
    """I12: the provider says rates, the amounts are worked out here; a receipt recomputes without asking it."""
    thirds = tuple(TaxRate(code, Ratio(n, 300), included=code == "A") for code, n in (("A", 7), ("B", 11), ("C", 1)))
    provider = TableTaxProvider(TaxTable([TaxRow("DE", None, "standard", thirds)]), "acme")
    quote = quote_of(a_checkout(Life(provider=provider).shop, quantity=7))
    figures = [(each.net, each.tax, each.taxes) for each in quote.lines] + [(each.net, each.tax, each.taxes) for each in quote.shipping]
    assert sum(net + tax for net, tax, _ in figures) == quote.totals.total == quote.total.minor
    assert sum(tax for _, _, taxes in figures for _, tax in taxes) == quote.totals.tax
    provider.away = True
    assert recompute(receipt_of(quote)) == figures_of(quote)


def test_a_category_it_does_not_know_is_not_filled_in_from_the_table() -> None:
    """It was asked and does not know: guessing would be another tax, or none, by accident (G2)."""
    for outage in ("block", "fallback"):
        life = Life(outage, TableTaxProvider(TaxTable([]), "acme"))
        with pytest.raises(Refusal) as caught:
            a_checkout(life.shop)
        assert {refused.reason for refused in caught.value.refused} == {"tax-unknown"}


def test_without_a_provider_nothing_is_kept() -> None:
    life = Life()
    life.shop.tax_provider = None
    assert quote_of(a_checkout(life.shop)).tax_source is None


# While it is away.
@pytest.mark.fault("G2")
def test_away_sells_nothing_unless_the_shop_said_otherwise(struck: set[str]) -> None:
    """G2: refused by name, with what to do; the cart and the options of carriage are as they were, and trying again later works."""
    life = Life()
    life.provider.away = True
    cart = life.shop.open_cart(currency="EUR")
    life.shop.add(cart.id, sku="MUG")
    said: dict[str, Any] = {"ship_to": BERLIN, "shipping": "standard", "contact": ADA}
    with pytest.raises(Refusal) as caught:
        life.shop.begin(cart.id, **said)
    struck.add("G2")
    (refused,) = caught.value.refused
    assert (refused.reason, refused.subject) == ("tax-unavailable", "acme")
    assert "try again" in str(refused)
    life.provider.away = False
    c = life.shop.begin(cart.id, **said)
    life.provider.away = True
    assert [refused.reason for refused in life.shop.validate(c.id)] == ["tax-unavailable"]
    assert life.shop.shipping_options(c.id)


@pytest.mark.fault("G2")
def test_away_falls_back_on_the_table_if_the_shop_said_so_and_the_quote_says_it(struck: set[str]) -> None:
    """G2: a declared fallback; never zero by accident."""
    life = Life("fallback")
    life.provider.away = True
    c = a_checkout(life.shop)
    struck.add("G2")
    assert codes(quote_of(c)) == {"VAT19"}
    assert quote_of(c).tax_source == TaxSource("acme", answered=False)
    assert isinstance(life.pay(c), Placed)


def test_a_fallback_that_does_not_know_refuses_too() -> None:
    """The provider is away, and the table has no row: the shop says that it is the provider who is missing."""
    life = Life("fallback")
    life.provider.away = True
    life.shop.taxes = MemoryCatalog([], taxes=TaxTable([]))
    with pytest.raises(Refusal) as caught:
        a_checkout(life.shop)
    assert {refused.reason for refused in caught.value.refused} == {"tax-unavailable"}


@pytest.mark.parametrize("outage", ["block", "fallback", "provisional"])
def test_a_quote_that_lasts_is_paid_while_the_provider_is_away(outage: str) -> None:
    """R7: it was asked when the quote was made, and nobody asks it again."""
    life = Life(outage)
    c = a_checkout(life.shop)
    life.provider.away, asked = True, life.provider.asked
    assert isinstance(life.pay(c), Placed)
    assert life.provider.asked == asked


@pytest.mark.fault("G2")
def test_a_quote_that_ran_out_is_not_paid_at_other_rates_unseen(struck: set[str]) -> None:
    """`block` refuses; `fallback` shows the new total first, and says who named the rates."""
    for outage, reason in (("block", "tax-unavailable"), ("fallback", "quote-changed")):
        life = Life(outage)
        c = a_checkout(life.shop)
        life.provider.away = True
        life.clock.forward(hours=1)
        refused = life.pay(c)
        struck.add("G2")
        assert isinstance(refused, Refused)
        assert refused.reason == reason
        if outage == "fallback":
            assert any(change.what == "tax source" and "away" in change.after for change in refused.changes)


@pytest.mark.fault("G2")
def test_a_provisional_total_is_shown_and_not_paid_until_the_provider_answers(struck: set[str]) -> None:
    """Its own table says 19 %, the provider 7: what is paid in the end is what the shopper then saw."""
    life = Life("provisional")
    life.provider.away = True
    c = a_checkout(life.shop)
    assert codes(quote_of(c)) == {"VAT19"}
    assert [refused.reason for refused in life.shop.validate(c.id)] == ["tax-provisional"]
    refused = life.pay(c)
    struck.add("G2")
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.subject) == ("tax-provisional", "acme")
    assert "provisional" in str(refused)
    life.provider.away = False
    changed = life.pay(c)
    assert isinstance(changed, Refused)
    assert changed.reason == "quote-changed"
    assert {"tax source"} <= {change.what for change in changed.changes}
    assert isinstance(life.pay(c, expected=changed.total), Placed)
    assert codes(quote_of(life.shop.status(c.id))) == {"VAT7"}


def test_a_provisional_total_that_the_provider_confirms_is_paid_at_once() -> None:
    """The same total by both: nobody is asked twice. Only the hash, which names whose rates these are, is another."""
    table = TaxTable(
        [TaxRow("DE", None, category, (TaxRate("VAT19", Ratio(19, 100), included=True),)) for category in ("standard", "reduced")]
    )
    life = Life("provisional", TableTaxProvider(table, "acme"))
    life.provider.away = True
    c = a_checkout(life.shop)
    life.provider.away = False
    assert isinstance(life.pay(c, expected=quote_of(c).total), Placed)
    paid = quote_of(life.shop.status(c.id))
    assert paid.tax_source is not None
    assert paid.tax_source.answered


def test_asking_again_makes_no_other_price() -> None:
    """A quote that ran out is paid by the very hash that the shopper saw, if nothing has changed."""
    life = Life()
    c = a_checkout(life.shop)
    life.clock.forward(hours=1)
    assert isinstance(life.pay(c), Placed)


# What makes no sense.
class Odd:
    """A provider that does what it is told to."""

    name = "odd"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def estimate(self, *asked: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [None, {"standard": SEVEN}, RuntimeError("4111 1111 1111 1111")], ids=["none", "a dict", "an error"])
def test_an_answer_that_makes_no_sense_is_none(answer: Any) -> None:
    """With a warning that names the kind and nothing of the text (R24)."""
    life = Life(provider=Odd(answer))
    with pytest.warns(RuntimeWarning, match="'odd' gave") as warned, pytest.raises(Refusal, match="odd does not say"):
        a_checkout(life.shop)
    assert not any("4111" in str(one.message) for one in warned)


def test_an_answer_that_was_lost_is_no_answer() -> None:
    life = Life("fallback", Odd(NoAnswer("too slow")))
    assert codes(quote_of(a_checkout(life.shop))) == {"VAT19"}


def test_rates_are_rates() -> None:
    wrong: Any = {"standard": (7,)}
    with pytest.raises(TypeError, match="The taxes of standard"):
        TaxEstimate(wrong)
    with pytest.raises(ValueError, match="at most"):
        TaxEstimate({}, "x" * (REFERENCE_AT_MOST + 1))
    number: Any = 1
    with pytest.raises(TypeError, match="reference"):
        TaxEstimate({}, number)


def test_an_outage_policy_that_is_unknown_is_named() -> None:
    other: Any = "guess"
    with pytest.raises(BadSetting, match="block, fallback, provisional"):
        Policy(tax_outage=other)


# Async.
class AsyncTable:
    def __init__(self, provider: TableTaxProvider) -> None:
        self.provider, self.name = provider, provider.name

    async def estimate(self, *asked: Any) -> TaxEstimate:
        return self.provider.estimate(*asked)


def test_the_async_shop_asks_it_too() -> None:
    clock = TestClock()
    shop = AsyncShop(
        storage=AsyncMemoryStorage(MemoryStorage(clock)),
        catalog=catalog(asynchronous=True),
        tax_provider=AsyncTable(TableTaxProvider(ROWS, "acme")),
        clock=clock,
        ids=Numbered(),
        policy=Policy(identity_secret=SECRET),
    )

    async def total() -> Money:
        cart = await shop.open_cart(currency="EUR")
        await shop.add(cart.id, sku="MUG")
        c = await shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA)
        assert quote_of(c).tax_source == TaxSource("acme", "DE, edition 1")
        return quote_of(c).total

    assert asyncio.run(total()) == quote_of(a_checkout(Life().shop)).total > eur(0)
