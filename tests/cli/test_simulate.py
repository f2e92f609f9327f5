"""`checkout simulate run`, `replay`, `shrink`, `explain` and `sweep` as an operator has them: words, data, exit codes, clumsy hands."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from multiprocessing import active_children
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_cli.rendering.runs import ran_words
from checkout_cli.several import Where, batches, run
from checkout_cli.simulating import read_scenario
from checkout_cli.verdicts import AllRan, Ran
from checkout_core.simulation.foreign import OwnLevel
from checkout_core.simulation.running import run_once
from checkout_core.simulation.sweep import sweep_singles
from checkout_core.simulation.tapes import Tape
from tests.cli.conftest import Command
from tests.simulation.own_parts import ONE, Forgets

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples" / "scenarios"
GOOD = """
title = "One mug for two"
[world]
processes = 1
[[world.products]]
sku = "MUG"
price = "9.90"
stock = 1
[[actors]]
name = "buyer"
journey = "{journey}"
count = 2
{more}
"""


def scenario(folder: Path, more: str = "", name: str = "mugs.toml") -> Path:
    """A small scenario in a file of its own."""
    path = folder / name
    path.write_text(GOOD.format(journey=SHIPPED / "journeys" / "account.toml", more=more), encoding="utf-8")
    return path


def lying(folder: Path, what: str = "Lies") -> Path:
    """A scenario with a store of the host that breaks a promise."""
    return scenario(folder, f'[adapters]\nstorage = "tests.simulation.own_parts:{what}"', "lies.toml")


def process(*words: object, seconds: int = 120, **env: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", **env}
    command = [sys.executable, "-m", "checkout_cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings, timeout=seconds)
    assert "Traceback" not in done.stdout + done.stderr
    return done


# run
def test_clean_runs_end_with_0_and_say_what_was_reached(checkout: Command, tmp_path: Path) -> None:
    """Runs, shares, faults, marks, promises and a verdict."""
    said = checkout("simulate", "run", scenario(tmp_path), "--seeds", 12, "--jobs", 1)
    assert said.code == 0, said.out
    assert "Clean: every promise held, in 12 runs with" in said.out
    for word in ("contended", "faulty", "faults struck", "placed", "not reached", "promises looked at", "I1 "):
        assert word in said.out


def test_the_answer_is_the_same_for_any_number_of_processes(checkout: Command, tmp_path: Path) -> None:
    """One process, and two real ones beside it; what takes time is all that may differ."""
    words = ("simulate", "run", scenario(tmp_path), lying(tmp_path), "--seeds", 14, "--json", "--jobs")
    alone, several = json.loads(checkout(*words, 1).out), json.loads(process(*words, 2).stdout)
    for answer in (alone, several):
        assert answer.pop("seconds") > 0
        answer.pop("checkouts_per_second")
    assert alone == several
    assert [one["runs"] for one in alone["scenarios"]] == [14, 1]  # the second ends at its first broken promise, as with one process


def test_what_one_process_would_find_first_is_found_first(tmp_path: Path) -> None:
    """A promise that is broken in a later batch, and long before an earlier one is done, does not overtake it."""
    path = lying(tmp_path, "Forgets")
    text = path.read_text(encoding="utf-8").replace("count = 2", "count = 1").replace("stock = 1", "stock = 9")
    path.write_text(text, encoding="utf-8")
    alone = read_scenario(path).scenario
    bad = next(tape for tape in sweep_singles(alone) if run_once(alone, tape=tape, level=OwnLevel(Forgets)).violation)
    plays = [*(Tape() for _ in range(5)), *(bad for _ in range(5)), *(Tape() for _ in range(5))]
    found = [run(Where(path), plays, jobs=jobs) for jobs in (1, 2)]
    assert [(one.done, len(one.report.broken), one.stopped) for one in found] == [(6, 1, False)] * 2


def test_a_broken_promise_ends_with_4_and_the_command_that_replays_it(checkout: Command, tmp_path: Path) -> None:
    """Its id, a sentence, the two facts, and commands that can be typed as they stand."""
    path = lying(tmp_path)
    said = checkout("simulate", "run", path, "--jobs", 1)
    assert said.code == 4
    shown = " ".join(said.out.split())
    assert "I1 the store's numbers of MUG at main are not the sums of its holds and movements" in shown
    assert "the store: on hand 2" in shown
    assert "what was written: on hand 1" in shown
    assert f"Again: checkout simulate replay {path} --seed 0" in shown.replace("- ", "-")
    data = checkout("simulate", "run", path, "--jobs", 1, "--json").data
    assert data["verdict"] == "broken"
    broken = data["scenarios"][0]["broken"][0]
    assert broken["violation"]["id"] == "I1"
    again = checkout(*broken["replay"].split()[1:], "--json")
    assert again.code == 4
    assert again.data["run"]["digest"] == broken["digest"]


def test_it_stops_at_the_first_broken_promise_unless_it_is_to_go_on(checkout: Command, tmp_path: Path) -> None:
    """--keep-going lists every seed that breaks one, and comes to every scenario."""
    paths = [lying(tmp_path), scenario(tmp_path)]
    data = checkout("simulate", "run", *paths, "--seeds", 3, "--jobs", 1, "--json").data
    assert (data["totals"]["runs"], data["not_run"]) == (1, ["mugs"])
    data = checkout("simulate", "run", *paths, "--seeds", 3, "--jobs", 1, "--keep-going", "--json").data
    assert [len(one["broken"]) for one in data["scenarios"]] == [3, 0]
    assert [one["verdict"] for one in data["scenarios"]] == ["broken", "clean"]
    assert data["not_run"] == []


def test_a_mark_that_many_runs_never_reach_is_a_failure_of_its_own(checkout: Command, tmp_path: Path) -> None:
    """From 100 runs on: fewer prove nothing about it."""
    calm = "[faults]\nswarm = false\n"
    path = scenario(tmp_path, calm)
    path.write_text(f'marks = ["merged"]\n{path.read_text(encoding="utf-8")}', encoding="utf-8")
    few = checkout("simulate", "run", path, "--seeds", 3, "--jobs", 1)
    assert (few.code, "mugs did not reach: merged. It is asked for from 100 runs on." in few.out) == (0, True)
    many = checkout("simulate", "run", path, "--seeds", 100, "--jobs", 1, "--json")
    assert (many.code, many.data["verdict"], many.data["scenarios"][0]["missing"]) == (4, "coverage", ["merged"])


def test_runs_can_store_in_real_sqlite_files(checkout: Command, tmp_path: Path) -> None:
    """--level sqlite, whatever the scenario says."""
    data = checkout("simulate", "run", scenario(tmp_path), "--seeds", 2, "--jobs", 1, "--level", "sqlite", "--json").data
    assert data["verdict"] == "clean"
    assert data["scenarios"][0]["level"] == "sqlite"


def test_a_gateway_of_the_hosts_own_is_behind_the_faults_too(checkout: Command, tmp_path: Path) -> None:
    path = scenario(tmp_path, '[adapters]\ngateway = "tests.simulation.own_parts:gateway"\nstorage = "tests.simulation.own_parts:storage"')
    data = checkout("simulate", "run", path, "--seeds", 6, "--jobs", 1, "--json").data
    assert (data["verdict"], data["totals"]["orders"] > 0) == ("clean", True)


def test_ctrl_c_shows_what_was_found_so_far(tmp_path: Path) -> None:
    """Every process of it ends, and no traceback is seen."""
    command = [sys.executable, "-m", "checkout_cli", "simulate", "run", str(SHIPPED / "black-friday.toml"), "--seeds", "100000", "--json"]
    started = subprocess.Popen(
        [*command, "--jobs", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=tmp_path
    )
    try:
        wait_for(lambda: len(family(started.pid)) >= 3)  # two that run, and the one that looks after what is shared
        time.sleep(1)
        for one in family(started.pid):  # a terminal sends it to all of them, in any order
            os.kill(one, signal.SIGINT)
        time.sleep(0.5)
        os.kill(started.pid, signal.SIGINT)
        out, err = started.communicate(timeout=60)
    finally:
        if started.poll() is None:
            started.kill()
            started.communicate()
    assert "Traceback" not in out + err
    data = json.loads(out)
    assert (data["stopped"], data["verdict"], started.returncode) == (True, "clean", 130)
    wait_for(lambda: not family(started.pid), seconds=10)  # the last of them may be just about to end


def test_ctrl_c_while_a_process_is_being_started_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has its effect as soon as the process is there, which ends too."""
    started, start = list[SpawnProcess](), SpawnProcess.start

    def interrupted(self: SpawnProcess) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        start(self)
        started.append(self)

    monkeypatch.setattr(SpawnProcess, "start", interrupted)
    found = run(Where(scenario(tmp_path)), range(11), jobs=2)
    assert (found.stopped, found.done, len(started)) == (True, 0, 1)
    assert active_children() == []


