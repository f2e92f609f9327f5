"""An answer in time, or none: for ports that others answer, while a shopper waits.

    CarrierShipping(catalog, [PromptCarrier(acme, seconds=2)], …)
    Shop(tax_provider=PromptTaxProvider(bureau, seconds=3), …)

Who has not answered when the time is over counts as away (NoAnswer), and what the shop does then its own policy says. The core has no clock
and starts no thread; these do. A call that hangs keeps its thread until it ends: of `at_once` threads, and while all of them hang the next
question is answered at once with Unavailable, so that a far side which is away holds nobody up and grows nothing without bound.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Final, Protocol, TypeVar

from checkout_core.customers import Destination
from checkout_core.errors import BadSetting, NoAnswer, Unavailable
from checkout_core.ports import AsyncCarrier, AsyncTaxProvider
from checkout_core.shipping import CarrierRate, Shipment
from checkout_core.sync.ports import Carrier, TaxProvider
from checkout_core.tax_provider import TaxEstimate

T = TypeVar("T")
SECONDS: Final = 3.0
AT_ONCE: Final = 8


class _Named(Protocol):
    @property
    def name(self) -> str: ...


class _Deadline:
    """Runs calls, each for so long at most, so many at once."""

    def __init__(self, far: _Named, seconds: float, at_once: int) -> None:
        if not seconds > 0:
            raise BadSetting("seconds", f"nobody answers within {seconds!r} seconds", "Give more than 0.")
        if type(at_once) is not int or at_once < 1:
            raise BadSetting("at_once", f"it is a whole number, at least 1, not {at_once!r:.20}", "Correct it.")
        self.name, self.seconds = far.name, seconds
        self._free = threading.BoundedSemaphore(at_once)

    def call(self, ask: Callable[[], T]) -> T:
        """What it answers. Raises NoAnswer once the time is over, Unavailable if too many calls hang already."""
        if not self._free.acquire(blocking=False):
            raise Unavailable(f"{self.name} has not answered the calls before. Try again in a moment.")
        answer: Future[T] = Future()

        def work() -> None:
            try:
                answer.set_result(ask())
            except BaseException as error:
                answer.set_exception(error)
            finally:
                self._free.release()

        # a daemon: a program that ends does not wait for a far side that never answers
        threading.Thread(target=work, name=f"ask {self.name}", daemon=True).start()
        try:
            return answer.result(self.seconds)
        except TimeoutError:
            raise self.late() from None

    def late(self) -> NoAnswer:
        return NoAnswer(f"{self.name} has not answered within {self.seconds:g} seconds.")


class PromptCarrier:
    """That carrier, away once it takes longer than so many seconds. Raises BadSetting."""

    def __init__(self, carrier: Carrier, seconds: float = SECONDS, *, at_once: int = AT_ONCE) -> None:
        self.name = carrier.name
        self._carrier, self._deadline = carrier, _Deadline(carrier, seconds, at_once)

    def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
        return self._deadline.call(lambda: self._carrier.rates(shipment))


class PromptTaxProvider:
    """That tax provider, away once it takes longer than so many seconds. Raises BadSetting."""

    def __init__(self, provider: TaxProvider, seconds: float = SECONDS, *, at_once: int = AT_ONCE) -> None:
        self.name = provider.name
        self._provider, self._deadline = provider, _Deadline(provider, seconds, at_once)

    def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        return self._deadline.call(lambda: self._provider.estimate(destination, categories, at))


class AsyncPromptCarrier:
    """The same for an `AsyncShop` on asyncio: what is late is cancelled, and no thread is needed."""

    def __init__(self, carrier: AsyncCarrier, seconds: float = SECONDS) -> None:
        self.name = carrier.name
        self._carrier, self._deadline = carrier, _Deadline(carrier, seconds, AT_ONCE)

    async def rates(self, shipment: Shipment) -> Sequence[CarrierRate]:
        try:
            async with asyncio.timeout(self._deadline.seconds):
                return await self._carrier.rates(shipment)
        except TimeoutError:
            raise self._deadline.late() from None


class AsyncPromptTaxProvider:
    """The same for a tax provider."""

    def __init__(self, provider: AsyncTaxProvider, seconds: float = SECONDS) -> None:
        self.name = provider.name
        self._provider, self._deadline = provider, _Deadline(provider, seconds, AT_ONCE)

    async def estimate(self, destination: Destination, categories: Sequence[str], at: datetime) -> TaxEstimate:
        try:
            async with asyncio.timeout(self._deadline.seconds):
                return await self._provider.estimate(destination, categories, at)
        except TimeoutError:
            raise self._deadline.late() from None
