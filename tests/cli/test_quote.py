"""`checkout quote`: a cart in the shop's words or as a worked cart, its choices, its mistakes, and what it is expected to cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from tests.cli.conftest import EXAMPLES, Command

SHOP: Final = EXAMPLES / "shop"
VECTORS: Final = Path(__file__).parents[1] / "vectors"
VAT: Final = {"code": "VAT", "rate": "0.19", "included": True}
WORKED: Final[dict[str, Any]] = {
    "id": "two-mugs",
    "kind": "cart",
    "currency": "EUR",
    "lines": [{"id": "MUG", "unit_amount": 1250, "quantity": 2, "tax": [VAT]}],
    "promotions": [{"id": "TEN", "type": "percent", "target": "order", "value": "10"}],
    "expected": {"totals": {"total": 2250, "tax_total": 359}, "promotions": {"TEN": 250}},
}
OWN: Final = """
currency = "EUR"
shipping = ["standard"]
codes = ["welcome10"]
ship_to = { country = "DE", postcode = "10119" }
[[lines]]
sku = "TEA-EARL-GREY-100"
quantity = 2
[[lines]]
sku = "MUG-STONE-GREY-350"
[[gift_cards]]
id = "GC-1"
balance = "5.00"
[policy]
cash = { increment = 5 }
"""


def written(folder: Path, case: object, name: str = "case.json") -> Path:
    path = folder / name
    path.write_text(case if isinstance(case, str) else json.dumps(case), encoding="utf-8")
    return path


def worked(**changes: object) -> dict[str, Any]:
    return deepcopy(WORKED) | changes


# In the shop's own words.
def test_gift_cards_and_a_policy_of_its_own_belong_to_a_described_cart(checkout: Command, tmp_path: Path) -> None:
    said = checkout("quote", written(tmp_path, OWN, "cart.toml"), "--shop", SHOP, "--json").data["quote"]
    assert {name: said["totals"][name]["minor"] for name in ("total", "cards", "rounded", "due")} == {
        "total": 3433,
        "cards": 500,
        "rounded": 2,
        "due": 2935,
    }
    assert said["policy"]["cash"] == {"increment": 5, "mode": "half_up"}
    assert sum(row["amount"]["minor"] for row in said["rows"]) == 2935
    (card,) = said["gift_cards"]
    assert (card["id"], card["used"]["minor"], card["remaining"]["minor"]) == ("GC-1", 500, 0)


def test_one_shipping_method_may_stand_alone_or_in_a_list(checkout: Command, tmp_path: Path) -> None:
    one = checkout("quote", written(tmp_path, OWN, "a.toml"), "--shop", SHOP, "--json").data["quote"]
    text = OWN.replace('["standard"]', '"standard"')
    other = checkout("quote", written(tmp_path, text, "b.toml"), "--shop", SHOP, "--json").data["quote"]
    assert one["hash"] == other["hash"]
    two = OWN.replace('["standard"]', '["standard", "express"]')
    both = checkout("quote", written(tmp_path, two, "c.toml"), "--shop", SHOP, "--json").data["quote"]
    assert [sent["method"] for sent in both["shipping"]] == ["standard", "express"]


def test_the_carts_choices_go_before_those_of_the_configuration_and_leave_the_others(checkout: Command, tmp_path: Path) -> None:
    config = written(tmp_path, '[pricing]\nallocation = "floor_first"\ncash = { increment = 10 }\n', "checkout.toml")
    case = written(tmp_path, OWN, "cart.toml")
    policy = checkout("quote", case, "--shop", SHOP, "--config", config, "--json").data["quote"]["policy"]
    assert policy["allocation"] == "floor_first"
    assert policy["cash"]["increment"] == 5


def test_a_cart_can_be_priced_as_in_a_channel(checkout: Command, tmp_path: Path) -> None:
    config = written(tmp_path, '[channels.counter.pricing]\nallocation = "floor_last"\n', "checkout.toml")
    case = written(tmp_path, OWN, "cart.toml")
    said = checkout("quote", case, "--shop", SHOP, "--config", config, "--channel", "counter", "--json").data["quote"]
    assert said["policy"]["allocation"] == "floor_last"
    unknown = checkout("quote", case, "--shop", SHOP, "--config", config, "--channel", "moon")
    assert unknown.code == 2
    assert "counter" in unknown.err


def test_a_cart_can_be_priced_as_at_another_moment(checkout: Command, tmp_path: Path) -> None:
    """SUMMER25 ended on 1 September 2025: a day before it takes a fifth off. JSON has no times, so it says them as texts."""
    text = OWN.replace("welcome10", "summer25")
    assert checkout("quote", written(tmp_path, text, "now.toml"), "--shop", SHOP).code == 1
    then = checkout("quote", written(tmp_path, f"at = 2025-08-31T12:00:00Z\n{text}", "then.toml"), "--shop", SHOP, "--json").data["quote"]
    assert then["totals"]["discount"]["minor"] == 654
    said: dict[str, object] = {"at": "2025-08-31T12:00:00+00:00", "currency": "EUR", "codes": ["summer25"]}
    said["lines"] = [{"sku": "TEA-EARL-GREY-100"}]
    said |= {"ship_to": {"country": "DE"}, "shipping": "standard"}
    assert checkout("quote", written(tmp_path, said), "--shop", SHOP, "--json").data["quote"]["totals"]["discount"]["minor"] == 178


def test_a_choice_that_contradicts_the_configuration_is_wrong_usage(checkout: Command, tmp_path: Path) -> None:
    config = written(tmp_path, '[pricing]\ntax_base = "before_discount"\n', "checkout.toml")
    case = written(tmp_path, OWN + 'discount_line_tax = "separate"\n', "cart.toml")
    said = checkout("quote", case, "--shop", SHOP, "--config", config)
    assert said.code == 2
    assert "policy.discount_line_tax: tax is taken before discounts" in said.err


OWN_MISTAKES: Final = {
    "unknown field": (OWN.replace("quantity = 2", "qty = 2"), "'lines[1].qty' is unknown. Known: sku, quantity and options."),
    "unknown field of a card": (OWN.replace("balance", "amount"), "'gift_cards[1].amount' is unknown. Known: id, balance, limit and"),
    "unknown choice": (OWN + 'rounding = "up"\n', "policy.rounding: there is no such setting. Use one of tax_level"),
    "unknown value": (OWN + 'tax_mode = "sideways"\n', "policy.tax_mode: 'sideways' is unknown. Use one of half_up"),
    "contradiction": (
        OWN + 'tax_base = "before_discount"\ndiscount_line_tax = "separate"\n',
        "policy.discount_line_tax: tax is taken before discounts",
    ),
    "fraction": (OWN.replace("quantity = 2", "quantity = 0.5"), "lines[1].quantity is a whole number, not float. We sell whole units."),
    "a bare fraction": (OWN.replace('"5.00"', "5.00"), 'gift_cards[1].balance is a text such as "25.00", not float.'),
    "past the bound": (OWN.replace('"5.00"', '"99999999999999.99"'), "gift_cards[1]"),
    "a card twice": (OWN.replace("[policy]", '[[gift_cards]]\nid = "GC-1"\nbalance = "1"\n[policy]'), "gift_cards: two have one id."),
    "no methods": (OWN.replace('["standard"]', "3"), 'shipping is the id of a method, such as "standard", or a list of ids.'),
    "one code": (OWN.replace('["welcome10"]', '"welcome10"'), 'codes is a list of texts, such as ["WELCOME10"].'),
    "below zero": (OWN.replace('"5.00"', '"-5.00"'), "gift_cards[1].balance: -5.00 is negative. Give 0 or more."),
    "a moment without a zone": (
        f"at = 2026-11-27T17:30:00\n{OWN}",
        "at is a time with its distance from UTC, such as 2026-11-27T17:30:00+01:00",
    ),
    "no moment": (f'at = "soon"\n{OWN}', "at is a time with its distance from UTC"),
    "beyond the calendar": (f"at = 0001-01-01T00:00:00+14:00\n{OWN}", "at lies beyond the calendar."),
    "policy is a text": (OWN.partition("[policy]")[0].replace("currency", 'policy = "strict"\ncurrency', 1), "policy is a table such as"),
}


@pytest.mark.parametrize("what", OWN_MISTAKES)
def test_a_mistake_in_a_described_cart_is_told_with_its_place_and_cure(checkout: Command, tmp_path: Path, what: str) -> None:
    text, says = OWN_MISTAKES[what]
    said = checkout("quote", written(tmp_path, text, "cart.toml"), "--shop", SHOP)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_a_described_cart_without_a_shop_says_both_ways_to_name_one(checkout: Command, tmp_path: Path) -> None:
    said = checkout("quote", written(tmp_path, OWN, "cart.toml"))
    assert said.code == 2
    assert "no shop is named to price it in. Say --shop DIR for its files, or --db shop.db" in said.err


def test_yen_have_no_decimals(checkout: Command, tmp_path: Path) -> None:
    """Zeros lose nothing; a fraction of a yen is refused, never rounded away (G13)."""
    text = OWN.replace('"EUR"', '"JPY"').replace('"5.00"', '"5.50"')
    said = checkout("quote", written(tmp_path, text, "cart.toml"), "--shop", SHOP)
    assert said.code == 2
    assert "gift_cards[1].balance: '5.50' has more than the 0 decimals of JPY. Round it first, by name." in said.err


def test_a_price_that_is_missing_in_the_currency_is_a_refusal(checkout: Command, tmp_path: Path) -> None:
    said = checkout("quote", written(tmp_path, OWN.replace('"EUR"', '"CHF"'), "cart.toml"), "--shop", SHOP)
    assert said.code == 1
    assert "TEA-EARL-GREY-100 has no price in CHF. Add one, or open a cart in another currency." in said.err


# As a worked cart.
def test_a_worked_cart_needs_no_shop_and_its_figures_are_compared(checkout: Command, tmp_path: Path) -> None:
    said = checkout("quote", written(tmp_path, WORKED), "--json")
    assert said.code == 0
    assert said.data["quote"]["totals"]["due"] == {"minor": 2250, "currency": "EUR"}
    assert said.data["quote"]["unexpected"] == []


@pytest.mark.parametrize(
    ("place", "changed"),
    [
        ("expected.totals.total: 2251 is expected, it is 2250.", {"totals": {"total": 2251}}),
        ("expected.promotions.TEN: 251 is expected, it is 250.", {"promotions": {"TEN": 251}}),
        ("expected.lines.MUG.tax: 1 is expected, it is 359.", {"lines": {"MUG": {"tax": 1}}}),
        ("expected.lines.CUP: there is no such figure here. Known: MUG.", {"lines": {"CUP": {"tax": 1}}}),
        ("expected.units.MUG: [250, 0] is expected, it is [125, 125].", {"units": {"MUG": [250, 0]}}),
    ],
)
def test_changing_an_expected_number_turns_it_red(checkout: Command, tmp_path: Path, place: str, changed: dict[str, Any]) -> None:
    case = written(tmp_path, worked(expected=changed))
    said = checkout("quote", case)
    assert said.code == 1
    assert place in said.out
    data = checkout("quote", case, "--json")
    assert (data.code, data.data["quote"]["unexpected"]) == (1, [place])


def test_a_refusal_can_be_expected(checkout: Command, tmp_path: Path) -> None:
    credit = {"id": "BACK", "unit_amount": -9000, "quantity": 1, "tax": []}
    case = worked(expected_error=True, lines=[*WORKED["lines"], credit])
    del case["expected"]
    said = checkout("quote", written(tmp_path, case))
    assert said.code == 0
    assert "below zero" in said.out
    case["lines"].pop()
    said = checkout("quote", written(tmp_path, case))
    assert said.code == 1
    assert "it must be refused, and has a price" in said.out
    assert checkout("quote", written(tmp_path, case | {"lines": [credit], "expected_error": False})).code == 1


LINE: Final[dict[str, Any]] = WORKED["lines"][0]
PROMOTION: Final[dict[str, Any]] = WORKED["promotions"][0]
WORKED_MISTAKES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "unknown field": (worked(colour="red"), "colour is unknown. Known: id, kind,"),
    "unknown field of a line": (worked(lines=[LINE | {"qty": 2}]), "lines[1].qty is unknown. Known: id, unit_amount,"),
    "unknown choice": (worked(policy={"tax_weather": "fine"}), "policy.tax_weather: there is no such setting. Use one of tax_level"),
    "unknown value": (worked(policy={"stacking": "up"}), "policy.stacking: 'up' is unknown. Use one of sequential, parallel."),
    "contradiction": (
        worked(policy={"tax_base": "before_discount", "discount_line_tax": "separate"}),
        "policy.discount_line_tax: tax is taken before discounts",
    ),
    "fraction": (worked(lines=[LINE | {"quantity": "0.5"}]), "lines[1].quantity: '0.5' is not a whole number of units"),
    "decimals": (worked(currency="JPY", lines=[LINE | {"unit_amount": 12.5}]), "lines[1].unit_amount is a whole number up to"),
    "missing price": (worked(lines=[{"id": "MUG", "quantity": 1, "tax": []}]), "lines[1].unit_amount is missing."),
    "past the bound": (worked(lines=[LINE | {"unit_amount": 10**17}]), "lines[1].unit_amount is a whole number up to 9007199254740991"),
    "never applies": (worked(promotions=[PROMOTION | {"lines": []}]), "it covers nothing at all, so it can never apply"),
    "a promotion for nobody": (worked(promotions=[PROMOTION | {"lines": ["CUP"]}]), "promotions[1].lines: there is no 'CUP' in this cart."),
    "unknown type": (worked(promotions=[PROMOTION | {"type": "magic"}]), "promotions[1].type 'magic' is unknown. Use one of percent,"),
    "no currency": (worked(currency="XXQ"), "currency 'XXQ' is unknown."),
}


@pytest.mark.parametrize("what", WORKED_MISTAKES)
def test_a_mistake_in_a_worked_cart_is_told_with_its_place(checkout: Command, tmp_path: Path, what: str) -> None:
    case, says = WORKED_MISTAKES[what]
    path = written(tmp_path, case)
    said = checkout("quote", path)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    assert all(line.startswith(("checkout: ", "  ")) for line in said.err.splitlines())
    assert checkout("quote", path, "--json").data["error"]["code"] == "bad-files"


def test_amounts_whose_sum_is_past_the_bound_are_refused(checkout: Command, tmp_path: Path) -> None:
    said = checkout("quote", written(tmp_path, worked(lines=[LINE | {"unit_amount": 2**53 - 1}])))
    assert said.code == 1
    assert "An amount is at most 9007199254740991" in said.err


@pytest.mark.parametrize("option", ["--shop", "--db", "--config", "--channel"])
def test_a_worked_cart_with_a_shop_is_wrong_usage(checkout: Command, tmp_path: Path, option: str) -> None:
    said = checkout("quote", written(tmp_path, WORKED), option, "x")
    assert said.code == 2
    assert "a worked cart brings its prices and its policy with it" in said.err


def test_of_a_list_one_case_is_chosen_by_its_id(checkout: Command, tmp_path: Path) -> None:
    path = written(tmp_path, [WORKED, worked(id="three", lines=[LINE | {"quantity": 3}], expected={"totals": {"total": 3375}})])
    said = checkout("quote", path)
    assert said.code == 2
    assert "Choose one of its cases with --case ID: two-mugs, three." in said.err
    assert checkout("quote", path, "--case", "three").code == 0
    said = checkout("quote", path, "--case", "four")
    assert said.code == 2
    assert "There is no case four in it. Choose another with --case ID: two-mugs, three." in said.err
    assert checkout("quote", written(tmp_path, [WORKED])).code == 0
    said = checkout("quote", written(tmp_path, WORKED), "--case", "four")
    assert said.code == 2
    assert "there is one case in it, two-mugs. Leave --case out." in said.err
    for nothing in ([], [3], [{"id": "x"}]):
        said = checkout("quote", written(tmp_path, nothing))
        assert said.code == 2
        assert "It is a list without worked carts." in said.err


@pytest.mark.parametrize("name", ["cart_tax", "cart_promotions", "cart_full"])
def test_published_carts_come_out_as_published_in_words_and_pictures(checkout: Command, name: str) -> None:
    """The first, the last and one of the middle of each file; all of them are priced elsewhere."""
    path = VECTORS / f"{name}.json"
    cases = [case for case in json.loads(path.read_text(encoding="utf-8")) if "fractional-quantity" not in case["tags"]]
    for case in (cases[0], cases[len(cases) // 2], cases[-1]):
        said = checkout("quote", path, "--case", case["id"], "--explain")
        assert (said.code, said.err) == (0, ""), said.out
        assert "To pay" in said.out


# What a program reads.
KEYS: Final = (
    "hash scheme currency destination lines shipping promotions gift_cards taxes totals tax_source experiments rates policy near_misses "
    "rows notes lowered"
).split()


def test_the_data_has_every_figure_under_stable_keys(checkout: Command, tmp_path: Path) -> None:
    said = checkout("quote", written(tmp_path, OWN, "cart.toml"), "--shop", SHOP, "--json").data["quote"]
    assert list(said) == KEYS
    share = next(row for row in said["rows"] if row["step"] == "line-share")
    assert set(share["inputs"]) == {"discount", "before", "units"}
    price = next(row for row in said["rows"] if row["step"] == "price")
    assert price["inputs"] == {"unit": 890, "quantity": 2}
    miss = next(miss for miss in said["near_misses"] if miss["reason"] == "minimum-spend")
    assert miss["how_far"]["missing"]["currency"] == "EUR"
    (used,) = said["promotions"]
    assert used["benefit"]["kind"] == "Percent"
    assert sum(share["amount"]["minor"] for share in used["shares"]) == used["amount"]["minor"] == 327
    for entry in (*said["lines"], *said["shipping"]):
        amounts = {name: entry[name]["minor"] for name in ("subtotal", "discount", "net", "tax", "gross")}
        assert amounts["net"] + amounts["tax"] == amounts["gross"]
        assert sum(tax["amount"]["minor"] for tax in entry["taxes"]) == amounts["tax"]


# Through the real process.
def process(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("CHECKOUT_")} | environment
    return subprocess.run([sys.executable, "-m", "checkout_cli", *map(str, words)], capture_output=True, env=env, check=False)


def test_both_kinds_of_cart_are_priced_by_the_real_process(tmp_path: Path) -> None:
    own = process("quote", written(tmp_path, OWN, "cart.toml"), "--shop", SHOP, "--explain", COLUMNS="80", PYTHONIOENCODING="utf-8")
    assert (own.returncode, own.stderr) == (0, b"")
    assert "EUR 29.35" in own.stdout.decode()
    case = process("quote", written(tmp_path, WORKED), "--explain", COLUMNS="80", PYTHONIOENCODING="ascii")
    assert (case.returncode, case.stderr) == (0, b"")
    assert "`- VAT 19 %: 3.59 inside 22.50" in case.stdout.decode("ascii")
    assert max(map(len, case.stdout.decode("ascii").splitlines())) <= 80
    red = process("quote", written(tmp_path, worked(expected={"totals": {"total": 1}})))
    assert red.returncode == 1
