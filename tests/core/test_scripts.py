"""Scripts: read strictly, with every mistake at once and its place."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from checkout_core import Card, Money, Upi
from checkout_core.script_reader import WORDS, script_of
from checkout_core.scripts import (
    Add,
    Backorder,
    BadScript,
    Begin,
    Cancel,
    Change,
    Load,
    Login,
    Merge,
    MoveStock,
    Open,
    Pay,
    PayAgain,
    Remove,
    Reprice,
    Script,
    ShippingOptions,
    Status,
    Tick,
    Validate,
    WaitFor,
)

EVERY_WORD = """
title = "All of it"
about = "Every word once."

[addresses.home]
name = "Ada Winter"
lines = ["Torstraße 112"]
city = "Berlin"
postcode = "10119"
country = "DE"
region = "BE"

[addresses.office]
name = "Ada Winter"
lines = ["Invalidenstr. 1"]
city = "Berlin"
country = "DE"

[shoppers.ada]
customer = "customer-1"
email = "ada@example.com"
phone = "+49 30 1234"
locale = "de"
address = "home"

[shoppers.ben]

[[steps]]
do = "open"
cart = "old"
currency = "EUR"

[[steps]]
do = "open"
cart = "new"
currency = "EUR"
guest = true

[[steps]]
do = "add"
sku = "MUG"
quantity = 2
options = { engraving = "A" }

[[steps]]
do = "change"
sku = "MUG"
quantity = 3
options = { engraving = "A" }

[[steps]]
do = "add"
sku = "BOOK"

[[steps]]
do = "remove"
sku = "BOOK"

[[steps]]
do = "login"
into = "old"
how = "max"

[[steps]]
do = "open"
cart = "third"
currency = "EUR"

[[steps]]
do = "merge"
cart = "third"
into = "old"

[[steps]]
do = "begin"
shipping = "standard"
codes = ["SAVE10"]
gift_cards = ["GC-7K3QM-9XWT2-HV4RS"]
says = "begins"
total = "12.50"

[[steps]]
do = "update"
address = "office"
email = "other@example.com"

[[steps]]
do = "validate"

[[steps]]
do = "options"

[[steps]]
do = "pay"
card = "tok_declined"
agreed = "12.50"
key = "k1"
expect = "refused"
reason = "declined"

[[steps]]
do = "pay"
upi = "upi_paid"

[[steps]]
do = "again"
expect = "placed"

[[steps]]
do = "status"

[[steps]]
do = "cancel"
because = "changed her mind"

[[steps]]
do = "wait"
days = 1
hours = 2
minutes = 3
seconds = 4

[[steps]]
who = "ben"
do = "tick"

[[steps]]
do = "price"
sku = "MUG"
amount = "9.90"
currency = "EUR"

[[steps]]
do = "stock"
sku = "MUG"
location = "berlin"
delta = -2
because = "broken"

[[steps]]
do = "backorder"
sku = "MUG"
limit = 4
because = "on its way"

[[steps]]
do = "load"
gift_card = "GC-7K3QM-9XWT2-HV4RS"
amount = "50.00"
currency = "EUR"
because = "a birthday"

