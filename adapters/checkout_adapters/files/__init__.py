"""A shop as a folder of files: CSV for what is a table, TOML for what is not. Start at `read_shop`."""

from checkout_adapters.files.folder import Rules, ShopFiles, known_of, read_rules, read_shop
from checkout_adapters.files.goods import OpeningStock
from checkout_adapters.files.mistakes import BadFiles, Mistake
from checkout_adapters.files.places import Location, with_places

__all__ = [
    "BadFiles",
    "Location",
    "Mistake",
    "OpeningStock",
    "Rules",
    "ShopFiles",
    "known_of",
    "read_rules",
    "read_shop",
    "with_places",
]
