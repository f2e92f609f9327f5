"""`checkout demo`: the shoppers of the example scripts go through one shop, and the books are compared when they have gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attrs import frozen

from checkout_cli.stage import Kept, Letter, Stage
from checkout_core.errors import Misconfigured
from checkout_core.holds import Stock
from checkout_core.scripts import Script
from checkout_core.stories import Mismatch, Story

DAY, TICKS_AT_MOST = 24 * 3600, 50


@frozen
class Level:
    """What could be had of a SKU at a location before the demo and after it."""

    key: Stock
    before: int
    after: int


@frozen
class Told:
    """The whole demo: the stories, the stock that moved, the money of each currency, the mails, and what a check of everything found."""

    stories: tuple[Story, ...]
    stock: tuple[Level, ...]
    money: tuple[Kept, ...]
    letters: tuple[Letter, ...]
    findings: tuple[str, ...]

    @property
    def mismatches(self) -> tuple[tuple[Story, Mismatch], ...]:
        """What a script expected and did not come."""
        return tuple((story, mismatch) for story in self.stories for mismatch in story.mismatches)

    @property
    def balanced(self) -> bool:
        """Whether gateway, ledger and orders agree in every currency, and no invariant is broken."""
        return not self.findings and all(row.agree for row in self.money)

    @property
    def good(self) -> bool:
        return self.balanced and not self.mismatches


def tell(stage: Stage, scripts: Iterable[Script], hear: Callable[[Story], None] = lambda _: None) -> Told:
    """Play every script, `hear` each story as it ends, let the shop come to rest, and look at the books."""
    before, player = stage.levels(), stage.player
    stories = list[Story]()
    for script in scripts:
        stories.append(player.play(script))
        hear(stories[-1])
    rest(stage)
    after = stage.levels()
    keys = sorted({*before, *after}, key=lambda key: (key.sku, key.location))
    moved = [Level(key, before.get(key, 0), after.get(key, 0)) for key in keys if before.get(key, 0) != after.get(key, 0)]
    return Told(tuple(stories), tuple(moved), _by_currency(stage.money()), tuple(stage.letters()), tuple(stage.check()))


def rest(stage: Stage) -> None:
    """Two days in which nobody comes: what was left lying is let go, and every mail is sent."""
    for _ in range(3):
        for _ in range(TICKS_AT_MOST):
            if not stage.worker.tick():
                break
        stage.clock.forward(DAY)


def examples() -> Path:
    """The folder with the example shop (`shop/`) and its scripts (`checkouts/`): in the package, or beside its source."""
    here = Path(__file__).resolve().parent
    for folder in (here / "examples", here.parents[1] / "examples"):
        if (folder / "shop").is_dir() and (folder / "checkouts").is_dir():
            return folder
    raise Misconfigured("The example shop is not installed with this package. Install checkout-core again, or run it from its source.")


def _by_currency(rows: Sequence[Kept]) -> tuple[Kept, ...]:
    return tuple(sorted(rows, key=lambda row: row.currency))
