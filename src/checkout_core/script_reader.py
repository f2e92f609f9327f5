"""A script from a plain table, or every mistake in it. The language is written down in docs/how-to/scripts.md.

Each word of a step is one function here, and what it asks its `Table` for is what may stand there: anything else is a mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, get_args

from attrs import define, evolve, field

from checkout_core.cart import How
from checkout_core.customers import COUNTRIES, Address, Contact
from checkout_core.money import CURRENCIES
from checkout_core.payments import Card, Upi
from checkout_core.script_table import Table, plain, shown
from checkout_core.scripts import (
    Add,
    Backorder,
    BadScript,
    Begin,
    Cancel,
    Change,
    Do,
    Expect,
    Load,
    Login,
    Merge,
    MoveStock,
    Open,
    Outcome,
    Pay,
    PayAgain,
    Remove,
    Reprice,
    Script,
    ShippingOptions,
    Shopper,
    Status,
    Step,
    Tick,
    Validate,
    WaitFor,
)

STEPS_AT_MOST, SHOPPERS_AT_MOST, SECONDS_AT_MOST = 200, 20, 400 * 24 * 3600  # (R25)
UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 24 * 3600}


def script_of(table: Mapping[str, object], name: str) -> Script:
    """The script that this table tells. Raises BadScript with every mistake at once."""
    if "actors" in table and "steps" not in table:
        raise BadScript(name, ("this is a scenario, and no script of one purchase. Name a file with [[steps]]",))
    return _Reading(name).script(table)


@define
class _Carts:
    """What the steps so far have made of one shopper's carts: enough to see that a step comes too early."""

    currencies: dict[str, str] = field(factory=dict)
    guests: set[str] = field(factory=set)
    current: str = ""
    begun: bool = False
    paid: bool = False

    @property
    def currency(self) -> str:
        return self.currencies.get(self.current, "")

    def take(self, cart: str) -> None:
        self.current, self.begun, self.paid = cart, False, False


