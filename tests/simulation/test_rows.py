"""Every fault of the simulator strikes once, by itself, at a place where it hurts; and what comes of it is what the catalogue says.

In storms hundreds strike together. Here each has a run of its own: it struck, no promise broke, and this is how it ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest
from attrs import field, frozen

from checkout_core import taking
from checkout_core.holds import Stock
from checkout_core.policy import Policy
from checkout_core.scripts import Do, Outcome
from checkout_core.simulation.chance import SECOND
from checkout_core.simulation.faults import FAULTS
from checkout_core.simulation.parts import OUTAGE
from checkout_core.simulation.running import Run
from checkout_core.simulation.scenarios import Actor, Exact, Scenario
from tests.simulation.small import (
    AGAIN,
    BACK,
    CALM,
    FILL,
    a_scenario,
    at,
    begin,
    buyer,
    card,
    expecting,
    played,
    receive,
    reprice,
    upi,
    wait,
)
from tests.world import SECRET

PAY, INTENT, RECORD = 4, 4, 5  # ann's fourth request; the units of it that store the intent, and what came of it
DAY = 24 * 3600
LONG = wait(120)  # until webhooks and mails have gone out, while things may still go wrong


def mails(run: Run) -> int:
    return len(run.box.sent)


def told_once(run: Run) -> bool:
    """Each notice arrived, and none twice."""
    ids = [id for id, _ in run.box.sent]
    return sorted(ids) == sorted(run.books.events) and len(set(ids)) == len(ids)


def told_twice(run: Run) -> bool:
    """Each notice arrived, and one of them twice."""
    ids = [id for id, _ in run.box.sent]
    return set(ids) == set(run.books.events) and len(ids) == len(set(ids)) + 1


def one_payment(run: Run) -> bool:
    """The gateway was asked for money under one key, and has taken it once."""
    return [p.state for p in run.provider.payments.values()] == ["captured"]


def went_back(run: Run) -> bool:
    """What the gateway took it has sent back, to the last unit, once."""
    return [(p.state, p.refunded - p.captured) for p in run.provider.payments.values()] == [("refunded", 0)]


def nothing_taken(run: Run) -> bool:
    return not any(p.captured for p in run.provider.payments.values())


def taxed(run: Run) -> bool:
    """No tax is zero by accident."""
    return all(c.quote is not None and c.quote.totals.tax > 0 for c in run.books.docs.values())


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen
class Case:
    """What strikes in whose journey, and how it must end: `orders` that stand, `marks` that are or `never` are reached, what holds then."""

    exact: tuple[Exact, ...]
    steps: tuple[Do | tuple[Do, Outcome], ...] = (*FILL, card())
    orders: int = 1
    marks: frozenset[str] = field(default=frozenset(), converter=_names)
    never: frozenset[str] = field(default=frozenset(), converter=_names)
    holds: Callable[[Run], bool] = one_payment
    others: tuple[Actor, ...] = ()
    world: dict[str, Any] = field(factory=dict)

    @property
    def faults(self) -> frozenset[str]:
        return frozenset(one.fault for one in self.exact)


WAITING: Final = (*FILL, card(), LONG)
CANCELLED: Final = (*FILL, card(), BACK, LONG)
SENT_AGAIN, PAID_AFTER_ALL = {"unknown", "unknown, then sent again"}, {"unknown", "unknown, then paid"}
NOT_YET: Final = [at("gateway.inquire", "query_lag", 1, who) for who in ("ann", "worker-1")]
TWO: Final[dict[str, Any]] = {"processes": 2}


def strikes(call: str, fault: str, nth: int = 1, who: str = "ann", **rest: object) -> Case:
    return Case((at(call, fault, nth, who),), **rest)  # type: ignore[arg-type]


CASES: Final = (
    # The gateway does not answer.
    pytest.param(strikes("gateway.authorize", "timeout_lost", marks=SENT_AGAIN), marks=pytest.mark.fault("B1"), id="timeout_lost"),
    pytest.param(
        strikes("gateway.authorize", "timeout_applied", marks=PAID_AFTER_ALL), marks=pytest.mark.fault("B2"), id="timeout_applied"
    ),
    pytest.param(strikes("gateway.authorize", "late_applied", marks={"unknown"}), marks=pytest.mark.fault("B3"), id="late_applied"),
    pytest.param(
        Case((at("gateway.authorize", "timeout_applied"), *NOT_YET), steps=WAITING, marks={"unknown"}),
        marks=pytest.mark.fault("B3"),
        id="query_lag",
    ),
    pytest.param(strikes("gateway.authorize", "err5xx_applied", marks=PAID_AFTER_ALL), marks=pytest.mark.fault("B4"), id="err5xx_applied"),
    pytest.param(strikes("gateway.authorize", "garbage", marks=PAID_AFTER_ALL), marks=pytest.mark.fault("B5"), id="garbage"),
    pytest.param(
        strikes("gateway.refund", "timeout_lost", steps=CANCELLED, orders=0, marks={"order cancelled"}, holds=went_back),
        marks=pytest.mark.fault("B13"),
        id="timeout_lost of a refund",
    ),
    pytest.param(
        strikes("gateway.refund", "timeout_applied", steps=CANCELLED, orders=0, marks={"order cancelled"}, holds=went_back),
        marks=pytest.mark.fault("B13"),
        id="timeout_applied of a refund",
    ),
    # The gateway answers something else.
    pytest.param(
        strikes(
            "gateway.authorize",
            "decline",
            steps=(*FILL, expecting(card(), "refused"), card()),
            marks={"declined", "another card"},
            holds=lambda run: sorted(p.state for p in run.provider.payments.values()) == ["captured", "declined"],
        ),
        marks=pytest.mark.fault("B6"),
        id="decline, then another card",
    ),
    pytest.param(
        strikes(
            "gateway.authorize",
            "decline",
            steps=(*FILL, expecting(card("tok_stolen"), "refused"), LONG, expecting(AGAIN, "refused")),
            orders=0,
            marks={"declined"},
            holds=lambda run: [p.state for p in run.provider.payments.values()] == ["declined"],
        ),
        marks=pytest.mark.fault("B7"),
        id="decline of a stolen card",
    ),
    pytest.param(strikes("gateway.authorize", "pending", steps=WAITING, marks={"placed"}), marks=pytest.mark.fault("B8"), id="pending"),
    pytest.param(
        strikes("gateway.refund", "refund_refused", steps=CANCELLED, orders=0, marks={"refund refused"}),
        marks=pytest.mark.fault("B14"),
        id="refund_refused",
    ),
    pytest.param(strikes("gateway.authorize", "rate_429"), marks=pytest.mark.fault("B19"), id="rate_429"),
    pytest.param(strikes("gateway.authorize", "inprogress_409"), marks=pytest.mark.fault("B20"), id="inprogress_409"),
    pytest.param(
        strikes("gateway.authorize", "amount_drift", orders=0, marks={"drift quarantined"}, holds=went_back),
        marks=pytest.mark.fault("B21"),
        id="amount_drift",
    ),
    pytest.param(
        strikes("gateway.authorize", "amount_short", orders=0, marks={"drift quarantined"}, holds=went_back),
        marks=pytest.mark.fault("B21"),
        id="amount_short",
    ),
    pytest.param(
        strikes(
            "gateway.authorize",
            "declined_then_paid",
            steps=(*FILL, expecting(card(), "refused"), LONG, expecting(AGAIN, "refused")),
            orders=0,
            marks={"declined"},
            holds=went_back,
        ),
        marks=pytest.mark.fault("C9"),
        id="declined_then_paid",
    ),
    pytest.param(
        strikes(
            "gateway.authorize",
            "declined_then_paid",
            steps=(*FILL, expecting(card(), "refused"), card(), LONG),
            marks={"declined", "another card"},
            holds=lambda run: sorted(p.state for p in run.provider.payments.values()) == ["captured", "refunded"],
        ),
        marks=pytest.mark.fault("C9"),
        id="declined_then_paid, after another card",
    ),
    pytest.param(strikes("gateway.authorize", "unauthorised", never={"declined"}), marks=pytest.mark.fault("B22"), id="unauthorised"),
    # The store.
    pytest.param(strikes("store.transact", "serialization", RECORD, never={"unknown"}), marks=pytest.mark.fault("E1"), id="serialization"),
    pytest.param(strikes("store.transact", "deadlock", RECORD, never={"unknown"}), marks=pytest.mark.fault("E2"), id="deadlock"),
    pytest.param(strikes("store.transact", "conn_lost", RECORD, never={"unknown"}), marks=pytest.mark.fault("E3"), id="conn_lost"),
    pytest.param(
        strikes("store.transact", "ambig_applied", INTENT, marks={"rerun found its record"}),
        marks=pytest.mark.fault("E4"),
        id="ambig_applied",
    ),
    pytest.param(
        strikes("store.transact", "ambig_lost", INTENT, never={"rerun found its record"}), marks=pytest.mark.fault("E4"), id="ambig_lost"
    ),
    pytest.param(strikes("store.transact", "unsure_applied", INTENT, steps=WAITING), marks=pytest.mark.fault("E4"), id="unsure_applied"),
    pytest.param(strikes("store.transact", "unsure_lost", INTENT, steps=WAITING), marks=pytest.mark.fault("E4"), id="unsure_lost"),
    pytest.param(strikes("store.transact", "busy", INTENT, never={"unknown"}), marks=pytest.mark.fault("E5", "E7"), id="busy"),
    pytest.param(strikes("store.transact", "disk_full", INTENT, never={"unknown"}), marks=pytest.mark.fault("E6"), id="disk_full"),
    # The host's own ports, and the mail.
    pytest.param(strikes("taxes.rates", "facts_down", holds=taxed), marks=pytest.mark.fault("G2"), id="facts_down of the taxes"),
    pytest.param(strikes("catalog.products", "facts_down", 2), marks=pytest.mark.fault("T5"), id="facts_down of the catalogue"),
    pytest.param(
        strikes("notifier.notify", "mail_down", who="worker-1", steps=WAITING, holds=told_once),
        marks=pytest.mark.fault("M5"),
        id="mail_down",
    ),
    pytest.param(
        strikes(
            "notifier.notify",
            "mail_out",
            who="worker-1",
            steps=WAITING,
            holds=lambda run: told_once(run) and run.kernel.now > OUTAGE * 30 * SECOND,
        ),
        marks=pytest.mark.fault("M5"),
        id="mail_out",
    ),
    pytest.param(
        strikes("notifier.notify", "mail_unsure", who="worker-1", steps=WAITING, holds=told_twice),
        marks=pytest.mark.fault("M8"),
        id="mail_unsure",
    ),
    pytest.param(
        strikes(
            "notifier.notify",
            "poison",
            who="worker-1",
            steps=WAITING,
            marks={"dead letter"},
            holds=lambda run: mails(run) == len(run.books.events) - 1,
        ),
        marks=pytest.mark.fault("M3", "M9"),
        id="poison",
    ),
    pytest.param(
        strikes(
            "notifier.notify",
            "mail_broken",
            who="worker-1",
            steps=WAITING,
            marks={"dead letter"},
            holds=lambda run: mails(run) == len(run.books.events) - 1,
        ),
        marks=pytest.mark.fault("M3", "M9"),
        id="mail_broken",
    ),
    # Processes.
    pytest.param(
        strikes("store.transact", "crash_before", INTENT, never={"unknown", "taken over"}),
        marks=pytest.mark.fault("A1"),
        id="crash_before a unit",
    ),
    pytest.param(
        strikes("gateway.authorize", "crash_before", marks={"taken over"} | SENT_AGAIN),
        marks=pytest.mark.fault("A2"),
        id="crash_before a call",
    ),
    pytest.param(
        strikes("gateway.authorize", "crash_after", marks={"taken over"} | PAID_AFTER_ALL),
        marks=pytest.mark.fault("A3"),
        id="crash_after a call",
    ),
    pytest.param(
        strikes(
            "store.transact", "crash_after", RECORD, steps=WAITING, never={"unknown"}, holds=lambda run: one_payment(run) and told_once(run)
        ),
        marks=pytest.mark.fault("A4", "A5"),
        id="crash_after a unit",
    ),
    pytest.param(
        strikes("notifier.notify", "crash_before", who="worker-1", steps=WAITING, holds=told_once),
        marks=pytest.mark.fault("A5"),
        id="crash_before a notice",
    ),
    pytest.param(
        strikes("notifier.notify", "crash_after", who="worker-1", steps=WAITING, holds=told_twice),
        marks=pytest.mark.fault("A6"),
        id="crash_after a notice",
    ),
    pytest.param(
        strikes("gateway.refund", "crash_after", steps=CANCELLED, orders=0, marks={"order cancelled", "taken over"}, holds=went_back),
        marks=pytest.mark.fault("A7"),
        id="crash_after a refund",
    ),
    pytest.param(
        strikes(
            "store.transact",
            "crash_before",
            2,
            who="worker-1",
            steps=(*FILL, wait(DAY + 60)),
            orders=0,
            marks={"expired"},
            others=(buyer("bob", *FILL), buyer("cleo", *FILL)),
            world={"notifier": False},
            holds=lambda run: run.coverage.marks["expired"] == 3,
        ),
        marks=pytest.mark.fault("A8"),
        id="crash_before half a tick",
    ),
    pytest.param(strikes("gateway.authorize", "sigterm", never={"unknown", "taken over"}), marks=pytest.mark.fault("A10"), id="sigterm"),
    pytest.param(strikes("gateway.authorize", "pause", steps=WAITING, marks={"overtaken"}), marks=pytest.mark.fault("M6"), id="pause"),
    # Shoppers, payers and messages.
    pytest.param(strikes("client.ask", "twin", PAY, world=TWO, marks={"placed"}), marks=pytest.mark.fault("K1", "K2"), id="twin"),
    pytest.param(strikes("client.ask", "reply_lost", PAY, never={"unknown"}), marks=pytest.mark.fault("A4", "C5"), id="reply_lost"),
    pytest.param(strikes("client.ask", "key_reused", PAY, holds=one_payment), marks=pytest.mark.fault("S4"), id="key_reused"),
    pytest.param(strikes("client.ask", "gone", PAY), marks=pytest.mark.fault("C5"), id="gone after paying"),
    pytest.param(
        strikes(
            "client.ask", "gone", PAY, steps=(*FILL, card("tok_3ds_abandoned")), orders=0, marks={"challenge left"}, holds=nothing_taken
        ),
        marks=pytest.mark.fault("C1"),
        id="gone from a challenge",
    ),
    pytest.param(
        strikes(
            "payer.act",
            "never_acts",
            who="ann",
            steps=(*FILL, card("tok_3ds_ok")),
            orders=0,
            marks={"challenge left"},
            holds=nothing_taken,
        ),
        marks=pytest.mark.fault("C1"),
        id="never_acts",
    ),
    pytest.param(
        Case(
            (at("client.ask", "gone", PAY), at("webhook.deliver", "drop", 1, "ann"), at("webhook.deliver", "drop", 2, "ann")),
            steps=(*FILL, upi("upi_paid")),
            others=(buyer("bob", wait(60)),),
        ),
        marks=pytest.mark.fault("D4"),
        id="drop",
    ),
    pytest.param(
        strikes("webhook.deliver", "dup", who="ann", steps=(*FILL, card("tok_3ds_ok"), LONG), world=TWO, holds=one_payment),
        marks=pytest.mark.fault("D1"),
        id="dup",
    ),
    pytest.param(
        strikes("webhook.deliver", "replay", who="ann", steps=(*FILL, card("tok_3ds_ok"), LONG), marks={"old news"}),
        marks=pytest.mark.fault("D3", "D6"),
        id="replay",
    ),
)


@pytest.mark.parametrize("case", CASES)
def test_what_comes_of_a_fault_that_strikes_alone(case: Case, request: pytest.FixtureRequest, struck: set[str]) -> None:
    """It strikes, every promise is kept, and it ends as the catalogue says."""
    run, came = played(a_scenario(buyer("ann", *case.steps), *case.others, exact=case.exact, **case.world))
    assert came.violation is None, str(came.violation)
    assert case.faults == {name for name, times in came.coverage.struck.items() if times}
    struck.update(str(row) for mark in request.node.iter_markers("fault") for row in mark.args)
    reached = {mark for mark, times in came.coverage.marks.items() if times}
    assert came.orders == case.orders
    assert case.marks <= reached
    assert not case.never & reached
    assert case.holds(run), [(p.key, p.state, p.captured, p.refunded) for p in run.provider.payments.values()]


def test_every_fault_has_a_case_for_each_row_it_is() -> None:
    """None of the simulator's faults is only a name, and none claims a row of the catalogue that it is not seen to be."""
    seen: dict[str, set[str]] = {}
    for param in CASES:
        case = param.values[0]
        assert isinstance(case, Case)
        rows = {str(row) for mark in param.marks for row in mark.args}
        for name in case.faults:
            seen.setdefault(name, set()).update(rows)
    assert {name: sorted(set(of.rows) - seen.get(name, set())) for name, of in FAULTS.items()} == {name: [] for name in FAULTS}


