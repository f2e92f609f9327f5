"""The player: each word of a script is one call of the shop, told as it was answered; what was expected and did not come is seen."""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve, field

from checkout_adapters.sandbox import AsyncSandboxGateway, SandboxGateway
from checkout_core import AsyncMemoryStorage, AsyncShop, AsyncWorker, MemoryStorage, Money, NotFound, Policy, Promotion, Ratio, Shop, Worker
from checkout_core.cart import Cart
from checkout_core.errors import Unavailable
from checkout_core.memory import Tables
from checkout_core.notices import Notice
from checkout_core.player import AsyncPlayer
from checkout_core.pricing import diff
from checkout_core.promotions import FREE_SHIPPING, Percent
from checkout_core.refusals import Refusal, Refused
from checkout_core.script_reader import WORDS, script_of
from checkout_core.scripts import Begin, Script, renamed
from checkout_core.stories import Story, refusal
from checkout_core.sync.player import Play, Player
from tests import mailroom
from tests.world import NOON, SECRET, Numbered, Shelf, Watched, a_shop, catalog, eur

FRAME = """
title = "A story"
[addresses.home]
name = "Ada Lovelace"
lines = ["Unter den Linden 1"]
city = "Berlin"
postcode = "10117"
country = "DE"
[shoppers.ada]
email = "ada@example.com"
address = "home"
[shoppers.ben]
customer = "customer-2"
email = "ben@example.com"
address = "home"
"""
OPENED = ['do = "open"\ncurrency = "EUR"', 'do = "add"\nsku = "MUG"']
BEGUN = [*OPENED, 'do = "begin"\nshipping = "standard"']
LOADED = 'do = "load"\ngift_card = "GC-7K3QM-9XWT2-HV4RS"\ncurrency = "EUR"\namount = "50.00"\nbecause = "a present"'
PLACED = [*BEGUN, 'do = "pay"\ncard = "tok_ok"']


@define
class HandClock:
    """A clock that a script moves."""

    time: datetime = NOON

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: int) -> None:
        self.time += timedelta(seconds=seconds)


@define
class Around:
    """The world around a small shop: its shelf, its stock, and a notifier that counts."""

    shop: Shop
    shelf: Shelf
    name: str = "around"
    told: list[str] = field(factory=list)

    def reprice(self, sku: str, price: Money) -> None:
        if sku not in self.shelf.now.items:
            raise NotFound("product", sku)
        self.shelf.reprice(sku, price.minor)

    def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None:
        self.shop.receive(sku, delta, reason=reason, actor=location)

    def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None:
        self.shop.allow_backorders(sku, limit, reason=reason, actor=location)

    def load_gift_card(self, number: str, amount: Money, reason: str) -> None:
        self.shop.load_gift_card(number, amount, reason=reason, actor="a script")

    def left(self, skus: Sequence[str]) -> Mapping[str, int]:
        return {sku: pool.available for sku, pool in self.shop.stock(*skus).items()}

    def mails(self) -> int:
        return self.told.count("order.placed")

    def notify(self, notice: Notice) -> None:
        self.told.append(notice.event.kind)


@define
class Small:
    """A small shop with ten of everything, and its player."""

    player: Player
    store: MemoryStorage
    watched: Watched

    def play(self, *steps: str, expect: str = "") -> Story:
        return self.player.play(read(*steps, expect=expect))


def small(*promotions: Promotion, stock: int = 10) -> Small:
    clock, shelf, seen = HandClock(), Shelf(promotions), list[Watched]()

    def watch(store: MemoryStorage) -> Watched:
        seen.append(Watched(store))
        return seen[0]

    shop, store = a_shop(clock=clock, gateways=[SandboxGateway(clock=clock)], shelf=shelf, stock=stock, watch=watch)
    around = Around(shop, shelf)
    return Small(Player(shop, Worker(shop, [around]), clock, around), store, seen[0])


def read(*steps: str, expect: str = "") -> Script:
    text = FRAME + "".join(f"[[steps]]\n{step}\n" for step in steps) + (f"[expect]\n{expect}\n" if expect else "")
    return script_of(tomllib.loads(text), "a-script")


def play(*steps: str, expect: str = "") -> Story:
    return small().play(*steps, expect=expect)


