"""Values as stored documents, and back: JSON text with a version, strict in both directions. The only room that knows cattrs.

    document   {"v": 1, …every field by its name…}   sorted keys, no spaces, UTF-8: equal values have equal texts in every process
    amount     [minor, currency]        ratio  "0.19"          time   "2026-06-01T12:00:00.000000+00:00", UTC and nothing else (R15)
    pool       "stock/MUG/main"         enum   its value       union  an object with a `type` from TAGS

Nothing is coerced, guessed or left out: `true` is no number, 1.0 is none either, a field too many or too few is refused (R13, R14), and so
is one that is there twice (S13). What cannot be read is an error that says where, and never what: a document may hold an address (R24).

A change of shape raises the kind's number in VERSIONS and adds to UPCASTERS the step from the version before. A checkout's document names
its quote by hash; the quote is immutable and stored once (R7).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, TypeVar

from attrs import evolve, frozen

from checkout_core.cart import Cart
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout
from checkout_core.codec.hooks import TAGS, Wrong, converter, paths_of, pool_in, pool_text
from checkout_core.codec.raising import (
    Document,
    raised_checkout_1,
    raised_checkout_2,
    raised_product_1,
    raised_promotion_1,
    raised_quote_1,
    raised_shipping_1,
    raised_tax_1,
)
from checkout_core.errors import Broken, Misconfigured
from checkout_core.experiments import Experiment
from checkout_core.holds import PoolKey
from checkout_core.prices import PriceList
from checkout_core.pricing import Quote
from checkout_core.promotions import Promotion
from checkout_core.shipping import ShippingMethod
from checkout_core.tax import TaxRow
from checkout_core.unit import Person

__all__ = [
    "TAGS",
    "UPCASTERS",
    "VERSIONS",
    "TooNew",
    "Unreadable",
    "decode",
    "decode_answer",
    "decode_checkout",
    "decode_facts",
    "encode",
    "encode_answer",
    "encode_checkout",
    "encode_facts",
    "pool_of",
    "pool_text",
]

EventFacts = tuple[tuple[str, str | int], ...]
Upcaster = Callable[[Document], Document]
D = TypeVar("D", Cart, Experiment, Quote, Person, PriceList, Product, Promotion, ShippingMethod, TaxRow)

VERSIONS: Final[Mapping[str, int]] = {
    "cart": 1,
    "checkout": 3,
    "experiment": 1,
    "facts": 1,
    "person": 1,
    "prices": 1,
    "quote": 2,
    "product": 2,
    "promotion": 2,
    "shipping": 2,
    "tax": 2,
}
"""The current version of each kind of document."""

UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {
    ("checkout", 1): raised_checkout_1,
    ("checkout", 2): raised_checkout_2,
    ("quote", 1): raised_quote_1,
    ("product", 1): raised_product_1,
    ("promotion", 1): raised_promotion_1,
    ("shipping", 1): raised_shipping_1,
    ("tax", 1): raised_tax_1,
}
"""For each kind and past version, the pure function that gives the same document in the version after; `v` is not its business."""


class Unreadable(Broken):
    """A stored document is not what it must be. `paths` says where (`.` is all of it, `?` an unknown field), and no value is told (R24)."""

    def __init__(self, kind: str, paths: Sequence[str]) -> None:
        super().__init__(kind, tuple(paths))
        self.kind = kind
        self.paths = tuple(paths)

    def __str__(self) -> str:
        places = ", ".join("all of it" if path == "." else path for path in self.paths)
        return f"A stored {self.kind} cannot be read. Wrong, missing or (?) unknown: {places}. Stop, and look at the row."


class TooNew(Misconfigured):
    """A newer release wrote this document: upgrade this process. Nothing was changed."""

    def __init__(self, kind: str, known: int) -> None:
        super().__init__(kind, known)
        self.kind = kind
        self.known = known

    def __str__(self) -> str:
        return f"A stored {self.kind} is newer than version {self.known}, the last this release can read. Upgrade checkout-core."


def encode(value: Cart | Experiment | Quote | Person | PriceList | Product | Promotion | ShippingMethod | TaxRow) -> str:
    """The document of a cart, a quote, an entry of a catalogue, or a person (the one document with personal data, R24)."""
    return _text(_KIND_OF[type(value)], value)


def decode(kind: type[D], text: str) -> D:
    """The value of that document. Raises Unreadable, or TooNew."""
    name = _KIND_OF[kind]
    value = _structured(name, _current(name, _parsed(name, text)))
    assert isinstance(value, kind)
    return value


def encode_checkout(checkout: Checkout) -> str:
    """The document of a checkout; of its quote only the hash, because the quote is a document of its own."""
    return _text("checkout", checkout)


def decode_checkout(text: str, quote: Quote | None) -> Checkout:
    """The checkout of that document with its quote. Raises Unreadable, also if this is not the quote it names, or TooNew."""
    checkout, named = _unquoted(_parsed("checkout", text))
    return _with(checkout, named, quote)


def encode_answer(answer: Cart | Checkout) -> str:
    """The document of an answer kept for repetitions (R23): the cart's or checkout's own, with its `type`."""
    return _text(_KIND_OF[type(answer)], answer, type=TAGS[type(answer)])


def decode_answer(text: str, find: Callable[[str], Quote | None]) -> Cart | Checkout:
    """The answer of that document; `find` gives the quote of a hash, and is asked only for a checkout that has one. Errors as above."""
    document = _parsed("answer", text)
    match document.pop("type", None):
        case "cart":
            value = _structured("cart", _current("cart", document))
            assert isinstance(value, Cart)
            return value
        case "checkout":
            checkout, named = _unquoted(document)
            return _with(checkout, named, None if named is None else find(named))
        case _:
            raise Unreadable("answer", ("type",))


def encode_facts(facts: EventFacts) -> str:
    """The document of what an event says, in its order."""
    return _text("facts", _Facts(facts))


def decode_facts(text: str) -> EventFacts:
    """What the event says; whether it may is checked by `Event`. Errors as above."""
    value = _structured("facts", _current("facts", _parsed("facts", text)))
    assert isinstance(value, _Facts)
    return value.facts


def pool_of(text: str) -> PoolKey:
    """The pool of that text. Raises Unreadable for text that `pool_text` does not write."""
    key = pool_in(text)
    if key is None:
        raise Unreadable("pool", (".",))
    return key


@frozen
class _Facts:
    facts: EventFacts


_KINDS: Final[Mapping[str, type]] = {
    "cart": Cart,
    "checkout": Checkout,
    "experiment": Experiment,
    "facts": _Facts,
    "person": Person,
    "prices": PriceList,
    "quote": Quote,
    "product": Product,
    "promotion": Promotion,
    "shipping": ShippingMethod,
    "tax": TaxRow,
}
_KIND_OF: Final[Mapping[type, str]] = {cls: kind for kind, cls in _KINDS.items()}


# Text ↔ plain objects. What leaves this room is raised outside of any handler: a chained exception would carry the values along.
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False)


def _text(kind: str, value: object, **more: str) -> str:
    document = _hooks(kind)[0](value)
    return _JSON.encode({**document, **more, "v": VERSIONS[kind]})


def _parsed(kind: str, text: str) -> Document:
    document: object = None
    with suppress(ValueError, RecursionError, Wrong):
        document = json.loads(text, object_pairs_hook=_each_once)
    if type(document) is not dict:
        raise Unreadable(kind, (".",))
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> Document:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise Wrong
    return table


def _current(kind: str, document: Document) -> Document:
    """The document in the current version, without its number."""
    version, current = document.pop("v", None), VERSIONS[kind]
    if type(version) is not int:
        raise Unreadable(kind, ("v",))
    if version > current:
        raise TooNew(kind, current)
    while version < current:
        step, raised = UPCASTERS.get((kind, version)), None
        with suppress(Exception):  # a step meets what was never checked
            raised = step(document) if step else None
        if raised is None:
            raise Unreadable(kind, ("v",))
        document, version = raised, version + 1
    return document


def _structured(kind: str, document: Document) -> object:
    hook = _hooks(kind)[1]
    try:
        return hook(document, _KINDS[kind])
    except Exception as error:
        paths = sorted(set(paths_of(error)))
    raise Unreadable(kind, paths)


def _unquoted(document: Document) -> tuple[Checkout, str | None]:
    """The checkout without its quote, and the hash it names."""
    document = _current("checkout", document)
    checkout = _structured("checkout", document)
    assert isinstance(checkout, Checkout)
    return checkout, document["quote"]


def _with(checkout: Checkout, named: str | None, quote: Quote | None) -> Checkout:
    if named != (None if quote is None else quote.hash):
        raise Unreadable("checkout", ("quote",))
    return checkout if quote is None else evolve(checkout, quote=quote)


@cache
def _hooks(kind: str) -> tuple[Callable[[object], Document], Callable[[Document, type], object]]:
    cls = _KINDS[kind]
    return converter().get_unstructure_hook(cls), converter().get_structure_hook(cls)
