"""`simulate` in a host's own tests: one call, and a failing seed says how to see it again."""

from __future__ import annotations

from pathlib import Path

import pytest

from checkout_cli.simulating import read_scenario
from checkout_core import Card
from checkout_core.effects import Authorize, Inquire, Refund
from checkout_core.errors import Misconfigured, NoAnswer, Unavailable
from checkout_core.money import Money
from checkout_core.payments import Capabilities, Fact
from checkout_core.payments import NotFound as NoSuchPayment
from checkout_core.simulation import Failed, Report, simulate
from checkout_core.simulation.chance import Taped
from checkout_core.simulation.foreign import Observed, OwnLevel
from checkout_core.simulation.kernel import Kernel
from checkout_core.simulation.parts import SimClock
from checkout_core.simulation.running import run_once
from checkout_core.simulation.scenario_reader import BadScenario
from checkout_core.simulation.scenarios import STARTS
from checkout_core.simulation.tapes import Tape
from tests.simulation import own_parts

SHIPPED = Path(__file__).parents[2] / "examples" / "scenarios"
EUR = "EUR"


# What is run.
def test_a_scenarios_file_its_text_and_its_value_are_the_same_runs() -> None:
    """The file may name scripts beside it; a text tells all of it."""
    path = SHIPPED / "coupon-stampede.toml"
    by_path = simulate(path, seeds=3)
    assert isinstance(by_path, Report)
    assert (by_path.runs, by_path.broken) == (3, [])
    by_text = simulate(path.read_text(encoding="utf-8"), seeds=3)
    by_value = simulate(read_scenario(path).scenario, seeds=3)
    assert by_path.steps == by_text.steps == by_value.steps


def test_seeds_are_counted_from_the_first() -> None:
    """One run is one seed: the last seed alone is what it was among others."""
    path = SHIPPED / "last-unit.toml"
    all_three, first_two, last = (simulate(path, seeds=n, first=first) for n, first in ((3, 5), (2, 5), (1, 7)))
    assert all_three.steps == first_two.steps + last.steps


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("last-unit.toml", "give the text of a scenario, or its file as a pathlib.Path"),
        (Path("nowhere.toml"), "nowhere.toml: it cannot be read: No such file or directory. Check the path"),
        ('title = "x"\ntitle = "y"', "it is not TOML"),
        ('title = "x"\n[world]\nshop = "shop"', "cannot be read here"),
        ('title = "x"\n[[actors]]\nname = "a"\njourney = "a.toml"', "cannot be read here: write the script into the scenario"),
    ],
)
def test_a_scenario_that_cannot_be_read_says_why(scenario: str | Path, says: str) -> None:
    with pytest.raises(BadScenario, match=says):
        simulate(scenario, seeds=1)


def test_a_scenario_of_another_kind_and_no_seeds_are_mistakes_of_the_program() -> None:
    with pytest.raises(TypeError, match=r"pathlib\.Path; got int"):
        simulate(7)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one seed"):
        simulate(SHIPPED / "last-unit.toml", seeds=0)
    with pytest.raises(ValueError, match="0 and more"):
        simulate(SHIPPED / "last-unit.toml", first=-1)


# What fails.
def test_a_failing_seed_tells_its_story_and_how_to_see_it_again(tmp_path: Path) -> None:
    """An AssertionError: the promise, the two facts, the story cut down, and what to type."""
    path = SHIPPED / "last-unit.toml"
    with pytest.raises(Failed) as failed:
        simulate(path, seeds=20, storage=own_parts.Forgets)
    text = str(failed.value)
    assert "seed 0: I1 is broken" in text
    assert "what was written: on hand 0" in text
    assert "opens a cart" in text
    assert "simulate(scenario, seeds=1, first=0), with the same arguments" in text  # no command has this test's storage
    assert isinstance(failed.value, AssertionError)
    assert len(failed.value.report.broken) == 1
    unlikely = path.read_text(encoding="utf-8").replace("orders = { most = 1 }", "orders = { most = 0 }").replace("orders = 1\n", "")
    (tmp_path / "journeys").symlink_to(SHIPPED / "journeys")
    (tmp_path / "never.toml").write_text(unlikely, encoding="utf-8")
    with pytest.raises(Failed, match=rf"Again: checkout simulate replay {tmp_path}/never.toml --seed \d+"):
        simulate(tmp_path / "never.toml", seeds=20)


