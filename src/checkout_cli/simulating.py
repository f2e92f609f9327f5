"""Scenario files: each with the journeys and the shop that it names, wherever they lie, and the adapters it asks for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from attrs import define, field, frozen

from checkout_cli.run import read_script
from checkout_cli.table_files import BadTables, mistaken, read_all, read_table
from checkout_core.errors import CheckoutError
from checkout_core.holds import Stock
from checkout_core.scripts import Script
from checkout_core.simulation.scenario_reader import BadScenario, scenario_of
from checkout_core.simulation.scenario_world import Goods, Wrong
from checkout_core.simulation.scenarios import Scenario


@frozen
class ScenarioFile:
    """A scenario, and the file it was read from."""

    path: Path
    scenario: Scenario


def read_scenarios(paths: Iterable[Path]) -> tuple[ScenarioFile, ...]:
    """The scenarios of these files, and of the `.toml` files in these folders, in order. Raises BadTables with every mistake in any."""
    return read_all(paths, "scenario", read_scenario)


def read_scenario(file: Path) -> ScenarioFile:
    """The scenario in one file. Raises BadTables."""
    table = read_table(file, "scenario")
    try:
        return ScenarioFile(file, scenario_of(table, file.stem, Beside(file.parent)))
    except BadScenario as bad:
        raise mistaken(file, bad.mistakes) from None


def scenarios_in(folder: Path) -> tuple[ScenarioFile, ...]:
    """The scenarios of a folder in which other files may lie as well: a scenario is a TOML file with actors. Raises BadTables."""
    files = [file for file in sorted(folder.glob("*.toml")) if "actors" in read_table(file, "scenario")]
    return read_all(files, "scenario", read_scenario)


@define
class Beside:
    """The parts of a scenario, found from the folder that its file lies in."""

    folder: Path
    scripts: dict[str, Script | Wrong] = field(factory=dict)

    def script(self, path: str) -> Script | Wrong:
        """The script in that file; read once, however many follow it."""
        if path not in self.scripts:
            self.scripts[path] = self._script(path)
        return self.scripts[path]

    def _script(self, path: str) -> Script | Wrong:
        try:
            return read_script(self.folder / path)
        except BadTables as bad:
            return Wrong(tuple(str(mistake).rstrip(".") for mistake in bad.mistakes))

    def shop(self, folder: str) -> Goods | Wrong:
        """The shop in that folder, as `checkout shop check` reads it."""
        from checkout_cli.wiring import read_files

        try:
            files = read_files(self.folder / folder)
        except CheckoutError as bad:
            return Wrong(tuple(str(mistake).rstrip(".") for mistake in getattr(bad, "mistakes", (bad,))))
        stock = tuple((Stock(lot.sku, lot.location), lot.quantity) for lot in files.stock)
        return Goods(files.catalog(), stock, tuple(place.id for place in files.locations))

    def adapter(self, port: str, name: str) -> Wrong | None:
        """Whether that adapter can be had here: `sqlite` is ours, `package:object` is imported."""
        if ":" not in name:
            missing = [library for library in ("sqlalchemy", "alembic") if find_spec(library) is None]
            return Wrong((f"{name} needs {missing[0]}. Install it: pip install 'checkout-core[sql]'",)) if missing else None
        package, _, words = name.partition(":")
        try:
            found: object = import_module(package)
        except Exception as error:  # whatever a stranger's module raises while it is imported
            return Wrong((f"{package!r} cannot be imported ({type(error).__name__}). Install it here, or correct the name",))
        for word in words.split("."):
            if not hasattr(found, word):
                return Wrong((f"{package!r} has no {words!r}. Correct what stands after the colon",))
            found = getattr(found, word)
        return None if callable(found) else Wrong((f"{name!r} makes no {port}. Name a class or a function that makes one",))
