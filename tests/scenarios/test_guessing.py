"""S6: a bot that types codes. The host counts as docs/how-to/promotions.md shows; here that very text is run against a bot."""

from __future__ import annotations

import random
import re
import secrets
from pathlib import Path
from typing import Any, Final

import pytest

from checkout_core import Refusal
from checkout_core.codes import BITS, Batch, Issued, new_code
from checkout_core.memory import MemoryCatalog
from checkout_core.money import Ratio
from checkout_core.promotions import Percent, Promotion
from tests.world import a_shop, german_taxes, parcels, products

PAGE: Final = (Path(__file__).parents[2] / "docs" / "how-to" / "promotions.md").read_text(encoding="utf-8")
RECIPE: Final = next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.S) if "def type_codes" in block)
DEAL: Final = Promotion("letter", "For readers", Percent(Ratio(10)), by_code=True, per_code=1)
PLAIN: Final = Promotion("save", "Ten off", Percent(Ratio(10)), code="SAVE10")


def a_shop_with_codes(many: int) -> tuple[Any, str, list[str]]:
    """A shop that has issued so many codes, a cart, and the codes."""
    batch = Batch("b1", "letter")
    codes = [new_code(secrets.randbits(BITS)) for _ in range(many)]
    shelf = MemoryCatalog(products(), (DEAL, PLAIN), german_taxes(), parcels(), issued=[Issued(code, batch) for code in codes])
    shop, _ = a_shop(shelf=shelf)
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="MUG")
    return shop, cart.id, codes


@pytest.mark.fault("S6")
def test_a_bot_gets_so_many_tries_and_then_none(struck: set[str]) -> None:
    """Limits for each and for all, before the shop is asked: one address has three tries, a thousand of them a thousand together."""
    shop, cart, _ = a_shop_with_codes(100)
    tried: list[str] = []

    class Counting:
        def begin(self, id: str, *, codes: list[str]) -> Any:
            tried.extend(codes)
            return shop.begin(id, codes=codes)

    page: dict[str, Any] = {"shop": Counting(), "cart": shop.cart(cart)}
    exec(RECIPE.partition("for guess in")[0], page)
    bot = random.Random(6)
    letters = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
    answers = [page["type_codes"](cart, "one", ["".join(bot.choices(letters, k=15))]) for _ in range(50)]
    struck.add("S6")
    assert len(tried) == 3
    assert set(answers[3:]) == {"Try again in an hour."}
    for n in range(2000):
        page["type_codes"](cart, f"address {n}", ["".join(bot.choices(letters, k=15))])
    assert len(tried) == 1000
    assert shop.cart(cart).lines  # nobody else's business is touched


def test_a_near_miss_is_answered_like_any_other() -> None:
    """Whether a code is a letter away from a good one cannot be read off the answer: the check symbol is all that is looked at."""
    shop, cart, codes = a_shop_with_codes(20)
    bot, told = random.Random(7), set()
    for code in codes:
        wrong = code
        while wrong == code:
            at = bot.randrange(len(code))
            wrong = code[:at] + bot.choice("0123456789ABCDEFGHJKMNPQRSTVWXYZ") + code[at + 1 :]
        near, far = [_answer(shop, cart, each) for each in (wrong, new_code(secrets.randbits(BITS)))]
        told |= {near, far}
        assert near in ("code-misspelt", "unknown-code")
        assert far == "unknown-code"
    assert "code-misspelt" in told


def _answer(shop: Any, cart: str, code: str) -> str:
    with pytest.raises(Refusal) as caught:
        shop.begin(cart, codes=[code])
    (refused,) = caught.value.refused
    return str(refused.reason)
