"""`checkout gift-card`: cards are made, told once, spent in the shop, looked at, loaded and unloaded; and nobody loses money by a slip."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest

from checkout_cli.config import settings_of
from checkout_cli.wiring import opened
from checkout_core import Card, NoAnswer, Placed, Shop
from checkout_core.card_numbers import reference_of
from checkout_core.money import Money
from tests.cli.conftest import Command
from tests.world import ADA, BERLIN, total

LENES = reference_of("GC-7K3QM-9XWT2-HV4RS")  # of the story that the demo plays
FORM = re.compile(r"GC(-[0-9A-HJKMNP-TV-Z]{5}){3}")


def issue(checkout: Command, db: Path, *words: object, amount: str = "50.00") -> list[str]:
    """The numbers of new cards."""
    said = checkout("gift-card", "issue", amount, "EUR", "--reason", "sold", *words, "--db", db, "--yes", "--json")
    assert said.code == 0, said.out
    return [str(number) for number in said.data["issued"]["numbers"]]


def listed(checkout: Command, db: Path) -> list[str]:
    """The references of all cards."""
    return [str(one["card"]) for one in checkout("gift-card", "list", "--db", db, "--json").data["gift_cards"]]


def balance(checkout: Command, db: Path, card: str) -> Any:
    return checkout("gift-card", "show", card, "--db", db, "--json").data["card"]["balances"][0]


def buy(db: Path, number: str, key: str = "k1") -> Any:
    """What becomes of a purchase that is paid with that card, through the shop that the command opens; and its checkout."""
    with opened(settings_of(str(db))) as backend:
        cart = backend.shop.open_cart(currency="EUR")
        backend.shop.add(cart.id, sku="TIN-TEA-100", quantity=9)
        c = backend.shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA, gift_cards=[number])
        return backend.shop.pay(c.id, Card("tok_ok"), expected=total(c), key=key), c


def test_a_card_is_made_spent_and_looked_at(checkout: Command, db: Path) -> None:
    (number,) = issue(checkout, db)
    assert FORM.fullmatch(number)
    placed, c = buy(db, number)
    assert isinstance(placed, Placed)
    assert c.quote.cards[0].used == 5000
    seen = balance(checkout, db, number.lower())
    assert (seen["loaded"]["minor"], seen["spent"]["minor"], seen["available"]["minor"]) == (5000, 5000, 0)
    assert listed(checkout, db) == sorted([LENES, reference_of(number)])
    words = checkout("gift-card", "show", reference_of(number), "--db", db).out
    assert placed.number in words
    assert "sold" in words
    assert number not in words
    order = checkout("order", "show", placed.number, "--db", db).out
    assert "gift card" in order
    assert "50.00 EUR" in order
    assert number not in order


def test_a_cancelled_order_says_what_goes_back_to_the_card(checkout: Command, db: Path) -> None:
    (number,) = issue(checkout, db)
    placed, _ = buy(db, number)
    said = checkout("order", "cancel", placed.number, "--reason", "wrong size", "--db", db, "--yes")
    assert said.code == 0
    assert "50.00 EUR on it again" in " ".join(said.out.split())
    assert balance(checkout, db, number)["available"]["minor"] == 5000


def test_many_are_written_to_a_file_and_each_is_worth_its_money(checkout: Command, db: Path, tmp_path: Path) -> None:
    out = tmp_path / "cards.csv"
    assert issue(checkout, db, "--count", 30, "--out", out) == []
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["number"] for row in rows}) == 30
    assert {(row["amount"], row["currency"]) for row in rows} == {("50.00", "EUR")}
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    assert rows[7]["reference"] == reference_of(rows[7]["number"])
    assert balance(checkout, db, rows[29]["number"])["available"]["minor"] == 5000
    first = checkout("gift-card", "list", "--limit", 20, "--db", db, "--json").data["gift_cards"]
    rest = checkout("gift-card", "list", "--after", first[-1]["card"], "--db", db, "--json").data["gift_cards"]
    assert [one["card"] for one in (*first, *rest)] == sorted([LENES, *(row["reference"] for row in rows)])


def test_numbers_are_on_the_disk_before_they_are_worth_anything(
    checkout: Command, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that goes away in the middle loses no number: the file says which there are, and the message where it is."""
    out, real, loads = tmp_path / "cards.csv", Shop.load_gift_card, list[str]()

    def load(self: Shop, card: str, amount: Money, **said: Any) -> Any:
        if len(loads) == 3:
            raise NoAnswer("The store is away.")
        loads.append(card)
        return real(self, card, amount, **said)

    monkeypatch.setattr(Shop, "load_gift_card", load)
    said = checkout("gift-card", "issue", "5.00", "EUR", "--reason", "sold", "--count", 9, "--out", out, "--db", db, "--yes")
    assert said.code != 0
    assert "3 of 9" in " ".join(said.err.split())
    (part,) = tmp_path.glob("*.part")
    with part.open(encoding="utf-8", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)][:3] == loads
    assert not out.exists()


