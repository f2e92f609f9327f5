"""What a storage promises when the answer to a COMMIT gets lost: the unit is run again, and there is one effect of it (R12, E4)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from attrs import evolve

from checkout_core.errors import Broken
from checkout_core.events import Event
from checkout_core.holds import Claim, Movement, Stock, Taken
from checkout_core.testing.parts import a_cart, a_checkout, needs
from checkout_core.testing.units import Promises, begin, fault_of, ids, now_of, numbers, read, stock
from checkout_core.unit import Request, Unit

MUG: Final = Stock("mug")
PEN: Final = Stock("pen")


class CommitPromises(Promises):
    """A part of `StorageContract`, for those that declare `lost_commits`."""

    def lose_commit(self, storage: Any, *, applied: bool) -> AbstractContextManager[Any]:
        """For as long as this lasts, the answer to the next COMMIT of this storage gets lost, once; `applied` says whether it took effect.

        Do it where your driver talks to the database, so that your own code cannot tell the one from the other.
        """
        raise NotImplementedError

    @needs("lost_commits")
    def test_of_a_commit_whose_answer_was_lost_there_is_one_effect(self) -> None:
        """Whether it was applied or not: the unit is run again whole, and finds its own record if it was (R12, E4, I17)."""
        for applied in (True, False):
            storage = self.new()
            stock(storage, MUG, 5)
            now, runs = now_of(storage), list[bool]()
            c = a_checkout("c1", now, Claim(MUG, 2))

            def work(unit: Unit, c: Any = c, now: Any = now, runs: list[bool] = runs) -> str:
                found = unit.request("c1", "pay", "k1")
                runs.append(found is not None)
                if found is not None:
                    return found.attempt
                assert unit.take(c.id, c.claims) == Taken()
                unit.write(a_cart(c.cart, now), evolve(c, held=c.claims), Movement(PEN, 1, "counted", "kit", now))
                unit.write(Event("c1", 1, "checkout.begun", now), Request("c1", "pay", "k1", "f00d", attempt="c1/k"))
                return "c1/k"

            with self.lose_commit(storage, applied=applied):
                assert storage.transact(work) == "c1/k"
            assert runs == [False, applied]
            assert numbers(storage, MUG) == (5, 2, 0)
            assert numbers(storage, PEN) == (1, 0, 0)
            assert ids(storage.undelivered("mail", 10)) == ["c1/1"]

    @needs("lost_commits")
    def test_a_unit_that_looks_for_no_record_of_its_own_is_stopped_by_its_guard(self) -> None:
        """It was applied, and its second run is too late: refused, never doubled, and what the first wrote stays (R4, R12)."""
        storage = self.new()
        now = now_of(storage)
        c = a_checkout("c1", now)
        begin(storage, c)
        changed, counted = evolve(c, version=2, because="once"), Movement(PEN, 1, "counted", "kit", now)
        with self.lose_commit(storage, applied=True):
            assert fault_of(storage, lambda unit: unit.write(changed, counted)) is Broken
        assert read(storage, lambda unit: (unit.checkout("c1").version, unit.checkout("c1").because)) == (2, "once")
        assert numbers(storage, PEN) == (1, 0, 0)

    @needs("lost_commits")
    def test_a_storage_goes_on_after_a_lost_commit(self) -> None:
        """The connection that lost it is not used again with half a transaction in it (E4)."""
        for applied in (True, False):
            storage = self.new()
            now_of(storage)
            with self.lose_commit(storage, applied=applied):
                assert read(storage, lambda unit: unit.pool(MUG).on_hand) == 0
            stock(storage, MUG, 3)
            assert numbers(storage, MUG) == (3, 0, 0)
