"""Plants the bugs that a session has named in a process that its tests have started.

It imports nothing that the product does not: a process that takes longer to start and to end may be interrupted elsewhere than it would be
without a bug, and then a test fails that no bug has touched.
"""

from __future__ import annotations

import os

from tests.simulation.mutants import named

PLANTED = "CHECKOUT_PLANTED_BUGS"


class ForGood:
    """Plants and never takes out."""

    def setattr(self, target: object, name: str, value: object, /) -> None:
        setattr(target, name, value)


def plant_in_this_process() -> None:
    """Plant the bugs that the session has named; they stay until the process ends."""
    for name in os.environ[PLANTED].splitlines():
        named(name).plant(ForGood())
