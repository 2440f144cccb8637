"""The house rules that import contracts cannot see."""

import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.db.models import Field, ForeignKey, UniqueConstraint

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("audit", "places", "people", "orders", "ledger", "figures", "bulletin")


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
def test_every_unique_key_of_the_ledger_carries_the_county_and_nothing_refers_in_or_out(room: str) -> None:
    for model in apps.get_app_config(room).get_models():
        keys = [_key(model._meta.pk)]
        keys += [set(c.fields) for c in model._meta.constraints if isinstance(c, UniqueConstraint)]
        keys += [{f.name} for f in model._meta.concrete_fields if f.unique and not f.primary_key]
        assert all("ledger" in key for key in keys), model._meta.label
        assert not [f for f in model._meta.get_fields() if f.is_relation], model._meta.label


def _key(field: object) -> set[str]:
    names = getattr(field, "field_names", None)
    return set(names) if names else {field.name} if isinstance(field, Field) else set()


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
