"""The kinds of rows that can be imported, as ``kinds.toml`` declares them."""

import tomllib
from functools import cache
from importlib import resources

import msgspec

from tongxin.base.words import pick
from tongxin.playbook.loader import categories
from tongxin.playbook.schema import Text
from tongxin.sheets.text import fold


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that a row says: what its column may be called, how long it may be, which words may stand in it."""

    name: str
    title: Text
    required: bool = False
    most: int = 0
    also: list[str] = []
    words: dict[str, list[str]] = {}


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of rows, by its fields."""

    title: Text
    field: list[Field]

    def named(self, name: str) -> Field | None:
        """Return the field of that name."""
        return next((field for field in self.field if field.name == name), None)


@cache
def kinds() -> dict[str, Kind]:
    """Return the kinds by id."""
    text = (resources.files("tongxin.sheets") / "kinds.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Kind])


def title(text: Text) -> str:
    """Return a title in the language being spoken."""
    return pick(text.zh, text.en)


@cache
def vocabulary(kind: str, field: str) -> dict[str, str]:
    """Return what may stand in a field: ids by each word that means them, folded."""
    found = kinds()[kind].named(field)
    words = {fold(word): id_ for id_, several in (found.words if found else {}).items() for word in [id_, *several]}
    if field == "category":
        for id_, text in categories().items():
            words |= {fold(word): id_ for word in (id_, text.zh, *text.zh.split("、"), text.en)}
    return words


def spoken(kind: str, field: str, id_: str) -> str:
    """Return the word that is shown for what stands in a field, in the language being spoken."""
    if field == "category":
        return title(categories()[id_]) if id_ in categories() else id_
    found = kinds()[kind].named(field)
    several = found.words.get(id_) if found else None
    return pick(several[0], several[-1]) if several else id_
