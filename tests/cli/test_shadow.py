"""`checkout promotion shadow`: carts under other rules, told by how much they differ; and experiments on every screen."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_cli.commands import shadows
from checkout_cli.config import Settings, settings_of
from checkout_cli.rendering.shadows import Tally, tally_data
from checkout_cli.wiring import opened, read_files
from checkout_core import Card, Placed
from checkout_core.cart import Line
from checkout_core.customers import Destination
from checkout_core.pricing import Basket, Facts
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import AmountOff, Promotion
from checkout_core.shadow import Shadow, Side, shadow
from tests.cli.conftest import EXAMPLES, Command, content
from tests.world import ADA, BERLIN, NOON, eur, products

SHOP, NEXT = EXAMPLES / "shop", EXAMPLES / "next-season"
OFFER = '[[experiments]]\nid = "tea-offer"\nvariants = { control = 1, tenth = 1 }\n'
CART = """\
currency = "EUR"
ship_to = { country = "DE" }
shipping = "standard"
at = 2026-06-01T12:00:00+02:00
"""
LINE = '[[lines]]\nsku = "TEA-DARJ-SF-100"\nquantity = 4\n'


def deal(id: str, *more: str) -> str:
    return "\n".join(["[[promotions]]", f'id = "{id}"', f'name = "{id.title()}"', *more, ""])


def tenth(variant: str) -> str:
    asked = f'when = [{{ kind = "in_variant", experiment = "tea-offer", variants = ["{variant}"] }}]'
    return deal(f"for-{variant}", 'kind = "percent"', 'percent = "10"', asked)


def rules(tmp_path: Path, *deals: str, experiments: str | None = None, name: str = "rules") -> Path:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "promotions.toml").write_text("\n".join(deals) or "promotions = []\n", encoding="utf-8")
    if experiments is not None:
        (folder / "experiments.toml").write_text(experiments, encoding="utf-8")
    return folder


def cart(tmp_path: Path, *more: str, name: str = "cart.toml") -> Path:
    path = tmp_path / name
    path.write_text("".join([CART, *(f"{line}\n" for line in more), LINE]), encoding="utf-8")
    return path


def compared(checkout: Command, *words: object) -> Any:
    said = checkout("promotion", "shadow", *words, "--json")
    assert said.code == 0, said.out
    return said.data["shadow"]


# Open carts.
def test_every_open_cart_is_compared_the_biggest_difference_first(checkout: Command, db: Path) -> None:
    """Across currencies, amounts in whole units are compared; the sums are by currency."""
    found = compared(checkout, NEXT, "--db", db)
    assert [found[name] for name in ("compared", "cheaper", "dearer", "same", "refused", "allowed")] == [6, 4, 0, 2, 0, 0]
    sizes = [one["difference"]["minor"] for one in found["carts"]]
    assert sizes == [-14160, -8960, -1290, -100]
    assert [one["of"] for one in found["carts"]] == ["discounts"] * 4
    assert [(one["currency"], one["difference"]["minor"]) for one in found["currencies"]] == [("EUR", -1390), ("INR", -23120)]
    assert found["passed_over"] == {"carts": 0, "why": []}


def test_the_sums_are_of_all_carts_whatever_is_listed(checkout: Command, db: Path) -> None:
    found = compared(checkout, NEXT, "--db", db, "--limit", 1)
    assert len(found["carts"]) == 1
    assert found["cheaper"] == 4
    assert found["currencies"] == compared(checkout, NEXT, "--db", db)["currencies"]
    assert "--limit shows more than 1" in checkout("promotion", "shadow", NEXT, "--db", db, "--limit", 1).out


def test_nothing_changes(checkout: Command, db: Path) -> None:
    """Not a row of the database, nor a file beside it."""
    before, files = content(db), sorted(path.name for path in db.parent.iterdir())
    compared(checkout, NEXT, "--db", db)
    assert content(db) == before
    assert [name for name in sorted(path.name for path in db.parent.iterdir()) if not name.startswith("shop.db-")] == files


def test_a_cart_with_a_price_is_compared_by_its_total(checkout: Command, db: Path, tmp_path: Path) -> None:
    """As its checkout has it: address, way to send, code. A code that others do not have is newly refused; the cart is told first."""
    with opened(settings_of(str(db), None)) as backend:
        shop = backend.shop
        ids = []
        for codes in ([], ["TEACLUB"]):
            mine = shop.open_cart(currency="EUR")
            shop.add(mine.id, sku="TEA-DARJ-SF-100", quantity=4)
            shop.begin(mine.id, ship_to=BERLIN, shipping="standard", contact=ADA, codes=codes)
            ids.append(mine.id)
    other = rules(tmp_path, deal("five", 'kind = "fixed"', 'amounts = { EUR = "5.00" }'), name="five")
    found = {one["cart"]: one for one in compared(checkout, other, "--db", db)["carts"]}
    plain, typed = [found[id] for id in ids]
    assert (plain["of"], plain["before"]["total"]["minor"], plain["after"]["total"]["minor"]) == ("total", 5650, 5150)
    assert plain["changes"][0] == {
        "thing": "",
        "fact": "total",
        "before": {"minor": 5650, "currency": "EUR"},
        "after": {"minor": 5150, "currency": "EUR"},
    }
    assert (typed["of"], typed["after"]["total"], typed["verdict"]) == ("discounts", None, "dearer")
    assert [one["reason"] for one in typed["refused"]] == ["unknown-code"]
    out = checkout("promotion", "shadow", other, "--db", db).out
    assert "Something is newly refused in 1 of them" in out
    assert "TEACLUB is not a code of ours" in out


def test_carts_are_read_page_by_page(checkout: Command, db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: no page knows of another."""
    whole = compared(checkout, NEXT, "--db", db)
    for size in (1, 2, 6):
        monkeypatch.setattr(shadows, "PAGE", size)
        again = compared(checkout, NEXT, "--db", db)
        assert {**again, "at": ""} == {**whole, "at": ""}


