"""`checkout coupon generate|create|codes|disable|enable`: codes by the thousand, and what an operator does with them."""

from __future__ import annotations

import csv
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from checkout_adapters.sqlalchemy import codes as module
from checkout_cli.config import settings_of
from checkout_cli.wiring import opened
from checkout_core import Card, Placed, Refusal
from tests.cli.conftest import EXAMPLES, Command, content
from tests.world import ADA, BERLIN, total

FORM = re.compile(r"TEA(-[0-9A-HJKMNP-TV-Z]{5}){3}")
CART = (
    'currency = "EUR"\nshipping = "standard"\nship_to = { country = "DE" }\ncodes = ["%s"]\n[[lines]]\nsku = "TIN-TEA-100"\nquantity = 9\n'
)


def generate(checkout: Command, db: Path, *words: object, count: int = 5) -> Any:
    said = checkout("coupon", "generate", "newsletter", "--count", count, "--prefix", "tea", *words, "--db", db, "--yes", "--json")
    assert said.code == 0, said.out
    return said.data


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def buy(db: Path, code: str) -> Any:
    """What becomes of a purchase with that code, through the shop that the command opens."""
    with opened(settings_of(str(db))) as backend:
        cart = backend.shop.open_cart(currency="EUR")
        backend.shop.add(cart.id, sku="TIN-TEA-100", quantity=9)
        c = backend.shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA, codes=[code])
        return backend.shop.pay(c.id, Card("tok_ok"), expected=total(c), key="k1")


def test_codes_are_made_written_and_work_once(checkout: Command, db: Path, tmp_path: Path) -> None:
    out = tmp_path / "codes.csv"
    data = generate(checkout, db, "--out", out, "--batch", "autumn")
    assert data["done"] is True
    assert data["issued"]["codes"] == 5
    written = rows(out)
    assert [FORM.fullmatch(row["code"]) is not None for row in written] == [True] * 5
    assert {(row["promotion"], row["batch"], row["used"]) for row in written} == {("newsletter", "autumn", "0")}
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
    code = written[0]["code"]
    assert isinstance(buy(db, code.lower().replace("-", "")), Placed)
    with pytest.raises(Refusal, match="All uses"):
        buy(db, code)
    shown = checkout("coupon", "show", code, "--db", db, "--json").data["coupon"]
    assert (shown["issued"]["code"], shown["issued"]["used"], shown["promotion"]) == (code, 1, "newsletter")
    assert [(one["batch"], one["issued"], one["used"]) for one in shown["batches"]] == [("autumn", 5, 1)]
    listed = checkout("coupon", "codes", "autumn", "--db", db, "--json").data
    assert {one["code"]: one["used"] for one in listed["codes"]}[code] == 1
    checkout("coupon", "codes", "autumn", "--db", db, "--out", tmp_path / "again.csv")
    assert sorted(row["code"] for row in rows(tmp_path / "again.csv")) == sorted(row["code"] for row in written)
    assert [row["used"] for row in rows(tmp_path / "again.csv") if row["code"] == code] == ["1"]
    assert checkout("fsck", "--db", db).code == 0


def test_words_say_what_will_be_and_what_was(checkout: Command, db: Path) -> None:
    plan = checkout("coupon", "generate", "newsletter", "--count", 3, "--until", "2027-01-01T00:00:00+01:00", "--db", db, "--dry-run")
    assert plan.code == 0
    assert "Each can be used once." in plan.out
    assert "Good up to 2026-12-31 23:00 UTC." in plan.out
    before = content(db)
    assert checkout("coupon", "generate", "newsletter", "--count", 3, "--db", db).code == 2  # nobody to ask
    assert content(db) == before
    done = checkout("coupon", "generate", "newsletter", "--count", 3, "--batch", "b1", "--db", db, "--yes")
    assert "Done: 3 codes, such as " in done.out
    assert "checkout coupon codes b1 --out FILE" in " ".join(done.out.split())
    assert "3 codes" in checkout("coupon", "list", "--db", db).out
    assert "b1" in checkout("coupon", "show", "newsletter", "--db", db).out


def test_a_chosen_code(checkout: Command, db: Path) -> None:
    assert checkout("coupon", "create", "newsletter", "--code", "podcast", "--db", db, "--yes").code == 0
    assert isinstance(buy(db, "PodCast"), Placed)
    for code, told in (("podcast", "already"), ("WELCOME10", "code of welcome already"), ("no blank", "--code")):
        said = checkout("coupon", "create", "newsletter", "--code", code, "--db", db, "--yes")
        assert said.code == 2
        assert told in said.err


