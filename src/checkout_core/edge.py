"""What is refused before anything else: types, sizes, alphabets, card numbers (R13, R22, R24, R25). Nothing refused is echoed whole."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from checkout_core.card_numbers import card_reference, is_reference
from checkout_core.customers import COUNTRIES, Address, Contact, Shopper, canonical_code, canonical_email, looks_like_card_number
from checkout_core.money import Money
from checkout_core.payments import Card, Upi
from checkout_core.policy import Policy
from checkout_core.refusals import Refusal, Refused

TEXT_AT_MOST = 200
KEY_AT_MOST = 200
CODES_SUBMITTED_AT_MOST = 30
CARDS_AT_MOST = 10


def checked_text(name: str, text: object, at_most: int = TEXT_AT_MOST, *, empty: bool = False) -> Iterator[Refused]:
    """Why this text is not acceptable, if it is not."""
    if not isinstance(text, str):
        yield Refused("invalid", name, f"a {type(text).__name__}", hint="Give a text.")
    elif len(text) > at_most or (not text.strip() and not empty):
        yield Refused("invalid", name, f"{len(text)} characters", hint=f"Give 1 to {at_most}.")
    elif not text.isprintable() and any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        # such a one steers a terminal, ends a mail header, or no database keeps it
        yield Refused("invalid", name, "control characters", hint="Leave them out.")
    elif looks_like_card_number(text):
        yield Refused("card-number", name)


def checked_address(address: object) -> Iterator[Refused]:
    """What is wrong with an address: everything at once."""
    if not isinstance(address, Address):
        yield Refused("invalid", "ship_to", f"a {type(address).__name__}", hint="Give an Address.")
        return
    yield from checked_text("ship_to.name", address.name)
    yield from checked_text("ship_to.city", address.city, empty=True)  # not every country has one: the address book knows
    yield from checked_text("ship_to.postcode", address.postcode, 20, empty=True)
    if address.region is not None:
        yield from checked_text("ship_to.region", address.region)
    if not 1 <= len(address.lines) <= 5:
        yield Refused("invalid", "ship_to.lines", f"{len(address.lines)} lines", hint="Give 1 to 5.")
    for n, line in enumerate(address.lines[:5], start=1):
        yield from checked_text(f"ship_to.lines[{n}]", line)
    if wrong := tuple(checked_text("ship_to.country", address.country)):
        yield from wrong
    elif address.country not in COUNTRIES:
        yield Refused("unknown-country", address.country[:20])


def is_readable(address: Address) -> bool:
    """Whether an address book may look at it: all of it is text, and none too long (R25)."""
    parts: tuple[object, ...] = (
        address.name,
        address.city,
        address.postcode,
        address.region or "",
        address.country,
        *address.lines[:6],
    )
    return len(parts) <= 10 and all(isinstance(part, str) and len(part) <= TEXT_AT_MOST for part in parts)


def checked_contact(contact: object) -> Iterator[Refused]:
    """What is wrong with a contact."""
    if not isinstance(contact, Contact):
        yield Refused("invalid", "contact", f"a {type(contact).__name__}", hint="Give a Contact.")
        return
    if contact.phone is not None:
        yield from checked_text("contact.phone", contact.phone, 40)
    yield from checked_text("contact.locale", contact.locale, 40)
    if contact.email is None:
        return
    if wrong := tuple(checked_text("contact.email", contact.email, 254)):
        yield from wrong
    else:
        try:
            canonical_email(contact.email)
        except (ValueError, TypeError):
            yield Refused("invalid", "contact.email", "not an e-mail address", hint="It needs a name, an @ and a domain.")


def checked_channel(channel: object, policy: Policy) -> Iterator[Refused]:
    """Why this is no channel of the shop; "" is its own way."""
    if wrong := tuple(checked_text("channel", channel, empty=True)):
        yield from wrong
    elif isinstance(refused := policy.pricing_for(str(channel)), Refused):
        yield refused


def checked_shopper(shopper: object) -> Iterator[Refused]:
    """What is wrong with what the host says of a shopper: it is the host's mistake, and no price is made of it."""
    if not isinstance(shopper, Shopper):
        yield Refused("invalid", "shopper", f"a {type(shopper).__name__}", hint="Customers answers with a Shopper.")


