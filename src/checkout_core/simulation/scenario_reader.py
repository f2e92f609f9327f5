"""A scenario from a plain table, or every mistake in it. The language is written down in docs/how-to/simulate.md.

What an impossible world asks for is a mistake like any other: it is named with its place and its cure before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import define, field

from checkout_core.errors import CheckoutError
from checkout_core.script_reader import SECONDS_AT_MOST, script_of
from checkout_core.script_table import Table, near, plain, shown
from checkout_core.scripts import BadScript, Script
from checkout_core.simulation import impossible
from checkout_core.simulation.coverage import MARKS
from checkout_core.simulation.faults import FAULTS
from checkout_core.simulation.scenario_world import Alone, Parts, Wrong, world_of
from checkout_core.simulation.scenarios import Actor, Adapters, Between, Exact, Facts, Faults, Scenario, World

ACTORS_AT_MOST, ROWS_AT_MOST, EXACT_AT_MOST, PATIENCE_AT_MOST = 100_000, 100, 1000, 50  # (R25)
RATES: Final = ("off", "rare", "common")
STORAGES: Final = ("model", "sqlite")
_NAME: Final = re.compile(r"(?!(?:worker|shop|hook|afterwards)$)(?!.*-\d+$)[a-z](?:-?[a-z0-9]){0,29}")
_OBJECT: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)


class BadScenario(CheckoutError):
    """A scenario cannot be read, or its world is impossible: correct it. `mistakes` has all of them, each with its place."""

    def __init__(self, name: str, mistakes: tuple[str, ...]) -> None:
        super().__init__(name, mistakes)
        self.name = name
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(f"{self.name}: {mistake}" for mistake in self.mistakes)


def scenario_of(table: Mapping[str, object], name: str, parts: Parts | None = None) -> Scenario:
    """The scenario that this table tells; `parts` finds what it names. Raises BadScenario with every mistake at once."""
    if "steps" in table and not {"actors", "world"} & set(table):
        cure = 'Name its file as the "journey" of one of the [[actors]] of a scenario'
        raise BadScenario(name, (f"this is a script of one purchase, and no scenario. {cure}",))
    return _Reading(name, parts or Alone()).scenario(table)


@define
class _Reading:
    """One scenario being read."""

    name: str
    parts: Parts
    mistakes: list[str] = field(factory=list)
    journeys: dict[str, Script | None] = field(factory=dict)
    unread: set[object] = field(factory=set)
    """Names of actors with a mistake: what else names them, or counts them, is not blamed for it."""

    def scenario(self, rows: Mapping[str, object]) -> Scenario:
        top = Table(rows, "", self.mistakes)
        title, about = top.need("title"), top.text("about") or ""
        adapters = self._adapters(top.table("adapters"))
        world = world_of(top.table("world"), self.parts)
        self._told_journeys(top.table("journeys"))
        actors = self._actors(top, world, adapters)
        faults = self._faults(top.table("faults"), world, actors)
        expect = top.table("expect")
        always, calm = self._facts(expect, world, actors, "calm"), self._facts(expect.table("calm"), world, actors)
        marks = self._marks(top)
        top.over()
        if self.mistakes or world is None:
            raise BadScenario(self.name, tuple(self.mistakes))
        return Scenario(self.name, title, about, world, actors, faults, always, calm, adapters, marks)

    def _adapters(self, table: Table) -> Adapters:
        found = Adapters(*(self._adapter(table, port, known) for port, known in (("storage", STORAGES), ("gateway", ("model",)))))
        table.over()
        return found

    def _adapter(self, table: Table, port: str, known: tuple[str, ...]) -> str:
        name = table.text(port) or "model"
        if name not in known and not _OBJECT.fullmatch(name):
            table.wrong(f'"{port}" is {", ".join(known)} or an object of yours, such as "my_package:make", not {shown(name)}')
        elif name != "model" and (wrong := self.parts.adapter(port, name)) is not None:
            for mistake in wrong.mistakes:
                table.wrong(f'"{port}": {mistake}')
        return name

    # Who does what.
    def _told_journeys(self, every: Table) -> None:
        """Scripts that stand in the scenario itself; they need no title of their own."""
        for name in every.rows:
            table = every.table(name)
            try:
                self.journeys[name] = script_of({"title": name, **table.rows}, name)
            except BadScript as bad:
                self.journeys[name] = None
                for mistake in bad.mistakes:
                    table.wrong(mistake)

    def _actors(self, top: Table, world: World | None, adapters: Adapters) -> tuple[Actor, ...]:
        rows, actors = top.tables("actors", ROWS_AT_MOST), list[Actor]()
        for row in rows:
            before = len(self.mistakes)
            actor = self._actor(row)
            if actor is None or len(self.mistakes) > before:
                self.unread.add(shown(row.rows.get("name")))
            if actor is None:
                continue
            if actor.name in [other.name for other in actors]:
                row.wrong(f'"name": {actor.name} is there already. Give each a name of their own')
            if world is not None:
                for mistake in impossible.of_journey(actor.journey, world, own_gateway=adapters.gateway != "model"):
                    row.wrong(mistake)
            actors.append(actor)
        if not rows:
            top.wrong("nobody shops: add a table [[actors]] with a name and a journey")
        people = sum(actor.count for actor in actors)
        if people > ACTORS_AT_MOST:
            top.wrong(f"{people} actors are too many: all together are at most {ACTORS_AT_MOST}. Lower a count")
        return tuple(actors)

    def _actor(self, row: Table) -> Actor | None:
        name, journey = row.need("name"), self._journey(row)
        if name and not _NAME.fullmatch(name):
            cure = "use up to 30 small letters, digits and -, such as buyer; numbers come by themselves"
            row.wrong(f'"name": {shown(name)} is no name for an actor: {cure}')
        patience = row.whole("patience", 0, PATIENCE_AT_MOST)
        times = {word: row.whole(word, 0, SECONDS_AT_MOST) or 0 for word in ("within", "after")}
        count, shared = row.whole("count", 1, ACTORS_AT_MOST) or 1, row.flag("shared")
        row.over()
        if journey is None:
            return None
        return Actor(name, journey, count, times["within"], times["after"], 5 if patience is None else patience, shared)

    def _journey(self, row: Table) -> Script | None:
        """The script of an actor: one that stands in the scenario, or a file."""
        named = row.need("journey")
        if not named:
            return None
        if named in self.journeys:
            return self.journeys[named]
        if not named.endswith(".toml"):
            known = f"; known: {', '.join(map(plain, self.journeys))}" if self.journeys else ""
            cure = "Write it as [journeys.NAME], or name a script's file"
            row.wrong(f'"journey": there is no {shown(named)}{near(named, self.journeys)}. {cure}{known}')
            return None
        found = self.parts.script(named)
        if isinstance(found, Script):
            return found
        for mistake in found.mistakes:
            row.wrong(f'"journey": {mistake}')
        return None

    # What goes wrong.
    def _faults(self, table: Table, world: World | None, actors: tuple[Actor, ...]) -> Faults:
        rates = table.table("rates")
        for name in rates.rows:
            if name not in FAULTS:
                rates.wrong(f"{shown(name)} is no fault{near(name, FAULTS)}. Use one of {', '.join(FAULTS)}")
        pinned = tuple((name, rate) for name in rates.rows if name in FAULTS and (rate := rates.choice(name, RATES)) is not None)
        exact = list[Exact]()
        for row in table.tables("exact", EXACT_AT_MOST):
            one = Exact(row.need("actor"), row.need("call"), row.whole("nth", 1) or 1, row.need("fault"))
            if world is not None and one.actor and one.call and one.fault:
                doubtful = {shown(one.actor), shown(one.actor.rpartition("-")[0])} & self.unread
                for mistake in impossible.of_exact(one, world, actors):
                    if not (doubtful and mistake.startswith('"actor"')):
                        row.wrong(mistake)
            row.over()
            exact.append(one)
        faults = Faults(table.flag("swarm", default=True), pinned, tuple(exact))  # type: ignore[arg-type]
        table.over()
        return faults

    # What must be true.
    def _facts(self, table: Table, world: World | None, actors: tuple[Actor, ...], *below: str) -> Facts:
        left = table.table("left")
        numbers = [(sku, between) for sku in left.rows if (between := self._between(left, sku)) is not None]
        facts = Facts(self._between(table, "orders"), tuple(numbers), table.texts("refused"), self._between(table, "notices"))
        table.known += below
        table.over()
        if world is not None and (actors or self.unread):
            certain = Facts(None, tuple((sku, Between()) for sku, _ in numbers), facts.refused) if self.unread else facts
            for mistake in impossible.of_facts(certain, world, actors):
                table.wrong(mistake)
        return facts

    def _marks(self, top: Table) -> tuple[str, ...]:
        marks = top.texts("marks") or ()
        for mark in marks:
            if mark and mark not in MARKS:
                top.wrong(f'"marks": {shown(mark)} is no mark{near(mark, MARKS)}. Use some of {", ".join(MARKS)}')
        return marks

    def _between(self, table: Table, word: str) -> Between | None:
        """A number, or a table of the least and the most."""
        if not isinstance(table.rows.get(word), Mapping):
            number = table.whole(word, 0)
            return None if number is None else Between(number, number)
        inner = table.table(word)
        least, most = inner.whole("least", 0) or 0, inner.whole("most", 0)
        inner.over()
        if not inner.rows:
            inner.wrong('give a "least", a "most" or both')
        if most is not None and least > most:
            inner.wrong('"least" is more than "most": no number is between them. Exchange the two')
        return Between(least) if most is None else Between(least, most)


__all__ = ["BadScenario", "Parts", "Wrong", "scenario_of"]
