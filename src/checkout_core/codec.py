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
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin

from attrs import evolve, fields, frozen, has, resolve_types
from cattrs import AttributeValidationNote, BaseValidationError, Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from checkout_core.cart import Cart
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, Void, Wait
from checkout_core.errors import Broken, Misconfigured
from checkout_core.holds import KINDS, CartTurn, CouponUses, CouponUsesBy, PoolKey, Stock, lock_order
from checkout_core.money import Money, Ratio
from checkout_core.payments import Card, Challenge, Upi, UpiIntent, ZeroTender
from checkout_core.pricing import Quote
from checkout_core.promotions import Promotion
from checkout_core.shipping import ShippingMethod
from checkout_core.tax import TaxRow
from checkout_core.unit import Person

EventFacts = tuple[tuple[str, str | int], ...]
Document = dict[str, Any]
Upcaster = Callable[[Document], Document]
D = TypeVar("D", Cart, Quote, Person, Product, Promotion, ShippingMethod, TaxRow)

VERSIONS: Final[Mapping[str, int]] = {
    "cart": 1,
    "checkout": 2,
    "facts": 1,
    "person": 1,
    "quote": 1,
    "product": 1,
    "promotion": 1,
    "shipping": 1,
    "tax": 1,
}
"""The current version of each kind of document."""

UPCASTERS: Final[dict[tuple[str, int], Upcaster]] = {
    ("checkout", 1): lambda old: {**old, "by": ""},  # nobody was named yet
}
"""For each kind and past version, the pure function that gives the same document in the version after; `v` is not its business."""

TAGS: Final[Mapping[type, str]] = {
    Authorize: "authorize",
    Capture: "capture",
    Void: "void",
    Refund: "refund",
    Inquire: "inquire",
    Wait: "wait",
    Done: "done",
    Card: "card",
    Upi: "upi",
    ZeroTender: "zero",
    Challenge: "challenge",
    UpiIntent: "upi-intent",
    Cart: "cart",
    Checkout: "checkout",
}
"""The `type` of each member of a union. Stored: a class may be renamed, its tag never."""


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


def encode(value: Cart | Quote | Person | Product | Promotion | ShippingMethod | TaxRow) -> str:
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


def pool_text(key: PoolKey) -> str:
    """The pool's key as one text, kind first: `stock/MUG/main`. Different pools have different texts; `pool_of` reads it back."""
    return "/".join(_text_of(part).replace("%", "%25").replace("/", "%2F") for part in lock_order(key))


def pool_of(text: str) -> PoolKey:
    """The pool of that text. Raises Unreadable for text that `pool_text` does not write."""
    key = _pool(text)
    if key is None:
        raise Unreadable("pool", (".",))
    return key


@frozen
class _Facts:
    facts: EventFacts


_KINDS: Final[Mapping[str, type]] = {
    "cart": Cart,
    "checkout": Checkout,
    "facts": _Facts,
    "person": Person,
    "quote": Quote,
    "product": Product,
    "promotion": Promotion,
    "shipping": ShippingMethod,
    "tax": TaxRow,
}
_KIND_OF: Final[Mapping[type, str]] = {cls: kind for kind, cls in _KINDS.items()}
_POOLS: Final[Mapping[str, type[Stock | CouponUses | CouponUsesBy | CartTurn]]] = {KINDS[cls]: cls for cls in get_args(PoolKey)}


# Text ↔ plain objects. What leaves this room is raised outside of any handler: a chained exception would carry the values along.
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False)


class _Wrong(Exception):
    """Something does not fit, at these places; a place is relative, `.` is here."""

    def __init__(self, *paths: str) -> None:
        super().__init__()
        self.paths = paths or (".",)


def _text(kind: str, value: object, **more: str) -> str:
    document = _hooks(kind)[0](value)
    return _JSON.encode({**document, **more, "v": VERSIONS[kind]})


def _parsed(kind: str, text: str) -> Document:
    document: object = None
    with suppress(ValueError, RecursionError, _Wrong):
        document = json.loads(text, object_pairs_hook=_each_once)
    if type(document) is not dict:
        raise Unreadable(kind, (".",))
    return document


def _each_once(pairs: list[tuple[str, Any]]) -> Document:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise _Wrong
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
        paths = sorted(set(_paths(error)))
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


def _paths(error: Exception) -> Iterator[str]:
    """Where it went wrong. Of a cattrs error only the names of our own fields are read."""
    if isinstance(error, _Wrong):
        yield from error.paths
    elif isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            name = next((note.name for note in getattr(inner, "__notes__", ()) if isinstance(note, AttributeValidationNote)), ".")
            yield from (_joined(name, path) for path in _paths(inner))
    else:
        yield "."


def _joined(outer: str, inner: str) -> str:
    if inner == "." or outer == ".":
        return outer if inner == "." else inner
    return outer + inner if inner.startswith("[") else f"{outer}.{inner}"


# Plain objects ↔ values: one hook a type, compiled on first use.
@cache
def _hooks(kind: str) -> tuple[Callable[[object], Document], Callable[[Document, type], object]]:
    cls = _KINDS[kind]
    return _converter().get_unstructure_hook(cls), _converter().get_structure_hook(cls)


