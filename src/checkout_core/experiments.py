"""Experiments: who is shown which variant, worked out from a hash and stored with the price. Nothing is drawn, so nothing can be lost.

    experiment = Experiment("tea-offer", {"control": 1, "tenth": 1}, share=Ratio(20))
    assigned([experiment], subject_of(None, "cart-7"), now)      # (("tea-offer", "tenth"),), or () for the 80 % who are not in it

The rule, for whoever works it out elsewhere: take the SHA-256 of the ASCII text of the JSON list `["experiment/1",id,salt,subject]` (no
spaces, what is not ASCII as `\\uXXXX`). Its first eight bytes, big-endian, are one whole number below 2⁶⁴, the next eight another. The
first decides whether the subject takes part: number × 100 < share × 2⁶⁴. The second decides the variant: number × all weights ÷ 2⁶⁴,
rounded down, counts through the weights in the order of the variants.

As the two numbers know nothing of each other, a larger share lets more in and moves nobody to another variant. As the id and the salt
are in the text, two experiments know nothing of each other either. Other weights do move people: give such an experiment a new salt.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from attrs import field, frozen

from checkout_core.errors import BadSetting
from checkout_core.money import Ratio

WEIGHT_AT_MOST: Final = 1_000_000
VARIANTS_AT_MOST: Final = 20
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")

Assigned = tuple[tuple[str, str], ...]
"""Pairs of experiment and variant, in the order of the experiments' ids: what one shopper is in."""


def assigned_of(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Assigned:
    """These pairs in their order. Raises ValueError if an experiment is there twice."""
    found = tuple(sorted(pairs.items() if isinstance(pairs, Mapping) else pairs))
    if len({experiment for experiment, _ in found}) != len(found):
        raise ValueError("Somebody is in two variants of one experiment. Name one.")
    return found


def _weights(variants: Mapping[str, int] | Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    return tuple(variants.items() if isinstance(variants, Mapping) else variants)


@frozen
class Experiment:
    """Something that is tried out: its `variants` with their weights (whole numbers, in an order that counts), and who takes part.

    - `share`: per hundred, of the subjects that take part; the others are in no variant. Growing it moves nobody who is in.
    - `starts`, `ends`: UTC instants; it runs from `starts` up to, but not at, `ends`.
    - `salt`: any text. With another one everybody is assigned anew.

    Raises BadSetting.
    """

    id: str
    variants: tuple[tuple[str, int], ...] = field(converter=_weights)
    share: Ratio = field(default=Ratio(100), kw_only=True)
    starts: datetime | None = field(default=None, kw_only=True)
    ends: datetime | None = field(default=None, kw_only=True)
    salt: str = field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        for place, problem, cure in self._mistakes():
            raise BadSetting(f"Experiment {self.id!r:.70}, {place}", problem, cure)

    def _mistakes(self) -> Iterable[tuple[str, str, str]]:
        names = [name for name, _ in self.variants]
        for place, text in (("id", self.id), *(("variants", name) for name in names)):
            if NAME.fullmatch(text) is None:
                yield place, f"{text!r:.50} is no name", "Use 1 to 64 letters A-Z or a-z, digits, and . _ + - after the first."
        if not 2 <= len(names) <= VARIANTS_AT_MOST:
            yield (
                "variants",
                f"it has {len(names)} variant{'' if len(names) == 1 else 's'}",
                f"Give 2 to {VARIANTS_AT_MOST}: what is compared, such as control = 1.",
            )
        if len(set(names)) != len(names):
            yield "variants", "two of them have one name", "Name them apart."
        for name, weight in self.variants:
            if type(weight) is not int or not 1 <= weight <= WEIGHT_AT_MOST:
                yield "variants", f"the weight of {name} is {weight!r:.30}", f"Give a whole number from 1 to {WEIGHT_AT_MOST}."
        if not isinstance(self.share, Ratio):  # a whole number would do here, and could not be stored
            yield "share", f"{self.share!r:.30} is no ratio", "Give Ratio(20) for 20 of a hundred."
        elif not 0 <= self.share.numerator <= 100 * self.share.denominator:
            yield "share", f"{self.share} is no share", "Give a number from 0 to 100: how many of a hundred take part."
        for place, at in (("starts", self.starts), ("ends", self.ends)):
            if at is not None and at.utcoffset() != timedelta(0):
                yield place, "the instant is not in UTC", "Give it with its time zone, in UTC."
        if self.starts is not None and self.ends is not None and self.starts >= self.ends:
            yield "ends", "it ends before it begins", "Correct one of the two."

    def runs(self, now: datetime) -> bool:
        """Whether it runs at that instant (UTC)."""
        return (self.starts is None or now >= self.starts) and (self.ends is None or now < self.ends)

    def variant_of(self, subject: str) -> str | None:
        """The variant of this subject, at any time; None: it does not take part."""
        text = json.dumps(["experiment/1", self.id, self.salt, subject], separators=(",", ":"))
        digest = hashlib.sha256(text.encode("ascii")).digest()
        entry, draw = int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:16], "big")
        if entry * 100 * self.share.denominator >= self.share.numerator << 64:
            return None
        place = draw * sum(weight for _, weight in self.variants) >> 64
        for name, weight in self.variants:
            if place < weight:
                return name
            place -= weight
        raise AssertionError("the place is less than the sum of the weights")


def subject_of(customer: str | None, cart: str) -> str:
    """Who is assigned: the customer who is signed in, on all devices and in all carts; else the cart."""
    return f"cart:{cart}" if customer is None else f"customer:{customer}"


def assigned(experiments: Iterable[Experiment], subject: str, now: datetime, before: Assigned = ()) -> Assigned:
    """What the subject is in now, of all experiments that run. Raises ValueError if two have one id.

    `before` is what it was in, and stays in as long as the experiment runs and has the variant: whatever becomes of share and weights.
    """
    kept, found = dict(before), list[tuple[str, str]]()
    for experiment in experiments:
        if experiment.runs(now):
            was = kept.get(experiment.id)
            variant = was if was in dict(experiment.variants) else experiment.variant_of(subject)
            if variant is not None:
                found.append((experiment.id, variant))
    return assigned_of(found)
