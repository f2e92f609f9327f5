"""What a host may decide about its shop, with the defaults we would choose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from attrs import field, frozen

from checkout_core.arrivals import Dispatch
from checkout_core.cart import Limits
from checkout_core.checkout import Deadlines
from checkout_core.customers import COUNTRIES, Destination
from checkout_core.errors import BadSetting
from checkout_core.pricing import PricingPolicy
from checkout_core.refusals import Refused
from checkout_core.sourcing import FEWEST_OF, Sourcing
from checkout_core.tax_provider import TaxOutage
from checkout_core.values import Table


def _places(names: Iterable[str]) -> tuple[str, ...]:
    if isinstance(names, str):  # its letters would be taken for locations
        raise ValueError(f"Give the locations as a list, such as [{names!r}].")
    return tuple(names)


def _distinct(policy: Policy, _: object, locations: tuple[str, ...]) -> None:
    if not locations or not all(locations) or len(set(locations)) != len(locations):
        raise ValueError(f"A shop has one location or more, each named once; got {', '.join(locations) or 'none'}.")


def _by_country(places: Mapping[str, Iterable[str]]) -> Mapping[str, tuple[str, ...]]:
    return Table({country: _places(names) for country, names in places.items()})


def _dispatch(places: Mapping[str, Dispatch]) -> Mapping[str, Dispatch]:
    return Table(places)


def _kept(channels: Mapping[str, PricingPolicy]) -> Mapping[str, PricingPolicy]:
    return Table(channels)


def _named(policy: Policy, _: object, channels: Mapping[str, PricingPolicy]) -> None:
    for name in channels:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", name):
            raise BadSetting("channels", f"{name!r:.50} is no name for a channel", "Use a letter, then up to 39 letters, digits, - or _.")


@frozen
class Policy:
    """The host's choices; every one is a value, none a global.

    `locations`: where stock lies, in the order in which it is used; `sourcing` says how (`sourcing.py`). `nearest`: by country, the
    locations that are used before the others for what goes there. `dispatch`: how a location sends, from which follows when goods arrive.
    `hold_at`: take the goods when the shopper
    pays (default) or as soon as the checkout begins. `capture`: take the money with the authorization (default: the purchase is one
    call), or after the order is placed. `pricing`: how prices are worked out; `channels`: how otherwise in a channel of sale, by its
    name (a web shop, a counter, an app). `identity_secret` keys the HMACs under which a person's uses of a promotion are counted: any
    secret of ≥ 16 bytes, never changed; needed once a promotion has a limit per person. `home` is where the shop sells from: whose taxes
    are in its prices, and from where tax is due by the buyer; needed once prices keep their net. `promise_for`: for how many seconds a
    checkout keeps a unit price that it was quoted, if it becomes dearer (`prices.Promise`); 0: as long as its quote. `tax_outage`: while a
    tax provider is away, sell nothing (`block`), sell at the rates of the shop's own table (`fallback`), or show a total at those and
    take no payment for it (`provisional`). `unpaid_at_most`: how many units of stock one person, by account or e-mail, may hold at a time
    without having paid, over all their checkouts (F10); None: as many as there are. Raises BadSetting.
    """

    limits: Limits = Limits()
    codes_at_most: int = 5
    attempts_at_most: int = 10
    locations: tuple[str, ...] = field(default=("main",), converter=_places, validator=_distinct)
    sourcing: Sourcing = "first"
    nearest: Mapping[str, tuple[str, ...]] = field(factory=dict, converter=_by_country, hash=False)
    dispatch: Mapping[str, Dispatch] = field(factory=dict, converter=_dispatch, hash=False)
    hold_at: Literal["pay", "begin"] = "pay"
    capture: Literal["with-authorize", "after-placing"] = "with-authorize"
    deadlines: Deadlines = Deadlines()
    pricing: PricingPolicy = PricingPolicy()
    channels: Mapping[str, PricingPolicy] = field(factory=dict, converter=_kept, validator=_named, hash=False)
    identity_secret: bytes = field(default=b"", repr=lambda _: "•••")
    home: Destination | None = None
    promise_for: int = 0
    tax_outage: TaxOutage = "block"
    unpaid_at_most: int | None = None

    def __attrs_post_init__(self) -> None:
        if type(self.promise_for) is not int or self.promise_for < 0:
            raise BadSetting(
                "promise_for", f"it is a whole number of seconds, 0 or more, not {self.promise_for!r}", "Give 0 to promise nothing."
            )
        if self.unpaid_at_most is not None and (type(self.unpaid_at_most) is not int or self.unpaid_at_most < 1):
            raise BadSetting(
                "unpaid_at_most", f"it is a number of units, 1 or more, not {self.unpaid_at_most!r}", "Leave it out for no limit."
            )
        if self.unpaid_at_most is not None and not self.identity_secret:
            raise BadSetting("unpaid_at_most", "people are counted under an identity_secret, and there is none", "Give the policy one.")
        if self.sourcing not in get_args(Sourcing):
            raise BadSetting("sourcing", f"{self.sourcing!r:.20} is not known", f"Use {' or '.join(get_args(Sourcing))}.")
        if self.sourcing == "fewest" and len(self.locations) > FEWEST_OF:
            raise BadSetting("sourcing", f"fewest looks at {FEWEST_OF} locations at most", 'Use "first", or fewer locations.')
        for country, places in self.nearest.items():
            if country not in COUNTRIES:
                raise BadSetting("nearest", f"{country!r:.20} is no country", "Write an ISO 3166-1 code such as DE.")
            self._known("nearest", places)
        self._known("dispatch", self.dispatch)
        if self.tax_outage not in get_args(TaxOutage):
            raise BadSetting("tax_outage", f"{self.tax_outage!r} is not known", f"Use {', '.join(get_args(TaxOutage))}.")
        if self.home is None and any(pricing.prices_keep == "net" for pricing in (self.pricing, *self.channels.values())):
            problem = "prices keep their net, and nobody says where they are at home"
            raise BadSetting("prices_keep", problem, 'Say where: Policy(home=Destination("DE")), or home = "DE" in the configuration.')

    def _known(self, setting: str, places: Iterable[str]) -> None:
        for place in places:
            if place not in self.locations:
                raise BadSetting(setting, f"{place!r:.40} is no location", f"Use one of {', '.join(self.locations)}.")

    def places_for(self, to: Destination | None) -> tuple[str, ...]:
        """The locations in the order in which they are used for what goes there."""
        near = self.nearest.get(to.country, ()) if to is not None else ()
        return tuple(dict.fromkeys((*near, *self.locations)))

    def pricing_for(self, channel: str) -> PricingPolicy | Refused:
        """How prices are worked out in that channel; "" is the shop's own way."""
        if not channel:
            return self.pricing
        known = ", ".join(sorted(self.channels))
        hint = f"Use one of {known}." if known else "Leave it out: this shop has no channels."
        return self.channels.get(channel) or Refused("unknown-channel", channel[:40], hint=hint)
