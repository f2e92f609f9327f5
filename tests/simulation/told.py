"""The stories that a test compares word for word. `python -m tests.simulation.told` writes them anew; read them before you commit."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from checkout_core.simulation.explain import Explained, explain
from checkout_core.simulation.tapes import Decision, Tape
from tests.simulation.journeys import JOURNEYS
from tests.simulation.mutants import named

FOLDER: Final = Path(__file__).parent / "stories"
CART, PAYING = "ada.2/store.transact#1", "ada.4/gateway.authorize#1"
HOOK: Final = "hook ada.3-1 1/webhook.deliver#1"
STORIES: Final = {
    "no answer taken for no": (
        "time-out = decline",
        "a card",
        Tape({CART: Decision("crash_before", span=500_000), PAYING: Decision("timeout_applied")}),
    ),
    "an old message overwrites": (
        "late failure overwrites paid",
        "a challenge passed",
        Tape({HOOK: Decision("replay", span=1_000_000), "worker-1.1/store.transact#1": Decision("pause", span=5_000_000)}),
    ),
}
"""Each by its name: the planted bug, the journey and the tape."""


def story(name: str) -> Explained:
    """What is told of it, with the bug planted."""
    bug, journey, tape = STORIES[name]
    with pytest.MonkeyPatch.context() as patch:
        named(bug).plant(patch)
        return explain(JOURNEYS[journey], tape)


def file_of(name: str) -> Path:
    return FOLDER / f"{name.replace(' ', '-')}.txt"


if __name__ == "__main__":
    for name in STORIES:
        file_of(name).write_text(f"{story(name)}\n", encoding="utf-8")
        print(f"{file_of(name)} is written. Read it.")