# What no call of a port can do: the clocks, the shopkeeper, and where things lie.
@pytest.mark.fault("T1")
def test_the_clocks_of_processes_do_not_agree(struck: set[str]) -> None:
    """Two shops and a worker, each up to a quarter of an hour wrong: time is the store's, and no hold ends early or late for it (R15)."""
    run, came = played(a_scenario(buyer("ann"), buyer("bob", *FILL, card("tok_3ds_ok")), skew=900, processes=2, workers=2))
    skews = [process.skew for process in run.kernel.processes.values() if process.name != "afterwards"]
    assert max(skews) - min(skews) > 60 * SECOND
    struck.add("T1")
    assert (came.violation, came.orders) == (None, 2)


@pytest.mark.fault("T2")
def test_a_clock_is_set_back_while_somebody_pays(struck: set[str]) -> None:
    """The process that began the payment comes back with its clock put right, which is a step back: the payment goes on all the same."""
    crash = at("store.transact", "crash_after", INTENT)
    scenario = a_scenario(buyer("ann"), buyer("bob", wait(5), *FILL, card()), skew=900, steps=True, exact=[crash])
    run, came = next((run, came) for run, came in (played(scenario, seed=seed) for seed in CALM) if ahead(run, "shop-1"))
    assert run.kernel.processes["shop-1"].skew == 0  # it was ahead, and is right now
    struck.add("T2")
    assert (came.violation, came.orders) == (None, 2)


