"""Who takes part in the runs of a scenario, each under a name of their own."""

from __future__ import annotations

from functools import cache

from checkout_core.scripts import Script, renamed
from checkout_core.simulation.scenarios import Actor


@cache
def cast(actors: tuple[Actor, ...]) -> tuple[tuple[Actor, str, Script], ...]:
    """Everybody who takes part: the actor, the name of this one, and the script as theirs."""
    everybody = list[tuple[Actor, str, Script]]()
    for actor in actors:
        for n in range(1, actor.count + 1):
            name = actor.name if actor.count == 1 else f"{actor.name}-{n}"
            everybody.append((actor, name, actor.journey if actor.shared else renamed(actor.journey, name)))
    return tuple(everybody)


def named(actors: tuple[Actor, ...]) -> tuple[str, ...]:
    """All their names."""
    return tuple(name for _, name, _ in cast(actors))
