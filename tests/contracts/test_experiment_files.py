"""Experiments of a shop in files and in its database: read strictly, loaded whole, told before, and asked like those in memory."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checkout_adapters.files import BadFiles, ShopFiles, known_of, read_rules, read_shop
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.catalog import AsyncSqlCatalog, SqlCatalog, load_shop, plan_load
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.experiments import Experiment
from checkout_core.memory import AsyncMemoryCatalog
from checkout_core.money import Ratio
from checkout_core.promotions import InVariant

FOLDER = Path(__file__).parents[2] / "examples" / "shop"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
OFFER = '[[experiments]]\nid = "tea-offer"\nvariants = { tenth = 1, control = 2 }\n'
DEAL = """
[[promotions]]
id = "tried"
name = "Tried out"
kind = "percent"
percent = "10"
when = [{ kind = "in_variant", experiment = "tea-offer", variants = ["tenth"] }]
"""


def shop_with(folder: Path, text: str | None, deal: str = "") -> Path:
    """The example shop with this experiments.toml, and one promotion more."""
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    if text is not None:
        (folder / "experiments.toml").write_text(text, encoding="utf-8")
    if deal:
        with (folder / "promotions.toml").open("a", encoding="utf-8") as file:
            file.write(deal)
    return folder


def read(folder: Path, text: str | None, deal: str = "") -> ShopFiles:
    return read_shop(shop_with(folder, text, deal))


def mistakes(folder: Path, text: str | None, deal: str = "") -> list[str]:
    with pytest.raises(BadFiles) as bad:
        read(folder, text, deal)
    return [str(one) for one in bad.value.mistakes]


def test_everything_that_can_be_said_is_read(tmp_path: Path) -> None:
    """The order of the variants is that of the file: it decides who is in which."""
    more = 'share = "12.5"\nsalt = "2026"\nstarts = 2026-06-01T14:00:00+02:00\nends = 2026-07-01T00:00:00Z\n'
    shop = read(tmp_path, OFFER + more + OFFER.replace("tea-offer", "layout"))
    begins, ends = NOON, datetime(2026, 7, 1, tzinfo=UTC)
    variants = [("tenth", 1), ("control", 2)]
    assert shop.experiments == (
        Experiment("tea-offer", variants, share=Ratio(25, 2), starts=begins, ends=ends, salt="2026"),
        Experiment("layout", variants),
    )
    assert tuple(shop.catalog().experiments()) == shop.experiments


def test_the_file_may_be_left_out(tmp_path: Path) -> None:
    assert read(tmp_path, None).experiments == ()
    assert mistakes(tmp_path / "b", "") == ["experiments.toml: It is empty. Write at least what the documentation of the file asks for."]


WRONG = [
    ('[[experiments]]\nid = "a b"\nvariants = { a = 1, b = 1 }\n', 2, "experiments[1].id", "is no name"),
    ("[[experiments]]\nvariants = { a = 1, b = 1 }\n", 1, "experiments[1].id", "id is missing"),
    ('[[experiments]]\nid = "x"\n', 1, "experiments[1].variants", "variants is missing"),
    ('[[experiments]]\nid = "x"\nvariants = { a = 1 }\n', 3, "experiments[1].variants", "t has 1 variant"),
    ('[[experiments]]\nid = "x"\nvariants = { a = 0, b = 1 }\n', 3, "experiments[1].variants.a", "not between 1"),
    ('[[experiments]]\nid = "x"\nvariants = { a = 0.5, b = 1 }\n', 3, "experiments[1].variants.a", "whole number"),
    ('[[experiments]]\nid = "x"\nvariants = { "a b" = 1, b = 1, c = 1 }\n', 3, "experiments[1].variants", "is no name"),
    ('[[experiments]]\nid = "x"\nvariants = ["a", "b"]\n', 3, "experiments[1].variants", "a table"),
    (OFFER + 'share = "120"\n', 4, "experiments[1].share", "at most 100"),
    (OFFER + "share = 20\n", 4, "experiments[1].share", "in quotes"),
    (OFFER + "starts = 2026-06-01T00:00:00Z\nends = 2026-05-01T00:00:00Z\n", 5, "experiments[1].ends", "ends before it begins"),
    (OFFER + "starts = 2026-06-01T00:00:00\n", 4, "experiments[1].starts", "offset"),
    (OFFER + "split = 1\n", 4, "experiments[1].split", "not known"),
    (OFFER + OFFER, 5, "experiments[2].id", "line 1 has this id already"),
    ("trials = 1\n" + OFFER, 1, "trials", "not known"),
    ("[[experiments]\n", 1, "", "not TOML"),
]


@pytest.mark.parametrize(("text", "row", "key", "words"), WRONG, ids=[f"{key}: {words}" for _, _, key, words in WRONG])
def test_a_mistake_is_told_once_with_place_and_cure(tmp_path: Path, text: str, row: int, key: str, words: str) -> None:
    (told,) = mistakes(tmp_path, text)
    assert told.startswith(f"experiments.toml:{row}: {key}")
    assert words in told


def test_all_mistakes_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    """An experiment that cannot be read is no reason to call the promotions that name it wrong."""
    told = mistakes(tmp_path, OFFER + "share = 1\nsplit = 2\n", DEAL.replace('"10"', "10"))
    assert [one.split(":")[0] for one in told] == ["promotions.toml", "experiments.toml", "experiments.toml"]


def test_a_promotion_names_an_experiment_of_the_shop(tmp_path: Path) -> None:
    (tried,) = [one for one in read(tmp_path / "a", OFFER, DEAL).promotions if one.id == "tried"]
    assert tried.when == (InVariant("tea-offer", {"tenth"}),)
    for n, text in enumerate((None, OFFER.replace("tea-offer", "other"))):
        (told,) = mistakes(tmp_path / str(n), text, DEAL)
        assert "experiments.toml has no experiment 'tea-offer'. Add it, or name another." in told
    (told,) = mistakes(tmp_path / "v", OFFER, DEAL.replace('["tenth"]', '["tenth", "tenht"]'))
    assert "Number 2, 'tenht', is no variant of tea-offer. Known: tenth, control." in told


def test_a_promotion_whose_experiment_is_over_is_idle(tmp_path: Path) -> None:
    shop = read(tmp_path, OFFER + "ends = 2026-06-01T12:00:00Z\n", DEAL)
    idle = [one for one in shop.idle(NOON) if "tried" in one.message]
    assert [(one.column, "has ended" in one.message) for one in idle] == [("when[0]", True)]
    assert not [one for one in shop.idle(datetime(2026, 6, 1, 11, tzinfo=UTC)) if "tried" in one.message]


# Rules alone.
def test_other_rules_are_a_folder_or_a_file_beside_a_shop(tmp_path: Path) -> None:
    """What they name, the shop has; an experiments.toml beside them stands in for the shop's."""
    shop = read(tmp_path / "shop", OFFER)
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "promotions.toml").write_text(DEAL, encoding="utf-8")
    for path in (rules, rules / "promotions.toml"):
        found = read_rules(path, shop)
        assert ([one.id for one in found.promotions], found.experiments) == (["tried"], None)
    (rules / "experiments.toml").write_text(OFFER.replace("tenth", "tenht"), encoding="utf-8")
    with pytest.raises(BadFiles, match="is no variant of tea-offer"):
        read_rules(rules, shop)
    (rules / "experiments.toml").write_text(OFFER, encoding="utf-8")
    assert read_rules(rules, known_of((), (), ())).experiments == shop.experiments
    (rules / "experiments.toml").unlink()
    with pytest.raises(BadFiles, match="no experiment 'tea-offer'"):
        read_rules(rules, known_of((), (), ()))
    with pytest.raises(BadFiles, match="There is no such folder or file"):
        read_rules(tmp_path / "nowhere", shop)