def ahead(run: Run, process: str) -> bool:
    """Whether this process's clock was ahead when the run began."""
    return run.kernel.made[f"{process}/skew"].wait > run.scenario.world.skew * SECOND


@pytest.mark.fault("G1", "T5")
def test_a_price_changes_between_the_quote_and_the_payment(struck: set[str]) -> None:
    """Who pays in time pays what was quoted; who comes when it is over is told the new price first (R7)."""
    late = (*FILL, wait(1800), expecting(card(), "refused"), expecting(card(), "placed"))
    actors = (buyer("ann", *FILL, wait(60), card()), buyer("bob", *late), buyer("keeper", reprice(1490), after=30))
    run, came = played(a_scenario(*actors))
    assert run.shelf.catalog.items["MUG"].prices["EUR"].minor == 1490
    struck.update({"G1", "T5"})
    assert (came.violation, came.orders) == (None, 2)
    assert sorted(p.captured for p in run.provider.payments.values()) == [1250 + 490, 1490 + 490]
    assert came.coverage.marks["quote changed"] == 1


@pytest.mark.fault("F5")
def test_stock_is_taken_away_from_under_a_hold(struck: set[str]) -> None:
    """What is held stays: the shopkeeper is refused the last units, may have the others, and the shopper still gets hers."""
    keeper = (expecting(receive(-5), "refused"), receive(-4))
    actors = buyer("ann", *FILL, wait(60), card()), buyer("keeper", *keeper, after=30)
    run, came = played(a_scenario(*actors, policy=Policy(hold_at="begin", identity_secret=SECRET)))
    assert run.history.refused == {"stock-promised": 1}
    assert run.books.counts[Stock("MUG")].on_hand == 1
    struck.add("F5")
    assert (came.violation, came.orders) == (None, 1)


