"""What letters say, to whom, in which language, and what never gets into one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from babel import Locale
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from checkout_adapters.notify import OCCASIONS, MailNotifier, Occasion, occasion
from checkout_adapters.notify.language import date, locale_of, money
from checkout_adapters.notify.letters import OURS
from checkout_core import Contact, Misconfigured, Money, Undeliverable
from checkout_core.events import KINDS, Event
from checkout_core.notices import Notice
from checkout_core.orders import OrderState
from checkout_core.payments import AttemptState
from checkout_core.pricing import CashRounding, GiftCard, PricingPolicy
from tests.mailroom import SENDER, bought, html_of, letter, of, placed, quote, text_of
from tests.world import NOON

LANGUAGES = ("en", "de")


# Amounts and dates.
@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (123456, "EUR", "en", "€1,234.56"),
        (123456, "EUR", "de", "1.234,56 €"),
        (123456, "EUR", "de_AT", "€ 1.234,56"),
        (12345678, "INR", "en", "₹123,456.78"),
        (12345678, "INR", "en_IN", "₹1,23,456.78"),
        (12345678, "INR", "de", "123.456,78 ₹"),
        (123456, "JPY", "en", "¥123,456"),
        (123456, "JPY", "de", "123.456 ¥"),
        (1234567, "KWD", "en", "KWD 1,234.567"),
        (1234567, "KWD", "de", "1.234,567 KWD"),
        (-410, "EUR", "en", "-€4.10"),
        (-410, "EUR", "de", "-4,10 €"),
        (5, "EUR", "en", "€0.05"),
        (12345, "CLF", "en", "CLF 1.2345"),
        (2**53 - 1, "JPY", "en", "¥9,007,199,254,740,991"),
    ],
)
def test_an_amount_is_exact_and_looks_as_it_does_there(minor: int, currency: str, locale: str, text: str) -> None:
    """R14: our own table says how many decimals a currency has."""
    assert money(Money(minor, currency), Locale.parse(locale)).replace("\xa0", " ") == text


def test_decimals_are_ours_not_the_librarys() -> None:
    """Babel shows the Iraqi dinar and the Ugandan shilling otherwise; what was charged is what is shown."""
    assert money(Money(1234, "IQD"), Locale("en")).replace("\xa0", " ") == "IQD 1.234"
    assert money(Money(1234, "UGX"), Locale("en")).replace("\xa0", " ") == "UGX 1,234"


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [
        ("en", "en"),
        ("de", "de"),
        ("de-AT", "de_AT"),
        ("de_CH.UTF-8", "de_CH"),
        ("en-IN", "en_IN"),
        ("DE", "de"),
        ("de_QQ", "de"),
        ("pt_BR", "en"),
        ("xx", "en"),
        ("", "en"),
        ("../../de", "en"),
        ("\x00\ud800", "en"),
        ("d" * 10_000, "en"),
    ],
)
def test_a_locale_falls_back_sensibly(wanted: str, spoken: str) -> None:
    assert str(locale_of(wanted, frozenset(LANGUAGES))) == spoken


def test_a_time_is_told_in_the_shops_zone() -> None:
    zone = timezone(timedelta(hours=2), "CEST")
    assert re.sub(r"\s", " ", date(NOON, Locale("en"), zone)) == "June 1, 2026, 2:00 PM CEST"
    assert date(NOON, Locale("de"), UTC) == "1. Juni 2026, 12:00 UTC"


# Languages.
def sentences() -> set[str]:
    found = set[str]()
    for path in OURS.iterdir():
        if path.suffix in (".words", ".txt", ".html"):
            with path.open("rb") as stream:
                for _, _, message, _ in babel_extract(stream, ("_", "gettext"), [], {}):
                    found.add(message if isinstance(message, str) else str((message or ("",))[0]))  # with figures it is a tuple
    return found


def test_every_sentence_is_translated_and_none_is_left_over() -> None:
    """A letter is in one language, and its figures are where they belong."""
    with (OURS / "de.po").open("rb") as stream:
        catalogue = {str(message.id): str(message.string) for message in read_po(stream) if message.id}
    assert catalogue.keys() == sentences()
    for english, german in catalogue.items():
        assert german, english
        assert set(re.findall(r"%\(\w+\)s", english)) == set(re.findall(r"%\(\w+\)s", german))


def occasions() -> list[Notice]:
    """A notice for each letter there is."""
    c = bought()
    (paid,) = c.attempts
    failed = evolve(paid, state=AttemptState.DECLINED, received=None, reason="denied-by-payer")
    late = evolve(paid, unwanted="out-of-stock")
    free = evolve(quote(), totals=evolve(quote().totals, total=0, due=0))
    assert c.order is not None
    return [
        placed(),
        placed(evolve(bought(priced=free), attempts=(), order=evolve(c.order, paid_by="", total=Money(0, "EUR")))),
        of("order.cancelled", bought(order=evolve(c.order, state=OrderState.CANCELLED, cancelled="payment-lost"))),
        of(
            "order.cancelled",
            bought(order=evolve(c.order, state=OrderState.CANCELLED), attempts=(evolve(paid, state=AttemptState.VOIDED),)),
        ),
        of("payment.declined", bought(order=None, attempts=(failed,)), attempt=paid.key, reason="denied-by-payer"),
        of("checkout.abandoned", bought(order=None, attempts=(evolve(paid, state=AttemptState.VOIDED),)), reason="expired"),
        of("checkout.abandoned", bought(order=None, attempts=(evolve(paid, state=AttemptState.PROCESSING),)), reason="expired"),
        of("payment.refund_due", bought(order=None, attempts=(late,)), attempt=paid.key),
        of("payment.refund_due", bought(attempts=(paid, evolve(late, key="c1/a2", unwanted="paid-already"))), attempt="c1/a2"),
        of("checkout.abandoned", bought(order=None, attempts=(evolve(late, state=AttemptState.VOIDED),)), reason="out-of-stock"),
    ]


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("n", range(10))
def test_every_letter_is_whole_in_every_language(n: int, locale: str) -> None:
    """No figure is missing, no placeholder left, no sentence empty; text and HTML say the same."""
    notice = occasions()[n]
    message = letter(evolve(notice, contact=Contact("ada@example.com", locale=locale)))
    words = _words(html_of(message))
    for paragraph in text_of(message).split("Mug")[0].split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not re.fullmatch("[=-]+", line)]
        assert "".join(" ".join(lines).split()) in "".join(words.split())
    for part in (text_of(message), html_of(message), str(message["Subject"])):
        assert not re.search(r"%\(|\{\{|\{%|None|Undefined", part)
    assert message["Content-Language"] == locale


def test_german_and_english_never_mix() -> None:
    for n in range(10):
        english, german = (text_of(letter(evolve(occasions()[n], contact=Contact("a@b.example", locale=locale)))) for locale in LANGUAGES)
        shared = set(english.splitlines()) & set(german.splitlines())
        assert {line for line in shared if re.search("[A-Za-z]{3}", line)} <= {"Leaf & Kettle"} | {"    Size: L"}


# The table of figures.
def test_the_receipt_adds_up_in_front_of_the_reader() -> None:
    """Lines, carriage, discount, tax inside and tax on top, total; a name of the host's is escaped in HTML and plain in text."""
    text, html = text_of(letter(placed(bought(priced=quote(size="L"))))), html_of(letter(placed(bought(priced=quote(size="L")))))
    rows = dict(re.findall(r"^(\S.*?) {2,}(\S+)$", text, re.MULTILINE))
    assert rows == {
        "2 × Mug": "€25.00",
        "Subtotal": "€25.00",
        "Shipping: Parcel": "€4.90",
        "Discount: A tenth off <in June>": "-€2.50",
        "Total": "€27.40",
        "Contains VAT 19 %": "€4.37",
    }
    assert "    size: L\n    €12.50 each\n" in text
    assert "A tenth off &lt;in June&gt;" in html
    on_top = dict(re.findall(r"^(\S.*?) {2,}(\S+)$", text_of(letter(placed(bought(priced=quote(included=False))))), re.MULTILINE))
    assert (on_top["VAT 19 %"], on_top["Total"]) == ("€5.21", "€32.61")


