"""Scenario files: the shipped ones are what they say, bad ones are told with place and cure, and the page about them is true."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from attrs import evolve

from checkout_adapters.sandbox import SandboxGateway
from checkout_cli.simulating import read_scenarios
from checkout_core import MemoryStorage, Money, Shop, Worker
from checkout_core.scripts import Reprice, Script
from checkout_core.simulation.coverage import MARKS
from checkout_core.simulation.faults import EVERY, FAULTS
from checkout_core.simulation.running import run_once
from checkout_core.simulation.scenario_reader import BadScenario, scenario_of
from checkout_core.simulation.scenarios import Faults, Scenario, World
from checkout_core.sync.player import Player
from tests.cli.conftest import Command
from tests.cli.playhouse import CountedIds, HandClock

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "examples" / "scenarios"
PAGE = (ROOT / "docs" / "how-to" / "simulate.md").read_text(encoding="utf-8")
SCENARIOS = [one.scenario for one in read_scenarios([SHIPPED])]
EXAMPLE = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


# The shipped ones.
def test_nineteen_scenarios_ship_and_each_can_be_run() -> None:
    """Each tells its story, names a fault, says how it must end, and asks for something to be reached."""
    assert [one.name for one in SCENARIOS] == [
        "backorders", "black-friday", "campaign-budget", "clock-skew", "coupon-stampede", "crash-storm", "free-gifts", "gateway-outage",
        "guest-to-login", "last-unit", "one-gift-card", "one-use-code", "poison-notification", "price-change-at-noon", "slow-3ds",
        "tax-records", "twice-a-person", "two-tabs", "webhook-chaos",
    ]  # fmt: skip
    for one in SCENARIOS:
        assert one.about, one.name
        assert one.marks, one.name
        assert one.faults.swarm, one.name
        assert one.faults.rates, one.name
        assert one.always.orders is not None, one.name
        assert 10 <= sum(actor.count for actor in one.actors) <= 52, one.name


def test_they_reach_gateways_of_every_kind() -> None:
    """Without tombstones, without keys that act once, with neither, and with money that is taken later."""
    terms = {(one.world.gateway.tombstone, one.world.gateway.idempotent_keys) for one in SCENARIOS}
    assert terms == {(True, True), (False, True), (True, False), (False, False)}
    assert {one.world.policy.capture for one in SCENARIOS} == {"with-authorize", "after-placing"}
    assert {one.world.policy.hold_at for one in SCENARIOS} == {"pay", "begin"}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one.name for one in SCENARIOS])
def test_each_journey_goes_as_it_expects_where_nobody_else_shops(scenario: Scenario) -> None:
    """A journey that would fail alone would try nothing of the rest. One that waits for a new price needs who changes it."""
    repriced = any(isinstance(step.do, Reprice) for actor in scenario.actors for step in actor.journey.steps)
    for actor in scenario.actors:
        waits = any(step.reason == "quote-changed" for step in actor.journey.steps)
        assert repriced or not waits
        if not waits:
            assert [str(mismatch) for mismatch in alone(scenario.world, actor.journey)] == [], actor.name


def alone(world: World, script: Script) -> Sequence[object]:
    """What did not go as expected when this script was played alone, on the sandbox."""
    clock = HandClock(world.starts)
    store, ids, gateways = MemoryStorage(clock), CountedIds(), [SandboxGateway(clock=clock)]
    shop = Shop(storage=store, gateways=gateways, catalog=world.catalog, clock=clock, ids=ids, policy=world.policy)
    for pool, units in world.stock:
        shop.receive(pool.sku, units, reason="opening stock", actor="test", location=pool.location)
    for number, worth in world.cards:
        shop.load_gift_card(number, worth, reason="sold", actor="test")
    return Player(shop, Worker(shop), clock, Around(shop)).play(script).mismatches


class Around:
    """A world in which prices stay and goods come in."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def reprice(self, sku: str, price: Money) -> None:
        return

    def move_stock(self, sku: str, location: str, delta: int, reason: str) -> None:
        self.shop.receive(sku, delta, reason=reason, actor="test", location=location)

    def allow_backorders(self, sku: str, location: str, limit: int, reason: str) -> None:
        self.shop.allow_backorders(sku, limit, reason=reason, actor="test", location=location)

    def load_gift_card(self, number: str, amount: Money, reason: str) -> None:
        self.shop.load_gift_card(number, amount, reason=reason, actor="test")

    def left(self, skus: Sequence[str]) -> Mapping[str, int]:
        return {sku: level.available for sku, level in self.shop.stock(*skus).items()}

    def mails(self) -> int:
        return 0