def test_a_cart_that_cannot_be_compared_is_named(checkout: Command, db: Path) -> None:
    """Its channel is gone; the others are compared."""
    settings = evolve(settings_of(str(db), None), channels={"counter": PricingPolicy()})
    with opened(settings) as backend:
        mine = backend.shop.open_cart(currency="EUR")
        backend.shop.add(mine.id, sku="TEA-DARJ-SF-100")
        backend.shop.begin(mine.id, ship_to=BERLIN, shipping="standard", contact=ADA, channel="counter")
    found = compared(checkout, NEXT, "--db", db)
    assert found["compared"] == 6
    assert (found["passed_over"]["carts"], found["passed_over"]["why"][0]["cart"]) == (1, mine.id)
    assert f"! {mine.id} is passed over: Nothing is sold here through counter." in checkout("promotion", "shadow", NEXT, "--db", db).out


def test_a_shop_without_open_carts_is_told_so(checkout: Command, tmp_path: Path) -> None:
    db = tmp_path / "new.db"
    for words in (("init", "--db", db, "--yes"), ("shop", "load", SHOP, "--db", db, "--yes")):
        assert checkout(*words).code == 0
    assert "There is no open cart" in checkout("promotion", "shadow", NEXT, "--db", db).out
    assert compared(checkout, NEXT, "--db", db)["compared"] == 0


def test_a_production_shop_is_compared_without_its_gateways(checkout: Command, db: Path, tmp_path: Path) -> None:
    """Looking needs no keys of anybody."""
    config = tmp_path / "shop.toml"
    config.write_text(f'db = "{db}"\ngateways = ["sandbox"]\nproduction = true\n', encoding="utf-8")
    assert compared(checkout, NEXT, "--config", config)["compared"] == 6


def test_memory_is_bounded_by_what_is_told() -> None:
    """R25: ten thousand carts that all differ take no more than a hundred do."""
    facts = Facts({product.sku: product for product in products()}, [], {"standard": (), "books": ()})
    found = shadow(Basket("EUR", (Line("MUG", 2),), Destination("DE")), facts, [Promotion("five", "Five", AmountOff([eur(500)]))], NOON)

    def told(many: int) -> tuple[int, Tally]:
        tally = Tally(20)
        tracemalloc.start()
        for n in range(many):
            tally.add(f"cart-{n:09}", found)
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return size, tally

    few, many = told(100), told(10_000)
    assert many[0] <= few[0] + 2_000
    data: Any = tally_data(many[1], NOON)["shadow"]
    assert (data["compared"], len(data["carts"])) == (10_000, 20)
    assert data["carts"][0]["cart"] == "cart-000000000"  # of equals, the first that came
    assert data["currencies"][0]["difference"]["minor"] == -500 * 10_000


def test_amounts_of_several_currencies_stand_in_the_order_of_their_figures() -> None:
    """500 yen before 4.00 euros: a yen has no cents, and nothing is converted."""
    tally = Tally(9)
    for code, minor in (("EUR", 400), ("JPY", 500), ("KWD", 4_100), ("EUR", 450)):
        side = Side(None, (), (("five", minor),))
        tally.add(f"{code} {minor}", Shadow(code, Side(None, (), ()), side))
    assert [one.cart for one in tally.differing] == ["JPY 500", "EUR 450", "KWD 4100", "EUR 400"]


