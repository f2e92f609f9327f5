"""`checkout simulate`: many shoppers at once in a world where things go wrong, the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from checkout_cli.commands import simulation_runs
from checkout_cli.options import Json
from checkout_cli.output import Output

app = typer.Typer(no_args_is_help=True, help="Many shoppers at once while things go wrong: scenarios, the same every time.")
app.command()(simulation_runs.run)
app.command()(simulation_runs.replay)
app.command()(simulation_runs.shrink)
app.command()(simulation_runs.explain)
app.command()(simulation_runs.sweep)
scenario_app = typer.Typer(no_args_is_help=True, help="Scenario files: which there are, and whether they can be run.")
app.add_typer(scenario_app, name="scenario")

Scenarios = Annotated[list[Path], typer.Argument(metavar="SCENARIO…", help="Scenarios in TOML, or folders of them.")]


@scenario_app.command("check")
def check(scenarios: Scenarios, as_json: Json = False) -> None:
    """Read scenarios, with the journeys, the shop and the adapters that they name, and show what was understood.

    Everything that is wrong with any of them is listed at once, impossible worlds too; then the exit code is 2.
    Example: checkout simulate scenario check examples/scenarios
    """
    from checkout_cli.rendering.simulations import checked_words, scenarios_data
    from checkout_cli.simulating import read_scenarios

    found = read_scenarios(scenarios)
    Output(as_json).show(scenarios_data(found), lambda: checked_words(found))


@scenario_app.command("list")
def list_(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where they lie.", exists=True, file_okay=False)] = Path(),
    as_json: Json = False,
) -> None:
    """List the scenarios of a folder: TOML files with actors. Other files are passed over.

    Example: checkout simulate scenario list examples/scenarios
    """
    from checkout_cli.rendering.simulations import listed_words, scenarios_data
    from checkout_cli.simulating import scenarios_in

    found = scenarios_in(folder)
    Output(as_json).show(scenarios_data(found), lambda: listed_words(found))
