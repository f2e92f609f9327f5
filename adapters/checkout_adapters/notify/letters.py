"""Letters, written: a template, a language and the figures of an occasion make one message in text and HTML.

A folder of templates has for each letter `<template>.words` (a subject, a headline and paragraphs; see `confirmation.words`), `letter.txt`
and `letter.html` that lay any letter out, and `<language>.po` for each language but English. A host's own folder is looked at first, file
by file, so it can have its own words, looks or languages and leave the rest. HTML is escaped, and refers to nothing outside the mail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from pathlib import Path
from typing import Final

from attrs import define, field, frozen
from babel import Locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from checkout_adapters.notify.figures import Figures, figures, plain
from checkout_adapters.notify.language import SOURCE, Catalogue, locale_of
from checkout_adapters.notify.occasions import Occasion
from checkout_core.errors import Misconfigured, Undeliverable
from checkout_core.values import masked

OURS: Final = Path(__file__).parent / "templates"
_SUBJECT_AT_MOST = 150
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


@frozen
class Letter:
    """One message to one shopper. `id` names it for ever, `name` is fit for a file; whom it reaches and what it says mask themselves."""

    id: str
    name: str
    message_id: str
    sender: str = field(repr=masked)
    to: str = field(repr=masked)
    content: bytes = field(repr=masked)


@define
class Letters:
    """Writes letters for one shop. Raises Misconfigured at once for a sender or a name that no header can hold, or a broken catalogue."""

    sender: str
    shop_name: str
    own: Path | None = None
    zone: tzinfo = UTC
    _languages: Mapping[str, Environment] = field(init=False, factory=dict)
    _from: Address = field(init=False)

    def __attrs_post_init__(self) -> None:
        if not self.shop_name.strip() or _CONTROL.search(self.shop_name):
            raise Misconfigured("The shop's name goes into the mails' headers: it is one line of plain text. Change shop_name.")
        try:
            self._from = _address(self.sender, self.shop_name)
        except (ValueError, MessageError):
            raise Misconfigured("The sender of mails is no mail address. Give one such as shop@example.org.") from None
        folders = [folder for folder in (self.own, OURS) if folder is not None]
        found = {path.stem for folder in folders for path in folder.glob("*.po")} | {SOURCE}
        self._languages = {language: _environment(language, folders) for language in sorted(found)}

    @property
    def languages(self) -> frozenset[str]:
        """The languages it can write in."""
        return frozenset(self._languages)

    def write(self, about: Occasion, *, to: str, locale: str, at: datetime) -> Letter:
        """The letter for this occasion: equal bytes whenever it is written. Raises Undeliverable if it cannot be written at all."""
        spoken = locale_of(locale, self.languages)
        shown = figures(about, spoken, self.zone)
        subject, text, html = self._render(about, spoken, shown)
        message_id = f"<{about.id}@{self._from.domain}>"
        message = EmailMessage(policy=SMTP if to.isascii() else SMTPUTF8)
        try:
            message["From"] = self._from
            message["To"] = _address(to)
            message["Subject"] = subject
        except (ValueError, MessageError, IndexError):  # what the header parser raises for text that is no address
            raise Undeliverable("A header of the mail cannot be written. Look at the contact's address.") from None
        message["Date"] = format_datetime(at.astimezone(UTC))
        message["Message-ID"] = message_id
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"={about.id}=")
        message["Content-Language"] = str(spoken).replace("_", "-")  # now: adding a part moves what is called Content-… into the first
        name = re.sub(r"[^A-Za-z0-9-]", "", f"{shown.number}-{about.template}")[:60]
        return Letter(about.id, f"{name}-{about.id[:12]}", message_id, self._from.addr_spec, _addr_spec(to), message.as_bytes())

    def _render(self, about: Occasion, spoken: Locale, shown: Figures) -> tuple[str, str, str]:
        environment = self._languages[spoken.language]
        given: dict[str, object] = {"shop": plain(self.shop_name), "mail": shown, "language": str(spoken).replace("_", "-")}
        try:
            words = environment.get_template(f"{about.template}.words").make_module(given)
            subject = str(getattr(words, "subject", ""))
            said = given | {
                "subject": subject,
                "headline": str(getattr(words, "headline", "")),
                "title": str(getattr(words, "title", "")),
                "paragraphs": [str(text) for text in getattr(words, "paragraphs", ()) if text],
            }
            pages = [environment.get_template(layout).render(said) for layout in ("letter.txt", "letter.html")]
        except Exception as error:  # whatever a template does; its text may quote what was to be written, so only its name is told (R24)
            raise Undeliverable(
                f"The letter {about.template!r} cannot be written in {spoken.language!r} ({type(error).__name__}). "
                "Mend its template or catalogue, then queue it again."
            ) from None
        if not subject or len(subject) > _SUBJECT_AT_MOST or _CONTROL.search(subject):
            raise Undeliverable(f"The subject of the letter {about.template!r} is empty, too long, or no plain text. Mend its template.")
        return subject, pages[0], pages[1]


def _address(address: str, name: str = "") -> Address:
    """The address as a header value. Raises ValueError, or what the parser raises, for what is none."""
    spec = _addr_spec(address)
    if spec.isascii():
        return Address(name, addr_spec=spec)
    local, _, domain = spec.rpartition("@")  # the parser knows ASCII only, although RFC 6532 allows more
    return Address(name, username=local, domain=domain)


def _addr_spec(address: str) -> str:
    """The address with its domain as DNS knows it. Raises ValueError for what no header may hold."""
    name, at, domain = address.rpartition("@")
    if not at or not name or _CONTROL.search(address) or any(letter.isspace() for letter in address):
        raise ValueError("This is no mail address.")
    return address if domain.isascii() else f"{name}@{domain.encode('idna').decode()}"


def _environment(language: str, folders: list[Path]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folders),
        extensions=["jinja2.ext.i18n"],
        autoescape=select_autoescape(enabled_extensions=("html",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    files = [path for folder in folders if (path := folder / f"{language}.po").is_file()]
    try:
        catalogue = Catalogue.read(language, files)
    except (ValueError, OSError) as error:
        raise Misconfigured(f"The message catalogue {language}.po cannot be read: {type(error).__name__}. Mend it.") from error
    install = environment.install_gettext_callables  # type: ignore[attr-defined]
    install(catalogue.gettext, catalogue.ngettext, newstyle=True)
    return environment