def test_money_is_put_on_and_taken_off(checkout: Command, db: Path) -> None:
    (number,) = issue(checkout, db)
    said = checkout("gift-card", "load", number, "2.50", "EUR", "--reason", "a present", "--db", db, "--yes", "--json")
    assert said.data["card"]["available"]["minor"] == 5250
    tried = checkout("gift-card", "unload", number, "EUR", "--reason", "lost", "--db", db, "--dry-run")
    assert "0.00 EUR" in tried.out
    assert balance(checkout, db, number)["available"]["minor"] == 5250
    checkout("gift-card", "unload", number, "EUR", "--amount", "10.00", "--reason", "a mistake", "--db", db, "--yes")
    checkout("gift-card", "unload", reference_of(number), "EUR", "--reason", "lost", "--db", db, "--yes")
    assert balance(checkout, db, number)["available"]["minor"] == 0
    history = checkout("gift-card", "show", number, "--db", db, "--json").data["card"]["movements"]
    assert [one["delta"] for one in history] == [-4250, -1000, 250, 5000]


# The clumsy.
@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("issue", "5o", "EUR", "--reason", "x"), 2, "is no amount"),
        (("issue", "0.00", "EUR", "--reason", "x"), 2, "not more than nothing"),
        (("issue", "5.001", "EUR", "--reason", "x"), 2, "is no amount"),
        (("issue", "5.00", "EURO", "--reason", "x"), 1, "is not an active ISO 4217 currency"),
        (("issue", "5.00", "EUR", "--reason", "x", "--count", "21"), 2, "Say --out FILE"),
        (("issue", "5.00", "EUR", "--reason", " "), 1, "reason is not acceptable"),
        (("show", "GC-7K3QM-9XWT2-HV4RX"), 1, "not quite right"),
        (("show", "GC-801HA-ZFF13-0E737"), 1, "is not a gift card of ours"),
        (("show", "4111111111111111"), 1, "looks like a card number"),
        (("load", "TEA-SENCHA", "5.00", "EUR", "--reason", "x"), 1, "is not a gift card of ours"),
        (("unload", "GC-801HA-ZFF13-0E737", "EUR", "--reason", "x"), 1, "is not a gift card of ours"),
    ],
)
def test_a_slip_is_told_and_changes_nothing(checkout: Command, db: Path, words: tuple[str, ...], code: int, says: str) -> None:
    said = checkout("gift-card", *words, *(() if words[0] == "show" else ("--yes",)), "--db", db)
    assert (said.code, says in " ".join(said.err.split())) == (code, True), said.err
    assert "Traceback" not in said.err
    assert listed(checkout, db) == [LENES]


def test_more_than_is_left_is_not_taken_off(checkout: Command, db: Path) -> None:
    (number,) = issue(checkout, db)
    buy(db, number)
    said = checkout("gift-card", "unload", number, "EUR", "--amount", "1.00", "--reason", "x", "--db", db, "--yes")
    assert said.code == 1
    assert "0.00 EUR" in said.err
    assert checkout("gift-card", "unload", number, "EUR", "--reason", "x", "--db", db, "--yes").code == 0  # nothing to do


def test_a_file_that_is_there_is_left_alone(checkout: Command, db: Path, tmp_path: Path) -> None:
    out = tmp_path / "cards.csv"
    out.write_text("precious", encoding="utf-8")
    said = checkout("gift-card", "issue", "5.00", "EUR", "--reason", "x", "--out", out, "--db", db, "--yes")
    assert said.code == 2
    assert out.read_text(encoding="utf-8") == "precious"
    assert listed(checkout, db) == [LENES]