def two_places() -> Scenario:
    """A mug here and a mug there; two who want two."""
    policy = Policy(locations=("main", "cellar"), identity_secret=SECRET)
    two = (FILL[0], FILL[1], FILL[1], begin())
    actors = (buyer("ann", *two, card()), buyer("bob", *two, expecting(card(), "refused"), after=30))
    return a_scenario(*actors, policy=policy, stock={Stock("MUG"): 1, Stock("MUG", "cellar"): 1})


@pytest.mark.fault("F7")
def test_a_line_comes_from_two_places(struck: set[str]) -> None:
    """The legs add up to the line; who wants more than all places have together is refused, and takes nothing."""
    run, came = played(two_places())
    legs = [{pool.location: n for pool, n in mine.items() if isinstance(pool, Stock)} for mine in run.books.committed.values()]
    if len(legs[0]) > 1:
        struck.add("F7")
    assert (came.violation, came.orders) == (None, 1)
    assert legs == [{"main": 1, "cellar": 1}]
    assert came.coverage.marks["out of stock"] == 1


def test_pools_that_are_looked_at_before_they_are_locked_in_order_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a shop with several places looks at its shelves, and only then locks the cart's turn, which comes first (R27)."""
    monkeypatch.setattr(taking, "_lock", lambda unit, keys: None)
    _, came = played(two_places())
    assert came.violation is not None
    assert came.violation.id == "R27"


@pytest.mark.fault("Y2")
def test_an_outage_brings_no_storm_of_retries(struck: set[str]) -> None:
    """For ten minutes no call reaches the gateway, and six shoppers press on: it is asked seldom, and when it is back all are bought."""
    names = [f"buyer-{n}" for n in range(1, 7)]
    calls = ("gateway.authorize", "gateway.inquire", "gateway.void")
    away = [at(call, "timeout_lost", nth, who) for call in calls for nth in range(1, 7) for who in names]
    away += [at(call, "timeout_lost", nth, "worker-1") for call in calls for nth in range(1, 13)]
    run, came = played(a_scenario(buyer("buyer", *FILL, card(), wait(600), count=6), exact=away, stock={Stock("MUG"): 6}))
    if came.coverage.struck["timeout_lost"] >= 6 * len(names):
        struck.add("Y2")
    asked = sum(attempt.calls for c in run.books.docs.values() for attempt in c.attempts)
    assert (came.violation, came.orders) == (None, 6)
    assert asked <= 20 * len(names)