def test_a_letter_leads_from_the_total_to_what_is_paid() -> None:
    """Each carriage by its name; then the gift card, without its number, and the coins. Without them the total is the last sum."""
    policy = PricingPolicy(cash=CashRounding(5))
    priced = quote(minor=1249, sent=("Parcel", "Crane"), cards=(GiftCard("secret-number", 1000),), policy=policy)
    english, german = (letter(placed(bought(priced=priced), locale=locale)) for locale in LANGUAGES)
    assert re.findall(r"^(\S.*?) {2,}(\S+)$", text_of(english), re.MULTILINE) == [
        ("2 × Mug", "€24.98"),
        ("Subtotal", "€24.98"),
        ("Shipping: Parcel", "€4.90"),
        ("Shipping: Crane", "€4.90"),
        ("Discount: A tenth off <in June>", "-€2.50"),
        ("Total", "€32.28"),
        ("Contains VAT 19 %", "€5.15"),
        ("Gift card", "-€10.00"),
        ("Cash rounding", "€0.02"),
        ("To pay", "€22.30"),
    ]
    for word in ("Shipping: Crane", "Gift card", "Cash rounding", "To pay", "€22.30"):
        assert word in _words(html_of(english))
    for word in ("Geschenkkarte", "Rundung auf Münzen", "Zu zahlen"):
        assert word in text_of(german)
        assert word in _words(html_of(german))
    assert "secret-number" not in english.as_string()
    assert "To pay" not in text_of(letter(placed()))