@cache
def _converter() -> Converter:
    converter = Converter(detailed_validation=True)
    for cls, write, read in (
        (str, _text_of, _read_text),
        (bool, _bool_of, _bool_of),
        (int, _int_of, _read_int),
        (float, _no_float, _no_float),
        (datetime, _time_of, _read_time),
        (Money, _money_of, _read_money),
        (Ratio, str, _read_ratio),
    ):
        converter.register_unstructure_hook(cls, write)
        converter.register_structure_hook(cls, read)
    for fits, writer, reader in (
        (_is_class, _class_writer, _class_reader),
        (_is_tuple, _tuple_writer, _tuple_reader),
        (_is_set, _set_writer, _set_reader),
        (_is_amounts, _amounts_writer, _amounts_reader),
        (_is_scalars, _scalars_writer, _scalars_reader),
        (_is_pool, _pool_writer, _pool_reader),
        (_is_tagged, _tagged_writer, _tagged_reader),
    ):
        converter.register_unstructure_hook_factory(fits, writer)
        converter.register_structure_hook_factory(fits, reader)
    return converter


_Write = Callable[[Any], Any]
_Read = Callable[[Any, Any], Any]


def _text_of(value: object) -> str:
    if not isinstance(value, str) or not (value.isascii() or _HALF.search(value) is None):
        raise TypeError("A document holds whole text here, without halves of surrogate pairs.")
    return value


def _read_text(value: object, cls: type) -> object:
    """Also an enum of texts, by its value: cattrs looks up a StrEnum among the subclasses of str."""
    if type(value) is not str or not (value.isascii() or _HALF.search(value) is None):
        raise _Wrong
    return value if cls is str else cls(value)


_HALF: Final = re.compile("[\ud800-\udfff]")


def _bool_of(value: object, _: object = None) -> bool:
    if value is not True and value is not False:
        raise TypeError("A document holds true or false here.")
    return value


