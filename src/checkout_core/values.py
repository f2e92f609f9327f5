"""Another value like this one: `evolve`, for the frozen values that every step of a purchase replaces.

`attrs.evolve` reads each field and calls the constructor, which for a checkout is the better part of a purchase's time. Here the fields
are copied at once, so it is for classes that keep them in a `__dict__` (`@frozen(slots=False)`) and whose constructor only stores: no
validator, no converter. A test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

__all__ = ["evolve"]

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
