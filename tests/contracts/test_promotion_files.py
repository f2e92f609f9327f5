"""promotions.toml: every benefit can be written and is read exactly; a mistake is told at its key, and what can never apply is found."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from checkout_adapters.files import BadFiles, Mistake, read_shop
from checkout_adapters.files.conditions import KINDS as CONDITION_KINDS
from checkout_adapters.files.gains import KEYS, KINDS
from checkout_core.money import Money, Ratio
from checkout_core.promotions import (
    BENEFITS,
    CONDITIONS,
    DAYS,
    FREE_SHIPPING,
    AmountOff,
    Assortment,
    Benefit,
    Bundle,
    BuyGet,
    Channel,
    Condition,
    EntryOff,
    EveryNth,
    FirstOrder,
    FreeGift,
    Hours,
    InGroup,
    InVariant,
    On,
    PaidBy,
    Part,
    Percent,
    Promotion,
    Quantity,
    SetPrice,
    SetTotal,
    ShipTo,
    Tier,
    TieredPercent,
    UnitOff,
    Window,
)
from checkout_core.promotions.benefits import Picking, Sort, UnitOrder
from checkout_core.promotions.rules import Basis
from tests.contracts.corner_shop import GOOD
from tests.contracts.test_files import PAGE

Folder = Callable[[str], Path]


TRIED = """\
[[experiments]]
id = "tea-offer"
variants = { control = 1, tenth = 1 }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes a good shop with other promotions."""

    def write(promotions: str) -> Path:
        for name, text in {**GOOD, "experiments.toml": TRIED, "promotions.toml": promotions}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def mistakes(folder: Path) -> tuple[Mistake, ...]:
    with pytest.raises(BadFiles) as caught:
        read_shop(folder)
    return caught.value.mistakes


def deal(kind: str, *lines: str) -> str:
    """A promotions.toml of one promotion: four lines that every one has, then those of its kind from line 5 on."""
    return "\n".join(["[[promotions]]", 'id = "deal"', 'name = "A deal"', f'kind = "{kind}"', *lines, ""])


ONE = 'amounts = { EUR = "1.00" }'
IN_DEALS: list[tuple[str, int, str, str]] = [
    (deal("percent", 'percent = "5"', 'amounts = { EUR = "1.00" }'), 6, "amounts", "Known: id, name, kind, percent, on, cap, max_units"),
    (deal("fixed", ONE, 'cap = { EUR = "1.00" }'), 6, "cap", "not known in a promotion of the kind fixed"),
    (deal("free_shipping", 'on = "shipping"'), 5, "on", "not known in a promotion of the kind free_shipping"),
    (deal("fixed"), 1, "amounts", "missing"),
    (deal("fixed", "amounts = {}"), 5, "amounts", "There is no amount. Give one a currency."),
    (deal("percent", 'percent = "0"'), 5, "percent", "more than 0"),
    (deal("percent", 'percent = "5"', 'on = "cart"'), 6, "on", "Use one of lines, order, shipping, order_and_shipping"),
    (deal("percent", 'percent = "5"', 'cap = { EUR = "0.00" }'), 6, "cap.EUR", "zero"),
    (deal("percent", 'percent = "5"', "max_units = 0"), 6, "max_units", "not between 1"),
    (deal("percent", 'percent = "5"', "max_units = 1", 'unit_order = "price"'), 7, "unit_order", "price_desc"),
    (deal("percent", 'percent = "5"', 'unit_order = "price_asc"'), 6, "unit_order", "Give max_units"),
    (deal("percent", 'percent = "5"', 'methods = ["parcel"]'), 6, "methods", "nothing off carriage"),
    (deal("percent", 'percent = "5"', 'on = "shipping"', 'methods = ["bike"]'), 7, "methods", "Known: parcel"),
    (deal("free_shipping", 'methods = ["parcel", "bike"]'), 5, "methods", "no method 'bike'"),
    (deal("free_shipping", "methods = []"), 5, "", "covers nothing at all"),
    (deal("tiered_percent"), 1, "tiers", "missing"),
    (deal("tiered_percent", "tiers = []"), 5, "tiers", "Give at least one"),
    (deal("tiered_percent", 'tiers = [{ reached = { EUR = "1" } }]'), 5, "tiers[1].percent", "missing"),
    (deal("tiered_percent", 'tiers = [{ reached = {}, percent = "5" }]'), 5, "tiers[1].reached", "no amount"),
    (
        deal("tiered_percent", 'tiers = [{ from = 1, reached = { EUR = "1" }, percent = "5" }]'),
        5,
        "tiers[1].from",
        "Known: reached, percent",
    ),
    (
        deal("tiered_percent", 'tiers = [{ reached = { EUR = "9" }, percent = "5" }, { reached = { EUR = "2" }, percent = "6" }]'),
        5,
        "tiers",
        "In EUR they do not rise",
    ),
    (
        deal("tiered_percent", 'tiers = [{ reached = { EUR = "1" }, percent = "5" }, { reached = { JPY = "2" }, percent = "6" }]'),
        5,
        "tiers",
        "the same currencies",
    ),
    (deal("set_total", 'amounts = { EUR = "-1.00" }'), 5, "amounts.EUR", "negative"),
    (deal("fixed_unit", 'amounts = { EUR = "0" }'), 5, "amounts.EUR", "zero"),
    (deal("fixed_line", ONE, "max_units = 1"), 6, "max_units", "not known in a promotion of the kind fixed_line"),
    (deal("set_unit"), 1, "amounts", "missing"),
    (deal("buy_get", "buy = { quantity = 2 }"), 1, "get", "missing"),
    (deal("buy_get", "buy = { quantity = 2 }", "get = {}"), 6, "get.quantity", "missing"),
    (deal("buy_get", "buy = { quantity = 2 }", 'get = { quantity = 1, skus = ["NONE"] }'), 6, "get.skus", "'NONE'"),
    (deal("buy_get", 'buy = { quantity = 2, categories = ["cups"] }', "get = { quantity = 1 }"), 5, "buy.categories", "Known: mugs"),
    (deal("buy_get", "buy = { quantity = 2, skus = [] }", "get = { quantity = 1 }"), 5, "buy", "no SKU at all"),
    (deal("buy_get", 'buy = { quantity = 2, percent = "5" }', "get = { quantity = 1 }"), 5, "buy.percent", "Known: skus"),
    (deal("buy_get", "buy = { quantity = 2 }", "get = { quantity = 1 }", 'skus = ["MUG"]'), 7, "skus", "kind buy_get"),
    (deal("group_nth", 'percent = "50"'), 1, "size", "missing"),
    (deal("group_nth", 'percent = "50"', "size = 2", "nth = 3"), 7, "nth", "A group of 2 has no unit number 3"),
    (deal("group_nth", 'percent = "50"', "size = 2", 'sort = "name"'), 7, "sort", "price_asc, price_desc"),
    (deal("group_nth", 'percent = "50"', "size = 2", 'picking = "random"'), 7, "picking", "vertical, horizontal"),
    (deal("group_nth", 'percent = "50"', "size = 2", "max_groups = 0"), 7, "max_groups", "not between 1"),
    (deal("fixed", ONE, 'minimum_skus = ["MUG"]'), 6, "minimum_skus", "Give a minimum"),
    (deal("fixed", ONE, 'minimum_basis = "original"'), 6, "minimum_basis", "Give a minimum"),
    (deal("fixed", ONE, 'skus = "MUG"'), 6, "skus", 'a list of texts, such as ["A", "B"]'),
    (deal("fixed", ONE, 'limit = "3"'), 6, "limit", "a whole number without quotes, such as 2"),
    (deal("fixed", ONE, 'exclusive = "yes"'), 6, "exclusive", "true or false, without quotes"),
    (deal("fixed", ONE, 'starts = "2026-06-01T00:00:00Z"'), 6, "starts", "without quotes, such as 2026-06-01T00:00:00Z"),
    (deal("fixed", 'amounts = "5.00"'), 5, "amounts", "a table, such as { name = value }"),
    (deal("fixed", ONE, 'minimum = { EUR = "1" }', 'minimum_skus = ["NONE"]'), 7, "minimum_skus", "'NONE'"),
    (deal("fixed", ONE, 'group = ""'), 6, "group", "empty"),
    (deal("gift", 'tiers = "?"', "nth = 7"), 4, "kind", "buy_get, group_nth"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), IN_DEALS, ids=[f"{k}: {w}" for _, _, k, w in IN_DEALS])
def test_a_mistake_in_a_kind_of_promotion_is_told_once(folder: Folder, text: str, line: int, key: str, words: str) -> None:
    """Each key belongs to its kinds; what the core calls a contradiction is told at the key, with the same cure."""
    (mistake,) = mistakes(folder(text))
    assert (mistake.file, mistake.row) == ("promotions.toml", line if key else 1)
    assert mistake.column == (f"promotions[1].{key}" if key else "promotions[1]")
    assert words in mistake.message


EUR1 = [Money(100, "EUR")]
WHEN_KEYS = ("when", "but_not", "at_least", "groups", "channels", "places", "methods", "days", "from", "to", "zone")
KINDS_READ: list[tuple[str, Benefit]] = [
    (deal("percent", 'percent = "12.5"'), Percent(Ratio(25, 2))),
    (
        deal("percent", 'percent = "5"', 'on = "lines"', 'cap = { EUR = "1.00" }', "max_units = 3", 'unit_order = "price_desc"'),
        Percent(Ratio(5), "lines", cap=EUR1, max_units=3, unit_order="price_desc"),
    ),
    (deal("fixed", ONE), AmountOff(EUR1)),
    (deal("fixed", ONE, 'on = "order_and_shipping"'), AmountOff(EUR1, "order_and_shipping")),
    (deal("free_shipping"), FREE_SHIPPING),
    (
        deal(
            "tiered_percent",
            'tiers = [{ reached = { EUR = "0", JPY = "0" }, percent = "0" }, { reached = { EUR = "1.00", JPY = "100" }, percent = "5" }]',
            'on = "lines"',
        ),
        TieredPercent(
            [Tier([Money(0, "EUR"), Money(0, "JPY")], Ratio(0)), Tier([Money(100, "EUR"), Money(100, "JPY")], Ratio(5))], "lines"
        ),
    ),
    (deal("set_total", ONE), SetTotal(EUR1)),
    (deal("set_total", 'amounts = { EUR = "0" }', 'on = "shipping"'), SetTotal([Money(0, "EUR")], "shipping")),
    (deal("fixed_unit", ONE, "max_units = 2", 'unit_order = "price_asc"'), UnitOff(EUR1, max_units=2, unit_order="price_asc")),
    (deal("fixed_line", ONE), EntryOff(EUR1)),
    (deal("set_unit", ONE), SetPrice(EUR1)),
    (
        deal("buy_get", 'buy = { quantity = 2, categories = ["tea"] }', 'get = { quantity = 1, skus = ["MUG"], percent = "50" }'),
        BuyGet(2, 1, Ratio(50), buy={"TEA"}, get={"MUG"}),
    ),
    (deal("buy_get", "buy = { quantity = 2 }", "get = { quantity = 1 }"), BuyGet(2, 1)),
    (deal("group_nth", 'percent = "100"', "size = 3"), EveryNth(3)),
    (deal("free_gift", 'sku = "TEA"'), FreeGift("TEA")),
    (deal("free_gift", 'sku = "TEA"', "quantity = 2"), FreeGift("TEA", 2)),
    (
        deal("bundle", 'parts = [{ quantity = 1, skus = ["MUG"] }, { quantity = 2, categories = ["tea"] }]', ONE, "max_bundles = 3"),
        Bundle([Part(1, {"MUG"}), Part(2, {"TEA"})], EUR1, max_bundles=3),
    ),
    (
        deal("group_nth", 'percent = "50"', "size = 3", "nth = 2", 'sort = "price_desc"', 'picking = "horizontal"', "max_groups = 4"),
        EveryNth(3, 2, Ratio(50), sort="price_desc", picking="horizontal", max_groups=4),
    ),
]


@pytest.mark.parametrize(("text", "benefit"), KINDS_READ, ids=[f"{type(b).__name__}-{n}" for n, (_, b) in enumerate(KINDS_READ)])
def test_every_kind_of_promotion_is_read_into_its_benefit(folder: Folder, text: str, benefit: Benefit) -> None:
    """With every key it has; and what is left out is what the value leaves out."""
    (promotion,) = read_shop(folder(text)).promotions
    assert promotion == Promotion("deal", "A deal", benefit)


def test_every_benefit_can_be_written() -> None:
    """Nothing the core can give is out of reach of a file, and every kind is tried above."""
    assert {type(benefit) for _, benefit in KINDS_READ} == set(BENEFITS)
    assert {re.search('kind = "(.*)"', text)[1] for text, _ in KINDS_READ} == set(KINDS)  # type: ignore[index]


def test_what_all_promotions_can_say_is_read(folder: Folder) -> None:
    """The goods and the carriage they cover, the goods a minimum is for, and the group."""
    more = ('on = "order_and_shipping"', 'skus = ["MUG"]', 'methods = ["parcel"]', 'minimum = { EUR = "9.00" }', 'minimum_skus = ["TEA"]')
    (promotion,) = read_shop(
        folder(deal("percent", 'percent = "5"', *more, 'group = "spring"', 'lane = "sets"', "full_price = true"))
    ).promotions
    assert (promotion.skus, promotion.methods) == (frozenset({"MUG"}), frozenset({"parcel"}))
    assert (promotion.minimum_skus, promotion.group) == (frozenset({"TEA"}), "spring")
    assert (promotion.lane, promotion.full_price) == ("sets", True)


def test_every_limit_is_read(folder: Folder) -> None:
    """Uses in all, by person, beyond the limit and in a window, a budget, and what a cancelled order does with them."""
    more = ("limit = 9", "per_person = 2", "over = 1", 'budget = { EUR = "100.00" }', 'when_cancelled = "kept"')
    window = 'window = { uses = 3, per = "week", zone = "Europe/Berlin", a_person = true }'
    (promotion,) = read_shop(folder(deal("percent", 'percent = "5"', *more, window))).promotions
    assert (promotion.limit, promotion.per_person, promotion.over, promotion.kept_when_cancelled) == (9, 2, 1, True)
    assert (promotion.budget, promotion.window) == ({"EUR": Money(10_000, "EUR")}, Window(3, "week", "Europe/Berlin", a_person=True))
    (plain,) = read_shop(folder(deal("percent", 'percent = "5"', 'when_cancelled = "given_back"', "limit = 1"))).promotions
    assert plain.kept_when_cancelled is False


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('window = { uses = 0, per = "day" }', "window.uses"),
        ('window = { uses = 1, per = "year" }', "window.per"),
        ('window = { uses = 1, per = "day", zone = "Moon" }', "window.zone: 'Moon' is no time zone"),
        ('window = { uses = 1, per = "day", often = 2 }', "'often' is not known"),
        ("window = 3", "window"),
        ('budget = { EUR = "0" }', "budget"),
        ("over = 1", "over: There is no limit that it could go beyond."),
        ('when_cancelled = "lost"', "when_cancelled"),
        ('when_cancelled = "kept"', "when_cancelled: Nothing of it is counted."),
    ],
)
def test_a_mistake_in_a_limit_is_told_at_its_key(folder: Folder, line: str, told: str) -> None:
    with pytest.raises(BadFiles) as bad:
        read_shop(folder(deal("percent", 'percent = "5"', line)))
    assert told in str(bad.value), bad.value


WHEN: list[tuple[str, Condition]] = [
    ('kind = "quantity", at_least = 3', Quantity(3)),
    ('kind = "quantity", at_least = 2, skus = ["TEA"], categories = ["mugs"]', Quantity(2, Assortment({"TEA"}, {"mugs"}))),
    ('kind = "in_group", groups = ["staff", "vip"]', InGroup({"staff", "vip"})),
    ('kind = "first_order"', FirstOrder()),
    ('kind = "channel", channels = ["", "counter"]', Channel({"", "counter"})),
    ('kind = "ship_to", places = ["DE", "US-CA"]', ShipTo({"DE", "US-CA"})),
    ('kind = "paid_by", methods = ["card"]', PaidBy({"card"})),
    (
        'kind = "hours", days = ["fri", "sat"], from = "22:00", to = "02:00", zone = "Europe/Berlin"',
        Hours({"fri", "sat"}, "22:00", "02:00", "Europe/Berlin"),
    ),
    ('kind = "hours", from = "09:00", to = "17:30", zone = "Asia/Kolkata"', Hours(DAYS, "09:00", "17:30", "Asia/Kolkata")),
    ('kind = "in_variant", experiment = "tea-offer", variants = ["tenth"]', InVariant("tea-offer", {"tenth"})),
]


@pytest.mark.parametrize(("text", "condition"), WHEN, ids=[text for text, _ in WHEN])
def test_every_condition_is_read(folder: Folder, text: str, condition: Condition) -> None:
    (promotion,) = read_shop(folder(deal("fixed", ONE, f"when = [{{ {text} }}]"))).promotions
    assert promotion == Promotion("deal", "A deal", AmountOff(EUR1), when=[condition])


def test_every_condition_can_be_written() -> None:
    assert {type(condition) for _, condition in WHEN} == set(CONDITIONS)
    assert {re.search('kind = "(.*?)"', text)[1] for text, _ in WHEN} == set(CONDITION_KINDS)  # type: ignore[index]


IN_WHEN: list[tuple[str, str, str]] = [
    ('kind = "birthday"', "kind", "quantity, in_group, first_order"),
    ('groups = ["vip"]', "kind", "missing"),
    ('kind = "quantity"', "at_least", "missing"),
    ('kind = "quantity", at_least = 0', "at_least", "not between 1"),
    ('kind = "quantity", at_least = 2, categories = ["cups"]', "categories", "Known: mugs, paper, tea"),
    ('kind = "quantity", at_least = 2, attributes = { colour = ["red"] }', "attributes.colour", "no column attribute_colour"),
    ('kind = "in_group", groups = []', "groups", "Name at least one"),
    ('kind = "first_order", groups = ["vip"]', "groups", "not known in a condition of the kind first_order"),
    ('kind = "ship_to", places = ["Germany"]', "places", "Write DE, or US-CA for a region"),
    ('kind = "ship_to", places = "DE"', "places", "a list of texts"),
    ('kind = "paid_by", methods = []', "methods", "Name at least one"),
    ('kind = "in_variant", experiment = "tea-ofer", variants = ["tenth"]', "experiment", "no experiment 'tea-ofer'"),
    ('kind = "in_variant", experiment = "tea-offer", variants = ["tenht"]', "variants", "Known: control, tenth"),
    ('kind = "in_variant", experiment = "tea-offer", variants = []', "variants", "Name at least one"),
    ('kind = "in_variant", experiment = "tea-offer"', "variants", "missing"),
    ('kind = "hours", from = "9", to = "17:00", zone = "Europe/Berlin"', "from", "such as 17:30"),
    ('kind = "hours", from = "17:00", to = "17:00", zone = "Europe/Berlin"', "to", "Write 00:00 and 24:00"),
    ('kind = "hours", from = "09:00", to = "17:00", zone = "Mars/Olympus"', "zone", "Europe/Berlin"),
    ('kind = "hours", days = ["friday"], from = "09:00", to = "17:00", zone = "UTC"', "days[1]", "mon, tue"),
]


@pytest.mark.parametrize(("text", "key", "words"), IN_WHEN, ids=[f"{k}: {w}" for _, k, w in IN_WHEN])
def test_a_mistake_in_a_condition_is_told_once_at_its_key(folder: Folder, text: str, key: str, words: str) -> None:
    (mistake,) = mistakes(folder(deal("fixed", ONE, f"when = [{{ {text} }}]")))
    assert mistake.row == 6
    assert mistake.column == f"promotions[1].when[1].{key}"
    assert words in mistake.message


def test_a_promotion_has_a_bounded_number_of_conditions(folder: Folder) -> None:
    """R25: what a price costs to work out has a bound."""
    (mistake,) = mistakes(folder(deal("fixed", ONE, "when = [" + '{ kind = "first_order" }, ' * 21 + "]")))
    assert "Give at most 20" in mistake.message


COLOURED = """\
sku,name,category,tax_category,weight_g,tracked,price_EUR,attribute_colour,attribute_size
MUG,"Mug, blue",mugs,standard,380,yes,12.50,blue,
CUP,"Cup, red",mugs,standard,380,yes,9.50,red,small
TEA,Tea,tea,food,130,yes,8.90,,
GUIDE,Guide,paper,standard,0,no,3.00,,
"""


def test_goods_are_covered_by_category_and_attribute_and_left_out(folder: Folder) -> None:
    """What is added to the category later is covered too: the promotion keeps the rule, not today's SKUs."""
    more = ('categories = ["mugs"]', 'attributes = { colour = ["red", "blue"], size = ["small"] }', 'but_not = { skus = ["MUG"] }')
    where = folder(deal("percent", 'percent = "5"', *more))
    (where / "products.csv").write_text(COLOURED, encoding="utf-8")
    shop = read_shop(where)
    (promotion,) = shop.promotions
    assert promotion.categories == frozenset({"mugs"})
    assert promotion.attributes == frozenset({("colour", "red"), ("colour", "blue"), ("size", "small")})
    assert promotion.but_not == Assortment({"MUG"})
    by_sku = {product.sku: product for product in shop.products}
    assert by_sku["CUP"].attributes == (("colour", "red"), ("size", "small"))
    assert [sku for sku, product in by_sku.items() if promotion.covers(sku, product)] == ["CUP"]


