"""`checkout promotion` and `checkout coupon why`, as an operator has them: the rules of a shop, what is doubtful in them, and why not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import EXAMPLES, Command

SHOP = EXAMPLES / "shop"
CART = """
currency = "EUR"
ship_to = { country = "DE" }
[[lines]]
sku = "TEA-EARL-GREY-100"
quantity = 2
"""


@pytest.fixture
def cart(tmp_path: Path) -> Path:
    path = tmp_path / "cart.toml"
    path.write_text(CART, encoding="utf-8")
    return path


def shop_with(tmp_path: Path, *promotions: str) -> Path:
    """The example shop with these promotions only."""
    shutil.copytree(SHOP, shop := tmp_path / "shop")
    (shop / "promotions.toml").write_text("".join(f"[[promotions]]\n{each}\n" for each in promotions), encoding="utf-8")
    return shop


def test_promotions_are_listed_in_the_order_of_their_turns(checkout: Command, db: Path) -> None:
    """From files as from a database, in words and as data."""
    files = checkout("promotion", "list", "--shop", SHOP, "--json").data["promotions"]
    assert [one["priority"] for one in files] == sorted([one["priority"] for one in files], reverse=True)
    assert files[0]["id"] == "on-the-house"
    assert (files[0]["exclusive"], files[0]["lane"], files[0]["group"], files[0]["full_price"]) == (True, None, None, False)
    kept = checkout("promotion", "list", "--db", db, "--json").data["promotions"]
    assert [(one["id"], one["minimum"], one["covers"]) for one in kept] == [(one["id"], one["minimum"], one["covers"]) for one in files]
    words = checkout("promotion", "list", "--shop", SHOP).out
    assert words.index("on-the-house") < words.index("bookworm") < words.index("free-parcel")


def test_a_shop_without_promotions_says_so(checkout: Command, tmp_path: Path) -> None:
    shutil.copytree(SHOP, shop := tmp_path / "shop")
    (shop / "promotions.toml").write_text("promotions = []\n", encoding="utf-8")
    assert "no promotions" in checkout("promotion", "list", "--shop", shop).out
    assert "0 promotions" in checkout("promotion", "check", "--shop", shop).out


@pytest.mark.parametrize("name", ["welcome", "WELCOME10", " welcome10 "])
def test_one_promotion_is_shown_whole(checkout: Command, name: str) -> None:
    """By its id, or by its code however it was typed."""
    assert checkout("promotion", "show", name, "--shop", SHOP, "--json").data["promotion"]["id"] == "welcome"
    out = checkout("promotion", "show", name, "--shop", SHOP).out
    assert "10 % off the order" in out
    assert "limit a person" in out


def test_every_key_of_a_rule_is_shown(checkout: Command, tmp_path: Path) -> None:
    shop = shop_with(
        tmp_path,
        'id = "set"\nname = "A set"\nkind = "bundle"\namounts = { EUR = "20.00" }\n'
        'lane = "sets"\ngroup = "g"\nfull_price = true\npriority = 3\n'
        'parts = [{ quantity = 1, categories = ["mugs"] }, { quantity = 2, skus = ["TEA-EARL-GREY-100"] }]\n'
        'when = [{ kind = "first_order" }, { kind = "quantity", at_least = 2 }]',
    )
    out = " ".join(checkout("promotion", "show", "set", "--shop", shop).out.split())
    for words in (
        "with 2 of TEA-EARL-GREY-100 for 20.00 EUR",
        "together 1 of ",
        "2 of TEA-EARL-GREY-100",
        "for a first order",
        "2 units or more",
        "with others of the lane sets; the best of the group g counts for each line; only what is at its full price",
        "priority 3",
    ):
        assert words in out, words


def test_promotion_check_names_what_is_doubtful(checkout: Command, tmp_path: Path) -> None:
    """What can never apply, what another keeps out, and ties: each with its cure; it ends well, because the rules work."""
    shop = shop_with(
        tmp_path,
        'id = "francs"\nname = "F"\nkind = "fixed"\namounts = { CHF = "5.00" }',
        'id = "all"\nname = "A"\nkind = "percent"\npercent = "50"\nexclusive = true\npriority = 9',
        'id = "tea"\nname = "T"\nkind = "percent"\npercent = "5"\ncategories = ["tea"]',
        'id = "a"\nname = "A"\nkind = "fixed"\namounts = { JPY = "5" }\ncode = "A"',
        'id = "b"\nname = "B"\nkind = "percent"\npercent = "5"\ncode = "B"\nminimum = { JPY = "10" }',
    )
    data = checkout("promotion", "check", "--shop", shop, "--json").data
    assert [(one["kind"], one["promotions"]) for one in data["findings"]] == [
        ("never", ["francs"]),
        ("shadowed", ["all", "tea"]),
        ("shadowed", ["all", "a"]),
        ("shadowed", ["all", "b"]),
    ]
    assert all(one["place"] and one["problem"] and one["cure"] for one in data["findings"])
    said = checkout("promotion", "check", "--shop", shop)
    assert said.code == 0
    assert "Take tea out, or let all ask for more." in " ".join(said.out.split())
    (shop / "promotions.toml").write_text(
        '[[promotions]]\nid = "a"\nname = "A"\nkind = "fixed"\namounts = { EUR = "5.00" }\n'
        '[[promotions]]\nid = "b"\nname = "B"\nkind = "percent"\npercent = "5"\n',
        encoding="utf-8",
    )
    (tie,) = checkout("promotion", "check", "--shop", shop, "--json").data["findings"]
    assert (tie["kind"], tie["promotions"]) == ("tie", ["a", "b"])


def test_why_a_code_does_not_work(checkout: Command, cart: Path, db: Path) -> None:
    """Everything that it asks for, what of it holds, and how far away the rest is, from files and from a database."""
    for where in (("--shop", SHOP), ("--db", db)):
        said = checkout("coupon", "why", "five", "--cart", cart, *where)
        assert said.code == 1
        assert "✗ goods for at least 40.00 EUR" in said.out
        assert "FIVE needs 22.20 EUR more." in " ".join(said.out.split())
        found = checkout("coupon", "why", "five", "--cart", cart, *where, "--json").data["why"]
        assert (found["promotion"], found["applies"], found["takes_off"]) == ("five-off", False, None)
        (missing,) = [check["why_not"] for check in found["checks"] if not check["holds"]]
        assert (missing["reason"], missing["how_far"]["missing"]["minor"]) == ("minimum-spend", 2220)


def test_what_a_code_does(checkout: Command, cart: Path) -> None:
    """How much it takes off, and what does not apply because of it."""
    said = checkout("coupon", "why", "TEACLUB", "--cart", cart, "--shop", SHOP)
    assert (said.code, "✓ It takes 2.67 EUR off this cart" in said.out) == (0, True)
    assert checkout("coupon", "why", "tea-club", "--cart", cart, "--shop", SHOP, "--json").data["why"]["takes_off"]["minor"] == 267
    cart.write_text(CART.replace("quantity = 2", "quantity = 9"), encoding="utf-8")
    staff = checkout("coupon", "why", "STAFF30", "--cart", cart, "--shop", SHOP, "--json").data["why"]
    assert staff["displaces"] == ["free-parcel"]


def test_a_used_up_code_is_seen_in_the_database(checkout: Command, cart: Path, db: Path) -> None:
    """LUCKY20 is for one shopper, and somebody has it: the files alone cannot know."""
    cart.write_text(CART.replace("quantity = 2", "quantity = 9"), encoding="utf-8")
    assert checkout("coupon", "why", "LUCKY20", "--cart", cart, "--shop", SHOP).code == 0
    used = checkout("coupon", "why", "LUCKY20", "--cart", cart, "--db", db, "--json").data["why"]
    assert [check["why_not"]["reason"] for check in used["checks"] if not check["holds"]] == ["coupon-used-up"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("promotion", "list", "--shop", "SHOP", "--db", "x.db"), 2, "Say --shop or --db"),
        (("coupon", "why", "FIVE", "--cart", "CART", "--shop", "SHOP", "--db", "x.db"), 2, "Say --shop or --db"),
        (("promotion", "show", "nope", "--shop", "SHOP"), 1, "promotion"),
        (("coupon", "why", "NOPE", "--cart", "CART", "--shop", "SHOP"), 1, "promotion"),
        (("coupon", "why", "FIVE", "--cart", "gone.toml", "--shop", "SHOP"), 2, "gone.toml"),
        (("coupon", "why", "FIVE", "--cart", "WORKED", "--shop", "SHOP"), 2, "brings its own promotions"),
        (("coupon", "why", "FIVE", "--cart", "POLICY", "--shop", "SHOP"), 2, "policy."),
        (("promotion", "check", "--shop", "nowhere"), 2, "nowhere"),
    ],
)
def test_wrong_use_says_what_to_do(checkout: Command, cart: Path, tmp_path: Path, words: tuple[str, ...], code: int, told: str) -> None:
    worked = tmp_path / "worked.json"
    worked.write_text(
        '{"id": "w", "kind": "cart", "currency": "EUR", "policy": {}, "lines": [{"id": "a", "unit_amount": 1, "quantity": 1, "tax": []}]}',
        encoding="utf-8",
    )
    choices = tmp_path / "policy.toml"
    choices.write_text(f'{CART}\n[policy]\ntax_base = "before_discount"\ndiscount_line_tax = "separate"\n', encoding="utf-8")
    places = {"SHOP": SHOP, "CART": cart, "WORKED": worked, "POLICY": choices}
    said = checkout(*[places.get(word, word) for word in words])
    assert (said.code, told in said.err) == (code, True), said


def test_a_gift_is_given_and_quoted(checkout: Command, tmp_path: Path) -> None:
    """Its product is looked up though it is not in the cart; it takes nothing off, so that is not what is said."""
    gift = 'id = "mug"\nname = "A mug"\nkind = "free_gift"\nsku = "MUG-STONE-GREY-350"\ncode = "MUGFREE"\nminimum = { EUR = "40.00" }\n'
    shop, cart = shop_with(tmp_path, gift), tmp_path / "cart.toml"
    head = (
        'currency = "EUR"\nship_to = { country = "DE" }\nshipping = ["standard"]\ncodes = ["MUGFREE"]\n[[lines]]\nsku = "TEA-GYOKURO-50"\n'
    )
    for quantity, told in (
        (1, "It would give: 1 MUG-STONE-GREY-350 as a gift."),
        (2, "It gives this cart: 1 MUG-STONE-GREY-350 as a gift."),
    ):
        cart.write_text(f"{head}quantity = {quantity}\n", encoding="utf-8")
        assert told in " ".join(checkout("coupon", "why", "MUGFREE", "--cart", cart, "--shop", shop).out.split())
    quote = checkout("quote", cart, "--shop", shop, "--json").data["quote"]
    assert [(line["sku"], line["quantity"]) for line in quote["lines"]] == [("TEA-GYOKURO-50", 2), ("MUG-STONE-GREY-350", 1)]
