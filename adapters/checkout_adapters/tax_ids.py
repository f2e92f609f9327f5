"""VAT and tax numbers, checked offline: their form and their check digits, by python-stdnum (the extra `tax`).

That a number was ever given out, and to whom, only its state can say (for the Union by VIES): a host that needs to know asks there.
"""

from __future__ import annotations

from typing import Final

from checkout_core.customers import VatId
from checkout_core.errors import Misconfigured
from checkout_core.refusals import Refused

_LONGEST: Final = 30


def checked_vat_id(text: str) -> VatId | Refused:
    """A VAT number of the Union, in its canonical form; or what is wrong with it. Raises Misconfigured without python-stdnum.

    `ie 6388047v` is `IE6388047V` of Ireland; Greek numbers begin with EL, and are of GR (Directive 2006/112/EC, Article 215).
    """
    try:
        from stdnum.eu import vat
        from stdnum.exceptions import InvalidChecksum, InvalidLength, ValidationError
    except ImportError:
        raise Misconfigured("VAT numbers are checked by python-stdnum. Install checkout-core[tax].") from None
    try:
        number = str(vat.validate(text[:_LONGEST]))
    except InvalidLength:
        return Refused("invalid", "VAT number", text[:_LONGEST], hint="It has too few or too many characters. Copy it from an invoice.")
    except InvalidChecksum:
        return Refused("invalid", "VAT number", text[:_LONGEST], hint="Its check digits do not fit. Look for a typing mistake.")
    except ValidationError:
        return Refused("invalid", "VAT number", text[:_LONGEST], hint="Begin with the country's letters, as in IE6388047V.")
    prefix = number[:2]
    return VatId("GR" if prefix == "EL" else prefix, number)
