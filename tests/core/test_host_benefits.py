"""A host's own benefit: asked once, checked to the last unit, and a class that misbehaves neither gives anything away nor stops a sale."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from attrs import evolve, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from checkout_adapters.files import BadFiles, read_shop
from checkout_cli.rendering.benefits import benefit_words
from checkout_cli.rendering.coupons import kind_of
from checkout_cli.rendering.receipts import quote_data
from checkout_core import Product, Promotion, Ratio, Refused, codec, plugins
from checkout_core.cart import Line
from checkout_core.codec import Unreadable, decode, encode
from checkout_core.customers import Destination
from checkout_core.difference import differences
from checkout_core.errors import BadSetting
from checkout_core.pricing import Basket, Facts, Quote, intact, price
from checkout_core.promotions import AmountOff, Answer, Entry, HostBenefit, On, Percent, Told, UnitOff, stack
from checkout_core.promotions.asking import ENTRIES_AT_MOST
from checkout_core.quote import hash_of
from checkout_core.receipt import figures_of, receipt_of, recompute
from checkout_core.sheet import Sheet
from checkout_core.shipping import ShippingOption
from checkout_core.why_not import why
from tests.cli.price_pictures import drawn
from tests.contracts.corner_shop import GOOD
from tests.world import NOON, eur

MUG = Product("MUG", "Mug", [eur(1250)])
TEA = Product("TEA", "Tea", [eur(530)])
GOLD = Product("GOLD", "Gold", [eur(9000)], floors=[eur(8990)])


@frozen
class WholeEuros:
    """Every line down to a multiple of so many minor units."""

    step: int
    on: On = "lines"

    def __attrs_post_init__(self) -> None:
        if type(self.step) is not int or self.step < 1:
            raise BadSetting("step", f"it is a whole number above 0, not {self.step!r}", "Write 100 for whole euros.")

    @property
    def words(self) -> str:
        return f"every line down to a multiple of {self.step}"

    def takes(self, entries: tuple[Entry, ...]) -> Answer:
        return {entry.at: entry.current % self.step for entry in entries}


@frozen(eq=False)
class Says:
    """Answers what it is told to, and notes what it was asked about."""

    answer: Any
    asked: list[tuple[Entry, ...]] = field(factory=list)
    on: On = "lines"
    words: str = "as it likes"

    def takes(self, entries: tuple[Entry, ...]) -> Answer:
        self.asked.append(entries)
        return self.answer(entries) if callable(self.answer) else self.answer  # type: ignore[no-any-return]


def quote(*deals: Promotion, codes: tuple[str, ...] = (), more: Mapping[str, Any] | None = None) -> Any:
    lines = (Line("MUG", 2), Line("TEA", 3))
    basket = Basket("EUR", lines, Destination("DE"), shipping=("post",), codes=codes)
    shipping = (ShippingOption("post", "Post", eur(490), "standard"),)
    goods = {"MUG": MUG, "TEA": TEA}
    return price(basket, Facts(goods, deals, {"standard": ()}, shipping, **(more or {})), NOON)


def deal(benefit: HostBenefit, id: str = "own", **more: Any) -> Promotion:
    return Promotion(id, "Own", benefit, **more)


def taken(priced: Quote) -> list[tuple[str, tuple[int, ...]]]:
    return [(used.id, used.shares) for used in priced.promotions]


# What it takes.
def test_it_takes_off_each_entry_what_it_answers() -> None:
    priced = quote(deal(WholeEuros(1000)))
    assert taken(priced) == [("own", (500, 590))]
    assert priced.totals.discount == 1090
    assert intact(priced)


def test_a_sum_is_shared_out_by_the_policy_of_the_shop() -> None:
    """R14: nothing is lost; here in proportion, 25.00 to 15.90, and what is left over to the larger remainder."""
    priced = quote(deal(Says(100)))
    assert taken(priced) == [("own", (61, 39))]


def test_it_sees_what_earlier_promotions_left() -> None:
    own = Says({})
    quote(Promotion("first", "First", UnitOff([eur(100)]), priority=1, skus=["MUG"]), deal(own))
    (entries,) = own.asked
    assert [(e.at, e.key, e.quantity, e.original, e.current, e.currency, e.product) for e in entries] == [
        (0, "MUG", 2, 2500, 2300, "EUR", MUG),
        (1, "TEA", 3, 1590, 1590, "EUR", TEA),
    ]


@pytest.mark.parametrize(("on", "keys"), [("lines", ["TEA"]), ("shipping", ["post"]), ("order_and_shipping", ["TEA", "post"])])
def test_it_is_asked_about_what_it_covers_alone(on: On, keys: list[str]) -> None:
    own = Says({}, on=on)
    quote(deal(own, skus=["TEA"]))
    assert [entry.key for entry in own.asked[0]] == keys


def test_a_floor_holds_whatever_it_answers() -> None:
    """OB-2: what a floor protects stays, and the rest of the answer is taken."""
    sheet = Sheet("EUR", 2, ["GOLD", "TEA"], [9000, 530], [1, 1], [8990, 0])
    stacked = stack([deal(Says({0: 500, 1: 30}))], sheet, NOON)
    assert stacked.applied[0][1].shares == (10, 30)


def test_credits_are_not_its_business() -> None:
    """G6: a surcharge or credit is never discounted, so nobody is asked about it."""
    own = Says({1: 30})
    stacked = stack([deal(own)], Sheet("EUR", 2, ["BACK", "TEA"], [-100, 530], [1, 1]), NOON)
    assert [entry.key for entry in own.asked[0]] == ["TEA"]
    assert stacked.applied[0][1].shares == (0, 30)
    assert stacked.applied[0][1].entries == (0, 1)


def test_budgets_groups_lanes_and_exclusion_are_the_shops() -> None:
    """The best of a group takes each line, an exclusive one shuts the others out, a budget is never overdrawn."""
    rival = Promotion("rival", "Rival", Percent(Ratio(30), "lines"), group="g")
    assert taken(quote(deal(WholeEuros(1000), group="g"), rival)) == [("own", (0, 590)), ("rival", (750, 0))]
    other = Promotion("other", "Other", AmountOff([eur(100)]))
    assert taken(quote(other, deal(WholeEuros(1000), exclusive=True))) == [("own", (500, 590))]
    spent = quote(deal(WholeEuros(1000), budget=[eur(5000)]), more={"budgets": {"own": 1089}})
    assert spent.near_misses == (Refused("budget-spent", "own", "10.89 EUR"),)


# What it costs.
def test_it_is_asked_once_for_a_quote_whatever_becomes_of_it() -> None:
    """R25: one call a promotion and quote, also for an exclusive one that took nothing and comes to its turn again."""
    idle, rivals, lone = Says({}), (Says({0: 5}), Says({0: 6})), Says({0: 7})
    quote(
        deal(idle, "idle", exclusive=True),
        deal(rivals[0], "a", group="g"),
        deal(rivals[1], "b", group="g"),
        deal(lone, "lone", exclusive=True, lane="other"),
        deal(broken := Says("x"), "broken", exclusive=True, group="h"),
        deal(untyped := Says({0: 1}), "untyped", code="CODE"),
    )
    assert [len(own.asked) for own in (idle, *rivals, lone, broken, untyped)] == [1, 1, 1, 1, 1, 0]


def test_it_is_asked_about_a_bounded_number_of_entries() -> None:
    """R25: for more than that it does not apply, and says so."""
    own = Says(1)
    at_most = Sheet("EUR", ENTRIES_AT_MOST, ["TEA"] * ENTRIES_AT_MOST, [530] * ENTRIES_AT_MOST, [1] * ENTRIES_AT_MOST)
    assert stack([deal(own)], at_most, NOON).applied
    more = ENTRIES_AT_MOST + 1
    stacked = stack([deal(own)], Sheet("EUR", more, ["TEA"] * more, [530] * more, [1] * more), NOON)
    assert stacked.refused[0][1] == Refused("too-many-entries", "own", str(more), limit=ENTRIES_AT_MOST)
    assert len(own.asked) == 1


# A class that misbehaves.
def raising(entries: object) -> Answer:
    raise KeyError("anna@example.org")


BROKEN: list[tuple[Any, str]] = [
    (None, "it answered a NoneType, not a sum or amounts by position"),
    ([500, 590], "it answered a list"),
    (1.5, "it answered a float"),
    (True, "it answered a bool"),
    (-1, "it took -1 in all, where 0 to 4090 can be taken"),
    (4091, "it took 4091 in all"),
    ({0: -1}, "it took -1 off entry 0, where 0 to 2500 can be taken"),
    ({0: 2501}, "it took 2501 off entry 0"),
    ({0: 5.0}, "it took a float off entry 0, not a whole number of minor units"),
    ({0: True}, "it took a bool off entry 0"),
    ({2: 1}, "it answered for an entry that it does not cover"),
    ({"MUG": 1}, "it answered for an entry that it does not cover"),
    ({True: 1}, "it answered for an entry that it does not cover"),
    ({0: 1, 1: 1, 2: 1}, "it answered 3 amounts for 2 entries"),
    (raising, "it raised KeyError"),
]


@pytest.mark.parametrize(("answer", "told"), BROKEN, ids=[told for _, told in BROKEN])
def test_a_wrong_answer_takes_nothing_and_the_sale_goes_on(answer: Any, told: str) -> None:
    """The reason names promotion and class; nothing of what was raised is repeated, it may be about a person (R24)."""
    priced = quote(deal(Says(answer)), Promotion("other", "Other", AmountOff([eur(100)])))
    assert [used.id for used in priced.promotions] == ["other"]
    (missed,) = priced.near_misses
    assert (missed.reason, missed.subject) == ("broken-rule", "own")
    assert missed.given.startswith(f"Says: {told}")
    assert "anna" not in str(missed)


def test_a_typed_code_of_a_broken_class_is_refused_aloud() -> None:
    """Who typed a code is told that it does nothing, before paying the higher price."""
    (refused,) = quote(deal(Says(None), code="OWN"), codes=("OWN",))
    assert (refused.reason, refused.subject) == ("broken-rule", "OWN")


@pytest.mark.parametrize("words", ["", "x" * 201, "two\nlines", None])
def test_words_that_are_none_are_a_broken_rule_too(words: Any) -> None:
    assert quote(deal(Says({0: 1}, words=words))).near_misses[0].reason == "broken-rule"


def test_why_says_what_is_broken() -> None:
    own = deal(Says(None))
    found = why(own, Basket("EUR", (Line("MUG", 1),)), Facts({"MUG": MUG}, (own,)), NOON)
    assert found.takes is None
    assert [(check.what, check.refused.reason) for check in found.checks if check.refused] == [("rule", "broken-rule")]


@frozen
class Wordless:
    on: On = "lines"

    def takes(self, entries: tuple[Entry, ...]) -> Answer:
        return 0


@frozen
class Elsewhere(WholeEuros):
    on: Any = "the moon"


@frozen
class Nested(Wordless):
    """Frozen, around something that is not: a shop keeps its promotions by value."""

    amounts: Any = field(factory=dict)
    words: str = "so much"


@frozen(hash=False, eq=True)
class Loose(WholeEuros):
    """Of equal ones, but without a hash."""

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("benefit", "problem"),
    [
        (Wordless(), "Wordless has no 'words'"),
        (Elsewhere(1), "Elsewhere is on 'the moon', which is not one of lines, order"),
        (Loose(1), "Loose is not frozen all through"),
        (Nested(), "Nested is not frozen all through"),
        (Told("X", "x", "lines", (1,)), "Told is no benefit"),
        ("text", "str is no benefit"),
    ],
)
def test_what_is_no_benefit_is_refused_when_the_promotion_is_made(benefit: Any, problem: str) -> None:
    with pytest.raises(BadSetting, match=problem):
        deal(benefit)


ANSWERS = st.one_of(
    st.integers(-10, 5000),
    st.dictionaries(st.integers(-1, 4), st.one_of(st.integers(-10, 2600), st.booleans(), st.floats()), max_size=5),
    st.lists(st.integers()),
    st.none(),
)


@given(ANSWERS, st.sampled_from(["lines", "order", "shipping", "order_and_shipping"]), st.sampled_from([None, "g"]))
def test_whatever_it_answers_nothing_is_below_zero_and_all_is_worked_out_again(answer: Any, on: On, group: str | None) -> None:
    """R14, G6: an answer is taken to the minor unit, or not at all."""
    priced = quote(deal(Says(answer, on=on), group=group), Promotion("other", "Other", Percent(Ratio(10)), group=group))
    assert all(0 <= entry.discount <= entry.subtotal for entry in (*priced.lines, *priced.shipping))
    assert recompute(receipt_of(priced)) == figures_of(priced)
    own = [used.amount for used in priced.promotions if used.id == "own"]
    if group is None and own:
        assert own == [answer if isinstance(answer, int) else sum(answer.values())]


# Replayed without the class.
def gone(group: str) -> Mapping[str, type]:
    return MappingProxyType({})


def test_a_quote_is_read_and_worked_out_again_without_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """R7: what was sold stays explained when the class has gone; also the answer that a rival of its group beat on one line."""
    rival = Promotion("rival", "Rival", Percent(Ratio(30), "lines"), group="g")
    priced = quote(deal(WholeEuros(1000), group="g"), rival, Promotion("last", "Last", Percent(Ratio(5))))
    monkeypatch.setattr(plugins, "classes", gone)
    monkeypatch.setattr(WholeEuros, "takes", raising)
    again = decode(Quote, encode(priced))
    assert (again, again.hash) == (priced, priced.hash)
    assert again.promotions[0].benefit == Told("WholeEuros", "every line down to a multiple of 1000", "lines", (500, 590))
    assert recompute(receipt_of(again)) == figures_of(priced)
    rows = [row for row in receipt_of(again).rows if row.step == "discount"]
    assert (rows[0].rule, rows[0].figure) == ("WholeEuros", 590)
    assert benefit_words(again.promotions[0].benefit) == "every line down to a multiple of 1000"


def test_a_picture_and_the_data_of_a_price_say_it_in_the_words_of_the_class() -> None:
    """A line says by which rule it became cheaper, as with ours; nothing is guessed about how the class came to its figure."""
    priced = quote(deal(WholeEuros(1000)))
    picture = drawn(priced)
    assert picture.count("every line down to a multiple of 1000") == 3  # at each line, and where the discounts are told
    assert "None" not in picture
    data: Any = quote_data(priced)
    (told,) = data["promotions"]
    assert told["benefit"]["kind"] == "WholeEuros"
    assert (told["benefit"]["words"], told["benefit"]["shares"]) == ("every line down to a multiple of 1000", [500, 590])


@pytest.mark.parametrize(
    ("change", "facts"),
    [
        ({"name": "Other"}, ["rule"]),
        ({"words": "otherwise"}, ["rule"]),
        ({"on": "order"}, ["rule"]),
        ({"shares": (500, 591)}, ["answer"]),
    ],
)
def test_each_field_of_an_answer_is_in_the_hash_and_in_the_difference(change: dict[str, Any], facts: list[str]) -> None:
    """R7: no two prices with different reasons are taken for one."""
    priced = quote(deal(WholeEuros(1000)))
    (used,) = priced.promotions
    other = evolve(priced, promotions=(evolve(used, benefit=evolve(used.benefit, **change)),))
    assert not intact(other)
    other = evolve(other, hash=hash_of(other))
    assert [each.fact for each in differences(priced, other)] == facts


# Stored, and in files.
def registered(group: str) -> Mapping[str, type]:
    return {"whole-euros": WholeEuros} if group == plugins.BENEFITS else {}


def test_a_promotion_is_kept_under_the_name_of_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a database has is read with the class that is registered under that name; without it, it cannot be read, and nobody guesses."""
    own = deal(WholeEuros(1000), skus=["MUG"])
    with pytest.raises(TypeError, match=r"WholeEuros is not registered under checkout_core\.benefits"):
        encode(own)
    monkeypatch.setattr(plugins, "classes", registered)
    text = encode(own)
    assert '"benefit":{"on":"lines","step":1000,"type":":whole-euros"}' in text
    assert decode(Promotion, text) == own
    assert kind_of(own.benefit) == "whole-euros"
    monkeypatch.setattr(plugins, "classes", gone)
    with pytest.raises(Unreadable, match=r"benefit\.type"):
        decode(Promotion, text)
    assert codec.VERSIONS["promotion"] == 2


