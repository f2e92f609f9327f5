"""experiments.toml: what is tried out, who takes part, and the weights of the variants.

[[experiments]]
id = "tea-offer"
variants = { control = 1, tenth = 1 }           weights, in an order that counts
share = "20"                                    so many of a hundred take part; all, if it is left out
starts = 2026-06-01T00:00:00Z                   optional, like ends and salt
"""

from __future__ import annotations

from datetime import datetime

from checkout_adapters.files import cells
from checkout_adapters.files.gains import contradiction
from checkout_adapters.files.trees import Table
from checkout_core.errors import BadSetting
from checkout_core.experiments import WEIGHT_AT_MOST, Experiment
from checkout_core.money import Ratio


def read_experiments(document: Table) -> list[Experiment]:
    """The experiments in their order; what is wrong is noted."""
    experiments, lines = list[Experiment](), dict[str, int | None]()
    for table in document.tables("experiments"):
        experiment, named = _experiment(table), table.values.get("id")
        if isinstance(named, str):
            if named in lines:
                table.wrong("id", f"The experiment of line {lines[named]} has this id already. Give each its own.")
            lines.setdefault(named, table.line)
        experiments += [experiment] if experiment is not None else []
    document.close()
    return experiments


def _experiment(table: Table) -> Experiment | None:
    before = len(table.notes.found)
    id_, variants, share = table.text("id", cells.name), _variants(table), table.text("share", cells.percent_or_zero, needed=False)
    starts, ends, salt = table.instant("starts"), table.instant("ends"), table.text("salt", cells.words, needed=False)
    table.close()
    if id_ is None or len(table.notes.found) > before:
        return None
    return _made(table, id_, variants, share, starts, ends, salt)


def _made(
    table: Table,
    id_: str,
    variants: list[tuple[str, int]],
    share: Ratio | None,
    starts: datetime | None,
    ends: datetime | None,
    salt: str | None,
) -> Experiment | None:
    try:
        return Experiment(id_, variants, share=Ratio(100) if share is None else share, starts=starts, ends=ends, salt=salt or "")
    except BadSetting as error:
        contradiction(table, error)
        return None


def _variants(table: Table) -> list[tuple[str, int]]:
    """Names and weights, in the order of the file."""
    below, found = table.table("variants"), list[tuple[str, int]]()
    for key in below.others() if below is not None else ():
        assert below is not None
        try:
            name = cells.name(key)
        except ValueError as error:
            below.pass_over([key])
            below.wrong(None, str(error))
            continue
        weight = below.whole(name, least=1, most=WEIGHT_AT_MOST)
        found += [(name, weight)] if weight is not None else []
    return found
