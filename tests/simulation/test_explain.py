"""A counter-example is a story: who did what and when, which fault struck, what broke, and the two facts that contradict."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from attrs import evolve

from checkout_core.simulation import promises
from checkout_core.simulation.chance import Seeded
from checkout_core.simulation.explain import WIDTH, Explained, explain, text
from checkout_core.simulation.faults import FAULTS
from checkout_core.simulation.recording import Recording
from checkout_core.simulation.running import Run, run_once
from checkout_core.simulation.scenarios import Between, Facts
from checkout_core.simulation.tapes import Decision, Tape
from checkout_core.simulation.telling import CALLS
from tests.simulation.journeys import JOURNEYS
from tests.simulation.mutants import named
from tests.simulation.small import FILL, a_scenario, at, buyer, card, expecting, played, wait
from tests.simulation.told import STORIES, file_of, story

SIMULATION = Path(promises.__file__).parent


@pytest.mark.parametrize("name", STORIES)
def test_the_story_of_a_planted_bug(name: str) -> None:
    """It is told word for word as it was when somebody last read it."""
    assert f"{story(name)}\n" == file_of(name).read_text(encoding="utf-8")


def test_a_story_names_each_deviation_where_it_struck() -> None:
    """Each fault of the tape stands in the story with the words of the catalogue, and at the step it struck."""
    told = story("no answer taken for no")
    [crash] = [step for step in told.steps if FAULTS["crash_before"].says in step.fault]
    [timeout] = [step for step in told.steps if FAULTS["timeout_applied"].says in step.fault]
    assert crash.who == "shop-1"
    assert timeout.changed == ("the gateway's books: 17.40 EUR is taken", "no answer comes")
    assert [step.what for step in told.steps if step.who == "shop-1"][:2] == [
        "for ada: dies before it stores",
        "starts again, remembering nothing",
    ]


def test_its_verdict_is_the_promise_and_the_two_facts() -> None:
    """What was promised, how it was broken, and who says what."""
    verdict = story("no answer taken for no").verdict
    assert verdict is not None
    assert verdict.id == "I6"
    assert verdict.promise == promises.PROMISES["I6"]
    assert verdict.facts[0] == "the gateway's books: the payment is captured"
    assert verdict.facts[1].startswith("our books: the attempt is declined")


def test_other_people_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has nothing to do with the violation is in the run and not in the story."""
    named("time-out = decline").plant(monkeypatch)
    told = explain(JOURNEYS["the last use of a coupon"], Tape({"ada.4/gateway.authorize#1": Decision("timeout_applied")}))
    assert told.verdict is not None
    assert "ada" in told.lanes
    assert "ben" not in told.lanes
    assert "ben" not in str(told)


def test_who_wanted_the_same_goods_is_in_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too much of something is promised, all who hold it are told of."""
    named("check-then-act stock").plant(monkeypatch)
    told = explain(JOURNEYS["the last unit"], Tape())
    assert told.verdict is not None
    assert told.verdict.id in ("I1", "I2")
    assert {"ada", "ben"} <= set(told.lanes)
    assert len([change for step in told.steps for change in step.changed if "holds 1 of MUG at main" in change]) == 2


def test_what_happens_by_itself_is_told_as_people_say_it() -> None:
    """Goods that lie there, a message in a worker's hand, a gateway that was wrong: each by who did it, and in no word of the code."""
    struck = [at("gateway.authorize", "declined_then_paid"), at("notifier.notify", "mail_down", who="worker-1")]
    run, came = played(a_scenario(buyer("ann", *FILL, expecting(card(), "refused"), wait(600)), exact=struck))
    told = explain(run.scenario, came)
    assert told.steps[0].who == "the shopkeeper"
    assert told.steps[0].changed == ("5 of MUG at main come in (opening stock)",)
    (corrected,) = [step for step in told.steps if "mistake" in step.what]
    assert corrected.changed == ("the gateway's books: 17.40 EUR is taken",)
    first = [change for step in told.steps for change in step.changed if change.startswith("message 1 ")]
    assert [change.removeprefix("message 1 ") for change in first] == [
        "is in hand, to be sent (try 1)",
        "was not sent, and is to be tried again (tries: 1)",
        "is in hand, to be sent (try 2)",
        "is delivered",
    ]
    assert not re.search(r"gateway\.[a-z]", str(told))


