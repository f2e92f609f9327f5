"""Which planted bugs the ordinary tests let live, as `python -m tests.simulation.survivors` asks it.

Measured over core, scenarios, contracts, commands and the project's own tests, several bugs in one session: those of a session that passed
live, those of one that failed were tried alone on what failed. Bugs that undo each other (two values of one constant) never shared one.
"""

from __future__ import annotations

from typing import Final

SURVIVORS: Final = frozenset(
    {
        "a lease has the worker's time",
        "a stop that was sent is a stop",
        "a verdict is read off the moment",
        "another's lease is taken for one's own",
        "blocked by its own use",
        "carts are locked as they are named",
        "claims are locked as they come",
        "closed is closed",
        "late money forgets the code",
        "news is for the latest",
        "second settle path",
        "shelves are locked as they are used",
        "the payer's own clock",
        "the window opens with the intent",
        "the worker's own clock",
        "two workers, two letters",
    }
)
