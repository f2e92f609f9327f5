"""Plain objects ↔ values: one hook a type, compiled on first use. What each looks like in a document, the package says."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final, Union, get_args, get_origin

from attrs import fields, has, resolve_types
from cattrs import AttributeValidationNote, BaseValidationError, Converter
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from checkout_core import plugins
from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.effects import Authorize, Capture, Done, Inquire, Refund, Void, Wait
from checkout_core.holds import KINDS, CartTurn, CouponUses, CouponUsesBy, PoolKey, Stock, lock_order
from checkout_core.money import Money, Ratio
from checkout_core.payments import Card, Challenge, Upi, UpiIntent, ZeroTender
from checkout_core.pricing import Quote
from checkout_core.promotions import (
    BENEFITS,
    CONDITIONS,
    AmountOff,
    Bundle,
    BuyGet,
    Channel,
    Condition,
    EntryOff,
    EveryNth,
    FirstOrder,
    FreeGift,
    Hours,
    InGroup,
    InVariant,
    PaidBy,
    Percent,
    Quantity,
    SetPrice,
    SetTotal,
    ShipTo,
    TieredPercent,
    Told,
    UnitOff,
)
from checkout_core.promotions.benefits import Benefit
from checkout_core.quote import SCHEMES

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
    Percent: "percent",
    TieredPercent: "tiered-percent",
    AmountOff: "amount-off",
    SetTotal: "set-total",
    UnitOff: "unit-off",
    EntryOff: "entry-off",
    SetPrice: "set-price",
    BuyGet: "buy-get",
    Bundle: "bundle",
    EveryNth: "every-nth",
    FreeGift: "free-gift",
    Told: "told",
    Quantity: "quantity",
    InGroup: "in-group",
    FirstOrder: "first-order",
    Channel: "channel",
    ShipTo: "ship-to",
    PaidBy: "paid-by",
    Hours: "hours",
    InVariant: "in-variant",
    Cart: "cart",
    Checkout: "checkout",
}
"""The `type` of each member of a union. Stored: a class may be renamed, its tag never."""

_POOLS: Final[Mapping[str, type[Stock | CouponUses | CouponUsesBy | CartTurn]]] = {KINDS[cls]: cls for cls in get_args(PoolKey)}


class Wrong(Exception):
    """Something does not fit, at these places; a place is relative, `.` is here."""

    def __init__(self, *paths: str) -> None:
        super().__init__()
        self.paths = paths or (".",)


def paths_of(error: Exception) -> Iterator[str]:
    """Where it went wrong. Of a cattrs error only the names of our own fields are read."""
    if isinstance(error, Wrong):
        yield from error.paths
    elif isinstance(error, BaseValidationError):
        for inner in error.exceptions:
            name = next((note.name for note in getattr(inner, "__notes__", ()) if isinstance(note, AttributeValidationNote)), ".")
            yield from (_joined(name, path) for path in paths_of(inner))
    else:
        yield "."


def _joined(outer: str, inner: str) -> str:
    if inner == "." or outer == ".":
        return outer if inner == "." else inner
    return outer + inner if inner.startswith("[") else f"{outer}.{inner}"


def pool_text(key: PoolKey) -> str:
    """The pool's key as one text, kind first: `stock/MUG/main`. Different pools have different texts; `pool_of` reads it back."""
    return "/".join(_text_of(part).replace("%", "%25").replace("/", "%2F") for part in lock_order(key))


@cache
def converter() -> Converter:
    """The one converter, with a hook for everything that a document may hold."""
    made = Converter(detailed_validation=True)
    for cls, write, read in (
        (str, _text_of, _read_text),
        (bool, _bool_of, _bool_of),
        (int, _int_of, _read_int),
        (float, _no_float, _no_float),
        (datetime, _time_of, _read_time),
        (date, date.isoformat, _read_day),
        (Money, _money_of, _read_money),
        (Ratio, str, _read_ratio),
    ):
        made.register_unstructure_hook(cls, write)
        made.register_structure_hook(cls, read)
    for fits, writer, reader in (
        (_is_class, _class_writer, _class_reader),
        (_is_tuple, _tuple_writer, _tuple_reader),
        (_is_set, _set_writer, _set_reader),
        (_is_amounts, _amounts_writer, _amounts_reader),
        (_is_scalars, _scalars_writer, _scalars_reader),
        (_is_pool, _pool_writer, _pool_reader),
        (_is_tagged, _tagged_writer, _tagged_reader),
        (_is_condition, *_open(CONDITIONS, plugins.CONDITIONS)),
        (_is_benefit, *_open(BENEFITS, plugins.BENEFITS)),
    ):
        made.register_unstructure_hook_factory(fits, writer)
        made.register_structure_hook_factory(fits, reader)
    return made


_Write = Callable[[Any], Any]
_Read = Callable[[Any, Any], Any]


def _text_of(value: object) -> str:
    if not isinstance(value, str) or not (value.isascii() or _HALF.search(value) is None):
        raise TypeError("A document holds whole text here, without halves of surrogate pairs.")
    return value