def test_rules_may_be_a_whole_shop(tmp_path: Path) -> None:
    """Then all of it has to be right, and its own goods are those that it may name."""
    shop = shop_with(tmp_path / "shop", OFFER, DEAL)
    found = read_rules(shop, known_of((), (), ()))
    assert found.promotions[-1].id == "tried"
    assert found.experiments == read_shop(shop).experiments
    (shop / "taxes.csv").write_text("", encoding="utf-8")
    with pytest.raises(BadFiles, match=r"taxes\.csv"):
        read_rules(shop, known_of((), (), ()))


# In the database.
@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqlStorage]:
    path = tmp_path / "shop.db"
    SqlAdmin(str(path)).upgrade()
    with SqlStorage(str(path)) as opened:
        yield opened


def load(storage: SqlStorage, shop: ShopFiles) -> list[str]:
    with storage.engine.begin() as connection:
        return [str(change) for change in load_shop(connection, shop, now=NOON, actor="test").changes]


def test_the_database_answers_as_the_files_do(storage: SqlStorage, tmp_path: Path) -> None:
    """Added, changed, taken out: told before it is done, and seen by whoever keeps a part of the catalogue."""
    catalog = SqlCatalog(storage)
    assert tuple(catalog.experiments()) == ()
    without, first = read(tmp_path / "a", None), read(tmp_path / "b", OFFER)
    second = read(tmp_path / "c", OFFER + 'share = "20"\n')
    load(storage, without)
    for shop, told in (
        (first, "experiment tea-offer: added"),
        (second, "experiment tea-offer: changed; share 100 → 20"),
        (without, "experiment tea-offer: withdrawn"),
    ):
        with storage.engine.begin() as connection:
            assert [str(change) for change in plan_load(connection, shop).changes] == [told]
        assert load(storage, shop) == [told]
        assert load(storage, shop) == []
        assert tuple(catalog.experiments()) == shop.experiments


def test_both_faces_answer_alike(storage: SqlStorage, tmp_path: Path) -> None:
    shop = read(tmp_path / "shop", OFFER)
    load(storage, shop)

    async def asked() -> tuple[Experiment, ...]:
        other = AsyncSqlStorage(str(tmp_path / "shop.db"))
        try:
            found = await AsyncSqlCatalog(other).experiments()
        finally:
            await other.close()
        assert list(await AsyncMemoryCatalog(shop.catalog()).experiments()) == list(found)
        return tuple(found)

    assert asyncio.run(asked()) == shop.experiments