def checked_codes(codes: Iterable[object], at_most: int) -> tuple[str, ...]:
    """The canonical codes, each once, as typed in order. Raises Refusal."""
    if isinstance(codes, str | bytes):
        raise Refusal(Refused("invalid", "codes", "one text", hint="Give a list of codes."))
    typed, found, wrong = list(codes), dict[str, None](), list[Refused]()
    if len(typed) > CODES_SUBMITTED_AT_MOST:
        raise Refusal(Refused("too-many-codes", limit=at_most))
    for code in typed:
        if isinstance(code, str) and looks_like_card_number(code):
            wrong.append(Refused("card-number", "codes"))
            continue
        try:
            found[canonical_code(code)] = None  # type: ignore[arg-type]
        except (ValueError, TypeError, AttributeError):
            wrong.append(Refused("unknown-code", "What was typed"))
    if len(found) > at_most:
        wrong.append(Refused("too-many-codes", limit=at_most))
    if wrong:
        raise Refusal.of(wrong)
    return tuple(found)


def checked_cards(numbers: Iterable[object]) -> tuple[str, ...]:
    """The references of these gift cards, each once, in their order. What is wrong with a number never says the number. Raises Refusal."""
    if isinstance(numbers, str | bytes):
        raise Refusal(Refused("invalid", "gift_cards", "one text", hint="Give a list of numbers."))
    typed, found, wrong = list(numbers), dict[str, None](), list[Refused]()
    if len(typed) > CARDS_AT_MOST:
        raise Refusal(Refused("too-many-gift-cards", limit=CARDS_AT_MOST))
    for number in typed:
        if isinstance(number, str) and looks_like_card_number(number):
            wrong.append(Refused("card-number", "gift_cards"))
        elif isinstance(card := card_reference(number), Refused):
            wrong.append(card)
        else:
            found[card] = None
    if wrong:
        raise Refusal.of(wrong)
    return tuple(found)


def checked_card(card: object) -> str:
    """The reference of one gift card, given by its number or its reference. Raises Refusal."""
    return card if isinstance(card, str) and is_reference(card) else checked_cards([card])[0]


def checked_key(key: object) -> Iterator[Refused]:
    """What is wrong with a key: the client's own name for a request."""
    if not isinstance(key, str) or not 1 <= len(key) <= KEY_AT_MOST or not key.isprintable():
        yield Refused("needs-key")
    elif looks_like_card_number(key):
        yield Refused("card-number", "key")


def checked_instrument(instrument: object) -> Iterator[Refused]:
    """What is wrong with a means of payment. None is for a total of nothing."""
    if instrument is None:
        return
    if not isinstance(instrument, Card | Upi):
        yield Refused("invalid", "instrument", f"a {type(instrument).__name__}", hint="Give a Card or Upi with the gateway's token.")
        return
    yield from checked_text("token", instrument.token, 500)


def checked_expected(expected: object, currency: str) -> Iterator[Refused]:
    """What is wrong with the total (or quote hash) that the shopper saw."""
    if isinstance(expected, Money):
        if expected.currency != currency:
            yield Refused("mixed-currencies", currency, expected.currency)
    elif not isinstance(expected, str):
        yield Refused("invalid", "expected", f"a {type(expected).__name__}", hint="Give the quote's total as Money, or its hash.")


def refuse(refused: Iterable[Refused]) -> None:
    """Raise Refusal with everything that is wrong, if anything is."""
    wrong = tuple(refused)
    if wrong:
        raise Refusal(*wrong)
