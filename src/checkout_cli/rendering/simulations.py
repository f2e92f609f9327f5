"""Scenarios on the screen: who shops in which world, and what goes wrong in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from checkout_cli.output import neutral
from checkout_cli.rendering.facts import units
from checkout_cli.rendering.tables import cell, facts, heading, note, table
from checkout_cli.simulating import ScenarioFile
from checkout_core.simulation.scenarios import Between, Facts, Faults, Scenario


def listed_words(found: Sequence[ScenarioFile]) -> Iterator[RenderableType]:
    """A line for each scenario."""
    every = [one.scenario for one in found]
    rows = ((cell(one.name, "cyan"), one.title, str(shoppers(one)), str(_named(one.faults))) for one in every)
    yield table(("scenario", "title", "shoppers", "faults named"), rows, right=("shoppers", "faults named"), keep=("scenario",))
    yield note(f"{units(len(found), 'scenario')}." if found else "There is no scenario here. A scenario is a TOML file with [[actors]].")


def checked_words(found: Sequence[ScenarioFile]) -> Iterator[RenderableType]:
    """Each scenario as it was understood, and that nothing is wrong with it."""
    for one in found:
        yield from scenario_words(one.scenario)
    yield Text.assemble(("\nGood", "bold green"), f": {units(len(found), 'scenario')} can be run.")


def scenario_words(scenario: Scenario) -> Iterator[RenderableType]:
    """One scenario: its people, its world, its faults, and what must be true at the end."""
    world = scenario.world
    stock: dict[str, int] = {}
    for pool, number in world.stock:
        stock[pool.sku] = stock.get(pool.sku, 0) + number
    yield heading(f"{scenario.name}  {scenario.title}")
    if scenario.about:
        yield cell(scenario.about, "dim")
    who = ", ".join(f"{actor.count} × {actor.name} ({actor.journey.name})" for actor in scenario.actors)
    sold = f"{units(len(world.catalog.items), 'product')}, {units(sum(stock.values()), 'unit')} in stock"
    run_by = f"{world.processes} process{'' if world.processes == 1 else 'es'}, {units(world.workers, 'worker')}"
    yield facts(
        [
            ("who", who),
            ("world", f"{sold}; {run_by}; clocks off by up to {world.skew} s" if world.skew else f"{sold}; {run_by}"),
            ("faults", strikes(scenario.faults)),
            ("always", expected(scenario.always)),
            ("without faults", expected(scenario.calm)),
        ]
    )


def shoppers(scenario: Scenario) -> int:
    """How many there are in all."""
    return sum(actor.count for actor in scenario.actors)


def _named(faults: Faults) -> int:
    return sum(rate != "off" for _, rate in faults.rates) + len(faults.exact)


def strikes(faults: Faults) -> str:
    """What goes wrong, in a line."""
    parts = [f"{name} {rate}" for name, rate in faults.rates]
    parts += [f"{one.fault} at {one.actor}'s {one.call} #{one.nth}" for one in faults.exact]
    return "; ".join([", ".join(parts) or "none named", *(["the rest drawn"] if faults.swarm else [])])


def expected(wanted: Facts) -> str:
    """What must be true at the end besides the invariants; empty if that is all."""
    parts = [units_between(wanted.orders, "order")] if wanted.orders is not None else []
    parts += [f"{units_between(number)} of {sku} left" for sku, number in wanted.left]
    parts += [f"refused only for {', '.join(wanted.refused) or 'nothing'}"] if wanted.refused is not None else []
    parts += [units_between(wanted.notices, "notice")] if wanted.notices is not None else []
    return "; ".join(parts)


def units_between(number: Between, one: str = "unit") -> str:
    """`5 orders`, `at most 1 order`, `6 to 12 orders`."""
    if number.least == number.most:
        return units(number.most, one)
    if number.least == 0:
        return f"at most {units(number.most, one)}"
    return f"at least {units(number.least, one)}" if number.most == Between().most else f"{number.least} to {units(number.most, one)}"


# As data.
def scenarios_data(found: Sequence[ScenarioFile]) -> dict[str, object]:
    """Scenarios as data: stable keys."""
    return {"scenarios": [{"file": neutral(str(one.path)), **scenario_data(one.scenario)} for one in found]}


def scenario_data(scenario: Scenario) -> dict[str, object]:
    """One scenario as data; what is for sale is left to its file."""
    return {
        "name": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "shoppers": shoppers(scenario),
        "actors": [
            {"name": actor.name, "journey": actor.journey.name, "count": actor.count, "shared": actor.shared} for actor in scenario.actors
        ],
        "adapters": {"storage": scenario.adapters.storage, "gateway": scenario.adapters.gateway},
        "faults": {
            "swarm": scenario.faults.swarm,
            "rates": dict(scenario.faults.rates),
            "exact": [{"actor": one.actor, "call": one.call, "nth": one.nth, "fault": one.fault} for one in scenario.faults.exact],
        },
        "expect": _facts_data(scenario.always),
        "expect_calm": _facts_data(scenario.calm),
        "marks": list(scenario.marks),
    }


def _facts_data(wanted: Facts) -> dict[str, object]:
    return {
        "orders": _between_data(wanted.orders),
        "left": {sku: _between_data(number) for sku, number in wanted.left},
        "refused": None if wanted.refused is None else list(wanted.refused),
        "notices": _between_data(wanted.notices),
    }


def _between_data(number: Between | None) -> dict[str, int] | None:
    return None if number is None else {"least": number.least, "most": number.most}
