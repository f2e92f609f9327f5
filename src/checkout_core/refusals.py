"""The answer that says no: why, how far away yes is, and what to do next.

A refusal is a value, not an accident: `Refused("minimum-spend", subject="SAVE10", missing=Money(410, "EUR"))`. The data comes first;
the words are one table here, so that a host can put its own language in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import field, fields, frozen

from checkout_core.errors import CheckoutError
from checkout_core.money import Money

WORDS: Mapping[str, str] = {
    # what was typed
    "invalid": "{subject} is not acceptable: {given}. {hint}",
    "unknown-field": "{subject} is not a field we accept. Leave it out.",
    "quantity": "The quantity of {subject} must be a whole number from 1 to {limit}; got {given}.",
    "too-many-lines": "A cart holds at most {limit} lines. Remove a line first.",
    "unknown-sku": "We do not sell {subject}. Check the SKU.",
    "unknown-line": "The cart has no line {subject}. Read the cart again.",
    "unknown-currency": "{subject} is not an active ISO 4217 currency. Use a code such as EUR.",
    "mixed-currencies": "The amounts are in {given}, this cart is in {subject}. Use {subject}.",
    "no-price": "{subject} has no price in {given}. Add one, or open a cart in another currency.",
    "unknown-country": "{subject} is not a country. Use an ISO 3166-1 code such as DE.",
    "field-missing": "{subject} is empty. Give the {given}. {hint}",
    "postcode-format": "{subject} is no {given}. {hint}",
    "postcode-elsewhere": "{subject} lies outside of {given}. Change one of the two: they say different things.",
    "unknown-region": "{subject} is no {given} that we know. {hint}",
    "phone-unreadable": "{subject} is no phone number {given}. {hint}",
    "unknown-channel": "Nothing is sold here through {subject}. {hint}",
    "card-number": "{subject} looks like a card number. Never send one here: use the token of your payment page.",
    # the cart and the checkout
    "empty-cart": "The cart is empty. Add something first.",
    "cart-closed": "This cart became order {subject}. Open a new cart.",
    "cart-merged": "This cart was merged into cart {subject}. Use that cart.",
    "not-found": "There is no such {subject}. Check the id.",
    "same-cart": "Cart {subject} cannot be merged into itself. Name two carts.",
    "cart-changed": "The cart has changed since this checkout was priced. Update the checkout and look at the new total.",
    "too-many-codes": "At most {limit} codes can be used at once. Remove one.",
    "needs-address": "We need to know where to send it. Give a shipping address.",
    "needs-shipping": "Choose a shipping method.",
    "needs-email": "{subject} is limited per person. Give an e-mail address first.",
    "abandoned": "This checkout is over ({given}). Begin again from the cart.",
    "already-placed": "This checkout is order {subject} already, and nothing was charged again. Look at the order.",
    "payment-in-flight": "A payment is under way. Wait for its answer; it is due at {until}.",
    "key-reused": "The key {subject} was used with another request. Repeat the old request, or use a new key.",
    "needs-key": "A payment needs a key of 1 to 200 characters, the same at every repetition. Use your request id.",
    # scarce things
    "out-of-stock": "You want {wanted} of {subject}; {available} can be had now. Take fewer, or none. More may come free at {until}.",
    "stock-promised": "{available} of {subject} are free to take away, not {wanted}: the rest is promised. Force it to record a shortfall.",
    "backorder-promised": "{available} of {subject} are promised that are not there. Allow that many, or force it to record a shortfall.",
    "coupon-used-up": "All uses of {subject} are taken. It may come free at {until}.",
    "budget-spent": "What is left of the budget of {subject}, {given}, is too little for this cart. Remove it.",
    "coupon-used-by-you": "{subject} has been used by you as often as it allows. Remove it.",
    "unpaid-limit": "You may hold {available} more before you pay, not {given}. Pay for what you hold, or cancel it. Some ends at {until}.",
    "cart-in-use": "Another checkout of this cart is under way. Finish or cancel that one.",
    # gift cards
    "unknown-gift-card": "{subject} is not a gift card of ours with money in this currency. Check the number, or remove it.",
    "gift-card-misspelt": "The gift card number that ends in {subject} is not quite right: a letter is wrong, or two have changed places.",
    "gift-card-spent": "What is left on the gift card that ends in {subject}, {given}, is less than you want. Look at the new total.",
    "gift-card-promised": "{given} on the gift card that ends in {subject} is free; the rest is spent, or being spent. Take off less.",
    "too-many-gift-cards": "At most {limit} gift cards pay for one order. Remove one.",
    # promotions
    "unknown-code": "{subject} is not a code of ours. Check the spelling.",
    "code-misspelt": "{subject} is not quite a code of ours: a letter is wrong, or two have changed places. Check the spelling.",
    "code-disabled": "{subject} is not valid any more. Remove it.",
    "code-of-same": "{subject} brings nothing that {given} has not brought already. Remove one of them.",
    "not-yet": "{subject} starts at {until}.",
    "expired": "{subject} has ended at {until}. Remove it.",
    "minimum-spend": "{subject} needs {missing} more.",
    "minimum-quantity": "{subject} needs {missing_units} more units.",
    "not-these-goods": "{subject} does not apply to anything in the cart.",
    "other-currency": "{subject} is for carts in {given}.",
    "not-combinable": "{subject} cannot be combined with {given}. Remove one of them.",
    "already-reduced": "{subject} is for goods at their full price, and what it is for is cheaper already. Remove one of them.",
    "no-effect": "{subject} would change nothing here.",
    "broken-rule": "{subject} does not work ({given}), so nothing is taken off for it. The shop must mend that class.",
    "too-many-entries": "{subject} covers {given} lines, and is asked about at most {limit}. Buy in several orders.",
    "not-in-group": "{subject} is for {given}. Remove it.",
    "shopper-unknown": "{subject} is for {given}, and we do not know you yet. Sign in, or remove it.",
    "not-first-order": "{subject} is for a first order, and this is another one. Remove it.",
    "other-channel": "{subject} is for what is sold through {given}. Remove it.",
    "other-place": "{subject} is for what is sent to {given}. Remove it.",
    "other-method": "{subject} is for payment by {given}. Say that you pay so, or remove it.",
    "not-these-hours": "{subject} is for {given}. It opens at {until}.",
    "other-variant": "{subject} is tried out with other shoppers ({given}). Remove it.",
    "not-met": "{subject} needs this: {given}. {hint}",
    "below-zero": "The {subject} is below zero ({given}), and nothing is paid out here. Take a credit out of the cart.",
    # tax and shipping
    "gift-unknown": "The gift {subject} of {given} is not sold in this currency, or not at all. Add it to the catalogue, with a price.",
    "gift-out-of-stock": "The gift of {given} is gone: there is no more {subject}.",
    "tax-unknown": "We do not know the tax of {given} in {subject}, and guess nothing. Add a tax row.",
    "tax-unavailable": "{subject} does not say what tax is due ({given}), and we guess nothing. Nothing is lost: try again in a moment.",
    "tax-provisional": "{subject} does not say yet what tax is due, so this total is provisional and not paid. Try again in a moment.",
    "not-shipped-there": "{subject} is not delivered there. Choose another method or address.",
    "too-heavy": "{subject} carries at most {limit} g; this is {given} g. Choose another method, or send less.",
    "too-many-units": "{subject} carries at most {limit} units; these are {given}. Choose another method, or send fewer.",
    "worth-too-much": "{subject} does not carry goods worth {given}: that is {missing} too much. Choose another method, or send less.",
    "not-shipped-from": "{subject} does not go there from {given}, where the goods are. Choose another method.",
    "needs-postcode": "What {subject} costs in {given} depends on the postcode. Give it with the address.",
    "rates-away": "The carrier of {subject} does not say what it costs ({given}). Choose another method, or try again in a moment.",
    "unknown-method": "There is no shipping method {subject}. Ask for the options.",
    # money
    "quote-changed": "The price has changed. Look at the differences, and confirm the new total.",
    "other-payment": "This is priced for payment by {given}, not by {subject}. Pay so, or say how you pay and look at the new total.",
    "too-many-attempts": "This checkout was tried {limit} times, and no payment came through. Begin again from the cart.",
    "declined": "The payment was declined ({given}). Nothing was charged; try again with another means of payment.",
    "needs-payment": "There are {given} to pay. Give a means of payment.",
    "no-gateway": "No gateway takes {subject}. Offer another means of payment.",
    "not-completed": "The payment was not completed ({given}). Nothing is kept; you may pay again.",
    "refunded": "The money came too late or was not ours to keep ({given}). It goes back in full.",
    "amount-differs": "The gateway reports another amount than we asked for. It goes back in full; you may pay again.",
    "cancelled": "This was cancelled ({given}).",
    "too-late": "It is too late for that: {given}.",
}


@frozen
class Change:
    """One difference between what the shopper saw and what is true now."""

    what: str
    before: str
    after: str


@frozen
class Refused:
    """Why not, and how far away it is. `str()` gives the words, the fields give the data.

    `reason` is a stable key, `subject` the thing refused (a SKU, a code, a field). The rest says how far: `missing` money or
    `missing_units`, what was `wanted` and is `available`, the `limit`, `until` when (UTC), the `changes` and the `total` they lead to.
    """

    reason: str
    subject: str = ""
    given: str = ""
    missing: Money | None = field(default=None, kw_only=True)
    missing_units: int | None = field(default=None, kw_only=True)
    wanted: int | None = field(default=None, kw_only=True)
    available: int | None = field(default=None, kw_only=True)
    limit: int | None = field(default=None, kw_only=True)
    total: Money | None = field(default=None, kw_only=True)
    until: datetime | None = field(default=None, kw_only=True)
    changes: tuple[Change, ...] = field(default=(), kw_only=True)
    hint: str = field(default="", kw_only=True)
    others: tuple[Refused, ...] = field(default=(), kw_only=True)

    def __str__(self) -> str:
        return self.words(WORDS)

    def words(self, table: Mapping[str, str]) -> str:
        """The sentences of this refusal from a table of templates, then the changes; a sentence that lacks its fact is left out."""
        facts = {a.name: value for a in fields(Refused) if (value := getattr(self, a.name)) not in (None, "", ())}
        if self.until is not None:
            facts["until"] = f"{self.until:%Y-%m-%d %H:%M} UTC"
        said = [_sentence(template, facts) for template in table.get(self.reason, "").split(". ")]
        if not any(said):
            said = [f"Refused: {self.reason}", self.subject, self.given, self.hint]
        said += [f"{c.what}: {c.before} -> {c.after}" for c in self.changes]
        return " ".join(text if text.endswith(".") else f"{text}." for text in said if text)

    @property
    def how_far(self) -> dict[str, object]:
        """The facts that say how far away yes is, by name; only those that are known."""
        names = ("missing", "missing_units", "wanted", "available", "limit", "total", "until", "changes")
        return {name: value for name in names if (value := getattr(self, name)) not in (None, ())}


def _sentence(template: str, facts: Mapping[str, object]) -> str:
    try:
        return template.format_map(facts)
    except KeyError:
        return ""


class Refusal(CheckoutError):
    """The shop says no. `refused` has every reason, each with how far away yes is; nothing was changed."""

    def __init__(self, *refused: Refused) -> None:
        super().__init__(" ".join(map(str, refused)))
        self.refused = refused

    @classmethod
    def of(cls, refused: Iterable[Refused]) -> Refusal:
        return cls(*refused)