def test_a_count_that_is_not_as_expected_is_a_story_of_all_who_have_a_part_in_it() -> None:
    """One order too many: everybody who bought is told of, each by the number of their checkout; and nothing had to go wrong for it."""
    shoppers = (buyer("ann", *FILL, card()), buyer("ben", *FILL, card()))
    scenario = evolve(a_scenario(*shoppers), always=Facts(orders=Between(0, 1)))
    told = explain(scenario, Tape())
    assert told.verdict is not None
    assert told.verdict.says == "2 orders stand, and not at most 1"
    placed = [change for step in told.steps for change in step.changed if "is placed" in change]
    assert (len(placed), all(change.startswith("checkout ") for change in placed)) == (2, True)
    assert {"ann", "ben"} <= set(told.lanes)
    assert "Nothing need go wrong for this: it is so in a calm run, too." in str(told)


def test_what_comes_again_and_again_is_counted() -> None:
    """A mailbox that is away for hours: its first tries are told, how many came after them, and the last; the fault always is."""
    run, came = played(a_scenario(buyer("ann", *FILL, wait(7200)), exact=[at("notifier.notify", "mail_out", who="worker-1")]))
    told = explain(run.scenario, came)
    (counted,) = [step.what for step in told.steps if "so on" in step.what]
    tries = [change for step in told.steps for change in step.changed if change.startswith("message 1 is in hand")]
    last = int(tries[-1].removesuffix(")").rpartition(" ")[2])
    assert (last > 10, len(tries) < last) == (True, True)
    assert counted == f"and so on, the same {last - len(tries)} times more"
    assert [step.fault for step in told.steps if step.fault] == [FAULTS["mail_out"].says]


@pytest.mark.parametrize("width", [40, 60, 80, WIDTH])
def test_a_story_is_as_wide_as_it_is_asked_to_be(width: int) -> None:
    """Every line fits, the words are the same, and what follows from a step stands below it."""
    told = story("no answer taken for no")
    lines = text(told, width).split("\n")
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()) == " ".join(str(told).split())
    assert all(line.startswith("  ") for line in lines if line.lstrip().startswith(("→", "⚡")))


def test_a_clean_run_is_told_whole() -> None:
    """Nothing broke: everybody's story, and the verdict that every promise held."""
    told = explain(JOURNEYS["two tabs"], Tape())
    assert isinstance(told, Explained)
    assert told.verdict is None
    assert {"ada", "ben", "the gateway"} <= set(told.lanes)
    assert str(told).endswith("Every promise held.")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", ["a card, and a message", "UPI, late", "merged at login", "turned back after placing"])
def test_the_recorded_run_is_the_run(name: str, seed: int) -> None:
    """Telling changes nothing: the run that is recorded has the digest of the run that was not."""
    scenario = JOURNEYS[name]
    run = Run(scenario, Seeded(seed, scenario.faults))
    assert run.go() is None
    tape = Tape(dict(run.kernel.made))
    recording = Recording(scenario, tape)
    assert recording.go() is None
    assert recording.digest() == run.digest() == run_once(scenario, tape=tape).digest
    assert str(explain(scenario, tape))


def test_every_id_that_a_check_can_name_has_its_promise() -> None:
    """A violation of which no sentence is known could not be explained."""
    raised = {id for file in SIMULATION.rglob("*.py") for id in re.findall(r'"([ILQ]\d+|R27|guard|expect)"', file.read_text("utf-8"))}
    assert raised <= set(promises.PROMISES)


def test_every_call_has_its_words() -> None:
    """No name of a call stands in a story as the code spells it."""
    calls = {call for fault in FAULTS.values() for call in fault.calls} - {"client.ask", "webhook.deliver", "payer.act"}
    assert calls <= set(CALLS)