@define
class _Reading:
    """One script being read."""

    name: str
    mistakes: list[str] = field(factory=list)
    addresses: dict[str, Address] = field(factory=dict)
    shoppers: dict[str, Shopper] = field(factory=dict)
    carts: dict[str, _Carts] = field(factory=dict)
    shopper: Shopper = Shopper("")

    def script(self, rows: Mapping[str, object]) -> Script:
        top = Table(rows, "", self.mistakes)
        title, about = top.need("title"), top.text("about") or ""
        for name, table in self._tables(top, "addresses"):
            self.addresses[name] = self._address(table)
        for name, table in self._tables(top, "shoppers"):
            self.shoppers[name] = self._shopper(name, table)
        if not 1 <= len(self.shoppers) <= SHOPPERS_AT_MOST:
            top.wrong(f"a script has 1 to {SHOPPERS_AT_MOST} shoppers, each a table [shoppers.NAME]")
        self.carts = {name: _Carts() for name in self.shoppers}
        steps = [step for n, row in enumerate(self._steps(top), start=1) if (step := self._step(n, row)) is not None]
        expect = self._expect(top.table("expect"))
        top.over()
        if self.mistakes:
            raise BadScript(self.name, tuple(self.mistakes))
        return Script(self.name, title, about, tuple(self.shoppers.values()), tuple(steps), expect)

    def _tables(self, top: Table, word: str) -> list[tuple[str, Table]]:
        """The named tables below a word."""
        every = top.table(word)
        for name in every.rows:
            if not re.fullmatch(r"[A-Za-z][A-Za-z0-9 _-]{0,39}", name):
                every.wrong(f'"{plain(name)}" is no name: use up to 40 letters, digits, - and _')
        return [(name, every.table(name)) for name in every.rows]

    def _address(self, table: Table) -> Address:
        lines = table.texts("lines") or ()
        if not 1 <= len(lines) <= 5:
            table.wrong('"lines" is a list of 1 to 5 texts')
        country = table.need("country")
        if country and country not in COUNTRIES:
            table.wrong(f"{shown(country)} is not a country: use an ISO 3166-1 code such as DE")
        address = Address(table.need("name"), lines, table.need("city"), table.text("postcode") or "", country, table.text("region"))
        table.over()
        return address

    def _shopper(self, name: str, table: Table) -> Shopper:
        email, phone, locale = table.text("email"), table.text("phone"), table.text("locale") or "en"
        contact = Contact(email, phone, locale) if email or phone else None
        shopper = Shopper(name, table.text("customer"), contact, self._address_named(table))
        table.over()
        return shopper

    def _address_named(self, table: Table) -> Address | None:
        name = table.text("address")
        if name is not None and name not in self.addresses:
            table.wrong(f'"address" is one of {", ".join(self.addresses) or "the tables [addresses.NAME]"}, not {shown(name)}')
            return None
        return None if name is None else self.addresses[name]

    def _steps(self, top: Table) -> list[Mapping[str, object]]:
        top.known.append("steps")
        rows = top.rows.get("steps")
        if not isinstance(rows, list) or not rows or len(rows) > STEPS_AT_MOST or not all(isinstance(row, Mapping) for row in rows):
            top.wrong(f"a script has 1 to {STEPS_AT_MOST} steps, each a table [[steps]]")
            return []
        return rows

    def _step(self, n: int, row: Mapping[str, object]) -> Step | None:
        table = Table(row, f"step {n}", self.mistakes)
        word = table.choice("do", tuple(WORDS)) if table.has("do") else None
        if word is None:
            if not table.has("do"):
                table.wrong(f'"do" is missing; it is one of {", ".join(WORDS)}')
            return None
        table.place = f"step {n} ({word})"
        who = table.choice("who", tuple(self.shoppers)) or next(iter(self.shoppers), "")
        if who not in self.shoppers:
            return None
        self.shopper = self.shoppers[who]
        do = WORDS[word](self, table, self.carts[who])
        says = table.text("says") or ""
        expect: Outcome | None = table.choice("expect", get_args(Outcome))  # type: ignore[assignment]
        reason = table.text("reason") if expect == "refused" or not table.has("reason") else None
        if table.has("reason") and expect != "refused":
            table.known.append("reason")
            table.wrong('"reason" goes with expect = "refused"')
        total = table.money("total", self.carts[who].currency)
        if table.has("total") and not self.carts[who].begun:
            table.wrong('"total" can be compared once the checkout has begun')
        table.over()
        return None if do is None else Step(word, who, do, says, expect, reason, total)

    def _expect(self, table: Table) -> Expect:
        kept = table.table("kept")
        amounts = [amount for code in kept.rows if self._is_currency(kept, code) and (amount := kept.money(code, code)) is not None]
        left, moved = table.table("left"), table.table("moved")
        expect = Expect(
            orders=table.whole("orders", 0),
            kept=tuple(amounts) if table.has("kept") else None,
            left=tuple((sku, number) for sku in left.rows if (number := left.whole(sku, 0)) is not None),
            moved=tuple((sku, number) for sku in moved.rows if (number := moved.whole(sku, -(10**9))) is not None),
            mails=table.whole("mails", 0),
        )
        table.over()
        return expect

    def _is_currency(self, table: Table, code: str) -> bool:
        if code not in CURRENCIES:
            table.wrong(f"{shown(code)} is not an active ISO 4217 currency")
        return code in CURRENCIES

    # The words of a step.
    def open(self, table: Table, carts: _Carts) -> Do:
        cart, currency, guest = table.text("cart") or f"cart {len(carts.currencies) + 1}", table.currency(), table.flag("guest")
        if cart in carts.currencies:
            table.wrong(f"{self.shopper.name} has a cart {cart!r} already; give this one another name")
        carts.currencies[cart] = currency
        if guest or self.shopper.customer is None:
            carts.guests.add(cart)
        carts.take(cart)
        return Open(cart, currency, guest)

    def login(self, table: Table, carts: _Carts) -> Do:
        into, how = self._cart(table, carts, "into"), self._how(table)
        if self.shopper.customer is None:
            table.wrong(f'{self.shopper.name} has no account; give [shoppers.{self.shopper.name}] a "customer"')
        if carts.current not in carts.guests or into in carts.guests:
            table.wrong("a guest's cart goes into an account's: open one with guest = true, and one without")
        carts.take(into)
        return Login(into, how)

    def merge(self, table: Table, carts: _Carts) -> Do:
        cart, into, how = self._cart(table, carts, "cart"), self._cart(table, carts, "into"), self._how(table)
        carts.take(into)
        return Merge(cart, into, how)

    def add(self, table: Table, carts: _Carts) -> Do:
        self._needs_cart(table, carts)
        sku, quantity = table.need("sku"), table.whole("quantity", 1)
        return Add(sku, 1 if quantity is None else quantity, table.pairs("options"))

    def change(self, table: Table, carts: _Carts) -> Do:
        self._needs_cart(table, carts)
        return Change(table.need("sku"), table.need_whole("quantity", 1), table.pairs("options"))

    def remove(self, table: Table, carts: _Carts) -> Do:
        self._needs_cart(table, carts)
        return Remove(table.need("sku"), table.pairs("options"))

    def begin(self, table: Table, carts: _Carts) -> Do:
        self._needs_cart(table, carts)
        address = self._address_named(table) or self.shopper.address
        contact = self._contact(table) or self.shopper.contact
        carts.begun = True
        return self._said(table, address, contact)

    def update(self, table: Table, carts: _Carts) -> Do:
        self._needs_checkout(table, carts)
        address, contact = self._address_named(table), self._contact(table)
        return evolve(self._said(table, address, contact), again=True)

    def _said(self, table: Table, address: Address | None, contact: Contact | None) -> Begin:
        shipping, codes, cards = table.text("shipping"), table.texts("codes"), table.texts("gift_cards")
        return Begin(address, contact, shipping, codes, cards, table.text("channel"), table.text("pay_by"))

    def validate(self, table: Table, carts: _Carts) -> Do:
        self._needs_checkout(table, carts)
        return Validate()

    def options(self, table: Table, carts: _Carts) -> Do:
        self._needs_checkout(table, carts)
        return ShippingOptions()

    def pay(self, table: Table, carts: _Carts) -> Do:
        self._needs_checkout(table, carts)
        card, upi = table.text("card"), table.text("upi")
        if card and upi:
            table.wrong('pay with "card" or with "upi", not with both')
        carts.paid = True
        instrument = Card(card) if card else Upi(upi) if upi else None
        return Pay(instrument, table.money("agreed", carts.currency), table.text("key"))

    def again(self, table: Table, carts: _Carts) -> Do:
        if not carts.paid:
            table.wrong(f'{self.shopper.name} has not paid yet; a step "pay" comes first')
        return PayAgain()

    def status(self, table: Table, carts: _Carts) -> Do:
        self._needs_checkout(table, carts)
        return Status()

    def cancel(self, table: Table, carts: _Carts) -> Do:
        self._needs_checkout(table, carts)
        return Cancel(table.need("because"))

    def wait(self, table: Table, carts: _Carts) -> Do:
        seconds = sum((table.whole(unit, 1) or 0) * size for unit, size in UNITS.items())
        if not 1 <= seconds <= SECONDS_AT_MOST:
            table.wrong(f"wait for {', '.join(UNITS)}: more than nothing, and at most {SECONDS_AT_MOST // UNITS['days']} days")
        return WaitFor(seconds)

    def tick(self, table: Table, carts: _Carts) -> Do:
        return Tick()

    def price(self, table: Table, carts: _Carts) -> Do | None:
        sku, currency = table.need("sku"), table.currency()
        price = table.money("amount", currency)
        if not table.has("amount"):
            table.wrong('"amount" is missing')
        return None if price is None else Reprice(sku, price)

    def stock(self, table: Table, carts: _Carts) -> Do:
        delta = table.need_whole("delta", -(10**9))
        if delta == 0 and table.has("delta"):
            table.wrong('"delta" is more or less than 0')
        return MoveStock(table.need("sku"), delta, table.text("location") or "main", table.need("because"))

    def backorder(self, table: Table, carts: _Carts) -> Do:
        return Backorder(table.need("sku"), table.need_whole("limit", 0), table.text("location") or "main", table.need("because"))

    def load(self, table: Table, carts: _Carts) -> Do | None:
        card, currency = table.gift_card("gift_card"), table.currency()
        amount = table.money("amount", currency)
        if not table.has("amount"):
            table.wrong('"amount" is missing')
        because = table.need("because")
        return None if amount is None else Load(card, amount, because)

    # What the words share.
    def _cart(self, table: Table, carts: _Carts, word: str) -> str:
        cart = table.need(word)
        if cart and cart not in carts.currencies:
            table.wrong(f'"{word}" is a cart of {self.shopper.name}: {", ".join(carts.currencies) or "none is open"}')
        return cart

    def _how(self, table: Table) -> How:
        return table.choice("how", get_args(How)) or "sum"  # type: ignore[return-value]

    def _contact(self, table: Table) -> Contact | None:
        email, known = table.text("email"), self.shopper.contact
        return None if email is None else Contact(email, known.phone if known else None, known.locale if known else "en")

    def _needs_cart(self, table: Table, carts: _Carts) -> None:
        if not carts.current:
            table.wrong(f'{self.shopper.name} has no cart yet; a step "open" comes first')

    def _needs_checkout(self, table: Table, carts: _Carts) -> None:
        if not carts.begun:
            table.wrong(f'{self.shopper.name} has not begun a checkout yet; a step "begin" comes first')


WORDS: Final[Mapping[str, Callable[[_Reading, Table, _Carts], Do | None]]] = {
    "open": _Reading.open,
    "login": _Reading.login,
    "merge": _Reading.merge,
    "add": _Reading.add,
    "change": _Reading.change,
    "remove": _Reading.remove,
    "begin": _Reading.begin,
    "update": _Reading.update,
    "validate": _Reading.validate,
    "options": _Reading.options,
    "pay": _Reading.pay,
    "again": _Reading.again,
    "status": _Reading.status,
    "cancel": _Reading.cancel,
    "wait": _Reading.wait,
    "tick": _Reading.tick,
    "price": _Reading.price,
    "stock": _Reading.stock,
    "backorder": _Reading.backorder,
    "load": _Reading.load,
}
