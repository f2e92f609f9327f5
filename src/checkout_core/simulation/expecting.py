"""What a scenario expects on top of the invariants, compared with how its run ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen

from checkout_core.simulation.scenarios import Between, Facts, Scenario
from checkout_core.simulation.violations import Violation


@frozen
class End:
    """How a run ended: orders that stand, what is left of each SKU, why anybody was refused, and how many messages arrived.

    `calm` says that no fault has struck.
    """

    orders: int
    left: Mapping[str, int]
    refused: Collection[str]
    notices: int
    calm: bool


def missed(scenario: Scenario, end: End) -> list[Violation]:
    """What was expected and is not so: `always`, and `calm` where no fault has struck."""
    wanting = [scenario.always, scenario.calm] if end.calm else [scenario.always]
    return [violation for facts in wanting for violation in _unlike(facts, end)]


def _unlike(facts: Facts, end: End) -> list[Violation]:
    found = list[Violation]()
    if facts.orders is not None and end.orders not in facts.orders:
        found.append(_other(facts.orders, end.orders, "orders stand", "order stands"))
    for sku, between in facts.left:
        left = end.left.get(sku, 0)
        if left not in between:
            found.append(_other(between, left, f"of {sku} left"))
    if facts.refused is not None:
        found += [_unforeseen(facts.refused, reason) for reason in sorted({*end.refused} - {*facts.refused})]
    if facts.notices is not None and end.notices not in facts.notices:
        found.append(_other(facts.notices, end.notices, "notices delivered", "notice delivered"))
    return found


def _other(wanted: Between, found: int, many: str, one: str | None = None) -> Violation:
    said = [f"{number} {many if one is None or not f' {number}'.endswith(' 1') else one}" for number in (wanted, found)]
    return Violation("expect", f"{said[1]}, and not {wanted}", (f"the scenario: {said[0]}", f"the run: {said[1]}"))


def _unforeseen(known: tuple[str, ...], reason: str) -> Violation:
    only = f"refused for nothing but {', '.join(known)}" if known else "never refused"
    says = f"somebody was refused for {reason}"
    return Violation("expect", f"{says}, which is not expected", (f"the scenario: shoppers are {only}", f"the run: {says}"))