# Described carts.
def test_described_carts_are_compared_from_files_and_from_a_database_alike(checkout: Command, db: Path, tmp_path: Path) -> None:
    """At their own moment, with their own choices, by their own name; several at once."""
    one, two = cart(tmp_path), cart(tmp_path, 'experiments = { tea-offer = "tenth" }', name="tried.toml")
    files = compared(checkout, NEXT, "--cart", one, "--cart", two, "--shop", SHOP)
    assert [(each["cart"], each["came"], each["difference"]["minor"]) for each in files["carts"]] == [
        (str(two), ["free-parcel", "tea-tenth"], -516 - 490),
        (str(one), ["free-parcel"], -490),
    ]
    stored = compared(checkout, NEXT, "--cart", one, "--cart", two, "--db", db)
    assert {**stored, "at": ""} == {**files, "at": ""}


def test_the_choices_of_a_cart_and_a_channel_are_kept(checkout: Command, tmp_path: Path) -> None:
    odd = cart(tmp_path, 'policy = { discount_mode = "up" }')
    eighth = rules(tmp_path, deal("eighth", 'kind = "percent"', 'percent = "0.009"'))
    assert compared(checkout, eighth, "--cart", odd, "--shop", SHOP)["carts"][0]["difference"]["minor"] == -1
    config = tmp_path / "config.toml"
    config.write_text('[channels.counter.pricing]\ndiscount_mode = "up"\n', encoding="utf-8")
    plain = cart(tmp_path, name="plain.toml")
    assert compared(checkout, eighth, "--cart", plain, "--shop", SHOP)["same"] == 1
    found = compared(checkout, eighth, "--cart", plain, "--shop", SHOP, "--config", config, "--channel", "counter")
    assert found["carts"][0]["difference"]["minor"] == -1


