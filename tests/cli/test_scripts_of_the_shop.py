"""The example shoppers at the example shop, in memory: each script ends as it says, and afterwards every book agrees with every other."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest
from attrs import evolve

from checkout_adapters.files import ShopFiles, read_shop
from checkout_cli import demo as demos
from checkout_cli.demo import Told, tell
from checkout_cli.rendering.stories import WIDTH, closing_words, demo_data, opening_words, story_words
from checkout_cli.run import read_scripts
from checkout_core.holds import HoldState
from checkout_core.ledger import Entry, Posting
from checkout_core.scripts import Script
from checkout_core.stories import Story
from tests.cli.playhouse import EXAMPLES, MONDAY, Playhouse, playhouse

SCRIPTS = sorted((EXAMPLES / "checkouts").glob("*.toml"))


@cache
def files() -> ShopFiles:
    return read_shop(EXAMPLES / "shop")


@cache
def scripts() -> tuple[Script, ...]:
    return read_scripts([EXAMPLES / "checkouts"])


@cache
def the_demo() -> tuple[Playhouse, Told]:
    house = playhouse(files())
    return house, tell(house.stage, scripts())


def printed(told: Told) -> str:
    from rich.console import Console

    console = Console(width=100, color_system=None, highlight=False, emoji=False)
    with console.capture() as capture:
        console.print(opening_words())
        for story in told.stories:
            console.print(story_words(story))
        for part in closing_words(told):
            console.print(part)
    return capture.get()


def story(name: str) -> Story:
    return next(one for one in the_demo()[1].stories if one.script.name.endswith(name))


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_alone_ends_as_it_says(path: Path) -> None:
    """I6, I11, I16, I20: on a freshly opened shop each story goes as told; nothing is left held, owed or stranded two days later."""
    house = playhouse(files())
    told = tell(house.stage, read_scripts([path]))
    assert [str(mismatch) for _, mismatch in told.mismatches] == []
    assert told.findings == ()
    assert [row for row in told.money if not row.agree] == []
    assert told.stories[0].script.expect.orders is not None  # a script that expects nothing shows nothing


def test_all_scripts_one_after_the_other_on_one_shop() -> None:
    """I1, I3, I9, I11, I20: a whole week of shoppers, and gateway, ledger, orders and stock agree in four currencies."""
    _, told = the_demo()
    assert [str(mismatch) for _, mismatch in told.mismatches] == []
    assert told.good
    assert {row.currency for row in told.money} == {"EUR", "INR", "JPY", "USD"}
    assert len(told.stories) >= 14
    assert all(row.gateway for row in told.money)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("guest", "placed"),
        ("registered", "free-parcel needs 12.10 EUR more"),
        ("merge-at-login", "account's"),
        ("coupon", "coupon-used-up"),
        ("first-order-only", "coupon-used-by-you"),
        ("declined-then-another", "insufficient-funds"),
        ("three-d-secure", "bank asks"),
        ("upi-paid", "UPI app"),
        ("upi-expired", "declined"),
        ("late-but-welcome", "not decided yet"),
        ("late-and-refunded", "went back"),
        ("no-answer", "placed"),
        ("the-last-one", "out-of-stock"),
        ("abandoned", "More may come free at"),
        ("price-changed", "quote-changed"),
        ("same-key-twice", "already-placed"),
        ("new-york", "USD"),
        ("kyoto", "JPY"),
        ("cancelled", "went back"),
        ("on-the-house", "nothing to pay"),
    ],
)
def test_the_situations_that_matter_are_all_told(name: str, word: str) -> None:
    """A newcomer sees each of them happen, in the shop's own words."""
    told = story(name)
    said = [f"{step.answer.text} {' '.join(refused.reason for refused in step.answer.refused)}" for step in told.told]
    assert any(word in line for line in said), said


def test_taxes_of_each_place_are_on_the_quotes() -> None:
    """I12: the tax that is told is that of where the parcel goes, to the minor unit, computed here by hand."""
    taxes = {name: dict(story(name).checkouts[0][1].quote.totals.tax_by_code) for name in ("guest", "upi-paid", "new-york", "kyoto")}  # type: ignore[union-attr]
    assert taxes["guest"] == {"MwSt 19 %": 238 + 136, "MwSt 7 %": 116}  # 14.90 and 8.50 × 19/119, 17.80 × 7/107
    assert (taxes["upi-paid"]["CGST 2.5 %"], taxes["upi-paid"]["SGST 2.5 %"]) == (11595, 11595)  # 4870.00 × 2.5/105 each
    assert taxes["new-york"] == {"NY state sales tax": 396, "NY exempt: food": 0}  # 99.00 × 4 %
    assert taxes["kyoto"] == {"消費税 8 %": 237, "消費税 10 %": 500}  # 3200 × 8/108, 5500 × 10/110


def test_one_wish_to_pay_is_one_charge() -> None:
    """I5, I17: three presses and a lost answer, and the gateway has one payment for each order that was paid."""
    house, told = the_demo()
    charged = [payment for payment in house.gateway.books.payments() if payment.captured > payment.refunded]
    paid = [c for story in told.stories for _, c in story.checkouts if c.order is not None and c.order.total and not c.order.cancelled]
    assert len(charged) == len(paid)