@pytest.mark.parametrize("scenario", SCENARIOS, ids=[one.name for one in SCENARIOS])
def test_each_ends_as_expected_when_nothing_goes_wrong(scenario: Scenario) -> None:
    """Every shopper comes, no fault strikes, and as many orders stand as the file says."""
    for seed in (1, 2):
        outcome = run_once(evolve(scenario, faults=Faults(swarm=False)), seed)
        assert outcome.violation is None
        assert outcome.faults == 0
        for facts in (scenario.always, scenario.calm):
            assert facts.orders is None or outcome.orders in facts.orders, outcome.orders


# The command.
def test_the_command_shows_what_was_understood(checkout: Command) -> None:
    """People, world, faults and end, in words and as data."""
    said = checkout("simulate", "scenario", "check", SHIPPED / "last-unit.toml")
    assert said.code == 0
    for words in ("6 × buyer (account), 4 × guest (guest)", "1 unit in stock", "deadlock common", "at most 1 order", "can be run"):
        assert words in said.out, words
    (data,) = checkout("simulate", "scenario", "check", SHIPPED / "last-unit.toml", "--json").data["scenarios"]
    assert (data["name"], data["shoppers"], data["expect_calm"]["orders"]) == ("last-unit", 10, {"least": 1, "most": 1})
    assert data["actors"][1] == {"name": "guest", "journey": "guest", "count": 4, "shared": False}
    assert len(checkout("simulate", "scenario", "check", SHIPPED, "--json").data["scenarios"]) == 19


def test_a_folder_is_listed_and_other_files_are_passed_over(checkout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a folder it is the one you are in, whatever else lies there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert "There is no scenario here" in checkout("simulate", "scenario", "list").out
    (tmp_path / "mugs.toml").write_text(EXAMPLE[0], encoding="utf-8")
    said = checkout("simulate", "scenario", "list")
    assert (said.code, "Two mugs for eight shoppers" in said.out, "1 scenario." in said.out) == (0, True, True)
    assert checkout("simulate", "scenario", "list", "nowhere").code == 2


def test_every_mistake_in_every_file_is_told_and_the_exit_code_is_2(checkout: Command, tmp_path: Path) -> None:
    """File, place and cure; a journey's mistakes are told with the journey's own file."""
    bad = EXAMPLE[0].replace('journey = "buy"', 'journey = "buy.toml"').replace("swarm", "swarms").replace('"MUG"\nprice', '"MUGG"\nprice')
    (tmp_path / "a.toml").write_text(bad, encoding="utf-8")
    (tmp_path / "buy.toml").write_text('title = "T"\n[shoppers.ada]\n[[steps]]\ndo = "fly"\n')
    (tmp_path / "b.toml").write_text("title = \n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c.toml").write_text(EXAMPLE[0].replace("[world]", '[world]\nshop = "no-shop"\n', 1), encoding="utf-8")
    said = checkout("simulate", "scenario", "check", tmp_path / "a.toml", tmp_path / "b.toml", tmp_path / "folder", tmp_path / "d.toml")
    assert said.code == 2
    text = said.err.replace(str(tmp_path), "DIR")
    for words in (
        'DIR/a.toml: actors, number 1: "journey": DIR/buy.toml: step 1: "do" is one of open, login,',
        "DIR/a.toml: actors, number 2: step 1 (stock) of delivery: this world has no 'MUG' (did you mean \"MUGG\"?).",
        "DIR/b.toml:1: It is not TOML:",
        'DIR/folder/c.toml: world: "shop": no-shop: There is no such folder.',
        'DIR/folder/c.toml: world: "products" does not go with "shop"',
        "DIR/d.toml: It cannot be read: No such file or directory.",
    ):
        assert words in text, (words, text)
    assert checkout("simulate", "scenario", "check", tmp_path / "b.toml", "--json").code == 2
    assert checkout("simulate", "scenario", "list", tmp_path / "folder").code == 2


def test_a_shop_of_files_is_sold_from(checkout: Command, tmp_path: Path) -> None:
    """`shop` names a folder beside the scenario; its locations and its stock are those of the files."""
    head, _, rest = EXAMPLE[0].partition("[world]")
    journeys = "[journeys" + rest.partition("[journeys")[2].partition("[faults.rates]")[0]
    text = f'{head}[world]\nshop = "../shop"\n{journeys}'.replace('"MUG"', '"MUG-ENAMEL-400"').replace(
        "delta = 2", 'delta = 2\nlocation = "berlin"'
    )
    (tmp_path / "shop").symlink_to(ROOT / "examples" / "shop")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "x.toml").write_text(text, encoding="utf-8")
    ((found),) = read_scenarios([tmp_path / "scenarios"])
    assert len(found.scenario.world.catalog.items) > 50
    assert found.scenario.world.policy.locations == ("berlin", "dublin")
    assert checkout("simulate", "scenario", "check", tmp_path / "scenarios").code == 0