@pytest.mark.parametrize(
    ("currency", "locale", "total"),
    [
        ("EUR", "de", "27,40 €"),
        ("INR", "en-IN", "₹27.40"),
        ("JPY", "en", "¥2,740"),
        ("JPY", "de", "2.740 ¥"),
        ("KWD", "en", "KWD 2.740"),
        ("KWD", "de", "2,740 KWD"),
    ],
)
def test_a_letter_shows_each_currency_as_it_is(currency: str, locale: str, total: str) -> None:
    message = letter(placed(bought(priced=quote(currency)), locale=locale))
    assert total in text_of(message).replace("\xa0", " ")
    assert total in html_of(message).replace("\xa0", " ")


# Which events make a letter.
def test_only_the_kinds_in_the_table_make_a_letter() -> None:
    """And each kind in it exists."""
    assert OCCASIONS.keys() <= KINDS.keys()
    c = bought()
    for kind in KINDS.keys() - OCCASIONS.keys():
        assert occasion(of(kind, c)) is None


def test_a_decline_at_the_page_makes_no_letter() -> None:
    """The shopper saw it; one who was sent away, or waited long, is written to; one whose second card worked is not."""
    (paid,) = bought().attempts
    at_once = evolve(paid, state=AttemptState.DECLINED, reference="", calls=1)

    def told(attempt: Any, **changes: Any) -> Occasion | None:
        return occasion(of("payment.declined", bought(attempts=(attempt,), **{"order": None} | changes), attempt=paid.key))

    assert told(at_once) is None
    assert told(evolve(at_once, calls=2)) is None
    assert told(evolve(at_once, calls=3)) is not None
    sent_away = told(evolve(at_once, reference="r"))
    assert sent_away is not None
    assert sent_away.template == "payment-failed"
    assert told(evolve(at_once, reference="r"), order=bought().order) is None


def test_what_a_cancelled_order_cost_is_in_its_cancellation_alone() -> None:
    """One letter, not three: no second one when the refund is due, or done (RB-44, RB-91)."""
    c = bought()
    (paid,) = c.attempts
    assert c.order is not None
    cancelled = bought(order=evolve(c.order, state=OrderState.CANCELLED), attempts=(evolve(paid, unwanted="cancelled"),))
    assert "€27.40 goes back to you" in text_of(letter(of("order.cancelled", cancelled))).replace("\n", " ")
    for kind in ("payment.refund_due", "payment.refunded"):
        assert occasion(of(kind, cancelled, attempt=paid.key)) is None


