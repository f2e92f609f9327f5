"""Price lists: which price holds for whom, where, how many and when; how the receipt tells it; and the lowest price before a reduction."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest
from attrs import evolve

from checkout_core import MemoryCatalog, MemoryStorage, Shop
from checkout_core.cart import Line
from checkout_core.catalog import Product
from checkout_core.customers import Destination, Shopper
from checkout_core.difference import differences
from checkout_core.money import Money, Ratio
from checkout_core.policy import Policy
from checkout_core.prices import (
    ANYBODY,
    NO_LISTS,
    Buyer,
    PriceBook,
    PriceList,
    PriceOrigin,
    PriceRow,
    Tier,
    lowest_before,
    shown_price,
    unit_price,
)
from checkout_core.pricing import Basket, Facts, PricingPolicy, Quote, price
from checkout_core.promotions import Percent, Promotion
from checkout_core.quote import intact
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.refusals import Refusal, Refused
from tests.world import Numbered, TestClock, eur, german_taxes

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MUG = Product("MUG", "Mug", [eur(1200), Money(1500, "USD")], floors=[eur(500)], tracked=False)
TRADE = Buyer(frozenset({"trade"}))


def a_list(id: str, *rows: PriceRow, **more: Any) -> PriceList:
    return PriceList(id, rows, **more)


def mug(minor: int, quantity: int = 1, since: datetime | None = None, until: datetime | None = None) -> PriceRow:
    return PriceRow("MUG", eur(minor), quantity, since, until)


def costs(lists: Sequence[PriceList], quantity: int = 1, buyer: Buyer = ANYBODY, now: datetime = NOON) -> tuple[int, str]:
    found = unit_price(MUG, "EUR", quantity, now, PriceBook(lists), buyer)
    assert found is not None
    return found.minor, found.origin.list if found.origin else ""


def quoted(*lines: Line, lists: Sequence[PriceList] = (), product: Product = MUG, channel: str = "", **more: Any) -> Quote:
    answer = asked(*lines, lists=lists, product=product, channel=channel, **more)
    assert isinstance(answer, Quote), answer
    return answer


def asked(
    *lines: Line, lists: Sequence[PriceList] = (), product: Product = MUG, channel: str = "", currency: str = "EUR", **more: Any
) -> Any:
    facts = Facts({"MUG": product}, taxes={"standard": ()}, prices=lists, **more)
    return price(Basket(currency, lines, Destination("DE"), channel=channel), facts, NOON, PricingPolicy())


# Which price holds.
def test_without_a_list_the_catalogue_has_the_price() -> None:
    assert unit_price(MUG, "EUR", 1, NOON) == (1200, None)
    assert unit_price(MUG, "JPY", 1, NOON) is None
    assert costs([a_list("other", PriceRow("TEA", eur(1)))]) == (1200, "")


def test_a_list_goes_before_the_catalogue_be_it_cheaper_or_dearer() -> None:
    assert costs([a_list("low", mug(900))]) == (900, "low")
    assert costs([a_list("high", mug(1300))]) == (1300, "high")


def test_a_list_is_for_its_groups_and_channels() -> None:
    """Whoever is not known to be in a group is in none."""
    lists = [a_list("trade", mug(900), groups=["trade", "staff"]), a_list("counter", mug(1100), channels=["counter"], priority=-1)]
    assert costs(lists) == (1200, "")
    assert costs(lists, buyer=TRADE) == (900, "trade")
    assert costs(lists, buyer=Buyer(channel="counter")) == (1100, "counter")
    assert costs(lists, buyer=Buyer(frozenset({"trade"}), "counter")) == (900, "trade")
    assert costs([a_list("web", mug(1), channels=[""])], buyer=Buyer(channel="counter")) == (1200, "")


def test_the_highest_quantity_that_is_reached_gives_all_units_its_price() -> None:
    """Also if it is dearer than a lower step: what the list says, holds."""
    lists = [a_list("steps", mug(1000), mug(900, 10), mug(950, 50))]
    assert [costs(lists, quantity)[0] for quantity in (1, 9, 10, 49, 50)] == [1000, 1000, 900, 900, 950]


def test_a_row_holds_from_its_beginning_up_to_but_not_at_its_end() -> None:
    lists = [a_list("week", mug(900, since=NOON, until=NOON + DAY))]
    instants = (NOON - timedelta(microseconds=1), NOON, NOON + DAY - timedelta(microseconds=1), NOON + DAY)
    assert [costs(lists, now=now)[0] for now in instants] == [1200, 900, 900, 1200]


def test_the_highest_priority_wins_then_the_cheapest_then_the_first_by_id() -> None:
    """Whatever order the lists stand in."""
    lists = [a_list("b", mug(900)), a_list("a", mug(900)), a_list("cheap", mug(800)), a_list("first", mug(1100), priority=1)]
    for n in range(20):
        mixed = list(lists)
        Random(n).shuffle(mixed)
        assert costs(mixed) == (1100, "first")
        assert costs([one for one in mixed if one.id != "first"]) == (800, "cheap")
        assert costs([one for one in mixed if one.id in "ab"]) == (900, "a")


def test_a_list_of_high_priority_that_has_no_price_now_stands_in_nobodys_way() -> None:
    lists = [a_list("over", mug(1, until=NOON), mug(2, 100), priority=9), a_list("now", mug(1000))]
    assert costs(lists) == (1000, "now")


def test_nothing_goes_below_the_floor() -> None:
    """A row below it becomes the floor; the receipt keeps what the row says."""
    found = unit_price(MUG, "EUR", 1, NOON, PriceBook([a_list("dump", mug(300))]))
    assert found == (500, PriceOrigin("dump", 1, 300, 1200))


def brute(lists: Sequence[PriceList], quantity: int, buyer: Buyer, now: datetime) -> tuple[int, str]:
    """The rule once more, told another way: all rows, sorted."""
    found = []
    for one in lists:
        if (one.groups is not None and not one.groups & buyer.groups) or (one.channels is not None and buyer.channel not in one.channels):
            continue
        rows = [row for row in one.rows if row.sku == "MUG" and row.price.currency == "EUR" and row.quantity <= quantity and row.holds(now)]
        if rows:
            row = max(rows, key=lambda row: row.quantity)
            found.append((-one.priority, row.price.minor, one.id))
    if not found:
        return 1200, ""
    _, minor, id = min(found)
    return max(minor, 500), id


def random_lists(random: Random) -> list[PriceList]:
    lists = []
    for n in range(random.randrange(6)):
        rows = list[PriceRow]()
        for _ in range(random.randrange(6)):
            since = random.choice([None, NOON + DAY * random.randrange(-40, 5)])
            until = random.choice([None, (since or NOON) + DAY * random.randrange(1, 20)])
            row = PriceRow(
                random.choice(["MUG", "MUG", "TEA"]), eur(random.randrange(300, 1500, 100)), random.choice([1, 1, 5, 10]), since, until
            )
            if not any(row.meets(other) for other in rows):
                rows.append(row)
        groups, channels = random.choice([None, ["trade"], ["staff", "trade"]]), random.choice([None, None, ["counter"], ["", "app"]])
        lists.append(PriceList(f"l{n}", rows, groups, channels, random.randrange(-1, 2)))
    return lists


def test_the_rule_agrees_with_a_plain_search_over_all_rows() -> None:
    random = Random(7)
    for _ in range(400):
        lists, quantity = random_lists(random), random.choice([1, 4, 5, 10, 99])
        buyer = Buyer(frozenset(random.sample(["trade", "staff", "x"], random.randrange(3))), random.choice(["", "counter", "app"]))
        now = NOON + timedelta(hours=random.randrange(-1000, 200))
        assert costs(lists, quantity, buyer, now) == brute(lists, quantity, buyer, now)


# Lists that cannot be.
def test_two_prices_for_one_question_are_refused() -> None:
    with pytest.raises(ValueError, match="two prices for 1 MUG in EUR"):
        a_list("twice", mug(1), mug(2, since=NOON))
    a_list("fine", mug(1, until=NOON), mug(2, since=NOON), mug(3, 2), PriceRow("MUG", Money(1, "USD")))
    with pytest.raises(ValueError, match="one id"):
        PriceBook([a_list("a"), a_list("a")])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: mug(-1), "negative"),
        (lambda: mug(1, 0), "at least 1"),
        (lambda: mug(1, since=NOON, until=NOON), "ends before it begins"),
        (lambda: mug(1, since=NOON.replace(tzinfo=None)), "UTC"),
        (lambda: mug(1, until=datetime(2026, 1, 1, tzinfo=timezone(DAY / 24))), "UTC"),
        (lambda: a_list("", mug(1)), "id"),
        (lambda: a_list("a", mug(1), groups=[]), "no groups"),
        (lambda: a_list("a", mug(1), channels=[]), "no channels"),
    ],
)
def test_a_row_or_list_that_makes_no_sense_is_refused(wrong: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        wrong()
    with pytest.raises(TypeError):
        a_list("a", groups="trade")


def test_a_book_can_be_kept_in_a_cache() -> None:
    book = PriceBook([a_list("a", mug(900))])
    assert pickle.loads(pickle.dumps(book)) == book


# In a quote.
def test_a_quote_is_made_of_the_prices_of_the_shopper_and_says_where_they_are_from() -> None:
    lists = [a_list("trade", mug(900), mug(700, 12), groups=["trade"])]
    plain, trade = quoted(Line("MUG", 12), lists=lists), quoted(Line("MUG", 12), lists=lists, shopper=Shopper(["trade"]))
    assert (plain.total, plain.lines[0].origin) == (eur(12 * 1200), None)
    assert (trade.total, trade.lines[0].origin) == (eur(12 * 700), PriceOrigin("trade", 12, 700, 1200))
    assert intact(trade)
    assert not intact(evolve(trade, lines=(evolve(trade.lines[0], origin=PriceOrigin("other", 12, 700, 1200)),)))
    row = receipt_of(trade).rows[0]
    assert (row.step, row.rule, row.given, row.figure, row.amount) == (
        "price-list",
        "trade",
        {"price": 700, "from": 12, "catalogue": 1200},
        700,
        0,
    )
    assert sum(row.amount for row in receipt_of(trade).rows) == trade.totals.due
    assert recompute(receipt_of(trade)) == figures_of(trade)


def test_a_quote_without_its_lists_is_the_quote_of_before() -> None:
    """Lists that nobody here is on change neither price nor hash."""
    lists = [a_list("trade", mug(1), groups=["trade"]), a_list("counter", mug(1), channels=["counter"])]
    assert quoted(Line("MUG", 3), lists=lists) == quoted(Line("MUG", 3))


def test_the_quantity_of_a_tier_is_that_of_all_lines_of_a_sku() -> None:
    """Two engravings of one mug are two mugs, as limits count them (RB-05)."""
    lines = (Line("MUG", 6, [("text", "Ada")]), Line("MUG", 6, [("text", "Bob")]))
    quote = quoted(*lines, lists=[a_list("steps", mug(700, 12))])
    assert [line.unit for line in quote.lines] == [700, 700]


def test_promotions_work_on_the_price_of_the_list_and_stop_at_the_floor() -> None:
    half = Promotion("half", "Half", Percent(Ratio(50)))
    assert quoted(Line("MUG", 2), lists=[a_list("low", mug(900))], promotions=[half]).total == eur(1000)
    assert quoted(Line("MUG", 2), lists=[a_list("dump", mug(300))], promotions=[half]).total == eur(1000)


def test_what_only_a_list_sells_in_a_currency_is_sold_to_those_who_are_on_it() -> None:
    """The others are refused: a price is never converted or guessed."""
    lists = [PriceList("japan", [PriceRow("MUG", Money(2000, "JPY"))], channels=["japan"])]
    quote = quoted(Line("MUG", 1), lists=lists, currency="JPY", channel="japan")
    assert (quote.total, quote.lines[0].origin) == (Money(2000, "JPY"), PriceOrigin("japan", 1, 2000, None))
    assert asked(Line("MUG", 1), lists=lists, currency="JPY") == (Refused("no-price", "MUG", "JPY"),)


def test_two_quotes_of_one_amount_from_two_lists_are_two_quotes() -> None:
    """Each field of where a price is from is in the hash, and told (R7)."""
    quote = quoted(Line("MUG", 12), lists=[a_list("a", mug(900))])
    for other in (a_list("b", mug(900)), a_list("a", mug(900, 2))):
        told = differences(quote, quoted(Line("MUG", 12), lists=[other]))
        assert [(one.thing, one.fact) for one in told] == [("line MUG", "price list")]
    dear = quoted(Line("MUG", 12), lists=[a_list("a", mug(900))], product=evolve(MUG, prices=[eur(1300)]))
    assert [one.after for one in differences(quote, dear)] == ["a: 9.00 EUR from 1, in the catalogue 13.00 EUR"]
    low, lower = (quoted(Line("MUG", 1), lists=[a_list("a", mug(minor))]) for minor in (300, 200))
    assert [one.fact for one in differences(low, lower)] == ["price list"]


# The shop.
class Accounts:
    def shopper(self, customer: str | None, email: str | None) -> Shopper:
        return Shopper(["trade"]) if customer == "acme" else Shopper()


def a_shop(*lists: PriceList, **more: Any) -> Shop:
    catalog = MemoryCatalog([MUG], taxes=german_taxes(), lists=lists)
    given: dict[str, Any] = {"policy": Policy(channels={"counter": PricingPolicy()})} | more
    return Shop(storage=MemoryStorage(), catalog=catalog, customers=Accounts(), clock=TestClock(), ids=Numbered(), **given)


def test_a_checkout_has_the_prices_of_its_customer() -> None:
    from tests.world import ADA, BERLIN

    shop = a_shop(a_list("trade", mug(900), groups=["trade"]))
    totals = []
    for customer in ("acme", "somebody"):
        cart = shop.open_cart(currency="EUR", customer=customer)
        shop.add(cart.id, sku="MUG", quantity=2)
        totals.append(shop.begin(cart.id, ship_to=BERLIN, contact=ADA).total)
    assert totals == [eur(1800), eur(2400)]


def test_a_thing_that_only_a_list_sells_can_be_put_into_a_cart() -> None:
    shop = a_shop(PriceList("japan", [PriceRow("MUG", Money(2000, "JPY"))]))
    for currency, sold in (("JPY", True), ("GBP", False)):
        cart = shop.open_cart(currency=currency)
        if sold:
            assert shop.add(cart.id, sku="MUG").lines
        else:
            with pytest.raises(Refusal, match="GBP"):
                shop.add(cart.id, sku="MUG")


def test_the_shop_window_has_the_price_of_whoever_looks() -> None:
    shop = a_shop(a_list("trade", mug(900), mug(700, 12), groups=["trade"]), a_list("counter", mug(1100), channels=["counter"]))
    assert shop.price_of("MUG", currency="EUR").price == eur(1200)
    assert shop.price_of("MUG", currency="EUR", channel="counter").price == eur(1100)
    trade = shop.price_of("MUG", currency="EUR", customer="acme")
    assert (trade.price, trade.tiers) == (eur(900), (Tier(1, eur(900)), Tier(12, eur(700))))
    assert shop.price_of("MUG", currency="EUR", customer="acme", quantity=12).price == eur(700)
    unanswered: list[dict[str, Any]] = [
        {"sku": "NONE"},
        {"currency": "GBP"},
        {"channel": "moon"},
        {"quantity": 0},
        {"quantity": True},
        {"sku": ""},
    ]
    for wrong in unanswered:
        with pytest.raises(Refusal):
            shop.price_of(**{"sku": "MUG", "currency": "EUR", **wrong})


def test_a_shop_may_have_its_prices_from_elsewhere_or_none() -> None:
    class Bare:
        def products(self, skus: Sequence[str]) -> Any:
            return {"MUG": MUG}

    class Lists:
        def prices(self, skus: Sequence[str]) -> PriceBook:
            return PriceBook([a_list("low", mug(900))])

    ports: dict[str, Any] = {"catalog": Bare(), "taxes": MemoryCatalog(()), "shipping": MemoryCatalog(())}
    assert Shop(storage=MemoryStorage(), **ports).price_of("MUG", currency="EUR").price == eur(1200)
    assert Shop(storage=MemoryStorage(), prices=Lists(), **ports).price_of("MUG", currency="EUR").price == eur(900)


# The lowest price before.
def days(first: int, end: int | None, minor: int) -> PriceRow:
    """A price from so many days before noon up to so many."""
    return mug(minor, since=NOON - first * DAY, until=None if end is None else NOON - end * DAY)


def test_the_lowest_price_of_the_30_days_before_a_reduction() -> None:
    """Directive 98/6/EC, Article 6a: a week at 9.00 within the 30 days counts, a day at 7.00 before them does not."""
    book = PriceBook([a_list("all", days(50, 40, 700), days(20, 13, 900), days(2, None, 950))])
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, book) == eur(900)
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, book, days=60) == eur(700)
    assert lowest_before(MUG, "EUR", NOON - 13 * DAY, book, days=3) == eur(900)


def test_a_price_that_began_before_the_30_days_and_reaches_into_them_counts() -> None:
    book = PriceBook([a_list("all", days(50, 31, 700), days(2, None, 950))])
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, book) == eur(700)
    later = PriceBook([a_list("all", days(50, 32, 700), days(2, None, 950))])
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, later) == eur(1200)


def test_the_price_at_the_reduction_itself_does_not_count() -> None:
    book = PriceBook([a_list("all", days(2, None, 950))])
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, book) == eur(1200)
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY + timedelta(microseconds=1), book) == eur(950)


def test_what_was_not_sold_before_has_no_price_before() -> None:
    only = evolve(MUG, prices=[Money(1, "USD")])
    assert lowest_before(only, "EUR", NOON, PriceBook([a_list("new", mug(900, since=NOON))])) is None


def test_prices_of_others_are_not_in_ones_history() -> None:
    book = PriceBook([a_list("trade", days(20, 10, 600), groups=["trade"]), a_list("all", days(2, None, 950))])
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, book) == eur(1200)
    assert lowest_before(MUG, "EUR", NOON - 2 * DAY, book, TRADE) == eur(600)


def test_the_lowest_price_agrees_with_a_look_at_every_hour() -> None:
    random = Random(11)
    for _ in range(60):
        lists, before = random_lists(random), NOON + DAY * random.randrange(-10, 5)
        hours = [before - timedelta(hours=n) for n in range(1, 30 * 24 + 1)]
        assert lowest_before(MUG, "EUR", before, PriceBook(lists), TRADE) == eur(min(brute(lists, 1, TRADE, at)[0] for at in hours))


def test_a_lowered_price_is_shown_with_the_one_before_and_the_lowest() -> None:
    book = PriceBook([a_list("all", days(20, 13, 900), mug(800, since=NOON - 2 * DAY, until=NOON + DAY))])
    shown = shown_price(MUG, "EUR", NOON, book)
    assert shown is not None
    assert (shown.price, shown.since, shown.until) == (eur(800), NOON - 2 * DAY, NOON + DAY)
    assert (shown.before, shown.lowest) == (eur(1200), eur(900))
    raised = shown_price(MUG, "EUR", NOON - 10 * DAY, book)
    assert raised is not None
    assert (raised.price, raised.since, raised.before, raised.lowest) == (eur(1200), NOON - 13 * DAY, eur(900), None)


def test_a_row_that_changes_nothing_is_no_change() -> None:
    """Two rows of one price, one after the other, are one price."""
    book = PriceBook(
        [a_list("all", days(20, 10, 900), days(10, 5, 900), mug(900, since=NOON - 5 * DAY, until=NOON + DAY), mug(900, since=NOON + DAY))]
    )
    shown = shown_price(MUG, "EUR", NOON, book)
    assert shown is not None
    assert (shown.since, shown.until, shown.lowest) == (NOON - 20 * DAY, None, eur(1200))
    always = shown_price(MUG, "EUR", NOON, NO_LISTS)
    assert always is not None
    assert (always.since, always.until, always.before, always.lowest, always.tiers) == (None, None, None, None, (Tier(1, eur(1200)),))