def last(story: Story) -> tuple[str, str]:
    assert not story.mismatches, story.mismatches
    return story.told[-1].answer.outcome, story.told[-1].answer.text


def test_a_purchase_is_told_from_cart_to_order() -> None:
    """One call a step, an order number at the end, and what the shopper saw on the way."""
    story = play(*PLACED, expect='orders = 1\nmails = 1\nkept = { EUR = "17.40" }\nleft = { MUG = 9 }\nmoved = { MUG = -1, BOOK = 0 }')
    assert story.mismatches == ()
    assert [told.answer.outcome for told in story.told] == ["done", "done", "done", "placed"]
    assert story.told[-1].answer.text == f"paid 17.40 EUR, order {story.orders[0]} placed"
    assert story.told[2].answer.total == eur(1740)
    assert [(who, c.quote.total) for who, c in story.checkouts if c.quote] == [("ada", eur(1740))]


def test_each_shopper_has_carts_of_their_own() -> None:
    """What one does changes nothing of the other's; a shopper with an account buys with it."""
    bens = [f'who = "ben"\n{step}' for step in PLACED]
    story = play(*(step for pair in zip(BEGUN, bens[:3], strict=True) for step in pair), bens[3], PLACED[3], expect="orders = 2")
    assert story.mismatches == ()
    assert [(who, c.customer) for who, c in story.checkouts] == [("ada", None), ("ben", "customer-2")]


@pytest.mark.parametrize(
    ("steps", "outcome", "text"),
    [
        ([*OPENED, 'do = "change"\nsku = "MUG"\nquantity = 3'], "done", "wants 3 × MUG now"),
        ([*OPENED, 'do = "remove"\nsku = "MUG"'], "done", "takes MUG out of the cart"),
        ([*BEGUN, 'do = "update"\nshipping = "standard"'], "done", "the total is 17.40 EUR"),
        ([*OPENED, 'do = "begin"'], "done", "the total is known when address and shipping are"),
        ([*BEGUN, 'do = "validate"'], "done", "nothing keeps it from being paid"),
        ([*OPENED, 'do = "begin"', 'do = "validate"'], "refused", "Choose a shipping method."),
        ([*BEGUN, 'do = "options"'], "done", "Standard 4.90 EUR"),
        ([*BEGUN, 'do = "status"'], "done", "the total is 17.40 EUR"),
        ([*PLACED, 'do = "again"'], "placed", "order {number} placed"),
        ([*PLACED, 'do = "status"'], "placed", "order {number} is placed, 17.40 EUR paid"),
        ([*PLACED, 'do = "cancel"\nbecause = "too many mugs"'], "done", "order {number} is cancelled (too many mugs); 17.40 EUR went back"),
        ([*PLACED, 'do = "cancel"\nbecause = "x"', 'do = "status"'], "refused", "order {number} is cancelled (x); 17.40 EUR went back"),
        ([*BEGUN, 'do = "cancel"\nbecause = "x"'], "done", "the checkout is cancelled (x); nothing was charged"),
        ([*BEGUN, 'do = "pay"\ncard = "tok_3ds_ok"'], "action", "the bank asks the payer to confirm, until 1 Jun 12:10 UTC"),
        ([*BEGUN, 'do = "pay"\ncard = "tok_3ds_ok"', "do = 'wait'\nseconds = 20", 'do = "status"'], "placed", "17.40 EUR paid"),
        ([*BEGUN, 'do = "pay"\nupi = "upi_paid"'], "action", "the payer is asked to approve it in their UPI app, until 1 Jun 12:05 UTC"),
        ([*BEGUN, 'do = "wait"\ndays = 2', 'do = "status"'], "refused", "This checkout is over"),
        (['do = "wait"\nhours = 36'], "done", "36 hours later"),
        (['do = "tick"'], "done", "a worker comes by"),
        (['do = "price"\nsku = "MUG"\namount = "9.00"\ncurrency = "EUR"'], "done", "MUG costs 9.00 EUR from now on"),
        (['do = "stock"\nsku = "MUG"\ndelta = 5\nbecause = "delivery"'], "done", "5 × MUG come in at main (delivery)"),
        (['do = "backorder"\nsku = "MUG"\nlimit = 2\nbecause = "soon"'], "done", "2 × MUG may be sold that are not there, at main (soon)"),
        ([LOADED], "done", "50.00 EUR on the gift card …V4RS (a present)"),
        (
            [LOADED, *BEGUN[:-1], 'do = "begin"\nshipping = "standard"\ngift_cards = ["GC-7K3QM-9XWT2-HV4RS"]', 'do = "pay"'],
            "placed",
            "nothing to pay, order {number} placed",
        ),
        (['do = "stock"\nsku = "MUG"\ndelta = -5\nbecause = "broken"'], "done", "5 × MUG go out at main (broken)"),
    ],
)  # fmt: skip
def test_every_word_is_answered_in_words(steps: list[str], outcome: str, text: str) -> None:
    """Each word of the language does what it says, and the answer is the shop's own."""
    story = play(*steps)
    got = last(story)
    assert got[0] == outcome
    assert text.format(number=story.checkouts[0][1].number if story.checkouts else "") in got[1]