@pytest.mark.parametrize(
    ("adapter", "said"),
    [
        ("no_such_package:make", "'no_such_package' cannot be imported (ModuleNotFoundError). Install it here, or correct the name."),
        ("checkout_core:no_such", "'checkout_core' has no 'no_such'. Correct what stands after the colon."),
        ("checkout_core:__name__", "'checkout_core:__name__' makes no storage. Name a class or a function that makes one."),
        ("oracle", '"storage" is model, sqlite or an object of yours, such as "my_package:make", not \'oracle\'.'),
        ("checkout_core:MemoryStorage", ""),
        ("sqlite", ""),
    ],
)
def test_an_adapter_that_cannot_be_had_is_a_mistake(checkout: Command, tmp_path: Path, adapter: str, said: str) -> None:
    """It is looked for when the scenario is checked, not when it runs."""
    (tmp_path / "x.toml").write_text(EXAMPLE[0].replace("[world]", f'[adapters]\nstorage = "{adapter}"\n[world]', 1), encoding="utf-8")
    got = checkout("simulate", "scenario", "check", tmp_path / "x.toml")
    assert (got.code, said in got.err) == ((2, True) if said else (0, True))


# The page.
def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title: str, head: str) -> list[list[str]]:
    """The cells of the table whose head begins so, without it."""
    lines = section(title).partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def words(title: str, head: str) -> list[str]:
    return [word for cells in rows(title, head) for word in re.findall(r"`(\w+)`", cells[0])]


def known(text: str, place: str) -> list[str]:
    """What the reader says may stand at that place, when something stands there that may not."""
    with pytest.raises(BadScenario) as raised:
        scenario_of(tomllib.loads(text), "x")
    found = (re.fullmatch(rf'{place}unknown word "zzz"; known: (.*)', mistake) for mistake in raised.value.mistakes)
    (told,) = {match[1] for match in found if match}
    return str(told).split(", ")


def test_the_example_is_a_scenario_as_it_stands() -> None:
    """It can be read, and two seeds of it break nothing."""
    assert len(EXAMPLE) == 1
    scenario = scenario_of(tomllib.loads(EXAMPLE[0]), "the-page")
    assert [run_once(scenario, seed).violation for seed in (1, 2)] == [None, None]


@pytest.mark.parametrize(
    ("title", "head", "at", "place", "others"),
    [
        ("The frame", "word", "", "", []),
        ("The world", "word of `[world]`", "[world]", "world: ", []),
        ("The world", "word of `[[world.products]]`", "[[world.products]]", "world, products, number 1: ", []),
        ("The world", "word of `[[world.coupons]]`", "[[world.coupons]]", "world, coupons, number 1: ", []),
        ("The world", "word of `[world.deadlines]`", "[world.deadlines]", "world, deadlines: ", []),
        ("The world", "word of `[world.gateway]`", "[world.gateway]", "world, gateway: ", []),
        ("Who shops", "word of `[[actors]]`", "[[actors]]", "actors, number 1: ", []),
        ("What goes wrong", "word of `[faults]`", "[faults]", "faults: ", []),
        ("What goes wrong", "word of `[[faults.exact]]`", "[[faults.exact]]", "faults, exact, number 1: ", []),
        ("What must be true", "word", "[expect]", "expect: ", []),
        ("What must be true", "word", "[expect.calm]", "expect, calm: ", ["calm"]),
        ("Adapters of your own", "word of `[adapters]`", "[adapters]", "adapters: ", []),
    ],
)
def test_the_tables_name_every_word_and_no_other(title: str, head: str, at: str, place: str, others: list[str]) -> None:
    """What may stand at a place is what the reader asks for there."""
    assert sorted(words(title, head)) == sorted([*known(f"{at}\nzzz = 1\n", re.escape(place)), *others])


def test_the_table_of_faults_is_whole() -> None:
    """Every fault, the calls that it strikes, and what it does, word for word."""
    told = {cells[0].strip("`"): (re.findall(r"`([a-z_.]+)`", cells[1]), cells[2]) for cells in rows("What goes wrong", "fault")}
    everywhere = [fault.name for fault in FAULTS.values() if set(fault.calls) == set(EVERY)]
    assert told == {fault.name: ([] if fault.name in everywhere else list(fault.calls), fault.says) for fault in FAULTS.values()}


def test_the_marks_of_the_page_exist() -> None:
    assert set(re.findall(r'`"([a-z ]+)"`', section("The frame"))) <= set(MARKS)
