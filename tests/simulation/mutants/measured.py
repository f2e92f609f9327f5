"""Which planted bugs the ordinary tests let live: measured by `python -m tests.simulation.survivors`, and copied here."""

from __future__ import annotations

from typing import Final

SURVIVORS: Final = frozenset(
    {
        "a call nobody waits for",
        "a claim outlives its worker",
        "a lost capture is asked for anew",
        "a stop that was sent is a stop",
        "a verdict is read off the moment",
        "blocked by its own use",
        "booked as asked",
        "by is not looked at",
        "carts are locked as they are named",
        "claims are locked as they come",
        "late money forgets the code",
        "news is for the latest",
        "placed in doubt",
        "second settle path",
        "shelves are locked as they are used",
        "the window opens with the intent",
        "the worker's own clock",
        "two workers, two letters",
    }
)