def test_a_code_is_disabled_and_enabled(checkout: Command, db: Path, tmp_path: Path) -> None:
    generate(checkout, db, "--out", tmp_path / "codes.csv", "--batch", "b1")
    first, second, *_ = [row["code"] for row in rows(tmp_path / "codes.csv")]
    said = checkout("coupon", "disable", first.lower(), "--reason", "leaked", "--db", db, "--yes")
    assert said.code == 0
    assert "1 code count no more" in said.out
    with pytest.raises(Refusal, match="not valid any more"):
        buy(db, first)
    assert isinstance(buy(db, second), Placed)
    shown = checkout("coupon", "show", first, "--db", db)
    assert "disabled: leaked" in shown.out
    assert "by tester" in shown.out
    again = checkout("coupon", "disable", first, "--reason", "leaked", "--db", db, "--yes")
    assert "It is disabled already." in again.out
    assert checkout("coupon", "enable", first, "--db", db, "--yes").code == 0
    assert isinstance(buy(db, first), Placed)


def test_a_batch_and_all_codes_of_a_promotion(checkout: Command, db: Path, tmp_path: Path) -> None:
    """A code that was disabled alone stays so when its batch counts again."""
    for batch in ("b1", "b2"):
        generate(checkout, db, "--out", tmp_path / f"{batch}.csv", "--batch", batch, count=2)
    alone, other = [row["code"] for row in rows(tmp_path / "b1.csv")]
    checkout("coupon", "disable", alone, "--reason", "leaked", "--db", db, "--yes")
    said = checkout("coupon", "disable", "--promotion", "newsletter", "--reason", "wrong list", "--db", db, "--yes", "--json").data
    assert [change["then"] for change in said["changes"]] == ["disabled: wrong list"] * 2
    assert said["codes"] == 4
    with pytest.raises(Refusal, match="not valid any more"):
        buy(db, other)
    back = checkout("coupon", "enable", "--batch", "b1", "--db", db, "--yes")
    assert "1 codes stay disabled" in " ".join(back.out.split())
    assert isinstance(buy(db, other), Placed)
    with pytest.raises(Refusal, match="not valid any more"):
        buy(db, alone)


def test_what_people_who_are_paying_hold_is_told(checkout: Command, db: Path, tmp_path: Path) -> None:
    generate(checkout, db, "--out", tmp_path / "codes.csv", "--batch", "b1")
    code = rows(tmp_path / "codes.csv")[0]["code"]
    with opened(settings_of(str(db))) as backend:
        cart = backend.shop.open_cart(currency="EUR")
        backend.shop.add(cart.id, sku="TIN-TEA-100", quantity=9)
        c = backend.shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA, codes=[code])
        backend.shop.pay(c.id, Card("tok_3ds_ok"), expected=total(c), key="k1")
    for words in ([code], ["--batch", "b1"]):
        said = checkout("coupon", "disable", *words, "--reason", "leaked", "--db", db, "--dry-run")
        assert "held by people who are paying" in " ".join(said.out.split())


def test_loading_the_shop_again_keeps_the_codes_and_a_withdrawn_promotion_ends_them(checkout: Command, db: Path, tmp_path: Path) -> None:
    generate(checkout, db, "--out", tmp_path / "codes.csv", "--batch", "b1")
    first, second, *_ = [row["code"] for row in rows(tmp_path / "codes.csv")]
    shutil.copytree(EXAMPLES / "shop", tmp_path / "shop")
    assert checkout("shop", "load", tmp_path / "shop", "--db", db, "--yes").code == 0
    assert isinstance(buy(db, first), Placed)
    text = (tmp_path / "shop" / "promotions.toml").read_text(encoding="utf-8")
    start = text.index('[[promotions]]\nid = "newsletter"')
    end = text.find("[[promotions]]", start + 5)
    (tmp_path / "shop" / "promotions.toml").write_text(text[:start] + (text[end:] if end > 0 else ""), encoding="utf-8")
    assert checkout("shop", "load", tmp_path / "shop", "--db", db, "--yes").code == 0
    with pytest.raises(Refusal, match="not valid any more"):
        buy(db, second)
    assert checkout("coupon", "show", second, "--db", db, "--json").data["coupon"]["issued"]["code"] == second


