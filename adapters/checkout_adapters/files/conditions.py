"""What a promotion of promotions.toml asks for besides its goods: each entry of `when`, a table with a kind and that kind's own keys.

quantity     at_least, skus, categories, attributes       in_group     groups
first_order  nothing more                                 channel      channels ("" is the shop's own way)
ship_to      places, such as "DE" or "US-CA"              paid_by      methods, such as "card"
hours        days, from, to, zone                         in_variant   experiment, variants

A host's own kind has the name under which its class is registered (`checkout_core.conditions`); its keys are the fields of that class.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, cast

from checkout_adapters.files import cells
from checkout_adapters.files.gains import COUNT_AT_MOST, Known, assortment, contradiction, made_by_host
from checkout_adapters.files.mistakes import shown
from checkout_adapters.files.trees import Table
from checkout_core import plugins
from checkout_core.errors import BadSetting
from checkout_core.promotions import DAYS, Channel, Condition, FirstOrder, Hours, InGroup, InVariant, PaidBy, Quantity, ShipTo

CONDITIONS_AT_MOST: Final = 20
"""Of one promotion: what a price costs to work out has a bound (R25)."""


def read_conditions(table: Table, known: Known) -> tuple[Condition, ...]:
    """The conditions under `when`, in their order; what is wrong is noted."""
    if not table.has("when"):
        table.pass_over(["when"])
        return ()
    below = table.tables("when")
    if len(below) > CONDITIONS_AT_MOST:
        table.wrong("when", f"It has {len(below)} conditions. Give at most {CONDITIONS_AT_MOST}.")
        return ()
    found = [_condition(each, known) for each in below]
    return tuple(condition for condition in found if condition is not None)


def _condition(table: Table, known: Known) -> Condition | None:
    hosts = plugins.classes(plugins.CONDITIONS)
    kind, before = table.text("kind", cells.one_of("a kind of condition", (*KINDS, *hosts))), len(table.notes.found)
    if kind is None:
        table.pass_over(table.others())  # whether they fit is unclear
        return None
    try:
        condition = KINDS[kind](table, known) if kind in KINDS else cast(Condition | None, made_by_host(table, hosts[kind]))
    except BadSetting as error:
        condition = None
        if len(table.notes.found) == before:  # else it follows from what is told already
            contradiction(table, error)
    table.close(where=f"in a condition of the kind {kind}")
    return condition if len(table.notes.found) == before else None


def _quantity(table: Table, known: Known) -> Condition | None:
    at_least, goods = table.whole("at_least", least=1, most=COUNT_AT_MOST), assortment(table, known)
    return None if at_least is None else Quantity(at_least, goods)


def _in_group(table: Table, known: Known) -> Condition | None:
    groups = table.texts("groups", cells.name)
    return None if groups is None else InGroup(groups)


def _channel(table: Table, known: Known) -> Condition | None:
    channels = table.texts("channels", lambda text: text and cells.name(text))
    return None if channels is None else Channel(channels)


def _ship_to(table: Table, known: Known) -> Condition | None:
    places = table.texts("places", cells.name)
    return None if places is None else ShipTo(places)


def _paid_by(table: Table, known: Known) -> Condition | None:
    methods = table.texts("methods", cells.name)
    return None if methods is None else PaidBy(methods)


def _hours(table: Table, known: Known) -> Condition | None:
    days = table.texts("days", cells.one_of("a day", DAYS), needed=False)
    start, end, zone = [table.text(key, cells.words) for key in ("from", "to", "zone")]
    if start is None or end is None or zone is None or (days is None and table.has("days")):
        return None
    try:
        return Hours(DAYS if days is None else days, start, end, zone)
    except BadSetting as error:
        key = {"start": "from", "end": "to"}.get(error.place, error.place)
        raise BadSetting(key, error.problem, error.cure) from None


def _in_variant(table: Table, known: Known) -> Condition | None:
    experiment, variants = table.text("experiment", cells.name), table.texts("variants", cells.name)
    if experiment is None or known.experiments is None:
        return None if experiment is None or variants is None else InVariant(experiment, variants)
    if (there := known.experiments.get(experiment)) is None:
        table.wrong("experiment", f"experiments.toml has no experiment {shown(experiment)}. Add it, or name another.")
        return None
    for n, variant in enumerate(variants or ()):
        if variant not in there:
            table.wrong("variants", f"Number {n + 1}, {shown(variant)}, is no variant of {experiment}. Known: {', '.join(there)}.")
    return None if variants is None else InVariant(experiment, variants)


KINDS: Final[Mapping[str, Callable[[Table, Known], Condition | None]]] = {
    "quantity": _quantity,
    "in_group": _in_group,
    "first_order": lambda table, known: FirstOrder(),
    "channel": _channel,
    "ship_to": _ship_to,
    "paid_by": _paid_by,
    "hours": _hours,
    "in_variant": _in_variant,
}
