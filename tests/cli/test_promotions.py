"""Promotions on the screen: any benefit in plain words, and those that no cart can get."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checkout_cli.output import console
from checkout_cli.rendering.benefits import benefit_words
from checkout_cli.rendering.coupons import KINDS, Coupon, coupon_data, coupon_words, takes_off
from checkout_core.money import Money, Ratio
from checkout_core.promotions import (
    BENEFITS,
    FREE_SHIPPING,
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    Part,
    Percent,
    Promotion,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from tests.cli.conftest import EXAMPLES, Command


def eur(cents: int) -> list[Money]:
    return [Money(cents, "EUR")]


TWO = [Money(200, "EUR"), Money(250, "USD")]
WORDS: list[tuple[Benefit, str]] = [
    (Percent(Ratio(10)), "10 % off the order"),
    (Percent(Ratio(25, 2), "lines", cap=eur(500)), "12.5 % off each line, at most 5.00 EUR in all"),
    (Percent(Ratio(50), "shipping"), "50 % off the carriage"),
    (Percent(Ratio(100), "shipping", cap=eur(500)), "100 % off the carriage, at most 5.00 EUR in all"),
    (Percent(Ratio(5), "order_and_shipping"), "5 % off the order with its carriage"),
    (Percent(Ratio(10), max_units=1), "10 % off at most 1 unit"),
    (Percent(Ratio(10), max_units=3, unit_order="price_desc"), "10 % off at most 3 units, dearest first"),
    (FREE_SHIPPING, "free carriage"),
    (FreeGift("BAG", 2), "2 BAG as a gift"),
    (TieredPercent([Tier(eur(0), Ratio(5)), Tier(eur(5000), Ratio(10))]), "5 % off the order, 10 % from 50.00 EUR"),
    (TieredPercent([Tier(TWO, Ratio(5))], "lines", cap=eur(900)), "5 % off each line from 2.00 EUR or 2.50 USD, at most 9.00 EUR in all"),
    (AmountOff(TWO), "2.00 EUR or 2.50 USD off the order"),
    (AmountOff(TWO, "lines"), "2.00 EUR or 2.50 USD off the goods"),
    (SetTotal(eur(2000)), "20.00 EUR for the order"),
    (SetTotal(eur(0), "shipping"), "0.00 EUR for the carriage"),
    (UnitOff(eur(200)), "2.00 EUR off each unit"),
    (UnitOff(eur(200), max_units=3, unit_order="price_asc"), "2.00 EUR off each of at most 3 units, cheapest first"),
    (EntryOff(eur(200)), "2.00 EUR off each line"),
    (EntryOff(eur(200), "shipping"), "2.00 EUR off each parcel"),
    (EntryOff(eur(200), "order_and_shipping"), "2.00 EUR off each line and parcel"),
    (SetPrice(eur(999)), "9.99 EUR for each unit"),
    (BuyGet(2, 1), "buy 2, get 1 free"),
    (BuyGet(2, 1, buy={"MUG"}, get={"TEA"}), "buy 2 of MUG, get 1 of TEA free"),
    (BuyGet(2, 1, Ratio(50), get={"TEA", "MUG"}), "buy 2 of anything, get 1 of MUG or TEA 50 % off"),
    (BuyGet(2, 1, buy={"A", "B", "C", "D"}), "buy 2 of 4 products, get 1 of anything free"),
    (Bundle([Part(1, {"POT"}), Part(2, {"A", "B"})], TWO), "1 of POT with 2 of A or B for 2.00 EUR or 2.50 USD"),
    (Bundle([Part(3, {"A", "B", "C", "D"})], eur(900), max_bundles=2), "3 of 4 products for 9.00 EUR, at most 2 in all"),
    (EveryNth(3, 3, Ratio(50)), "every 3rd unit 50 % off, counted from the cheapest"),
    (EveryNth(4, 2, sort="price_desc"), "the 2nd of every 4 units free, counted from the dearest"),
    (EveryNth(12, 11, max_groups=2), "the 11th of every 12 units free, counted from the cheapest, at most 2 in all"),
    (EveryNth(22, 21), "the 21st of every 22 units free, counted from the cheapest"),
    (EveryNth(3, picking="horizontal"), "for every 3 units 1 free, the cheapest of all"),
    (EveryNth(2, 2, picking="horizontal"), "every 2nd unit free, counted from the cheapest"),
]


@pytest.mark.parametrize(("benefit", "words"), WORDS, ids=[words for _, words in WORDS])
def test_what_a_promotion_takes_off_is_said_in_plain_words(benefit: Benefit, words: str) -> None:
    assert benefit_words(benefit) == words


def test_every_benefit_has_its_words_and_its_kind() -> None:
    assert {type(benefit) for benefit, _ in WORDS} == set(KINDS) == set(BENEFITS)


def test_a_promotion_for_some_goods_does_not_say_that_the_order_is_cheaper() -> None:
    """Which goods those are stands beside it."""
    assert benefit_words(Percent(Ratio(10)), everything=False) == "10 % off the goods it covers"
    assert benefit_words(FREE_SHIPPING, everything=False) == "100 % off the carriage it covers"
    assert takes_off(Promotion("deal", "A deal", AmountOff(eur(500)), skus={"TEA"})) == "5.00 EUR off the goods it covers"
    assert takes_off(Promotion("deal", "A deal", FREE_SHIPPING, skus={"TEA"})) == "free carriage"
    assert takes_off(Promotion("deal", "A deal", FREE_SHIPPING, methods={"bike"})) == "100 % off the carriage it covers"


def test_of_amounts_in_many_currencies_one_can_be_asked_for() -> None:
    """A receipt is in one currency."""
    assert benefit_words(AmountOff(TWO), "USD") == "2.50 USD off the order"


RICH = Promotion(
    "tea-time",
    "Tea time",
    UnitOff(eur(200), "order_and_shipping", max_units=2),
    skus={"TEA"},
    methods={"parcel"},
    minimum=eur(2000),
    minimum_skus={"MUG"},
    group="spring",
)


def test_a_coupon_shows_what_its_rule_says() -> None:
    """The goods and carriage it covers, what its minimum is for, and its group."""
    with (screen := console()).capture() as shown:
        for part in coupon_words(Coupon("tea-time", RICH, None)):
            screen.print(part)
    said = " ".join(shown.get().split())
    for words in (
        "takes off 2.00 EUR off each of at most 2 units",
        "covers TEA; sent by parcel",
        "needs at least 20.00 EUR of MUG",
        "the best of the group spring counts for each line",
    ):
        assert words in said


def test_a_coupon_names_what_is_bought_and_what_is_cheaper() -> None:
    """However many they are: the few words of the list only count them."""
    tea = BuyGet(1, 1, Ratio(100), buy={"POT"}, get={"A", "B", "C", "D"})
    with (screen := console()).capture() as shown:
        for part in coupon_words(Coupon("deal", Promotion("deal", "A deal", tea), None)):
            screen.print(part)
    said = " ".join(shown.get().split())
    assert "get 1 of 4 products free" in said
    assert "to be bought POT made cheaper A, B, C, D" in said


@pytest.mark.parametrize(
    ("benefit", "kind", "percent", "amounts"),
    [
        (FREE_SHIPPING, "free_shipping", "100", []),
        (Percent(Ratio(10)), "percent", "10", []),
        (AmountOff(eur(500)), "fixed", None, [{"minor": 500, "currency": "EUR"}]),
        (BuyGet(2, 1, Ratio(50)), "buy_get", "50", []),
    ],
)
def test_the_data_of_a_coupon_names_its_kind_as_the_files_do(benefit: Benefit, kind: str, percent: str | None, amounts: object) -> None:
    data = coupon_data(Coupon("deal", Promotion("deal", "A deal", benefit), None))
    assert (data["kind"], data["percent"], data["amounts"]) == (kind, percent, amounts)
    assert data["takes_off"] == benefit_words(benefit)


def test_what_is_no_longer_in_the_catalogue_has_no_benefit() -> None:
    data = coupon_data(Coupon("gone", None, None))
    assert (data["kind"], data["takes_off"], data["percent"], data["amounts"]) == (None, None, None, [])


def test_shop_check_names_promotions_that_no_cart_can_get(checkout: Command, tmp_path: Path) -> None:
    """With file, line, reason and cure, in words and as data; the files can be used, so it ends well."""
    shutil.copytree(EXAMPLES / "shop", shop := tmp_path / "shop")
    file = shop / "promotions.toml"
    file.write_text('[[promotions]]\nid = "francs"\nname = "5 francs"\nkind = "fixed"\namounts = { CHF = "5.00" }\n', encoding="utf-8")
    said = checkout("shop", "check", shop)
    assert said.code == 0
    assert "No mistakes." in said.out
    assert "promotions.toml:1: currencies: Promotion francs" in " ".join(said.out.split())
    (idle,) = checkout("shop", "check", shop, "--json").data["shop"]["idle"]
    assert (idle["file"], idle["row"], idle["column"]) == ("promotions.toml", 1, "currencies")
    assert idle["message"].endswith("Give prices and amounts in one currency.")
    file.write_text("promotions = []\n", encoding="utf-8")
    assert checkout("shop", "check", shop, "--json").data["shop"]["idle"] == []


def test_the_sale_of_last_year_in_the_example_shop_is_over(checkout: Command) -> None:
    idle = checkout("shop", "check", EXAMPLES / "shop", "--json").data["shop"]["idle"]
    assert ("ends", "Promotion summer-2025: it has ended at 2025-09-01 00:00 UTC.") in [
        (one["column"], one["message"].partition(" Take")[0]) for one in idle
    ]


def test_a_coupon_shows_its_budget_its_window_and_what_is_left(checkout: Command, tmp_path: Path) -> None:
    """By `coupon show`, from a database: what is spent and held of the money and of the uses of today; the rule alone has no numbers."""
    shutil.copytree(EXAMPLES / "shop", shop := tmp_path / "shop")
    (shop / "promotions.toml").write_text(
        '[[promotions]]\nid = "deal"\nname = "Deal"\nkind = "percent"\npercent = "10"\ncode = "DEAL"\nlimit = 9\nover = 1\n'
        'budget = { EUR = "100.00", USD = "90.00" }\nwindow = { uses = 3, per = "day" }\nwhen_cancelled = "kept"\n',
        encoding="utf-8",
    )
    db = tmp_path / "shop.db"
    assert checkout("init", "--db", db, "--yes").code == 0
    assert checkout("shop", "load", shop, "--db", db, "--yes").code == 0
    data = checkout("coupon", "show", "deal", "--db", db, "--json").data["coupon"]
    assert [(one["budget"]["minor"], one["spent"]["minor"], one["held"]["minor"], one["left"]["minor"]) for one in data["budgets"]] == [
        (10_000, 0, 0, 10_000),
        (9_000, 0, 0, 9_000),
    ]
    assert data["window"] == {"uses": 3, "per": "day", "zone": "UTC", "a_person": False, "used": 0, "held": 0}
    assert data["when_cancelled"] == "kept"
    words = " ".join(checkout("coupon", "show", "deal", "--db", db).out.split())
    for said in (
        "beyond it 1 more for those who were promised one in time",
        "limit in time 3 a day, by the calendar of UTC",
        "budget 100.00 EUR: 0.00 EUR spent, 0.00 EUR held, 100.00 EUR left; 90.00 USD: 0.00 USD spent",
        "when cancelled its uses are not given back",
        "in this window 0 used, 0 held",
    ):
        assert said in words, said
    rule = checkout("promotion", "show", "deal", "--shop", shop, "--json").data["promotion"]
    assert (rule["window"], [one["minor"] for one in rule["budget"]]) == ("3 a day, by the calendar of UTC", [10_000, 9_000])
    assert "budget 100.00 EUR; 90.00 USD" in " ".join(checkout("promotion", "show", "deal", "--shop", shop).out.split())