def family(pid: int) -> list[int]:
    """The processes of its session that are left, but for itself."""
    found = []
    for one in filter(str.isdigit, os.listdir("/proc")):  # a glob would look at each, and stumble over one that ends meanwhile
        try:
            fields = Path("/proc", one, "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == pid and fields[0] != "Z" and int(one) != pid:
            found.append(int(one))
    return found


def wait_for(true: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_no_more_processes_are_started_than_there_is_work_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--jobs is the most, however much is asked for."""
    started, start = list[object](), SpawnProcess.start

    def noted(self: SpawnProcess) -> None:
        started.append(self)
        start(self)

    monkeypatch.setattr(SpawnProcess, "start", noted)
    found = run(Where(scenario(tmp_path)), range(11), jobs=256)
    assert (found.done, len(started)) == (11, 3)  # batches of five


def test_a_process_that_dies_is_told_with_what_to_do(tmp_path: Path) -> None:
    """As when there is too little memory: exit code 3, and nothing hangs."""
    path = scenario(tmp_path, '[adapters]\nstorage = "tests.simulation.own_parts:Dies"')
    done = process("simulate", "run", path, "--seeds", 20, "--jobs", 2, DIES_UNLESS=str(0))
    assert (done.returncode, done.stdout) == (3, "")
    assert "has died (exit code 9)" in done.stderr
    assert "fewer --jobs" in done.stderr


def test_what_was_stopped_is_not_called_clean(tmp_path: Path) -> None:
    """It has held so far, and the screen says no more than that."""
    found = run(Where(scenario(tmp_path)), range(2))
    read = read_scenario(scenario(tmp_path)).scenario
    ran = AllRan((Ran(tmp_path, read, "model", False, evolve(found, stopped=True)),), 0, 2, 1.0, stopped=True)
    assert str(list(ran_words(ran))[-1]).startswith("\nStopped: every promise held so far, in 2 runs with ")
    assert str(list(ran_words(evolve(ran, stopped=False)))[-1]).startswith("\nClean: every promise held, in 2 runs with ")


# report
class Page(HTMLParser):
    """What a page is made of, and whether everything that is opened is closed."""

    VOID = frozenset({"meta", "!doctype"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_report_is_one_page_with_data_and_junit_beside_it(checkout: Command, tmp_path: Path) -> None:
    """Nothing is fetched from anywhere, and text of the scenario is text: it cannot become markup."""
    path = lying(tmp_path)
    text = path.read_text(encoding="utf-8").replace("One mug for two", "<script>alert(1)</script> & “mugs”")
    path.write_text(text, encoding="utf-8")
    folder = tmp_path / "deep" / "report"
    said = checkout("simulate", "run", path, scenario(tmp_path), "--seeds", 3, "--jobs", 1, "--keep-going", "--report", folder, "--json")
    assert said.code == 4
    shown = checkout("simulate", "run", path, "--seeds", 1, "--jobs", 1, "--report", tmp_path / "other")
    assert f"Report: {tmp_path / 'other' / 'report.html'}" in shown.out.replace("\n", "")
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    assert page.open == []
    assert "script" not in page.seen
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; “mugs”" in html
    assert not [name for name, _ in page.attributes if name in ("src", "href", "onload")]
    for word in ("I1", "The numbers of every pool are", "store.transact", "contended", "cut down to", "The tape", "Python"):
        assert word in html
    assert page.seen.count("svg") >= 4  # faults by place, two mixes, lanes
    data = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert data["verdict"] == "broken"
    assert {one["seed"] for one in data["tapes"]} == {0, 1, 2}
    suite = ElementTree.parse(folder / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [len(case) for case in suite] == [3, 0]
    assert "checkout simulate replay" in (suite[0][0].text or "")


# replay
def test_a_replay_is_the_run_again_in_any_process(checkout: Command, tmp_path: Path) -> None:
    """Three processes, three seeds of Python's own hashes, one digest."""
    path = scenario(tmp_path)
    said = checkout("simulate", "replay", path, "--seed", 3, "--json")
    assert said.code == 0
    assert said.data["run"]["digest"] == run_once(read_scenario(path).scenario, 3).digest
    done = process("simulate", "replay", path, "--seed", 3, "--twice", "--json", PYTHONHASHSEED="77")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["digests"] == [said.data["run"]["digest"]] * 2


def test_a_run_that_comes_out_in_two_ways_is_told_apart(checkout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose answers hang on Python's own hashes: verdict nondeterminism, exit code 4."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    path = lying(tmp_path, "Hashes")
    said = checkout("simulate", "replay", path, "--seed", 1, "--twice", "--json")
    assert (said.code, said.data["verdict"]) == (4, "nondeterminism")
    assert len({said.data["run"]["digest"], *said.data["digests"]}) > 1


# shrink and explain
def test_a_run_is_cut_down_kept_replayed_and_explained(checkout: Command, tmp_path: Path) -> None:
    """What is left is a tape: other commands take it instead of a seed."""
    path, tape = lying(tmp_path, "Forgets"), tmp_path / "small.json"
    said = checkout("simulate", "shrink", path, "--seed", 0, "--out", tape)
    assert said.code == 4
    assert "cut down to" in said.out
    assert f"--tape {tape}" in said.out.replace("\n", "")
    kept = json.loads(tape.read_text(encoding="utf-8"))
    assert (kept["scenario"], kept["violation"]) == ("lies", "I1")
    assert len(kept["decisions"]) <= 12
    replayed = checkout("simulate", "replay", path, "--tape", tape, "--json")
    assert (replayed.code, replayed.data["run"]["digest"]) == (4, kept["digest"])
    story = checkout("simulate", "explain", path, "--tape", tape)
    assert story.code == 4
    for word in ("buyer-", "opens a cart", "I1", "the store: on hand 1", "but what was written: on hand 0", "The promise:"):
        assert word in story.out
    data = checkout("simulate", "explain", path, "--seed", 0, "--whole", "--json").data
    assert set(data) == {"verdict", "run", "tape", "story"}
    assert data["story"]["steps"]


def test_nothing_is_cut_from_a_run_that_breaks_nothing(checkout: Command, tmp_path: Path) -> None:
    said = checkout("simulate", "shrink", scenario(tmp_path), "--seed", 3, "--out", tmp_path / "none.json")
    assert (said.code, "nothing to cut" in said.out) == (0, True)
    assert not (tmp_path / "none.json").exists()
    told = checkout("simulate", "explain", scenario(tmp_path), "--seed", 3)
    assert (told.code, "Every promise held" in told.out) == (0, True)


# sweep
def test_a_sweep_tries_every_fault_at_every_place(checkout: Command, tmp_path: Path) -> None:
    """On real processes; what breaks by a single deviation is kept as a tape."""
    path = scenario(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("count = 2", "count = 1").replace("stock = 1", "stock = 9"), encoding="utf-8")
    said = checkout("simulate", "sweep", path, "--jobs", 1, "--json")
    assert (said.code, said.data["verdict"]) == (0, "clean")
    assert said.data["runs"] > 150
    assert len(said.data["struck"]) > 20
    tape = tmp_path / "one.json"
    bad = lying(tmp_path, "Forgets")
    text = bad.read_text(encoding="utf-8").replace("count = 2", "count = 1").replace("stock = 1", "stock = 9")
    bad.write_text(text, encoding="utf-8")
    done = process("simulate", "sweep", bad, "--jobs", 2, "--out", tape, "--json")
    assert done.returncode == 4, done.stderr
    found = json.loads(done.stdout)
    assert len(found["broken"]) == 1
    assert len(json.loads(tape.read_text(encoding="utf-8"))["decisions"]) == 1
    assert checkout("simulate", "replay", bad, "--tape", tape).code == 4


def test_runs_are_shared_out_in_portions_that_do_not_hang_on_how_many_share_them() -> None:
    """Seeds and tapes alike, made only when they are wanted."""
    assert [list(portion) for portion in batches(range(7))] == [[0, 1, 2, 3, 4], [5, 6]]
    assert list(batches([])) == []
    assert [len(portion) for portion in batches(Tape() for _ in range(6))] == [5, 1]


# The page.
PAGE = (ROOT / "docs" / "how-to" / "simulate.md").read_text(encoding="utf-8")
LINES = [line for line in PAGE.splitlines() if re.match(r"checkout simulate (?!scenario )", line)]


def test_every_command_of_the_page_can_be_typed(checkout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the page, with fewer seeds; a promise that is kept is no reason for another exit code than 0."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path("examples").symlink_to(ROOT / "examples")
    (example,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    Path("my.toml").write_text(example, encoding="utf-8")
    assert len(LINES) == 12
    for line in LINES:
        words = line.partition("#")[0].split()[1:]
        if words[1] == "run":
            said = checkout(*words, "--seeds", 1, "--jobs", 1)
        elif words[1] == "sweep" or "--tape" in words:
            continue  # a sweep has a test of its own; a tape is there only if something broke
        else:
            said = checkout(*words)
        assert said.code == 0, (line, said.out, said.err)
    assert Path("out/report.html").exists()


@pytest.mark.parametrize("block", re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[:2])
def test_the_tests_on_the_page_pass(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word."""
    monkeypatch.chdir(ROOT)
    found: dict[str, Any] = {}
    exec(block, found)
    ((_, test),) = [(name, value) for name, value in found.items() if name.startswith("test_")]
    test()


# Clumsy hands.
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run"], "Missing argument"),
        (["run", "nowhere.toml"], "nowhere.toml: It cannot be read"),
        (["run", "."], "no scenario in this folder"),
        (["run", "{mugs}", "--seeds", "0"], "--seeds"),
        (["run", "{mugs}", "--jobs", "0"], "--jobs"),
        (["run", "{mugs}", "--jobs", "many"], "--jobs"),
        (["run", "{mugs}", "--first", "-1"], "--first"),
        (["run", "{mugs}", "--level", "postgres"], "sqlite"),
        (["run", "{mugs}", "--report", "{mugs}", "--jobs", "1"], "Name another"),
        (["replay", "{mugs}"], "--seed N, or --tape FILE"),
        (["replay", "{mugs}", "--seed", "1", "--tape", "{tape}"], "--seed N, or --tape FILE"),
        (["replay", "{mugs}", "--seed", "x"], "--seed"),
        (["replay", ".", "--seed", "1"], "It is a folder. Name one scenario in it."),
        (["replay", "{mugs}", "--tape", "nowhere.json"], "nowhere.json: It cannot be read"),
        (["replay", "{mugs}", "--tape", "{mugs}"], "It is not JSON"),
        (["shrink", "{mugs}", "--seed", "1", "--out", "{tape}"], "is there already"),
        (["sweep", "{mugs}", "--out", "{tape}"], "is there already"),
        (["explain", "{mugs}"], "--seed N, or --tape FILE"),
    ],
)
def test_a_wrong_call_is_answered_with_how_it_can_be(
    checkout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    """Exit code 2, in words and as data."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    tape = tmp_path / "tape.json"
    tape.write_text('{"decisions": []}', encoding="utf-8")
    filled = [word.format(mugs=scenario(tmp_path), tape=tape) for word in words]
    said = checkout("simulate", *filled)
    assert said.code == 2, said.out
    assert says in " ".join((said.out + said.err).split())
    assert checkout("simulate", *filled, "--json").code == 2


@pytest.mark.parametrize(
    ("tape", "says"),
    [
        ("[]", 'A tape is an object with the lists "decisions" and "without"'),
        ('{"decisions": [{"fault": "busy"}]}', 'Decision 1 has "at"'),
        ('{"decisions": [{"at": "x", "wait": -1}]}', "times are microseconds"),
        ('{"decisions": [], "scenario": "another"}', "It is a tape of the scenario 'another', not of 'mugs'"),
        ('{"decisions": [], "without": ["buyer-9"]}', "'buyer-9' is nobody in mugs"),
        ('{"decisions": [{"at": "buyer-1.1/store.transact#1", "fault": "decline"}]}', "'decline' cannot strike at"),
        ('{"decisions": [{"at": "x", "fault": "\\u001b[31m"}]}', "cannot strike at 'x'"),
        ("{", "It is not JSON"),
        ("\\xff", "It is not JSON"),
    ],
)
def test_what_is_no_tape_is_told_with_its_place(checkout: Command, tmp_path: Path, tape: str, says: str) -> None:
    """A fault that nothing throws would be a run that proves nothing."""
    path = tmp_path / "tape.json"
    path.write_text(tape, encoding="utf-8")
    said = checkout("simulate", "replay", scenario(tmp_path), "--tape", path)
    assert said.code == 2
    assert says in said.err
    assert "tape.json" in said.err


@pytest.mark.parametrize(
    ("adapter", "says"),
    [
        ("nowhere_at_all:make", "'nowhere_at_all' cannot be imported (ModuleNotFoundError). Install it here, or correct the name"),
        ("tests.simulation.own_parts:nobody", "has no 'nobody'. Correct what stands after the colon"),
        ("tests.simulation.own_parts:nothing", "object is no storage: it has no 'transact'. Give a factory of a sync storage"),
        ("tests.simulation.own_parts:same", "gave the same storage twice. Each run begins with a new one"),
        ("tests.simulation.own_parts:needs_more", "raised TypeError. It is called with one argument, a clock"),
    ],
)
def test_an_adapter_that_cannot_be_had_is_named_with_its_cure(checkout: Command, tmp_path: Path, adapter: str, says: str) -> None:
    """Exit code 2: what has to change lies with whoever called."""
    ONE.clear()
    path = scenario(tmp_path, f'[adapters]\nstorage = "{adapter}"')
    said = checkout("simulate", "run", path, "--seeds", 2, "--jobs", 1)
    assert (said.code, said.out) == (2, "")
    assert says in said.err
    if adapter.endswith("nothing"):
        assert process("simulate", "run", path, "--seeds", 20, "--jobs", 2).returncode == 2
