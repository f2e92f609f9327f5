"""Small worlds in which planted bugs are hunted: each a few shoppers at one edge of the shop, so that many seeds take little time.

WORLDS    each by its name: these, and the shipped scenarios after them
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from attrs import evolve

from checkout_cli.simulating import read_scenarios
from checkout_core.card_numbers import card_number
from checkout_core.checkout import Deadlines
from checkout_core.holds import Stock
from checkout_core.money import Money, Ratio
from checkout_core.policy import Policy
from checkout_core.promotions import FreeGift, Percent, Promotion
from checkout_core.scripts import Add, Begin, Do, Load, Login, Merge, Open, Outcome, renamed
from checkout_core.simulation.scenarios import Actor, GatewayTerms, Rate, Scenario
from tests.simulation.small import (
    AGAIN,
    BACK,
    BEGIN,
    FILL,
    MUG,
    OPEN,
    a_scenario,
    backorder,
    begin,
    buyer,
    card,
    journey,
    receive,
    reprice,
    upi,
    wait,
)
from tests.world import ADA, BERLIN, SECRET

SHIPPED: Final = Path(__file__).parents[2] / "examples" / "scenarios"

# Gateways that can do less.
PLAIN = GatewayTerms()
NO_STOP = GatewayTerms(tombstone=False)
NO_KEYS = GatewayTerms(idempotent_keys=False)
BARE = GatewayTerms(tombstone=False, idempotent_keys=False)
SILENT = evolve(BARE, webhooks=False)
QUIET = GatewayTerms(webhooks=False)

LATER = Policy(identity_secret=SECRET, capture="after-placing")
AT_BEGIN = Policy(identity_secret=SECRET, hold_at="begin")
AT_BEGIN_LATER = Policy(identity_secret=SECRET, hold_at="begin", capture="after-placing")
TWO_PLACES = Policy(identity_secret=SECRET, locations=("front", "back"))

SOON = Deadlines(hold_for=60, hold_at_most=200, after_decline=120, quote_for=600)
HURRIED = Policy(identity_secret=SECRET, deadlines=SOON)
HURRIED_LATER = Policy(identity_secret=SECRET, deadlines=SOON, capture="after-placing")
BARELY = Policy(identity_secret=SECRET, capture="after-placing", deadlines=evolve(SOON, hold_for=5, hold_at_most=10))
HURRIED_AT_BEGIN = Policy(identity_secret=SECRET, deadlines=SOON, hold_at="begin")
LATE_CALLS = GatewayTerms(tombstone=False, idempotent_keys=False, settle_window=8, webhooks=False)

LAST = Promotion("last", "The last ones", Percent(Ratio(10)), code="LAST", limit=2)
ONCE = Promotion("once", "Once for each", Percent(Ratio(15)), code="ONCE", per_person=1)
SPARE = Promotion("spare", "Enough for all", Percent(Ratio(10)), code="SPARE", limit=20)
FEW = Promotion("few", "For a few", Percent(Ratio(5)), code="FEW", limit=3, per_person=1)
ODD = Promotion("odd", "An odd percentage", Percent(Ratio.parse("12.356")), code="ODD", priority=1)
WITH_IT = Promotion("with-it", "A book with it", FreeGift("BOOK"), minimum=[Money(100, "EUR")])
THIRD = Promotion("third", "A third off", Percent(Ratio.parse("33.3")))


def _no(do: Do) -> tuple[Do, Outcome]:
    """Refused, and tried otherwise."""
    return do, "refused"


def _acts(do: Do) -> tuple[Do, Outcome]:
    """The payer has to act, and the shopper does something else before they ask again."""
    return do, "action"


# Who comes.
def _ok(count: int = 3, within: int = 30) -> Actor:
    return buyer("ok", *FILL, card(), count=count, within=within)


def _tds(count: int = 2, within: int = 30) -> Actor:
    return buyer("challenged", *FILL, card("tok_3ds_ok"), count=count, within=within)


def _lost(count: int = 2, within: int = 30) -> Actor:
    return buyer("lost", *FILL, card("tok_no_answer_late"), count=count, within=within)


def _another_card(count: int = 2, within: int = 30) -> Actor:
    return buyer("declined", *FILL, _no(card("tok_declined")), card(), count=count, within=within)


def _abandons(count: int = 1, within: int = 30) -> Actor:
    return buyer("abandons", *FILL, card("tok_3ds_abandoned"), wait(700), card(), count=count, within=within)


def _pays_late(count: int = 1, within: int = 30) -> Actor:
    return buyer("late", *FILL, upi("upi_late"), wait(540), AGAIN, count=count, within=within)


def _turns_back(count: int = 2, within: int = 30, token: str = "tok_ok") -> Actor:
    return buyer(f"back-{token.removeprefix('tok_').replace('_', '-')}", *FILL, card(token), BACK, count=count, within=within)


def _slow(count: int = 1, within: int = 30, minutes: int = 16) -> Actor:
    return buyer("slow", *FILL, wait(minutes * 60), card(), count=count, within=within)


def _tabs(*steps: Do | tuple[Do, Outcome], name: str = "tab", who: str = "", count: int = 2, within: int = 3) -> Actor:
    """The windows of one person (`who`), who has one cart and one checkout in all of them."""
    return Actor(name, renamed(journey(*(steps or (*FILL, card()))), who or name), count, within, shared=True)


def _all(
    *actors: Actor, name: str = "", stock: int | Mapping[Stock, int] = 8, rates: Mapping[str, Rate] | None = None, **world: object
) -> Scenario:
    """A world in which every seed draws its own faults; `rates` pins some."""
    lies = {Stock("MUG"): stock, Stock("BOOK"): stock} if isinstance(stock, int) else stock
    given: dict[str, object] = {"processes": 2} | world
    return evolve(a_scenario(*actors, swarm=True, stock=lies, rates=rates, **given), name=name)  # type: ignore[arg-type]


_AT_ONCE = buyer("hasty", *FILL, card(), count=6, within=2)
_MIX = (_ok(), _tds(), _another_card(1), _turns_back(1), _lost(1))
_MONEY_BACK = (
    _turns_back(2),
    _turns_back(1, token="tok_3ds_ok"),
    _turns_back(1, token="tok_refund_refused"),
    _turns_back(1, token="tok_refund_no_answer"),
    _turns_back(1, token="tok_void_no_answer"),
    buyer("drift", *FILL, card("tok_amount_drift"), count=1, within=30),
)
_LATE_MONEY = (_pays_late(2), _lost(2), buyer("slow-3ds", *FILL, card("tok_3ds_ok"), count=2, within=400), _ok(2, within=900))
_CODES = tuple(
    buyer(name, OPEN, MUG, begin(code), *rest, count=count, within=20)
    for name, code, rest, count in (
        ("last", "last", (card(),), 3),
        ("last-late", "last", (upi("upi_late"), wait(540), AGAIN), 1),
        ("last-again", "last", (_no(card("tok_declined")), begin("last"), card()), 1),
        ("last-more", "last", (MUG, Begin(again=True), card()), 2),
        ("few", "few", (card(),), 2),
        ("few-back", "few", (card(), BACK), 1),
    )
)
_LATE_CODES = (
    buyer("upi", OPEN, MUG, begin("spare"), upi("upi_late"), wait(540), AGAIN, count=2, within=20),
    buyer("lost", OPEN, MUG, begin("spare"), card("tok_no_answer_late"), count=2, within=20),
    buyer("slow", OPEN, MUG, begin("spare"), card("tok_3ds_ok"), count=2, within=20),
)
_ONE_PERSON = (
    evolve(buyer("window", OPEN, MUG, begin("once"), card(), count=2, within=4), shared=True),
    evolve(Actor("guest", journey(OPEN, MUG, begin("once"), card(), guest=True), 2, within=60), shared=True),
    evolve(Actor("few", journey(OPEN, MUG, begin("few"), card(), guest=True), 2, within=4), shared=True),
)
_TABS = (
    _tabs(*FILL, card("tok_3ds_ok"), name="challenged", count=3, within=8),
    _tabs(*FILL, card("tok_slow"), name="slow", within=4),
    _tabs(*FILL, _no(card("tok_declined")), card(), name="declined", within=2),
)
_HASTY_TABS = (
    _tabs(OPEN, MUG, BEGIN, card(), name="mug", who="hasty", within=1),
    _tabs(OPEN, Add("BOOK"), BEGIN, card(), name="book", who="hasty", within=1),
    _tabs(OPEN, Add("PDF"), Begin(again=True), card(), name="more", who="hasty", within=2),
    _tabs(OPEN, MUG, Add("BOOK"), BEGIN, card("tok_3ds_ok"), name="other", within=1),
)
_HURRIED = (
    buyer("late", *FILL, upi("upi_late"), count=2, within=60),
    buyer("challenged", *FILL, card("tok_3ds_ok"), count=2, within=200),
    buyer("denied", *FILL, _no(card("tok_3ds_denied")), wait(100), card(), count=2, within=60),
    buyer("lost", *FILL, card("tok_no_answer_late"), count=2, within=60),
    buyer("again", *FILL, _acts(upi("upi_late")), wait(240), BEGIN, card(), BACK, count=2, within=20),
)
_OLD_ANSWERS = tuple(
    _tabs(*FILL, _no(card("tok_no_answer_lost")), card("tok_slow"), name=name, count=3, within=2) for name in ("ann", "ben", "cat")
)
_CARD: Final = card_number(0x1234567890ABCDEF12)
_PAID = Begin(shipping="standard", ship_to=BERLIN, contact=ADA, gift_cards=(_CARD,))
_BY_CARD = (
    buyer("all", OPEN, MUG, _PAID, card(), count=3, within=20),
    buyer("back", OPEN, MUG, _PAID, card(), BACK, count=2, within=20),
    buyer("declined", OPEN, Add("MUG", 2), _PAID, _no(card("tok_declined")), card(), within=20),
    buyer("upi", OPEN, Add("MUG", 3), _PAID, upi("upi_late"), wait(540), AGAIN, count=2, within=10),
    buyer("lost", OPEN, Add("MUG", 4), _PAID, card("tok_no_answer_late"), within=20),
    buyer("keeper", Load(_CARD, Money(700, "EUR"), "sold"), wait(60), Load(_CARD, Money(-300, "EUR"), "a mistake"), after=5),
)
_BEYOND = buyer("keeper", backorder(4), wait(120), backorder(1), wait(60), receive(3), backorder(0), after=0)
_HOARDERS = (
    evolve(Actor("bot", journey(OPEN, Add("MUG", 2), BEGIN, guest=True), 4, within=30), shared=True),
    evolve(Actor("hasty", journey(OPEN, MUG, BEGIN, card(), guest=True), 3, within=60), shared=True),
    buyer("once", *FILL, card(), count=2, within=200),
    buyer("back", *FILL, card("tok_3ds_ok"), BACK, within=100),
    buyer("late", *FILL, upi("upi_late"), wait(540), AGAIN, within=60),
)
_EDITS = (
    buyer("more", *FILL, MUG, Begin(again=True), card(), count=2, within=20),
    buyer("edits", *FILL, card("tok_3ds_ok"), Add("BOOK"), Begin(again=True), AGAIN, count=2, within=20),
    _tabs(OPEN, MUG, BEGIN, Add("BOOK"), Begin(again=True), card()),
)
_PRICES = (
    buyer("keeper", reprice(1190), wait(40), reprice(1400), wait(300), reprice(1100), wait(900), reprice(1600), after=5),
    buyer("soon", *FILL, card(), count=3, within=60),
    buyer("ponders", *FILL, wait(300), card(), count=2, within=60),
    buyer("sleeps", *FILL, wait(1000), _no(card()), Begin(again=True), card(), count=2, within=60),
)
_MUG_FOR_ADA, _MUG_FOR_BEN = Add("MUG", 1, (("name", "Ada"),)), Add("MUG", 2, (("name", "Ben"),))
_TRAIN, _SAVED = Open("train", "EUR", guest=True), Open("saved", "EUR")
_LOGIN = (
    buyer("login", _SAVED, _MUG_FOR_ADA, _TRAIN, _MUG_FOR_BEN, Login("saved"), Merge("train", "saved"), BEGIN, card(), count=2, within=30),
    buyer("first", _TRAIN, MUG, Add("BOOK"), _SAVED, MUG, Merge("train", "saved"), BEGIN, card(), count=2, within=30),
    buyer("paying", _SAVED, MUG, _TRAIN, MUG, BEGIN, _acts(card("tok_3ds_ok")), _no(Merge("train", "saved")), AGAIN, count=2, within=30),
    _tabs(_SAVED, MUG, _TRAIN, Add("BOOK"), Merge("train", "saved"), BEGIN, card()),
)
_LINES = (
    buyer("three", OPEN, MUG, Add("BOOK", 3), Add("PDF"), begin("odd"), card(), count=2, within=20),
    buyer("two", OPEN, Add("MUG", 3), Add("PDF", 7), begin("odd"), card(), count=2, within=20),
    buyer("one", OPEN, MUG, begin("odd"), card(), within=20),
)
_SHELVES = {Stock("MUG", "front"): 3, Stock("MUG", "back"): 4, Stock("BOOK", "front"): 2, Stock("BOOK", "back"): 2}
_MANY = (
    buyer("two", OPEN, Add("MUG", 2), Add("BOOK"), BEGIN, card(), count=2, within=20),
    buyer("one", OPEN, MUG, BEGIN, card("tok_3ds_ok"), count=2, within=20),
    buyer("back", OPEN, Add("BOOK", 2), Add("MUG"), BEGIN, card(), BACK, count=2, within=20),
)
_TOLD: Mapping[str, Rate] = {"mail_down": "common", "mail_unsure": "common", "poison": "rare", "facts_down": "rare"}
_MAIL: Mapping[str, Rate] = {"mail_down": "common", "mail_unsure": "rare", "poison": "rare", "pause": "rare"}

_SMALL: Final = (
    _all(*_MIX, name="mixed"),
    _all(*_MIX, name="mixed, bare gateway", gateway=BARE),
    _all(*_MIX, name="mixed, silent gateway", gateway=SILENT, workers=2),
    _all(*_MIX, name="mixed, captured later", policy=LATER),
    _all(*_MIX, name="mixed, captured later, no stop", policy=LATER, gateway=NO_STOP),
    _all(*_MIX, name="mixed, held at begin", policy=AT_BEGIN, stock=4),
    _all(_AT_ONCE, _tabs(), name="the last two", stock=2),
    _all(*_MANY, name="half there", stock={Stock("MUG"): 2, Stock("BOOK"): 9}),
    _all(_AT_ONCE, _another_card(), name="the last two, held at begin", stock=2, policy=AT_BEGIN_LATER),
    _all(*_LATE_MONEY, name="late money", stock=3),
    _all(*_LATE_MONEY, name="late money, quiet gateway", stock=3, gateway=QUIET),
    _all(*_LATE_MONEY, name="late money, no stop", stock=3, gateway=NO_STOP, workers=2),
    _all(*_LATE_MONEY, _tabs(*FILL, upi("upi_late"), within=400), name="late money, no keys", stock=8, gateway=NO_KEYS),
    _all(*_MONEY_BACK, name="money back"),
    _all(*_MONEY_BACK, name="money back, captured later", policy=LATER, gateway=NO_KEYS),
    _all(*_MONEY_BACK, name="money back, silent gateway", gateway=SILENT),
    _all(*_TABS, name="tabs", processes=3),
    _all(*_TABS, name="tabs, captured later", policy=LATER, gateway=NO_KEYS),
    _all(_abandons(), _pays_late(), _another_card(), _slow(), _ok(2, within=1200), name="time runs out", stock=2),
    _all(_abandons(), _slow(), _another_card(), _ok(2, within=1200), name="time runs out, held at begin", stock=2, policy=AT_BEGIN),
    _all(*_HURRIED, name="hurried", policy=HURRIED),
    _all(*_HURRIED, name="hurried, scarce", policy=HURRIED, stock=3, gateway=NO_STOP),
    _all(*_HURRIED, name="hurried, held at begin", policy=HURRIED_AT_BEGIN, stock=3, workers=2),
    _all(*_HURRIED, name="hurried, captured later", policy=HURRIED_LATER, rates={"timeout_applied": "common", "decline": "off"}),
    _all(_tds(6), name="stopped too late", policy=BARELY, rates={"timeout_applied": "common"}),
    _all(*_OLD_ANSWERS, name="old answers", gateway=evolve(NO_KEYS, settle_window=10), rates={"pause": "common"}),
    _all(_ok(4), _lost(2), name="late calls", gateway=LATE_CALLS, rates={"late_applied": "common", "query_lag": "rare"}),
    _all(
        _ok(4),
        _tds(),
        _another_card(),
        _turns_back(),
        name="asleep",
        gateway=LATE_CALLS,
        rates={"pause": "common", "sigterm": "rare"},
        workers=2,
    ),
    _all(_ok(3), _tds(), name="corrected", rates={"declined_then_paid": "common", "dup": "rare"}),
    _all(*_MONEY_BACK, name="kept by the bank", rates={"refund_refused": "common", "amount_drift": "common", "amount_short": "common"}),
    _all(*_HASTY_TABS, name="hasty tabs", processes=3),
    _all(*_TABS, name="keys reused", rates={"key_reused": "common", "ambig_applied": "common"}),
    _all(_ok(2), _turns_back(1), name="mail is out", rates={"mail_out": "common", "mail_broken": "rare"}),
    _all(*_CODES, name="codes", promotions=[LAST, FEW]),
    _all(*_CODES, name="codes, held at begin", promotions=[LAST, FEW], policy=AT_BEGIN),
    _all(*_LATE_CODES, name="late codes", promotions=[SPARE], gateway=NO_STOP, policy=HURRIED),
    _all(
        *_CODES,
        name="codes, hurried",
        promotions=[LAST, FEW],
        policy=HURRIED,
        workers=1,
        rates={"crash_before": "common", "pause": "common"},
    ),
    _all(*_BY_CARD, name="gift cards", stock=40, cards=((_CARD, Money(5000, "EUR")),), policy=HURRIED),
    _all(_ok(3), _turns_back(2), name="taxes", rates=_TOLD, workers=2, tax_provider=True),
    _all(_AT_ONCE, _turns_back(2), _lost(1), name="gifts", stock={Stock("MUG"): 20, Stock("BOOK"): 3}, promotions=[WITH_IT]),
    _all(_AT_ONCE, _turns_back(2), _slow(), _BEYOND, name="on its way", stock=2),
    _all(*_HOARDERS, name="hoarders", policy=evolve(AT_BEGIN, unpaid_at_most=3), stock=12),
    _all(*_ONE_PERSON, name="one person", promotions=[ONCE, FEW]),
    _all(*_EDITS, name="edits"),
    _all(*_EDITS, _slow(), name="edits, held at begin", policy=AT_BEGIN, stock=6),
    _all(*_PRICES, name="prices"),
    _all(*_LOGIN, name="guest and account", stock=30),
    _all(*_LINES, name="odd sums", promotions=[ODD, THIRD], stock=30),
    _all(*_MANY, name="two shelves", stock=_SHELVES, policy=TWO_PLACES),
    _all(*_MIX, _slow(minutes=14), _abandons(), name="wrong clocks", skew=900, steps=True, workers=2, processes=3),
    _all(
        _ok(8),
        _another_card(),
        name="asleep by wrong clocks",
        skew=900,
        workers=2,
        processes=3,
        gateway=LATE_CALLS,
        rates={"pause": "common", "timeout_lost": "common"},
    ),
    _all(_ok(3), _turns_back(), name="mail", rates=_MAIL, workers=2),
    _all(_ok(2), _turns_back(), buyer("keeper", receive(-1), wait(20), receive(3), after=5), name="counted", stock=3),
)


@cache
def worlds() -> Mapping[str, Scenario]:
    """Every world by its name: the small ones, then the shipped scenarios."""
    shipped = (file.scenario for file in read_scenarios([SHIPPED]))
    return {scenario.name: scenario for scenario in (*_SMALL, *shipped)}