def test_a_run_that_does_not_come_back_still_says_what_broke() -> None:
    """A store whose answers hang on more than what it is asked: the promise and the seed are named, and why there is no story."""
    own_parts.Wavers.made = 0
    with pytest.raises(Failed) as failed:
        simulate(SHIPPED / "last-unit.toml", seeds=1, storage=own_parts.Wavers)
    text = str(failed.value)
    assert "seed 0: I1 is broken" in text
    assert "There is no story of it: run again, it is another run. A part of yours" in text
    assert "simulate(scenario, seeds=1, first=0), with the same arguments" in text


def test_a_mark_that_is_never_reached_fails_too(tmp_path: Path) -> None:
    """From 100 runs on: the runs prove less than they seem to."""
    (tmp_path / "journeys").symlink_to(SHIPPED / "journeys")
    text = (SHIPPED / "last-unit.toml").read_text(encoding="utf-8")
    text = (
        text.replace('marks = ["out of stock"]', 'marks = ["merged"]').replace("count = 6", "count = 1").replace("count = 4", "count = 1")
    )
    (tmp_path / "never.toml").write_text(text, encoding="utf-8")
    assert simulate(tmp_path / "never.toml", seeds=2).runs == 2
    with pytest.raises(Failed, match="100 runs never reached: merged"):
        simulate(tmp_path / "never.toml", seeds=100)


# The host's own parts.
def test_a_gateway_that_sells_nothing_is_no_good_gateway() -> None:
    """No promise is broken where nothing is sold; that is not enough."""
    with pytest.raises(Failed, match="nobody bought anything"):
        simulate(SHIPPED / "last-unit.toml", seeds=3, gateway=own_parts.Away)


def test_a_store_and_a_gateway_of_ones_own_stand_behind_the_faults() -> None:
    """Both are made anew for each run; real decisions are taken on their answers."""
    report = simulate(SHIPPED / "gateway-outage.toml", seeds=4, storage=own_parts.storage, gateway=own_parts.gateway)
    assert report.orders > 20
    assert sum(report.coverage.struck.values()) > 100


def test_every_store_is_closed_when_its_run_is_over() -> None:
    """A run that breaks a promise closes it too."""
    simulate(SHIPPED / "last-unit.toml", seeds=3, storage=own_parts.Closes)
    assert (own_parts.Closes.opened >= 3, own_parts.Closes.open) == (True, 0)


@pytest.mark.parametrize("factory", [own_parts.same, own_parts.nothing, own_parts.needs_more])
def test_a_factory_that_makes_no_new_part_is_told_so(factory: object) -> None:
    own_parts.ONE.clear()
    with pytest.raises(Misconfigured):
        simulate(SHIPPED / "last-unit.toml", seeds=2, storage=factory)  # type: ignore[arg-type]


# The books about a gateway that keeps its own.
class Line:
    """A layer in front of the sandbox, without a shop behind it."""

    def __init__(self) -> None:
        self.kernel = Kernel(STARTS, Taped(Tape()))
        self.later: list[tuple[str, object]] = []
        clock = SimClock(self.kernel)
        self.gateway = own_parts.gateway(clock)
        self.books = Observed(self.gateway, clock, lambda at, address, do: self.later.append((address, do)))

    def authorize(self, token: str = "tok_ok", key: str = "c1/a1/authorize", fault: str = "") -> Fact:
        request = Authorize("c1/a1", "sandbox", 1, key, Money(990, EUR), Card(token), capture=True, by=STARTS)
        return self.books.call(request, fault)

    def refund(self, fault: str = "") -> Fact:
        return self.books.call(Refund("c1/a1", "sandbox", 2, "c1/a1/refund", "c1/a1/authorize", "", Money(990, EUR)), fault)

    def inquire(self) -> Fact:
        return self.books.call(Inquire("c1/a1", "sandbox", 3, "c1/a1/authorize", ""))