[expect]
orders = 1
mails = 2
kept = { EUR = "12.50", JPY = "5" }
left = { MUG = 3 }
moved = { MUG = -4, CUP = 0 }
"""


def read(text: str) -> Script:
    return script_of(tomllib.loads(text), "a-script")


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(BadScript) as raised:
        read(text)
    assert raised.value.name == "a-script"
    return raised.value.mistakes


def with_steps(*steps: str) -> str:
    """A script of one shopper with an account, and these steps."""
    return 'title = "T"\n[shoppers.ada]\ncustomer = "c-1"\n' + "".join(f"[[steps]]\n{step}\n" for step in steps)


OPENED, ADDED, BEGUN = 'do = "open"\ncurrency = "EUR"', 'do = "add"\nsku = "MUG"', 'do = "begin"'


def test_every_word_becomes_its_value() -> None:
    """What is written is what is played: each word, each of its fields, and nothing invented."""
    script = read(EVERY_WORD)
    ada = script.shopper("ada")
    assert ada.contact is not None
    assert (ada.customer, ada.contact.email, ada.contact.phone, ada.contact.locale) == (
        "customer-1",
        "ada@example.com",
        "+49 30 1234",
        "de",
    )
    assert script.shopper("ben").contact is None
    assert [step.who for step in script.steps if step.word == "tick"] == ["ben"]
    done = [step.do for step in script.steps]
    assert done[:9] == [
        Open("old", "EUR"),
        Open("new", "EUR", guest=True),
        Add("MUG", 2, (("engraving", "A"),)),
        Change("MUG", 3, (("engraving", "A"),)),
        Add("BOOK"),
        Remove("BOOK"),
        Login("old", "max"),
        Open("third", "EUR"),
        Merge("third", "old"),
    ]
    begin, update = done[9], done[10]
    assert isinstance(begin, Begin)
    assert (begin.ship_to, begin.contact, begin.shipping, begin.codes, begin.again) == (
        ada.address, ada.contact, "standard", ("SAVE10",), False,
    )  # fmt: skip
    assert isinstance(update, Begin)
    assert update.ship_to is not None
    assert update.contact is not None
    assert (update.ship_to.lines, update.contact.email, update.contact.locale) == (("Invalidenstr. 1",), "other@example.com", "de")
    assert (update.shipping, update.codes, update.again) == (None, None, True)
    assert done[11:] == [
        Validate(),
        ShippingOptions(),
        Pay(Card("tok_declined"), Money(1250, "EUR"), "k1"),
        Pay(Upi("upi_paid")),
        PayAgain(),
        Status(),
        Cancel("changed her mind"),
        WaitFor(24 * 3600 + 2 * 3600 + 3 * 60 + 4),
        Tick(),
        Reprice("MUG", Money(990, "EUR")),
        MoveStock("MUG", -2, "berlin", "broken"),
        Backorder("MUG", 4, "main", "on its way"),
        Load("GC-7K3QM-9XWT2-HV4RS", Money(5000, "EUR"), "a birthday"),
    ]
    assert (begin.gift_cards, update.gift_cards) == (("GC-7K3QM-9XWT2-HV4RS",), None)
    assert (script.steps[9].says, script.steps[9].total) == ("begins", Money(1250, "EUR"))
    assert (script.steps[13].expect, script.steps[13].reason) == ("refused", "declined")
    assert script.expect.kept == (Money(1250, "EUR"), Money(5, "JPY"))
    assert (script.expect.orders, script.expect.mails) == (1, 2)
    assert (script.expect.left, script.expect.moved) == ((("MUG", 3),), (("MUG", -4), ("CUP", 0)))
    assert script.skus == ("MUG", "BOOK", "CUP")
    assert {step.word for step in script.steps} == set(WORDS)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([OPENED, 'do = "add"\nsku = "MUG"\nqty = 2'], 'step 2 (add): unknown word "qty"; known: do, who, sku, quantity, options, says'),
        ([OPENED, "sku = 1"], 'step 2: "do" is missing; it is one of open, login'),
        ([OPENED, 'do = "buy"'], "step 2: \"do\" is one of open, login, merge, add"),
        (['do = "open"'], 'step 1 (open): "currency" is missing'),
        (['do = "open"\ncurrency = "EURO"'], "step 1 (open): 'EURO' is not an active ISO 4217 currency"),
        ([OPENED, 'do = "open"\ncart = "cart 1"\ncurrency = "EUR"'], "step 2 (open): ada has a cart 'cart 1' already"),
        ([ADDED], 'step 1 (add): ada has no cart yet; a step "open" comes first'),
        ([OPENED, 'do = "add"\nsku = "MUG"\nquantity = 0'], 'step 2 (add): "quantity" is a whole number from 1 to 1000000000, not 0'),
        ([OPENED, 'do = "add"\nsku = "MUG"\nquantity = "2"'], "step 2 (add): \"quantity\" is a whole number from 1 to 1000000000, not '2'"),
        ([OPENED, 'do = "add"\nsku = "MUG"\nquantity = true'], "not true"),
        ([OPENED, 'do = "add"\nsku = 7'], 'step 2 (add): "sku" is a text in quotes, not 7'),
        ([OPENED, 'do = "add"\nsku = "MUG"\noptions = { size = 4 }'], 'step 2 (add), options: "size" is a text in quotes, not 4'),
        ([OPENED, 'do = "add"\nsku = "MUG"\noptions = "L"'], 'step 2 (add): "options" is a table, not \'L\''),
        ([OPENED, 'do = "change"\nsku = "MUG"'], 'step 2 (change): "quantity" is missing'),
        ([OPENED, 'do = "pay"\ncard = "tok_ok"'], 'step 2 (pay): ada has not begun a checkout yet; a step "begin" comes first'),
        ([OPENED, ADDED, BEGUN, 'do = "again"'], 'step 4 (again): ada has not paid yet; a step "pay" comes first'),
        ([OPENED, BEGUN, 'do = "pay"\ncard = "a"\nupi = "b"'], 'step 3 (pay): pay with "card" or with "upi", not with both'),
        ([OPENED, BEGUN, 'do = "pay"\nagreed = 12.5'], 'step 3 (pay): "agreed" is an amount in quotes, such as "73.90", not 12.5'),
        ([OPENED, BEGUN, 'do = "pay"\nagreed = "1,50"'], 'step 3 (pay): "agreed": \'1,50\' is not an amount'),
        ([OPENED, BEGUN, 'do = "pay"\nagreed = "1.505"'], "more than the 2 decimals of EUR"),
        ([OPENED, BEGUN, 'do = "pay"\nagreed = "-1"'], '"agreed" is not below zero'),
        ([OPENED, 'do = "begin"\ncodes = "SAVE10"'], "step 2 (begin): \"codes\" is a list of texts, not 'SAVE10'"),
        ([OPENED, 'do = "begin"\ncodes = [1]'], 'step 2 (begin), codes: "number 1" is a text in quotes, not 1'),
        ([OPENED, 'do = "begin"\naddress = "home"'], 'step 2 (begin): "address" is one of the tables [addresses.NAME], not \'home\''),
        ([OPENED, 'do = "add"\nsku = "MUG"\nwho = "ben"'], "step 2 (add): \"who\" is one of ada, not 'ben'"),
        ([OPENED, 'do = "add"\nsku = "MUG"\nexpect = "yes"'], "step 2 (add): \"expect\" is one of done, placed, action, pending, refused"),
        ([OPENED, 'do = "add"\nsku = "MUG"\nreason = "x"'], 'step 2 (add): "reason" goes with expect = "refused"'),
        ([OPENED, 'do = "add"\nsku = "MUG"\ntotal = "1.00"'], 'step 2 (add): "total" can be compared once the checkout has begun'),
        ([OPENED, BEGUN, 'do = "cancel"'], 'step 3 (cancel): "because" is missing'),
        (['do = "wait"'], "step 1 (wait): wait for seconds, minutes, hours, days: more than nothing, and at most 400 days"),
        (['do = "wait"\ndays = 401'], "at most 400 days"),
        (['do = "wait"\nseconds = -1'], 'step 1 (wait): "seconds" is a whole number from 1'),
        (['do = "price"\nsku = "MUG"\ncurrency = "EUR"'], 'step 1 (price): "amount" is missing'),
        (['do = "stock"\nsku = "MUG"\nbecause = "x"'], 'step 1 (stock): "delta" is missing'),
        (['do = "stock"\nsku = "MUG"\nbecause = "x"\ndelta = 0'], 'step 1 (stock): "delta" is more or less than 0'),
        (['do = "load"\ngift_card = "GC-1"'], 'step 1 (load): "gift_card" is no number of a gift card'),
        (['do = "load"\ngift_card = "GC-7K3QM-9XWT2-HV4RX"\namount = "1"\ncurrency = "EUR"\nbecause = "x"'], "a letter is wrong"),
        (['do = "load"\ngift_card = "GC-7K3QM-9XWT2-HV4RS"\ncurrency = "EUR"\nbecause = "x"'], 'step 1 (load): "amount" is missing'),
        ([OPENED, 'do = "login"\ninto = "saved"'], "step 2 (login): \"into\" is a cart of ada: cart 1"),
        ([OPENED, 'do = "login"\ninto = "cart 1"'], "a guest's cart goes into an account's"),
        (['do = "merge"\ncart = "a"\ninto = "b"'], 'step 1 (merge): "cart" is a cart of ada: none is open'),
        ([OPENED, 'do = "open"\ncurrency = "EUR"\nguest = "yes"'], "step 2 (open): \"guest\" is true or false, not 'yes'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(steps: list[str], message: str) -> None:
    """Which step, which word of it, and what may stand there."""
    assert any(message in mistake for mistake in mistakes(with_steps(*steps))), mistakes(with_steps(*steps))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", '"title" is missing'),
        ('title = "T"', "a script has 1 to 20 shoppers, each a table [shoppers.NAME]"),
        ('title = "T"\n[shoppers.ada]', "a script has 1 to 200 steps, each a table [[steps]]"),
        ('title = "T"\nsteps = 5\n[shoppers.ada]', "a script has 1 to 200 steps"),
        ('title = ""\n[shoppers.ada]', '"title" is a text of 1 to 600 characters in one line'),
        ('title = "a\\u001b[2J"\n[shoppers.ada]', "without control characters"),
        ('title = "T"\nauthor = "me"', 'unknown word "author"; known: title, about, addresses, shoppers, steps, expect'),
        (
            'title = "T"\n[shoppers.ada]\nmail = "x"',
            'shoppers, ada: unknown word "mail" (did you mean "email"?); known: email, phone, locale, customer, address',
        ),
        ('title = "T"\nshoppers = 3', '"shoppers" is a table, not 3'),
        ('title = "T"\n[shoppers."a\\u0000b"]', "is no name"),
        ('title = "T"\n[addresses.home]\ncountry = "GER"', "addresses, home: 'GER' is not a country: use an ISO 3166-1 code such as DE"),
        ('title = "T"\n[addresses.home]', 'addresses, home: "lines" is a list of 1 to 5 texts'),
        ('title = "T"\n[expect]\norders = -1', 'expect: "orders" is a whole number from 0'),
        ('title = "T"\n[expect.kept]\nEUR = 12.5', 'expect, kept: "EUR" is an amount in quotes, such as "73.90", not 12.5'),
        ('title = "T"\n[expect.kept]\nXXX = "1"', "expect, kept: 'XXX' is not an active ISO 4217 currency"),
        ('title = "T"\n[expect.left]\nMUG = "2"', "expect, left: \"MUG\" is a whole number from 0"),
        ('title = "T"\n[expect]\nrefunds = 1', 'expect: unknown word "refunds"; known: kept, left, moved, orders, mails'),
    ],
)  # fmt: skip
def test_a_mistake_outside_the_steps_is_told_too(text: str, message: str) -> None:
    """The frame of a script is read as strictly as its steps."""
    assert any(message in mistake for mistake in mistakes(text)), mistakes(text)


def test_every_mistake_is_told_at_once() -> None:
    """Nobody corrects a script one message at a time."""
    found = mistakes(with_steps('do = "add"\nqty = 2', 'do = "wait"', 'do = "jump"'))
    assert [mistake.split(":")[0] for mistake in found] == ["step 1 (add)"] * 3 + ["step 2 (wait)", "step 3"]


def test_no_card_number_gets_in_or_is_repeated() -> None:
    """R24: a card number is refused wherever it stands, and the message does not repeat it."""
    number = "4111 1111 1111 1111"
    for text in (
        with_steps(OPENED, BEGUN, f'do = "pay"\ncard = "{number}"'),
        with_steps(OPENED, f'do = "add"\nsku = "MUG"\nsays = "{number}"'),
        with_steps(OPENED, f'do = "add"\nsku = "MUG"\n"{number}" = 1'),
        with_steps(OPENED, f'do = "add"\nsku = {number.replace(" ", "")}'),
        f'title = "{number}"',
    ):
        assert not [mistake for mistake in mistakes(text) if "1111" in mistake]


@pytest.mark.parametrize(
    "table",
    [
        {"title": 5, "steps": "x", "shoppers": []},
        {"title": "T", "steps": [[1]], "shoppers": {"a": 1}, "addresses": {"b": None}},
        {"title": "T", "steps": [{"do": []}], "shoppers": {"a": {"address": {}}}, "expect": 3},
        {"title": "T", "steps": [{"do": "add", "sku": "x" * 10**6, "quantity": 10**5000}] * 201, "shoppers": {"a": {}}},
        {"title": "T", "steps": [{"do": "pay", "agreed": None, "card": {"number": 1}}], "shoppers": {"a": {}}},
        {"title": "T", "steps": [{"do": "add", "sku": "\ud800"}], "shoppers": {"a": {}}, "expect": {"kept": {"EUR": "9" * 5000}}},
    ],
)
def test_nonsense_is_a_mistake_and_no_crash(table: dict[str, Any]) -> None:
    """R25: whatever a table holds, what comes back is a list of mistakes of a bearable length."""
    with pytest.raises(BadScript) as raised:
        script_of(table, "nonsense")
    assert raised.value.mistakes
    assert all(len(mistake) < 600 for mistake in raised.value.mistakes)
    assert str(raised.value).startswith("nonsense: ")