def test_money_that_comes_too_late_is_told_once_with_the_reason() -> None:
    """RB-92, R8: why, how much, and that nothing need be done; the events that follow from the same refund say nothing new."""
    (paid,) = bought().attempts
    late = bought(order=None, attempts=(evolve(paid, unwanted="out-of-stock"),), abandoned="out-of-stock")
    text = text_of(letter(of("payment.refund_due", late, attempt=paid.key, reason="out-of-stock"))).replace("\n", " ")
    assert "meanwhile they were sold" in text
    assert "€27.40 goes back to you in full" in text
    assert occasion(of("checkout.abandoned", late, reason="out-of-stock")) is None
    assert occasion(of("payment.refunded", late, attempt=paid.key)) is None


def test_an_expired_checkout_writes_only_to_who_tried_to_pay() -> None:
    (paid,) = bought().attempts
    for attempts in ((), (evolve(paid, state=AttemptState.DECLINED),)):
        assert occasion(of("checkout.abandoned", bought(order=None, attempts=attempts), reason="expired")) is None
    assert (
        occasion(of("checkout.abandoned", bought(order=None, attempts=(evolve(paid, state=AttemptState.VOIDED),)), reason="cancelled"))
        is None
    )


def test_an_operators_own_words_stay_with_the_operator() -> None:
    """R24: a reason typed for a cancellation may say anything about anybody."""
    c = bought()
    assert c.order is not None
    order = evolve(c.order, state=OrderState.CANCELLED, cancelled="suspected fraud, asked ben@example.com")
    message = letter(of("order.cancelled", bought(order=order)))
    assert "fraud" not in message.as_string()
    assert "ben@" not in message.as_string()


def test_a_letter_has_one_name_for_ever() -> None:
    """RB-44, RB-91: the same whenever and from whichever event it is written; another for another order, template or attempt."""
    names = {str(letter(notice)["Message-ID"]) for notice in [*occasions(), placed(bought("c2"))]}
    assert len(names) == 7  # the table above has confirmation, cancellation and a failed payment thrice, a refund of one attempt twice
    assert letter(placed(seq=4)).as_bytes() == letter(placed(seq=9)).as_bytes()


# Headers, and what must not get into them.
def test_the_headers_are_those_of_an_honest_machine() -> None:
    message = letter(placed(locale="de"))
    assert message["From"] == "Leaf & Kettle <shop@leaf.example>"
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Ihre Bestellung T7K2-9QX bei Leaf & Kettle"
    assert parsedate_to_datetime(message["Date"]) == NOON
    assert re.fullmatch(r"<[0-9a-f]{32}@leaf\.example>", message["Message-ID"])
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "de"
    assert letter(placed(), shop_name="Käthes Tee")["From"] == "Käthes Tee <shop@leaf.example>"


@pytest.mark.parametrize("hostile", ["a\r\nBcc: all@example.com", "a\nb", "a\x00b", "a\u2028b", "a\ud800b", "\x1b[2J"])
def test_no_line_of_a_strangers_becomes_a_header(hostile: str) -> None:
    """S14: in a number it becomes a space; in an address or the shop's own name it is refused."""
    message = letter(placed(bought(number=hostile)))
    assert "Bcc" not in message
    assert "\n" not in message["Subject"]
    with pytest.raises(Undeliverable):
        letter(placed(to=f"ada{hostile}@example.com"))
    for wrong in ({"shop_name": hostile}, {"sender": f"{hostile}@example.com"}, {"sender": "nobody"}, {"shop_name": " "}):
        with pytest.raises(Misconfigured):
            letter(placed(), **wrong)


