"""Adapters by name, and the refusal to start with a mix that could lose money.

An adapter registers under an entry-point group, ours like a stranger's:

    [project.entry-points."checkout_core.gateways"]
    mine = "my_package:MyGateway"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Final, Protocol

from checkout_core.errors import Misconfigured
from checkout_core.payments import Capabilities

ADDRESSES: Final = "checkout_core.addresses"
BENEFITS: Final = "checkout_core.benefits"
CARRIERS: Final = "checkout_core.carriers"
CONDITIONS: Final = "checkout_core.conditions"
TAX_PROVIDERS: Final = "checkout_core.tax_providers"
GROUPS: Final = (
    ADDRESSES,
    BENEFITS,
    CARRIERS,
    "checkout_core.gateways",
    "checkout_core.notifiers",
    "checkout_core.storages",
    TAX_PROVIDERS,
    CONDITIONS,
)


class Declares(Protocol):
    """What start-up reads of a gateway."""

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...


def names(group: str) -> tuple[str, ...]:
    """The adapters registered in a group."""
    return tuple(sorted(entry.name for entry in entry_points(group=group)))


def load(group: str, name: str) -> object:
    """The object registered under that name. Raises Misconfigured, naming what there is."""
    found = [entry for entry in entry_points(group=group) if entry.name == name]
    if not found:
        known = ", ".join(names(group)) or "none"
        raise Misconfigured(f"Nothing called {name!r} is registered under {group}. Registered: {known}.")
    loaded: object = found[0].load()
    return loaded


@cache
def classes(group: str) -> Mapping[str, type]:
    """The classes registered in a group, by name; looked for once in a process. Raises Misconfigured for what is no class."""
    found: dict[str, type] = {}
    for name in names(group):
        loaded = load(group, name)
        if not isinstance(loaded, type):
            raise Misconfigured(f"{name!r} of {group} is no class. Register the class itself.")
        found[name] = loaded
    return MappingProxyType(found)


def name_of(group: str, kind: type) -> str | None:
    """The name under which this class is registered in a group; None: it is not."""
    return next((name for name, found in classes(group).items() if found is kind), None)


def check(gateways: Iterable[Declares], *, production: bool) -> None:
    """Raise Misconfigured if these gateways could charge twice or lose money, or are not meant for real money."""
    seen: set[str] = set()
    for gateway in gateways:
        can = gateway.capabilities
        if not gateway.name or gateway.name in seen:
            raise Misconfigured(f"Two gateways are called {gateway.name!r}. A payment is found again by that name: give each its own.")
        seen.add(gateway.name)
        if production and getattr(gateway, "sandbox", False):
            raise Misconfigured(f"{gateway.name!r} is a sandbox: it takes no real money. Leave it out of a production shop.")
        if can.call_timeout <= 0 or can.settle_window < 0:
            raise Misconfigured(f"{gateway.name!r} needs a call_timeout above 0 and a settle_window of 0 or more seconds.")
        if not can.idempotent_keys and not can.tombstone and not can.settle_window:
            raise Misconfigured(f"{gateway.name!r} can neither repeat, nor forbid, nor outwait a lost call: it could charge twice.")
        if not can.capture_with_authorize and not can.capture_later:
            raise Misconfigured(f"{gateway.name!r} can capture neither with the authorization nor later.")