def test_every_word_of_the_language_is_played() -> None:
    """A word that is read and never tried would be a promise: the tests of this file and of the example shop use them all."""
    source = Path(__file__).read_text(encoding="utf-8")
    assert [word for word in WORDS if f'do = "{word}"' not in source] == []


def test_carts_are_merged_at_login() -> None:
    """The guest's cart goes into the account's, every line is accounted for, and the merged cart is the current one."""
    shop = small()
    story = shop.play(
        'who = "ben"\ndo = "open"\ncart = "saved"\ncurrency = "EUR"',
        'who = "ben"\ndo = "add"\nsku = "BOOK"',
        'who = "ben"\ndo = "open"\ncart = "phone"\ncurrency = "EUR"\nguest = true',
        'who = "ben"\ndo = "add"\nsku = "MUG"\nquantity = 2',
        'who = "ben"\ndo = "login"\ninto = "saved"',
        'who = "ben"\ndo = "begin"\nshipping = "standard"',
    )
    assert [cart.customer_id for cart in shop.store.tables.carts.values()] == ["customer-2", None]
    assert story.told[4].answer.text == "the guest's cart goes into the account's: 1 × BOOK (kept), 2 × MUG (added)"
    ((_, checkout),) = story.checkouts
    assert [(line.sku, line.quantity) for line in checkout.lines] == [("BOOK", 1), ("MUG", 2)]
    other = play(
        'who = "ben"\ndo = "open"\ncart = "a"\ncurrency = "EUR"\nguest = true',
        'who = "ben"\ndo = "open"\ncart = "b"\ncurrency = "EUR"',
        'who = "ben"\ndo = "merge"\ncart = "a"\ninto = "b"',
    )
    assert last(other) == ("done", "the guest's cart goes into the account's: both were empty")


def test_the_shopper_agrees_to_what_was_last_shown() -> None:
    """A price that changed is refused with the new total; paying again agrees to that; `agreed` says something else on purpose."""
    changed = [*BEGUN, 'do = "price"\nsku = "MUG"\namount = "14.00"\ncurrency = "EUR"', "do = 'wait'\nminutes = 16"]
    story = play(
        *changed,
        'do = "pay"\ncard = "tok_ok"\nexpect = "refused"\nreason = "quote-changed"\ntotal = "18.90"',
        'do = "pay"\ncard = "tok_ok"',
    )
    assert story.mismatches == ()
    assert story.kept == (eur(1890),)
    told = story.told[5].answer
    assert told.text.endswith("total: 17.40 EUR -> 18.90 EUR. line MUG unit price: 12.50 EUR -> 14.00 EUR.")
    assert len(told.refused[0].changes) > 2  # the data has them all
    stubborn = play(*BEGUN, 'do = "pay"\ncard = "tok_ok"\nagreed = "1.00"\nexpect = "refused"\nreason = "quote-changed"')
    assert stubborn.mismatches == ()


def test_of_a_new_price_for_carriage_the_shopper_is_told_that_alone() -> None:
    """RB-88: not what follows from it; a carriage that was not there before is told as a whole."""
    was = mailroom.quote()
    dearer = evolve(was.shipping[0], subtotal=590, gross=590)
    totals = evolve(was.totals, shipping=590, total=2840, due=2840)
    said = refusal([Refused("quote-changed", changes=diff(was, evolve(was, shipping=(dearer,), totals=totals, hash="other")))])
    assert said.text.endswith("new total. total: 27.40 EUR -> 28.40 EUR. shipping parcel price: 4.90 EUR -> 5.90 EUR.")
    both = refusal([Refused("quote-changed", changes=diff(was, mailroom.quote(sent=("Parcel", "Crane"))))])
    assert "new total. total: 27.40 EUR -> 32.30 EUR. shipping crane: nothing -> Crane, 4.90 EUR" in both.text