@pytest.mark.parametrize(
    "to", ["nobody", "@example.com", "a@", "a b@example.com", "a@b@", "<a@example.com>", "a@exa_mple..com,b@c.example", ""]
)
def test_an_address_that_is_none_is_dead_at_once_and_not_repeated(to: str) -> None:
    """R24: the error says what to look at, and not what was there."""
    notice = placed(to=to)
    if not to:
        with pytest.raises(AssertionError):
            letter(notice)
        return
    with pytest.raises(Undeliverable) as caught:
        letter(notice)
    assert to not in str(caught.value)
    assert caught.value.__cause__ is None


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [str(value) for name, value in attrs if name in ("src", "href", "background")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _words(html: str) -> str:
    tags = Tags()
    tags.feed(html)
    return " ".join(tags.words)


def test_a_product_name_is_text_whatever_it_says() -> None:
    """S14: no element, no line, no direction of its own; and templates in it are not run."""
    name = '<img src="http://evil.example/x">{{ 7*7 }} %(total)s \u202egum\r\n\r\nTotal  €0.00'
    message = letter(placed(bought(priced=quote(name=name, note="<script>alert(1)</script>"))))
    tags = Tags()
    tags.feed(html_of(message))
    assert tags.seen.isdisjoint({"img", "script"})
    assert "{{ 7*7 }} %(total)s" in text_of(message)
    assert "\u202e" not in text_of(message) + html_of(message)
    assert not re.search(r"^Total +€0\.00", text_of(message), re.MULTILINE)


def test_a_mail_refers_to_nothing_outside() -> None:
    """No picture, link, font or script is fetched: a mail tells nobody when it is read."""
    for notice in occasions():
        tags = Tags()
        tags.feed(html_of(letter(notice)))
        assert not tags.links
        assert tags.seen <= {
            *("html head meta title body table tr td h1 h2 p br div span strong".split()),
        }
        assert "url(" not in html_of(letter(notice))


def test_nothing_to_say_or_nobody_to_say_it_to() -> None:
    notifier = MailNotifier(None, sender=SENDER, shop_name="Mugs")  # type: ignore[arg-type]
    for contact in (None, Contact(), Contact("")):
        notifier.notify(evolve(placed(), contact=contact))
    notifier.notify(evolve(placed(), checkout=None))


def test_a_written_letter_masks_whom_it_reaches() -> None:
    """R24."""
    written = MailNotifier(None, sender=SENDER, shop_name="Mugs").letter(placed())  # type: ignore[arg-type]
    assert "ada" not in repr(written)
    assert "Thank you" not in repr(written)


# A host's own words.
def test_a_hosts_own_words_come_before_ours(tmp_path: Path) -> None:
    """File by file, sentence by sentence; a language of its own is spoken as soon as there is a catalogue."""
    (tmp_path / "confirmation.words").write_text(
        '{% set subject = _("Hooray") %}{% set headline = mail.number %}{% set paragraphs = [] %}{% set title = "" %}'
    )
    po = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Hooray"\nmsgstr "{}"\n'
    (tmp_path / "de.po").write_text(po.format("Hurra"))
    (tmp_path / "fr.po").write_text(po.format("Youpi"))
    assert letter(placed(locale="de"), templates=tmp_path)["Subject"] == "Hurra"
    assert "Mit freundlichen Grüßen" in text_of(letter(placed(locale="de"), templates=tmp_path))
    french = letter(placed(locale="fr-CA"), templates=tmp_path)
    assert (french["Subject"], french["Content-Language"]) == ("Youpi", "fr-CA")


def test_a_broken_catalogue_is_found_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "de.po").write_bytes(b'msgid "a"\nmsgstr "\xff"\n')
    with pytest.raises(Misconfigured, match=r"de\.po"):
        letter(placed(), templates=tmp_path)


@pytest.mark.parametrize("words", ["{{ 1/0 }}", "{% set subject = nobody.knows %}", "{% if %}", '{% set subject = "a\nb" %}', ""])
def test_a_template_that_fails_says_where_and_nothing_else(tmp_path: Path, words: str) -> None:
    """M9, R24: which letter in which language, and the kind of mistake; never what was to be written."""
    (tmp_path / "confirmation.words").write_text(words)
    with pytest.raises(Undeliverable, match="'confirmation'") as caught:
        letter(placed(), templates=tmp_path)
    assert "ada" not in str(caught.value)


def test_times_before_and_after_are_dated_by_the_event() -> None:
    at = datetime(2026, 12, 24, 23, 59, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    notice = placed()
    moved = evolve(notice, event=Event(notice.event.checkout, 4, "order.placed", at))
    assert parsedate_to_datetime(letter(moved)["Date"]) == at
