"""The house rules that import contracts cannot see."""

import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, UniqueConstraint

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("audit", "places", "people", "imports", "orders", "ledger", "figures", "bulletin")


def layers() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    return [name.strip() for layer in contracts[0]["layers"] for name in layer.split("|")]


def test_no_foreign_key_points_to_a_higher_room_not_even_as_a_string() -> None:
    height = {name: -index for index, name in enumerate(layers())}
    climbing = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        if model._meta.app_label in height
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey)
        and not isinstance(field.related_model, str)
        and height[field.related_model._meta.app_label] > height[model._meta.app_label]
    ]
    assert climbing == []


@pytest.mark.parametrize("room", ["ledger", "figures"])
def test_every_unique_key_of_the_ledger_begins_with_the_county_and_nothing_refers_in_or_out(room: str) -> None:
    """So that a county's rows can move to a database of their own without a change of their shape."""
    for model in apps.get_app_config(room).get_models():
        keys = [_names(model._meta.pk), *model._meta.unique_together]
        keys += [tuple(c.fields) for c in model._meta.constraints if isinstance(c, UniqueConstraint)]
        keys += [(f.name,) for f in model._meta.concrete_fields if f.unique and not f.primary_key]
        assert {key[0] for key in keys} == {"ledger"}, model._meta.label
        assert not [f for f in model._meta.get_fields(include_hidden=True) if f.is_relation], model._meta.label


def _names(key: object) -> tuple[str, ...]:
    return tuple(getattr(key, "field_names", None) or [getattr(key, "name", "")])


UNIQUE = """
SELECT relation.relname, index.relname, first.attname
FROM pg_index JOIN pg_class relation ON relation.oid = indrelid JOIN pg_class index ON index.oid = indexrelid
LEFT JOIN pg_attribute first ON first.attrelid = indrelid AND first.attnum = indkey[0]
WHERE (indisunique OR indisprimary OR indisexclusion) AND relation.relname LIKE %s
"""
REFERRING = """
SELECT conname FROM pg_constraint JOIN pg_class inside ON inside.oid IN (conrelid, confrelid)
WHERE contype = 'f' AND inside.relname LIKE %s
"""


@pytest.mark.parametrize("room", ["ledger", "figures"])
def test_the_database_itself_has_that_shape(db: None, room: str) -> None:
    with connection.cursor() as cursor:
        keys = cursor.execute(UNIQUE, [rf"{room}\_%"]).fetchall()
        tables = {table for table, _, _ in keys}
        assert tables == {model._meta.db_table for model in apps.get_app_config(room).get_models()}, "each has a key"
        assert [row for row in keys if row[2] != "ledger"] == []
        assert cursor.execute(REFERRING, [rf"{room}\_%"]).fetchall() == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_has_its_four_files_and_says_what_it_is_for(room: str) -> None:
    folder = ROOT / "src" / "tongxin" / room
    missing = {"models.py", "actions.py", "queries.py", "access.py"} - {file.name for file in folder.glob("*.py")}
    assert missing - ({"queries.py", "access.py"} if room == "audit" else set()) == set()
    assert (folder / "__init__.py").read_text("utf-8").startswith('"""')


@pytest.mark.parametrize("room", ROOMS)
def test_migrations_are_named(room: str) -> None:
    names = [file.stem for file in (ROOT / "src" / "tongxin" / room / "migrations").glob("0*.py")]
    assert names
    assert not [name for name in names if "auto" in name]


INLINE = re.compile(r"""\s(?:style|on[a-z]+)=["']|<style|<script(?![^>]*\ssrc=)""")


def test_no_template_has_a_style_or_a_script_of_its_own() -> None:
    """One place for looks and one for behaviour: the static files."""
    pages = sorted((ROOT / "src").rglob("templates/**/*.html"))
    found = {f"{page.name}: {match[0]}" for page in pages for match in INLINE.finditer(page.read_text("utf-8"))}
    assert (len(pages) > 30, found) == (True, set())