def test_why_says_what_a_code_does_and_why_not(checkout: Command, db: Path, tmp_path: Path) -> None:
    generate(checkout, db, "--out", tmp_path / "codes.csv", "--batch", "b1")
    code = rows(tmp_path / "codes.csv")[0]["code"]
    (cart := tmp_path / "cart.toml").write_text(CART % code, encoding="utf-8")
    assert checkout("coupon", "why", code, "--cart", cart, "--db", db).code == 0
    quote = checkout("quote", cart, "--db", db, "--json").data["quote"]
    assert [(one["code"], one["issued"]) for one in quote["promotions"] if one["id"] == "newsletter"] == [(code, code.replace("-", ""))]
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    said = checkout("coupon", "why", wrong, "--cart", cart, "--db", db)
    assert said.code == 1
    assert "not quite a code of ours" in said.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["generate", "newsletter", "--count", 0], 2, "--count"),
        (["generate", "newsletter", "--count", 5, "--prefix", "tea time"], 2, "--prefix"),
        (["generate", "newsletter", "--count", 5, "--batch", "a/b"], 2, "--batch"),
        (["generate", "newsletter", "--count", 5, "--until", "tomorrow"], 2, "no time"),
        (["generate", "welcome", "--count", 5], 2, "by_code = true"),
        (["generate", "nothing", "--count", 5], 1, "There is no promotion"),
        (["generate", "newsletter", "--count", 5, "--out", "/nowhere/codes.csv"], 2, "/nowhere"),
        (["disable", "--reason", "x"], 2, "Name one thing"),
        (["disable", "A", "--batch", "b", "--reason", "x"], 2, "Name one thing"),
        (["disable", "NOPE", "--reason", "x"], 1, "There is no code"),
        (["disable", "WELCOME10", "--reason", "x"], 2, "Take it out of promotions.toml"),
        (["disable", "--batch", "b9", "--reason", "x"], 1, "There is no batch"),
        (["codes", "b9"], 1, "There is no batch"),
    ],
)
def test_a_clumsy_hand_is_told_what_to_do(checkout: Command, db: Path, words: list[object], code: int, told: str) -> None:
    before = content(db)
    yes = [] if words[0] == "codes" else ["--yes"]
    said = checkout("coupon", *words, *yes, "--db", db)
    assert said.code == code
    assert told in said.err
    assert content(db) == before


def test_a_file_that_is_there_is_not_written_over(checkout: Command, db: Path, tmp_path: Path) -> None:
    (out := tmp_path / "codes.csv").write_text("mine", encoding="utf-8")
    said = checkout("coupon", "generate", "newsletter", "--count", 2, "--out", out, "--db", db, "--yes")
    assert said.code == 2
    assert out.read_text(encoding="utf-8") == "mine"
    generate(checkout, db, "--batch", "b1")
    assert checkout("coupon", "codes", "b1", "--out", out, "--db", db).code == 2
    again = checkout("coupon", "generate", "newsletter", "--count", 2, "--batch", "b1", "--db", db, "--yes")
    assert "batch b1 already" in again.err


def test_a_batch_is_whole_or_not_there(checkout: Command, db: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after half of them: no code of it counts, no file lies about, and the same command can be given again."""
    before = content(db)
    monkeypatch.setattr(module, "AT_ONCE", 10)
    plain = module.find
    calls = 0

    def stopped(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return plain(*args)

    monkeypatch.setattr(module, "find", stopped)
    out = tmp_path / "codes.csv"
    said = checkout("coupon", "generate", "newsletter", "--count", 60, "--batch", "b1", "--out", out, "--db", db, "--yes")
    assert said.code not in (0, 1, 2)
    assert content(db) == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("codes.csv")]
    monkeypatch.setattr(module, "find", plain)
    generate(checkout, db, "--batch", "b1", "--out", out, count=60)
    assert len({row["code"] for row in rows(out)}) == 60


def test_many_codes_take_statements_by_the_thousand(checkout: Command, db: Path, tmp_path: Path) -> None:
    """Growth: twenty thousand codes are a handful of statements, and every one is another (the drawing is the machine's own)."""
    data = generate(checkout, db, "--out", tmp_path / "codes.csv", "--batch", "many", count=20_000)
    assert data["issued"]["codes"] == 20_000
    assert len({row["code"] for row in rows(tmp_path / "codes.csv")}) == 20_000
    assert -(-20_000 // module.AT_ONCE) <= 5
    shown = checkout("coupon", "codes", "many", "--db", db, "--limit", 3, "--json").data
    assert len(shown["codes"]) == 3
    assert datetime.fromisoformat(shown["batch"]["issued_at"]).tzinfo is not None