def test_a_total_of_nothing_is_agreed_to_as_well() -> None:
    """G8: zero is an amount like any other; no gateway is asked."""
    free = Promotion("free", "On the house", FREE_SHIPPING, code="FREE")
    story = small(free).play(
        'do = "open"\ncurrency = "EUR"',
        'do = "add"\nsku = "GIFT"',
        'do = "begin"\nshipping = "standard"\ncodes = ["free"]\ntotal = "0.00"',
        'do = "pay"\nexpect = "placed"',
        expect="orders = 1\nkept = {}",
    )
    assert story.mismatches == ()
    assert story.told[-1].answer.text.startswith("nothing to pay, order ")


def test_the_worker_comes_by_whenever_something_falls_due() -> None:
    """Goods that a payer leaves lying come back at their time, while another shopper waits; nobody has to tick for it."""
    bens = [f'who = "ben"\n{step}' for step in BEGUN]
    story = small(stock=1).play(
        *BEGUN,
        'do = "pay"\ncard = "tok_3ds_abandoned"\nexpect = "action"',
        *bens,
        'who = "ben"\ndo = "pay"\ncard = "tok_ok"\nexpect = "refused"\nreason = "out-of-stock"',
        'who = "ben"\ndo = "wait"\nhours = 1',
        'who = "ben"\ndo = "pay"\ncard = "tok_ok"\nexpect = "placed"',
        expect="orders = 1\nleft = { MUG = 0 }",
    )
    assert story.mismatches == ()


def test_what_was_refunded_is_not_kept() -> None:
    """Kept is what was taken and not sent back; what went back is told apart."""
    story = play(*PLACED, 'do = "cancel"\nbecause = "x"', expect="orders = 0\nkept = {}")
    assert (story.mismatches, story.orders, story.kept, story.refunds) == ((), (), (), (eur(1740),))


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([*BEGUN, 'do = "pay"\ncard = "tok_ok"\nexpect = "refused"'], "step 4 (pay): expected refused; got placed: paid 17.40 EUR"),
        ([*BEGUN, 'do = "pay"\ncard = "tok_3ds_ok"\nexpect = "pending"'], "step 4 (pay): expected pending; got action"),
        (
            [*BEGUN, 'do = "pay"\ncard = "tok_declined"\nexpect = "refused"\nreason = "out-of-stock"'],
            "step 4 (pay): expected refused (out-of-stock); got refused (declined)",
        ),
        ([*OPENED, 'do = "begin"\nshipping = "standard"\ntotal = "17.00"'], "step 3 (begin): expected a total of 17.00 EUR; got 17.40 EUR"),
        ([*OPENED, 'do = "begin"\ntotal = "17.00"'], "step 3 (begin): expected a total of 17.00 EUR; got none yet"),
    ],
)
def test_an_expectation_that_fails_is_seen_and_ends_the_story(steps: list[str], said: str) -> None:
    """What was expected, what came instead, and at which step; what would come after is not played."""
    story = play(*steps, 'do = "status"', expect="orders = 7")
    (mismatch,) = story.mismatches
    assert str(mismatch).startswith(said)
    assert not story.refused
    assert len(story.told) == len(steps)


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (['do = "open"\ncurrency = "EUR"', 'do = "add"\nsku = "CUP"'], "step 2 (add): expected no refusal; got refused (unknown-sku)"),
        ([*BEGUN, 'do = "pay"\ncard = "tok_stolen"'], "step 4 (pay): expected no refusal; got refused (declined)"),
        ([*BEGUN, 'do = "pay"\ncard = "tok_stolen"\nexpect = "placed"'], "step 4 (pay): expected placed; got refused (declined)"),
        (['do = "stock"\nsku = "MUG"\ndelta = -99\nbecause = "x"'], "step 1 (stock): expected no refusal; got refused (stock-promised)"),
        (
            ['do = "price"\nsku = "CUP"\namount = "1"\ncurrency = "EUR"'],
            "step 1 (price): expected no refusal; got refused (not-found): There is no product 'CUP'.",
        ),
    ],
)
def test_a_refusal_that_nobody_expected_is_told_apart(steps: list[str], said: str) -> None:
    """The shop saying no is another thing than the shop doing something else: whoever runs the script is told which."""
    story = play(*steps)
    (mismatch,) = story.mismatches
    assert str(mismatch).startswith(said)
    assert story.refused


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("orders = 2", "at the end: expected 2 orders; got 1"),
        ('kept = { EUR = "17.41" }', "at the end: expected 17.41 EUR kept; got 17.40 EUR"),
        ("kept = {}", "at the end: expected nothing kept; got 17.40 EUR"),
        ("mails = 0", "at the end: expected 0 mails; got 1"),
        ("left = { MUG = 10 }", "at the end: expected 10 left of MUG; got 9"),
        ("moved = { MUG = 0 }", "at the end: expected MUG to move by 0; got -1"),
    ],
)
def test_an_end_that_is_not_the_expected_one_is_seen(expect: str, said: str) -> None:
    """Orders, money, stock and mails are compared with what the script says of its end."""
    assert [str(mismatch) for mismatch in play(*PLACED, expect=expect).mismatches] == [said]