def test_an_answer_that_the_shop_does_not_get_is_in_the_books() -> None:
    """The truth is what the gateway did, not what the shop was told."""
    line = Line()
    with pytest.raises(NoAnswer):
        line.authorize(fault="timeout_applied")
    assert (line.books.charges("c1"), line.books.kept("c1")) == (1, 990)
    with pytest.raises(NoAnswer):
        line.refund("err5xx_applied")
    assert (line.books.charges("c1"), line.books.kept("c1")) == (0, 0)
    line.refund()  # the same refund, sent again
    assert line.books.kept("c1") == 0


def test_a_call_that_is_lost_or_turned_away_never_reaches_the_gateway() -> None:
    line = Line()
    with pytest.raises(NoAnswer):
        line.authorize(fault="timeout_lost")
    with pytest.raises(Unavailable):
        line.authorize(fault="rate_429")
    assert isinstance(line.gateway.inquire(Inquire("c1/a1", "sandbox", 1, "c1/a1/authorize", "")), NoSuchPayment)
    assert line.books.charges("c1") == 0


def test_a_late_call_arrives_when_its_time_has_come() -> None:
    line = Line()
    with pytest.raises(NoAnswer):
        line.authorize(fault="late_applied")
    ((address, arrive),) = line.later
    assert address == "gateway.late c1/a1/authorize"
    assert line.books.charges("c1") == 0
    arrive()  # type: ignore[operator]
    assert line.books.charges("c1") == 1


def test_a_late_call_on_which_a_gateway_breaks_ends_no_run() -> None:
    """R3: nobody waits for it, and whatever it raises is no answer, as for any other call."""
    line = Line()
    with pytest.raises(NoAnswer):
        line.authorize(fault="late_applied")
    line.books.gateway = object()  # type: ignore[assignment]
    ((_, arrive),) = line.later
    arrive()  # type: ignore[operator]
    assert line.books.charges("c1") == 0


def test_what_the_gateway_keeps_to_itself_is_asked_behind_the_shops_back() -> None:
    """A token whose first authorize works without an answer: the layer knows, the shop does not yet."""
    line = Line()
    with pytest.raises(NoAnswer):
        line.authorize("tok_no_answer_taken")
    assert line.books.charges("c1") == 1


def test_a_second_payment_under_one_key_is_one_more_charge() -> None:
    """A gateway that says it acts once by key, and does not: I5 is to find it."""

    class Twice:
        name = "twice"
        capabilities = Capabilities(frozenset({"card"}), settle_window=60, call_timeout=10)

        def __init__(self) -> None:
            self.n = 0

        def authorize(self, request: Authorize) -> Fact:
            from checkout_core.payments import Captured

            self.n += 1
            return Captured(f"pay-{self.n}", request.amount)

    line = Line()
    line.books.gateway = Twice()  # type: ignore[assignment]
    line.authorize()
    line.authorize()
    assert line.books.charges("c1") == 2
    assert [payment.key for payment in line.books.payments_of("c1")] == ["c1/a1/authorize", "c1/a1/authorize#2"]


def test_the_level_of_a_host_stores_where_the_level_under_it_does() -> None:
    """A gateway alone leaves the model store, and so its tables, to the checks."""
    scenario = read_scenario(SHIPPED / "last-unit.toml").scenario
    outcome = run_once(scenario, 3, level=OwnLevel(None, own_parts.gateway))
    assert outcome.violation is None
    assert outcome.coverage.evaluated["Q1"] > 0  # only tables can show it
