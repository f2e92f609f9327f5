"""Tools for frozen values: `evolve`, another value like this one; `Table`, a mapping that is a value itself; `masked`, for secrets.

`attrs.evolve` reads each field and calls the constructor, which for a checkout is the better part of a purchase's time. Here the fields
are copied at once, so it is for classes that keep them in a `__dict__` (`@frozen(slots=False)`) and whose constructor only stores: no
validator, no converter. A test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

__all__ = ["ALPHABET", "LOOK_ALIKES", "Table", "evolve", "masked"]

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that looks like something else."""

LOOK_ALIKES: Final = str.maketrans("OIL", "011")
"""What people read for what we write."""

K = TypeVar("K")
V = TypeVar("V")

_CACHED_HASH: Final = "_attrs_cached_hash"  # what attrs remembers under `cache_hash`: it is the old value's, not the new one's

if TYPE_CHECKING:
    from attrs import evolve  # type checkers know its arguments by the class
else:

    def evolve(value: Any, /, **changes: Any) -> Any:
        """The same value with these fields instead. Raises TypeError for a field it does not have."""
        fields = value.__dict__
        if not changes.keys() <= fields.keys():
            raise TypeError(f"{type(value).__name__} has no field {', '.join(sorted(changes.keys() - fields.keys()))}.")
        fields = {**fields, **changes}
        if _CACHED_HASH in fields:
            fields[_CACHED_HASH] = None
        new = object.__new__(type(value))
        object.__setattr__(new, "__dict__", fields)
        return new


def masked(value: object) -> str:
    """What `repr` shows of a secret or of personal data (R24): whether there is one."""
    return "None" if value is None else "•••"


class Table(dict[K, V]):
    """A mapping that never changes, so that a value may hold it: read like a dict, equal by its content, copied and pickled.

    A read-only view of a dict could not be pickled, and with it no quote that a host wants to keep in a cache.
    """

    def __reduce__(self) -> tuple[type[Table[K, V]], tuple[dict[K, V]]]:
        return type(self), (dict(self),)

    def __copy__(self) -> Table[K, V]:
        return self

    def _fixed(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("This table is part of a value and does not change. Make another one.")

    __setitem__ = __delitem__ = __ior__ = _fixed
    clear = pop = popitem = setdefault = update = _fixed