def test_what_is_used_up_in_the_database_is_so_among_the_others(checkout: Command, db: Path, tmp_path: Path) -> None:
    """The demo's shoppers have used the last LUCKY20."""
    lucky = deal("one-only", 'kind = "fixed"', 'amounts = { EUR = "20.00" }', "limit = 1")
    gone, more = rules(tmp_path, lucky, name="gone"), rules(tmp_path, lucky.replace("limit = 1", "limit = 9"), name="more")
    mine = cart(tmp_path)
    assert compared(checkout, gone, "--cart", mine, "--db", db)["same"] == 1
    assert compared(checkout, more, "--cart", mine, "--db", db)["carts"][0]["came"] == ["one-only"]
    assert compared(checkout, gone, "--cart", mine, "--shop", SHOP)["carts"][0]["came"] == ["one-only"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--shop", SHOP], "Files have no carts"),
        (["--shop", SHOP, "--db", "shop.db"], "Say --shop or --db"),
        (["--db", "{db}", "--channel", "web"], "An open cart has a channel of its own"),
        (["--shop", SHOP, "--cart", "{worked}"], "a worked cart brings its own promotions"),
        (["--shop", SHOP, "--cart", "{slip}"], "this shop has no such experiment. Known: tea-offer."),
        (["--shop", SHOP, "--cart", "{cart}", "--channel", "web"], "web"),
        (["--shop", SHOP, "--cart", "nowhere.toml"], "nowhere.toml"),
        ([], "--db"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_words_are_told_before_anything_is_read(checkout: Command, db: Path, tmp_path: Path, words: list[str], told: str) -> None:
    worked = tmp_path / "worked.json"
    lines = [{"id": "a", "unit_amount": 100, "quantity": 1, "tax": []}]
    worked.write_text(json.dumps({"id": "x", "kind": "cart", "currency": "EUR", "policy": {}, "lines": lines}), encoding="utf-8")
    slip = cart(tmp_path, 'experiments = { tea-ofer = "tenth" }', name="slip.toml")
    names = {"db": db, "worked": worked, "slip": slip, "cart": cart(tmp_path)}
    said = checkout("promotion", "shadow", NEXT, *(str(word).format(**names) for word in words))
    assert said.code in (1, 2, 3)
    assert told in said.err
    assert said.out == ""


def test_every_mistake_of_the_other_rules_is_told(checkout: Command, db: Path, tmp_path: Path) -> None:
    """With file, line and cure; what they name is looked for in the shop."""
    wrong = rules(tmp_path, deal("x", 'kind = "percent"', 'percent = "10"', 'skus = ["NOPE"]'), tenth("tenth"))
    for where in (["--db", db], ["--shop", SHOP, "--cart", cart(tmp_path)]):
        said = checkout("promotion", "shadow", wrong, *where)
        assert said.code == 2
        assert "There are 2 mistakes" in said.err
        assert "promotions.toml:6: promotions[1].skus" in said.err
        assert "experiments.toml has no experiment 'tea-offer'" in said.err
    said = checkout("promotion", "shadow", tmp_path / "nowhere", "--db", db)
    assert "There is no such folder or file" in said.err


# Experiments on other screens.
def tried(tmp_path: Path, *variants: str, experiments: str = OFFER) -> Path:
    """The example shop, which tries something out with these variants."""
    folder = tmp_path / "tried"
    shutil.copytree(SHOP, folder)
    (folder / "experiments.toml").write_text(experiments, encoding="utf-8")
    with (folder / "promotions.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + "\n".join(map(tenth, variants)))
    return folder


def test_a_check_names_variants_without_a_difference(checkout: Command, tmp_path: Path) -> None:
    """Two of three are priced alike, so there is nothing to compare between them; one is what the others are compared with."""
    three = OFFER.replace("tenth = 1", "tenth = 1, fifth = 1")
    findings = checkout("promotion", "check", "--shop", tried(tmp_path, "tenth", experiments=three), "--json").data["findings"]
    (found,) = [one for one in findings if one["kind"] == "alike"]
    assert (found["place"], found["problem"]) == (
        "experiment tea-offer",
        "no promotion makes a difference between its variants control, fifth",
    )
    assert "Experiment 'tea-offer': no promotion" in checkout("promotion", "check", "--shop", tmp_path / "tried").out
    shutil.rmtree(tmp_path / "tried")
    whole = checkout("promotion", "check", "--shop", tried(tmp_path, "tenth", "fifth", experiments=three), "--json").data["findings"]
    assert not [one for one in whole if one["kind"] == "alike"]


def test_a_check_names_promotions_whose_experiment_is_over(checkout: Command, tmp_path: Path) -> None:
    over = tried(tmp_path, "tenth", experiments=OFFER + "ends = 2026-01-01T00:00:00Z\n")
    findings = checkout("promotion", "check", "--shop", over, "--json").data["findings"]
    assert [one["place"] for one in findings if one["promotions"] == ["for-tenth"]] == ["when[0]"]


def test_an_order_shows_what_it_was_in(checkout: Command, tmp_path: Path) -> None:
    """In words and as data, with the event that tells it; and the shop's file is counted."""
    db, folder = tmp_path / "own.db", tried(tmp_path, "tenth")
    for words in (("init", "--db", db, "--yes"), ("shop", "load", folder, "--db", db, "--yes")):
        assert checkout(*words).code == 0
    assert checkout("shop", "check", folder, "--json").data["shop"]["experiments"] == 1
    with opened(Settings(db=str(db))) as backend:
        mine = backend.shop.open_cart(currency="EUR")
        backend.shop.add(mine.id, sku="TEA-DARJ-SF-100")
        c = backend.shop.begin(mine.id, ship_to=BERLIN, shipping="standard", contact=ADA)
        variant = backend.shop.assignment("tea-offer", cart=mine.id)
        placed = backend.shop.pay(c.id, Card("tok_ok"), expected=c.total, key="k")
    assert isinstance(placed, Placed)
    data = checkout("order", "show", placed.number, "--db", db, "--json").data["order"]
    assert data["experiments"] == data["quote"]["experiments"] == {"tea-offer": variant}
    assert [one["facts"]["experiments"] for one in data["events"] if one["kind"] == "order.placed"] == [f"tea-offer={variant}"]
    assert f"tea-offer: {variant}" in checkout("order", "show", placed.number, "--db", db).out
    assert checkout("fsck", "--db", db).code == 0


def test_a_quote_is_of_the_variant_that_is_described(checkout: Command, tmp_path: Path) -> None:
    folder = tried(tmp_path, "tenth")
    totals = {}
    for variant in ("control", "tenth"):
        path = cart(tmp_path, f'experiments = {{ tea-offer = "{variant}" }}')
        said = checkout("quote", path, "--shop", folder, "--json").data["quote"]
        assert said["experiments"] == {"tea-offer": variant}
        totals[variant] = said["totals"]["due"]["minor"]
    assert totals == {"control": 5650, "tenth": 5134}
    said = checkout("quote", cart(tmp_path, "experiments = 1"), "--shop", folder)
    assert "experiments is a table of variants" in said.err
    said = checkout("quote", cart(tmp_path, 'experiments = { tea-offer = "tenht" }'), "--shop", folder)
    assert "'tenht' is no variant of it. Known: control and tenth." in said.err


def test_the_example_is_right(checkout: Command, tmp_path: Path) -> None:
    """examples/next-season stands beside the example shop, and its promotions could be that shop's."""
    folder = tmp_path / "whole"
    shutil.copytree(SHOP, folder)
    for name in ("promotions.toml", "experiments.toml"):
        shutil.copy(NEXT / name, folder / name)
    shop = read_files(folder)
    assert [one.id for one in shop.experiments] == ["tea-offer"]
    assert shop.idle(NOON) == ()
    assert checkout("promotion", "check", "--shop", folder, "--json").data["findings"] == []