def _read_text(value: object, cls: type) -> object:
    """Also an enum of texts, by its value: cattrs looks up a StrEnum among the subclasses of str."""
    if type(value) is not str or not (value.isascii() or _HALF.search(value) is None):
        raise Wrong
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
        raise Wrong
    return value


def _no_float(value: object, _: object = None) -> float:
    raise TypeError("A document holds no float (R14).")


def _time_of(value: datetime) -> str:
    if value.utcoffset() != timedelta(0):
        raise ValueError("A document holds times in UTC, with their time zone (R15).")
    return value.isoformat(timespec="microseconds")


def _read_day(value: object, _: object) -> date:
    if type(value) is not str:
        raise Wrong
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise Wrong from None
    if day.isoformat() != value:
        raise Wrong
    return day


def _read_time(value: object, _: object) -> datetime:
    if type(value) is not str or not value.endswith("+00:00"):
        raise Wrong
    time = datetime.fromisoformat(value)
    if time.isoformat(timespec="microseconds") != value:
        raise Wrong
    return time


def _money_of(value: Money) -> list[int | str]:
    return [value.minor, value.currency]


def _read_money(value: object, _: object) -> Money:
    if type(value) is not list or len(value) != 2:
        raise Wrong
    return Money(value[0], value[1])


def _read_ratio(value: object, _: object) -> Ratio:
    if type(value) is not str:
        raise Wrong
    ratio = Ratio.parse(value)
    if str(ratio) != value:
        raise Wrong
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
    own: dict[type, dict[str, Any]] = {
        Checkout: {"quote": override(struct_hook=_named_quote)},
        Quote: {"scheme": override(struct_hook=_read_scheme)},
    }
    build = make_dict_structure_fn(cls, converter, **own.get(cls, {}))
    names = frozenset(a.name for a in fields(cls) if a.init)

    def read(value: Any, _: Any) -> Any:
        if type(value) is not dict:
            raise Wrong
        if value.keys() != names:
            raise Wrong(*(["?"] if value.keys() - names else []), *sorted(names - value.keys()))
        return build(value, cls)

    return read


def _hash_of(quote: Quote | None) -> str | None:
    return None if quote is None else quote.hash


def _named_quote(value: object, _: object) -> None:
    if value is not None:
        _read_text(value, str)


def _read_scheme(value: object, _: object) -> int:
    if type(value) is not int or value not in SCHEMES:
        raise Wrong
    return value


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
            raise Wrong
        items = list(zip(typed * len(value) if any_length else typed, value, strict=True))
        try:
            return tuple([hook(each, kind) for (hook, kind), each in items])
        except Exception:
            raise Wrong(*_wrong(items)) from None

    return read


def _wrong(items: list[tuple[tuple[_Read, Any], Any]]) -> Iterator[str]:
    for n, ((hook, kind), each) in enumerate(items):
        try:
            hook(each, kind)
        except Exception as error:
            yield from [_joined(f"[{n}]", path) for path in paths_of(error)]


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
            raise Wrong
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
            raise Wrong
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
        key = pool_in(value)
        if key is None:
            raise Wrong
        return key

    return read


def pool_in(text: object) -> PoolKey | None:
    """The pool of a text that `pool_text` writes; None for any other."""
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
            raise Wrong
        tag = value.get("type")
        if type(tag) is not str or tag not in hooks:
            raise Wrong("type")
        kind, hook = hooks[tag]
        return hook({name: each for name, each in value.items() if name != "type"}, kind)

    return read


def _is_condition(cls: Any) -> bool:
    return cls is Condition


def _is_benefit(cls: Any) -> bool:
    return bool(cls == Benefit)


def _open(kinds: tuple[type, ...], group: str) -> tuple[Callable[[Any, Converter], _Write], Callable[[Any, Converter], _Read]]:
    """Of ours or of a host's: one of ours has its tag, a host's the name under which its class is registered, with a colon before it."""
    ours = {TAGS[kind]: kind for kind in kinds}

    def writer(cls: Any, converter: Converter) -> _Write:
        def write(value: Any) -> Any:
            kind = type(value)
            name = TAGS[kind] if kind in kinds else plugins.name_of(group, kind)
            if name is None:
                raise TypeError(f"The class {kind.__name__} is not registered under {group}, so it cannot be stored.")
            return {"type": name if kind in kinds else f":{name}", **converter.get_unstructure_hook(kind)(value)}

        return write

    def reader(cls: Any, converter: Converter) -> _Read:
        def read(value: Any, _: Any) -> Any:
            tag = value.get("type") if type(value) is dict else None
            if type(tag) is not str:
                raise Wrong("type")
            kind = ours.get(tag) or (plugins.classes(group).get(tag[1:]) if tag.startswith(":") else None)
            if kind is None:
                raise Wrong("type")
            return converter.get_structure_hook(kind)({name: each for name, each in value.items() if name != "type"}, kind)

        return read

    return writer, reader