@pytest.mark.parametrize(
    ("more", "key", "words"),
    [
        ('attributes = { colour = ["green"] }', "attributes.colour", "Known: blue, red"),
        ('attributes = { weight = ["1"] }', "attributes.weight", "Known: colour, size"),
        ("but_not = {}", "but_not", "names no goods"),
        ("but_not = { groups = [] }", "but_not.groups", "Known: skus, categories, attributes"),
    ],
)
def test_a_mistake_in_what_is_covered_is_told_at_its_key(folder: Folder, more: str, key: str, words: str) -> None:
    where = folder(deal("percent", 'percent = "5"', more))
    (where / "products.csv").write_text(COLOURED, encoding="utf-8")
    found = [mistake for mistake in mistakes(where) if mistake.file == "promotions.toml"]
    assert found[0].column == f"promotions[1].{key}"
    assert words in found[0].message


def test_promotions_that_no_cart_can_get_are_found_with_place_and_cure(folder: Folder) -> None:
    """The files are good as they are: what is over, or for a currency without prices, is told apart from mistakes."""
    dollars = deal("fixed", 'amounts = { USD = "5.00" }').replace('"deal"', '"dollars"')
    shop = read_shop(folder(deal("percent", 'percent = "5"', "ends = 2026-01-01T00:00:00Z") + dollars))
    over, foreign = shop.idle(datetime(2026, 1, 1, tzinfo=UTC))
    assert str(over) == "promotions.toml:1: ends: Promotion deal: it has ended at 2026-01-01 00:00 UTC. Take it out, or let it end later."
    assert (foreign.row, foreign.column) == (7, "currencies")
    assert "amounts: USD; skus: EUR, JPY" in foreign.message
    assert shop.idle(datetime(2025, 12, 31, tzinfo=UTC)) == (foreign,)


def test_the_page_names_every_key_and_word_of_a_promotion() -> None:
    """Whatever can be written has its place on the page about the files."""
    of_all = ("id", "name", "kind", "code", "starts", "ends", "minimum", "minimum_basis", "minimum_skus", "limit", "per_person")
    words = {word for choice in (On, UnitOrder, Sort, Picking, Basis) for word in get_args(choice)}
    for known in {*KINDS, *KEYS, *of_all, *words, *CONDITION_KINDS, *WHEN_KEYS, "priority", "exclusive", "group", "quantity", "reached"}:
        assert re.search(rf"`[^`]*\b{known}\b[^`]*`", PAGE), known


def test_the_promotions_on_the_page_are_read(folder: Folder) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    third, tea = read_shop(folder(example.replace("teapots", "mugs"))).promotions
    assert third.benefit == EveryNth(3, percent=Ratio(50))
    assert tea.benefit == BuyGet(1, 1, buy={"MUG"}, get={"TEA"})
