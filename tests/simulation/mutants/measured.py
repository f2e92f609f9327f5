"""Which planted bugs the ordinary tests let live: measured by `python -m tests.simulation.survivors`, and copied here."""

from __future__ import annotations

from typing import Final

SURVIVORS: Final = frozenset(
    {
        "a claim has the worker's time",
        "a claim outlives its worker",
        "a stop that was sent is a stop",
        "a verdict is read off the moment",
        "another's claim is taken for one's own",
        "blocked by its own use",
        "by is not looked at",
        "carts are locked as they are named",
        "claims are locked as they come",
        "closed is closed",
        "late money forgets the code",
        "news is for the latest",
        "placed in doubt",
        "second settle path",
        "shelves are locked as they are used",
        "the payer's own clock",
        "the window opens with the intent",
        "the worker's own clock",
        "two workers, two letters",
    }
)