def test_the_demo_is_the_same_every_time() -> None:
    """Ids, clock and order are arguments: a second demo prints the same text."""
    assert printed(tell(playhouse(files()).stage, scripts())) == printed(the_demo()[1])


def test_the_demo_fits_a_terminal_and_is_plain_when_it_is_none() -> None:
    """At most 84 columns of text, no colours and no control characters where nobody could see them."""
    text = printed(the_demo()[1])
    assert max(len(line.rstrip()) for line in text.splitlines()) <= WIDTH
    assert "\x1b" not in text
    assert text.rstrip().splitlines()[-2:][0].startswith("The books balance: ")
    for told in the_demo()[1].stories:
        assert f"─ {told.script.title} ─" in text


def test_the_demo_as_data() -> None:
    """Stable keys, amounts in minor units with their currency, nothing that JSON cannot hold."""
    data = json.loads(json.dumps(demo_data(the_demo()[1]), allow_nan=False))
    assert set(data) == {"stories", "stock", "money", "mails", "findings", "balanced", "as_expected"}
    assert (data["balanced"], data["as_expected"], data["findings"]) == (True, True, [])
    keys = {"name", "title", "about", "shoppers", "steps", "checkouts", "orders", "kept", "refunds", "mails", "mismatches"}
    assert all(set(one) == keys for one in data["stories"])
    euros = sum(amount["minor"] for one in data["stories"] for amount in one["kept"] if amount["currency"] == "EUR")
    assert [row["ledger"] for row in data["money"] if row["currency"] == "EUR"] == [euros]
    moved = {(row["sku"]): row["after"] - row["before"] for row in data["stock"]}
    assert moved["POT-KYUSU-TOKONAME"] == -1
    assert "COF-COORG-250" not in moved  # it was held, and came back


def test_no_address_of_anybody_is_printed() -> None:
    """R24: neither the words nor the data of a demo hold an e-mail address, a street or a full name."""
    told = the_demo()[1]
    text = printed(told) + json.dumps(demo_data(told), ensure_ascii=False)
    people = [shopper for script in scripts() for shopper in script.shoppers]
    secrets = [shopper.contact.email for shopper in people if shopper.contact and shopper.contact.email]
    secrets += [line for shopper in people if shopper.address for line in (*shopper.address.lines, shopper.address.name)]
    assert len(secrets) > 40
    assert [secret for secret in secrets if secret in text] == []


def test_scripts_are_spelled_alike_and_are_about_different_people() -> None:
    """Each story has its own shoppers with believable addresses, a title that fits its frame, and an account that nobody shares."""
    everyone = [shopper for script in scripts() for shopper in script.shoppers]
    assert len({shopper.name for shopper in everyone}) == len(everyone)
    accounts = [shopper.customer for shopper in everyone if shopper.customer]
    assert len(set(accounts)) == len(accounts)
    emails = [shopper.contact.email for shopper in everyone if shopper.contact and shopper.contact.email]
    assert all(email.endswith("@example.com") for email in emails)
    assert all(len(script.title) <= 70 and script.about for script in scripts())
    assert [path.stem for path in SCRIPTS if not re.fullmatch(r"\d\d-[a-z-]+", path.stem)] == []


def test_books_that_do_not_balance_are_seen() -> None:
    """A guard must have been seen failing: money that is only in the ledger, stock that nobody moved, a hold that was forgotten."""
    house = playhouse(files())
    tell(house.stage, scripts()[:1])
    tables = house.store.tables
    tables.postings.append(Posting("x", "x", "EUR", "planted", MONDAY, (Entry("gateway", 1), Entry("receivable", -1))))
    key, pool = next((key, pool) for key, pool in tables.pools.items() if pool.on_hand)
    tables.pools[key] = evolve(pool, on_hand=pool.on_hand + 1)
    owner, holds = next((id, holds) for id, holds in tables.holds.items() if holds)
    tables.holds[owner] = (*holds, evolve(holds[0], state=HoldState.HELD))
    told = tell(house.stage, scripts()[1:2])
    assert not told.balanced
    assert not told.good
    assert [(row.currency, row.ledger - row.gateway) for row in told.money if not row.agree] == [("EUR", 1)]
    text = " ".join(printed(told).split())
    assert "The books do not balance" in text
    for words in ("movements add up", "still holds", "x owes -1", "EUR differs between gateway, ledger and orders"):
        assert words in text


def test_a_script_that_does_not_end_as_it_says_is_seen() -> None:
    """The demo compares: an expectation that fails is told in the story's own frame and at the end."""
    script = scripts()[0]
    wrong = evolve(script, expect=evolve(script.expect, orders=2))
    told = tell(playhouse(files()).stage, [wrong])
    assert told.balanced
    assert not told.good
    assert printed(told).count("at the end: expected 2 orders; got 1") == 2


def test_the_examples_are_found() -> None:
    """The command finds the example shop beside its source, or in the package."""
    assert demos.examples() == EXAMPLES
