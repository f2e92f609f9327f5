"""Experiments: a list, with what each variant changes and who is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal

from attrs import frozen
from rich.console import RenderableType

from checkout_cli.rendering.facts import time_data, time_words
from checkout_cli.rendering.tables import note, table
from checkout_core.experiments import Experiment
from checkout_core.money import Ratio
from checkout_core.promotions import Promotion
from checkout_core.promotions.conditions import InVariant

State = Literal["runs", "not yet", "over"]


@frozen
class Tried:
    """An experiment now: `by` are the promotions for each variant, `mine` the variant of whoever was asked for (None: in none)."""

    experiment: Experiment
    state: State
    by: dict[str, tuple[str, ...]]
    mine: str | None

    @classmethod
    def of(cls, experiment: Experiment, promotions: Iterable[Promotion], now: datetime, who: str | None) -> Tried:
        conditions = [(p.id, c) for p in promotions for c in p.when if isinstance(c, InVariant) and c.experiment == experiment.id]
        by = {name: tuple([id for id, c in conditions if name in c.variants]) for name, _ in experiment.variants}
        early = experiment.starts is not None and now < experiment.starts
        state: State = "runs" if experiment.runs(now) else "not yet" if early else "over"
        return cls(experiment, state, by, experiment.variant_of(who) if who is not None and state == "runs" else None)

    def share_of(self, variant: str) -> str:
        """How many of a hundred shoppers have this variant, to a tenth."""
        weights = dict(self.experiment.variants)
        share = self.experiment.share
        part = Ratio(share.numerator * weights[variant], share.denominator * sum(weights.values()))
        tenths = part.of(10)
        return f"{tenths // 10}.{tenths % 10} %"


def experiments_data(found: Sequence[Tried]) -> dict[str, object]:
    return {
        "experiments": [
            {
                "id": one.experiment.id,
                "state": one.state,
                "share": str(one.experiment.share),
                "starts": time_data(one.experiment.starts),
                "ends": time_data(one.experiment.ends),
                "variants": [
                    {"name": name, "weight": weight, "promotions": list(one.by[name])} for name, weight in one.experiment.variants
                ],
                "variant": one.mine,
            }
            for one in found
        ]
    }


def experiments_words(found: Sequence[Tried], who: str | None) -> Iterator[RenderableType]:
    if not found:
        yield note("Nothing is tried out here. `experiments.toml` in the shop's folder says what is.")
        return
    rows: list[tuple[object, ...]] = []
    for one in found:
        spoken = (one.state, _time("from", one.experiment.starts), _time("until", one.experiment.ends))
        for n, (name, _) in enumerate(one.experiment.variants):
            first = ("", "") if n else (one.experiment.id, " ".join(filter(None, spoken)))
            mine = ("✓" if one.mine == name else "",) if who else ()
            rows.append((*first, name, one.share_of(name), ", ".join(one.by[name]), *mine))
    columns = ("experiment", "now", "variant", "of all", "promotions", *((f"{who} is in",) if who else ()))
    yield table(columns, rows, right=("of all",), keep=("experiment", "variant"), spare=("now",))
    if who is not None and not any(one.mine for one in found):
        yield note(f"{who} is in none of them.")


def _time(word: str, at: datetime | None) -> str:
    return "" if at is None else f"{word} {time_words(at)}"