def test_a_shop_that_cannot_be_reached_is_no_part_of_the_story() -> None:
    """Unavailable goes to whoever plays: nothing was decided, and the script says nothing about it."""
    shop = small()
    shop.watched.down = 99
    with pytest.raises(Unavailable):
        shop.play(*PLACED)


def test_a_wait_ends_although_something_stays_due() -> None:
    """R25: what cannot be done now stays due, and time goes on."""
    shop = small()
    story = shop.play(*BEGUN, 'do = "pay"\nupi = "upi_pending"', 'do = "wait"\ndays = 400', 'do = "status"')
    assert last(story)[0] == "refused"
    assert not [c for c in shop.store.tables.checkouts.values() if c.due_at is not None]


@define
class Slept:
    """Time that is only written down."""

    waits: list[tuple[int, int]] = field(factory=list)
    ticks: int = 0

    def wait(self, seconds: int, begun: Sequence[str]) -> None:
        self.waits.append((seconds, len(begun)))

    def tick(self) -> None:
        self.ticks += 1


def taken(shop: Small, script: Script, times: Slept | None = None, keys: str | None = None) -> list[tuple[str, str]]:
    """Every step of a script, whatever it was answered, and its outcome and first reason."""
    play = Play(shop.player.shop, script, shop.player.world, times or Slept(), keys=keys)
    came = [play.take(step) for step in script.steps]
    return [(answer.outcome, answer.refused[0].reason if answer.refused else "") for answer in came]


def test_steps_after_one_that_was_refused_are_refused_as_well() -> None:
    """Who goes on although the cart was refused is told that there is none: nothing falls over, and nothing of an older cart is paid."""
    looks = ['do = "validate"', 'do = "options"', 'do = "status"', 'do = "cancel"\nbecause = "x"', 'do = "update"', 'do = "again"']
    nowhere = ['do = "begin"', 'do = "pay"\ncard = "tok_ok"', *looks]
    changed = [f'do = "{word}"\nsku = "MUG"' for word in ("add", "remove")] + ['do = "change"\nsku = "MUG"\nquantity = 2']
    shop, refused = small(), ("refused", "not-found")
    shop.store.transact = no  # type: ignore[method-assign, assignment]
    assert set(taken(shop, read('do = "open"\ncurrency = "EUR"', *changed, *nowhere))[1:]) == {refused}
    shop = small()
    second = ['do = "open"\ncart = "second"\ncurrency = "EUR"', 'do = "begin"\nshipping = "standard"', PLACED[3], *looks]
    came = taken(shop, read(*BEGUN, *second))
    assert came[3:5] == [("done", ""), ("refused", "empty-cart")]
    assert set(came[5:]) == {refused}
    merged = [f'who = "ben"\n{step}' for step in ('do = "open"\ncart = "a"\ncurrency = "EUR"\nguest = true', 'do = "login"\ninto = "b"')]
    account = 'who = "ben"\ndo = "open"\ncart = "b"\ncurrency = "EUR"'
    script = read(merged[0], account, merged[0].replace('"a"', '"c"'), merged[1])
    assert taken(small(), evolve(script, steps=(*script.steps[2:3], *script.steps[3:])))[-1] == refused