def _int_of(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("A document holds a whole number (int) here.")
    return value


def _read_int(value: object, _: object) -> int:
    if type(value) is not int:
        raise _Wrong
    return value


def _no_float(value: object, _: object = None) -> float:
    raise TypeError("A document holds no float (R14).")


def _time_of(value: datetime) -> str:
    if value.utcoffset() != timedelta(0):
        raise ValueError("A document holds times in UTC, with their time zone (R15).")
    return value.isoformat(timespec="microseconds")


def _read_time(value: object, _: object) -> datetime:
    if type(value) is not str or not value.endswith("+00:00"):
        raise _Wrong
    time = datetime.fromisoformat(value)
    if time.isoformat(timespec="microseconds") != value:
        raise _Wrong
    return time


def _money_of(value: Money) -> list[int | str]:
    return [value.minor, value.currency]


def _read_money(value: object, _: object) -> Money:
    if type(value) is not list or len(value) != 2:
        raise _Wrong
    return Money(value[0], value[1])


def _read_ratio(value: object, _: object) -> Ratio:
    if type(value) is not str:
        raise _Wrong
    ratio = Ratio.parse(value)
    if str(ratio) != value:
        raise _Wrong
    return ratio


def _is_class(cls: Any) -> bool:
    return isinstance(cls, type) and has(cls)


def _class_writer(cls: Any, converter: Converter) -> _Write:
    if cls is not Checkout:
        return make_dict_unstructure_fn(cls, converter)
    return make_dict_unstructure_fn(cls, converter, quote=override(unstruct_hook=_hash_of))


def _class_reader(cls: Any, converter: Converter) -> _Read:
    """Of an object with exactly the fields of the class. An unknown name is not repeated: it may be anything."""
    resolve_types(cls)
    if cls is Checkout:
        build = make_dict_structure_fn(cls, converter, quote=override(struct_hook=_named_quote))
    else:
        build = make_dict_structure_fn(cls, converter)
    names = frozenset(a.name for a in fields(cls) if a.init)

    def read(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            raise _Wrong
        if value.keys() != names:
            raise _Wrong(*(["?"] if value.keys() - names else []), *sorted(names - value.keys()))
        return build(value, cls)

    return read


def _hash_of(quote: Quote | None) -> str | None:
    return None if quote is None else quote.hash


def _named_quote(value: object, _: object) -> None:
    if value is not None:
        _read_text(value, str)


def _is_tuple(cls: Any) -> bool:
    return get_origin(cls) is tuple


def _tuple_writer(cls: Any, converter: Converter) -> _Write:
    kinds = get_args(cls)
    hooks = [converter.get_unstructure_hook(kind) for kind in kinds if kind is not ...]
    if kinds[1:] == (...,):
        return lambda value: [hooks[0](each) for each in value]
    return lambda value: [hook(each) for hook, each in zip(hooks, value, strict=True)]


def _tuple_reader(cls: Any, converter: Converter) -> _Read:
    kinds = get_args(cls)
    typed = [(converter.get_structure_hook(kind), kind) for kind in kinds if kind is not ...]
    any_length = kinds[1:] == (...,)

    def read(value: Any, _: Any) -> Any:
        if type(value) is not list:
            raise _Wrong
        items = list(zip(typed * len(value) if any_length else typed, value, strict=True))
        try:
            return tuple([hook(each, kind) for (hook, kind), each in items])
        except Exception:
            raise _Wrong(*_wrong(items)) from None

    return read


def _wrong(items: list[tuple[tuple[_Read, Any], Any]]) -> Iterator[str]:
    for n, ((hook, kind), each) in enumerate(items):
        try:
            hook(each, kind)
        except Exception as error:
            yield from [_joined(f"[{n}]", path) for path in _paths(error)]


def _is_set(cls: Any) -> bool:
    return get_origin(cls) is frozenset


def _set_writer(cls: Any, converter: Converter) -> _Write:
    hook = converter.get_unstructure_hook(*get_args(cls))
    return lambda value: sorted(hook(each) for each in value)


def _set_reader(cls: Any, converter: Converter) -> _Read:
    (item,) = get_args(cls)
    many: Any = types.GenericAlias(tuple, (item, ...))
    read, hook = converter.get_structure_hook(many), converter.get_unstructure_hook(item)

    def read_set(value: Any, _: Any) -> Any:
        items = read(value, many)
        if value != sorted(hook(each) for each in frozenset(items)):
            raise _Wrong
        return frozenset(items)

    return read_set


def _is_amounts(cls: Any) -> bool:
    return bool(cls == Mapping[str, Money])


def _amounts_writer(cls: Any, converter: Converter) -> _Write:
    return lambda value: [_money_of(value[currency]) for currency in sorted(value)]


def _amounts_reader(cls: Any, converter: Converter) -> _Read:
    """One amount a currency, filed under it, in the order of the codes and in no other: equal values have equal texts."""
    many: Any = types.GenericAlias(tuple, (Money, ...))
    read = converter.get_structure_hook(many)

    def read_amounts(value: Any, _: Any) -> Any:
        amounts = {money.currency: money for money in read(value, many)}
        if [*amounts] != sorted(amounts) or len(amounts) != len(value):
            raise _Wrong
        return amounts

    return read_amounts


def _members(cls: Any) -> tuple[Any, ...]:
    """What a union is of, None left out."""
    args = get_args(cls) if isinstance(cls, types.UnionType) or get_origin(cls) is Union else ()
    return tuple(each for each in args if each is not type(None))


def _optional(cls: Any) -> bool:
    return type(None) in get_args(cls)


def _is_scalars(cls: Any) -> bool:
    return len(_members(cls)) > 1 and {*_members(cls)} <= {str, int, bool}


def _scalars_writer(cls: Any, converter: Converter) -> _Write:
    hooks = {each: converter.get_unstructure_hook(each) for each in _members(cls)}
    return lambda value: None if value is None and _optional(cls) else hooks[type(value)](value)


def _scalars_reader(cls: Any, converter: Converter) -> _Read:
    hooks = {each: converter.get_structure_hook(each) for each in _members(cls)}
    return lambda value, _: None if value is None and _optional(cls) else hooks[type(value)](value, type(value))


def _is_pool(cls: Any) -> bool:
    return bool(_members(cls)) and {*_members(cls)} == {*KINDS} and not _optional(cls)


def _pool_writer(cls: Any, converter: Converter) -> _Write:
    return pool_text


def _pool_reader(cls: Any, converter: Converter) -> _Read:
    def read(value: object, _: Any) -> PoolKey:
        key = _pool(value)
        if key is None:
            raise _Wrong
        return key

    return read


def _pool(text: object) -> PoolKey | None:
    if not isinstance(text, str):
        return None
    kind, *parts = text.split("/")
    cls = _POOLS.get(kind)
    if cls is None or len(parts) != len(fields(cls)):
        return None
    key = cls(*(part.replace("%2F", "/").replace("%25", "%") for part in parts))
    return key if (text.isascii() or _HALF.search(text) is None) and pool_text(key) == text else None


def _is_tagged(cls: Any) -> bool:
    return len(_members(cls)) > 1 and {*_members(cls)} <= {*TAGS}


def _tagged_writer(cls: Any, converter: Converter) -> _Write:
    hooks = {each: (TAGS[each], converter.get_unstructure_hook(each)) for each in _members(cls)}
    optional = _optional(cls)

    def write(value: Any) -> Any:
        if value is None and optional:
            return None
        tag, hook = hooks[type(value)]
        return {"type": tag, **hook(value)}

    return write


def _tagged_reader(cls: Any, converter: Converter) -> _Read:
    hooks = {TAGS[each]: (each, converter.get_structure_hook(each)) for each in _members(cls)}
    optional = _optional(cls)

    def read(value: Any, _: Any) -> Any:
        if value is None and optional:
            return None
        if type(value) is not dict:
            raise _Wrong
        tag = value.get("type")
        if type(tag) is not str or tag not in hooks:
            raise _Wrong("type")
        kind, hook = hooks[tag]
        return hook({name: each for name, each in value.items() if name != "type"}, kind)

    return read