DEAL = '[[promotions]]\nid = "own"\nname = "Own"\nkind = "whole-euros"\n'
Write = Callable[[str], Path]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    monkeypatch.setattr(plugins, "classes", registered)

    def write(more: str) -> Path:
        for name, text in GOOD.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / "promotions.toml").write_text(DEAL + more, encoding="utf-8")
        return tmp_path

    return write


def test_it_is_written_into_a_file_with_its_fields_below_with(shop: Write) -> None:
    (promotion,) = read_shop(shop('with = { step = 100 }\ncode = "ROUND"\n')).promotions
    assert promotion == Promotion("own", "Own", WholeEuros(100), code="ROUND")


@pytest.mark.parametrize(
    ("more", "column", "words"),
    [
        ("with = { step = 0 }\n", "with.step", "Write 100 for whole euros"),
        ("with = { step = 100, stop = 1 }\n", "with.stop", "not known among the fields of WholeEuros"),
        ("", "with", "WholeEuros does not take these values"),
        ("with = 100\n", "with", "a table"),
        ("step = 100\nwith = { step = 100 }\n", "step", "not known in a promotion of the kind whole-euros"),
        ('with = { step = 100 }\nmethods = ["parcel"]\n', "methods", "It takes nothing off carriage"),
        ('with = { step = 100, on = "moon" }\n', "kind", "is on 'moon'"),
    ],
)
def test_a_mistake_in_its_fields_is_told_once_at_its_key(shop: Write, more: str, column: str, words: str) -> None:
    with pytest.raises(BadFiles) as bad:
        read_shop(shop(more))
    (mistake,) = bad.value.mistakes
    assert mistake.column == f"promotions[1].{column}"
    assert words in mistake.message