def no(work: object) -> Cart:
    raise Refusal(Refused("invalid", "currency", "EUR", hint="Not now."))


def test_whoever_takes_the_steps_passes_the_time() -> None:
    """A step that waits asks for so much time and tells which checkouts there are; no clock of the player's own is moved."""
    times, shop = Slept(), small()
    taken(shop, read('do = "wait"\nhours = 1', *BEGUN, 'do = "wait"\nseconds = 5', 'do = "tick"'), times)
    assert (times.waits, times.ticks) == ([(3600, 0), (5, 1)], 1)


def test_each_play_of_a_script_has_keys_of_its_own_if_it_is_named() -> None:
    """Many may play one script at once: a payment's key says whose it is."""
    for keys, expected in (("buyer-3", "buyer-3/ada/1"), (None, "a-script/ada/1")):
        shop = small()
        heard: Any = Heard(shop.player.shop)
        play = Play(heard, read(*PLACED), shop.player.world, Slept(), keys=keys)
        assert [play.take(step).outcome for step in play.script.steps][-1] == "placed"
        assert heard.keys == [expected]


class Heard:
    """A shop, and the keys it was asked to pay under."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.keys = shop, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shop, name)

    def pay(self, *said: Any, key: str, **more: Any) -> Any:
        self.keys.append(key)
        return self.shop.pay(*said, key=key, **more)


def test_renamed_people_are_other_people() -> None:
    """One use a person means one use for each who plays the script, with an account or without; the same people come twice in vain."""
    once = Promotion("once", "Once each", Percent(Ratio(10)), code="ONCE", per_person=1)
    begin = 'do = "begin"\nshipping = "standard"\ncodes = ["once"]'
    for who in ("ada", "ben"):
        script = read(*(f'who = "{who}"\n{step}' for step in (*OPENED, begin, PLACED[3])))
        shop = small(once)
        assert [taken(shop, renamed(script, suffix))[-1][0] for suffix in "12"] == ["placed", "placed"]
        assert [reason for _, reason in taken(shop, renamed(script, "2"))][2:] == ["coupon-used-by-you", "not-found"]
    ben = renamed(read(*PLACED, 'do = "update"\nemail = "me@example.com"', 'do = "update"\nshipping = "standard"'), "7")
    assert ben.shoppers[1].customer == "customer-2.7"
    assert [step.do.contact and step.do.contact.email for step in ben.steps if isinstance(step.do, Begin)] == [
        "ada.7@example.com",
        "me.7@example.com",
        None,
    ]


async def played_async() -> tuple[Story, Tables]:
    clock, shelf = HandClock(), catalog(asynchronous=True)
    store = MemoryStorage(clock)
    shop = AsyncShop(
        storage=AsyncMemoryStorage(store),
        gateways=[AsyncSandboxGateway(clock=clock)],
        catalog=shelf,
        clock=clock,
        ids=Numbered(),
        policy=Policy(identity_secret=SECRET),
    )

    class Quiet:
        async def reprice(self, sku: str, price: Money) -> None: ...
        async def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None: ...
        async def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None: ...
        async def load_gift_card(self, number: str, amount: Money, reason: str) -> None: ...
        async def left(self, skus: Sequence[str]) -> Mapping[str, int]:
            return {sku: pool.available for sku, pool in (await shop.stock(*skus)).items()}

        async def mails(self) -> int:
            return 0

    for sku in ("MUG", "BOOK", "GIFT"):
        await shop.receive(sku, 10, reason="opening stock", actor="test")
    return await AsyncPlayer(shop, AsyncWorker(shop), clock, Quiet()).play(read(*PLACED)), store.tables


def test_the_twins_play_the_same_story() -> None:
    """Sync and async: same answers, same checkouts."""
    story, tables = asyncio.run(played_async())
    shop = small()
    other = shop.play(*PLACED)
    assert (story.told, story.checkouts) == (other.told, other.checkouts)
    assert tables.checkouts == shop.store.tables.checkouts
