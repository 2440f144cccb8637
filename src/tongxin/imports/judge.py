"""Judges each row of a table against what is held: taken, unchanged, refused or asked, always with the reason.

A judge reads what is held once, when it begins, and remembers every row it has judged. Ids follow from the county, the kind and
what a row says, so that importing a file again finds everything held.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, UUID, uuid5

from tongxin.base import clock
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.imports.areas import Areas
from tongxin.imports.identity import Identities
from tongxin.imports.verdict import AlikeError, AskedError, RefusedError, Verdict, mistyped
from tongxin.people.actions import add_members, add_organisations
from tongxin.people.forms import MemberForm, OrganisationForm, RoleForm
from tongxin.people.queries import count_members, count_organisations, organisations_held, roles_held
from tongxin.places.actions import PlaceForm, add_places
from tongxin.places.queries import areas_of, count_places, places_held
from tongxin.sheets.kinds import kinds, spoken, title, vocabulary
from tongxin.sheets.match import Plan
from tongxin.sheets.table import Line
from tongxin.sheets.text import fold, sound

Values = dict[str, str]


class Judge(ABC):
    """What the judges of all kinds share."""

    kind: ClassVar[str]

    def __init__(self, scope: Scope, plan: Plan, answered: Collection[int]) -> None:
        self.scope, self.plan = scope, plan
        self.fields = [field for field in kinds()[self.kind].field if field.name in plan.fields]
        self.areas = Areas(areas_of(scope.ledger))
        self.known = Identities(self.likeness, answered, self._difference)
        self._nothing = {field.name: "" for field in kinds()[self.kind].field}

    def judge(self, line: Line) -> tuple[Verdict, Any]:
        """Return a row's verdict, and what is to be written if it is taken (else None)."""
        values = self._values(line)
        told = tuple(values[field.name] for field in self.fields)
        try:
            self._require_readable(line, values)
            form = self.form(line.number, values)
        except RefusedError as refused:
            return Verdict(line.number, "refused", str(refused), told), None
        except AskedError as asked:
            return Verdict(line.number, "asked", str(asked), told, isinstance(asked, AlikeError)), None
        if form is None:
            return Verdict(line.number, "unchanged", "", told), None
        return Verdict(line.number, "taken", say("读作：{meaning}", meaning=self.meaning(form)), told), form

    @abstractmethod
    def form(self, row: int, values: Values) -> object | None:
        """Return what is to be written for a row, None if it is held already; raise RefusedError or AskedError."""

    @abstractmethod
    def meaning(self, form: Any) -> str:  # noqa: ANN401 - that of its own kind
        """Return what the words of a row were taken for."""

    @abstractmethod
    def write(self, forms: Sequence[Any]) -> int:
        """Write what rows came to, through the room that holds it; return how many are new."""

    @abstractmethod
    def held(self) -> int:
        """Return how many rows the table holds."""

    def likeness(self, name: str) -> str:
        """Return what two names that may be one have in common."""
        return fold(name)

    def word(self, field: str, text: str) -> str:
        """Return the id that a word stands for."""
        known = vocabulary(self.kind, field)
        id_ = known.get(fold(text))
        if id_ is None:
            words = say("、").join(dict.fromkeys(spoken(self.kind, field, of) for of in known.values()))
            raise RefusedError(say("{field}“{word}”不认识；要写：{words}", field=self.title(field), word=text, words=words))
        return id_

    def area(self, values: Values) -> str:
        """Return the code of the area that a row names, "" if it names none; it must lie where the importer may write."""
        code = self.areas.find(values["town"], values["village"], values["area"])
        if code:
            self.require_covered(code)
        return code

    def require_covered(self, code: str) -> None:
        """Refuse an area that is not the importer's."""
        if not self.scope.covers(code):
            raise RefusedError(say("区域 {area} 不在您负责的范围", area=code))

    def id(self, group: str, name: str, nth: int) -> UUID:
        """Return the id of what a row says."""
        return uuid5(NAMESPACE_URL, f"tongxin:import:{self.scope.ledger}:{self.kind}:{group}:{fold(name)}:{nth}")

    def _values(self, line: Line) -> Values:
        values = dict(self._nothing)
        for field, index in self.plan.fields.items():
            values[field] = line.cells[index] if index < len(line.cells) else ""
        return values

    def _require_readable(self, line: Line, values: Values) -> None:
        if any(line.cells[len(self.plan.columns) :]):
            cells, columns = len(line.cells), len(self.plan.columns)
            raise RefusedError(say("这一行有 {cells} 格，列名只有 {columns} 个：哪一格多了逗号？", cells=cells, columns=columns))
        for field in self.fields:
            if field.required and not values[field.name]:
                raise RefusedError(say("缺“{field}”；在表里补上", field=title(field.title)))
            if field.most and len(values[field.name]) > field.most:
                raise RefusedError(say("“{field}”最多 {most} 个字", field=title(field.title), most=field.most))

    def _difference(self, field: str, held: str, here: str) -> str:
        sentence = "已在册，{field}是“{held}”，这里是“{here}”；导入只添加，不改已有的"
        return say(sentence, field=self.title(field), held=self._shown(field, held), here=self._shown(field, here))

    def _shown(self, field: str, fact: str) -> str:
        return self.areas.names(fact.split()) if field == "area" else spoken(self.kind, field, fact)

    def title(self, field: str) -> str:
        """Return what a field is called in the language being spoken."""
        found = kinds()[self.kind].named(field)
        return title(found.title) if found else field


class Premises(Judge):
    """A place is its name in its area."""

    kind = "premises"

    def __init__(self, scope: Scope, plan: Plan, answered: Collection[int]) -> None:
        super().__init__(scope, plan, answered)
        for held in places_held(scope.ledger):
            self.known.hold(held.area, held.name, [{"category": held.category, "name_en": held.name_en}])

    def form(self, row: int, values: Values) -> PlaceForm | None:
        """Return the place."""
        category, area, name, name_en = (
            self.word("category", values["category"]),
            self.area(values),
            values["name"],
            values["name_en"],
        )
        if not area:
            raise RefusedError(say("没有写在哪个乡镇、哪个村；在表里补上"))
        nth = self.known.nth(row, area, name, {"category": category, "name_en": name_en})
        return None if nth is None else PlaceForm(self.id(area, name, nth), name, name_en, category, area)

    def meaning(self, form: PlaceForm) -> str:
        """Return where it lies, and its category."""
        return f"{self.areas.names([form.area])}・{spoken(self.kind, 'category', form.category)}"

    def write(self, forms: Sequence[PlaceForm]) -> int:
        """Add places."""
        return add_places(self.scope, forms)["created"]

    def held(self) -> int:
        """Count places."""
        return count_places(self.scope.ledger)


class Organisations(Judge):
    """An organisation is its name in the county. Its parent is held already or stands above it in the file."""

    kind = "organisations"

    def __init__(self, scope: Scope, plan: Plan, answered: Collection[int]) -> None:
        super().__init__(scope, plan, answered)
        self._roll = Roll(scope.ledger, self.title)
        for row in self._roll.rows.values():
            facts = {
                "kind": row.kind,
                "parent": self._roll.name(row.parent_id),
                "area": " ".join(row.areas),
                "name_en": row.name_en,
            }
            self.known.hold("", row.name, [facts])

    def form(self, row: int, values: Values) -> OrganisationForm | None:
        """Return the organisation."""
        kind, area, name, name_en = self.word("kind", values["kind"]), self.area(values), values["name"], values["name_en"]
        parent = self._roll.find(values["parent"], "parent") if values["parent"] else None
        facts = {"kind": kind, "parent": self._roll.name(parent), "area": area, "name_en": name_en}
        nth = self.known.nth(row, "", name, facts)
        if nth is None:
            return None
        form = OrganisationForm(self.id("", name, nth), name, name_en, kind, parent, [area] if area else [])
        self._roll.add(form.id, name)
        return form

    def meaning(self, form: OrganisationForm) -> str:
        """Return where it works, its kind, and what it belongs to."""
        parts = (self.areas.names(form.areas), spoken(self.kind, "kind", form.kind), self._roll.name(form.parent))
        return "・".join(filter(None, parts))

    def write(self, forms: Sequence[OrganisationForm]) -> int:
        """Add organisations."""
        return add_organisations(self.scope, forms)["created"]

    def held(self) -> int:
        """Count organisations."""
        return count_organisations(self.scope.ledger)


class Roster(Judge):
    """A member is a name in an organisation; what only sounds alike is asked. Without a role it is the least, an inspector's."""

    kind = "roster"
    LEAST = "inspector"

    def __init__(self, scope: Scope, plan: Plan, answered: Collection[int]) -> None:
        super().__init__(scope, plan, answered)
        self._roll, self._since = Roll(scope.ledger, self.title), clock.now()
        for (_, name, organisation), roles in groupby(roles_held(scope.ledger), lambda role: role[:3]):
            open_ = [{"role": role.kind, "area": " ".join(role.areas)} for role in roles if not role.ended]
            self.known.hold(str(organisation), name, open_)

    def form(self, row: int, values: Values) -> MemberForm | None:
        """Return the member with one role; its areas are those that the row names, else those of the organisation."""
        organisation = self._roll.find(values["organisation"], "organisation")
        role, area, name = self.word("role", values["role"]) if values["role"] else "", self.area(values), values["name"]
        areas = [area] if area else self._roll.areas(organisation)
        if not areas:
            raise RefusedError(say("没有写在哪里，单位也没有登记区域；写上乡镇或村"))
        for code in areas:
            self.require_covered(code)
        nth = self.known.nth(row, str(organisation), name, {"role": role, "area": area})
        if nth is None:
            return None
        given = RoleForm(role or self.LEAST, organisation, areas, self._since)
        return MemberForm(self.id(str(organisation), name, nth), name, values["name_en"], [given])

    def likeness(self, name: str) -> str:
        """People whose names are read alike may be one."""
        return sound(name)

    def meaning(self, form: MemberForm) -> str:
        """Return for whom somebody serves, as what, and where."""
        (role,) = form.roles
        return f"{self._roll.name(role.organisation)}・{spoken(self.kind, 'role', role.kind)}・{self.areas.names(role.areas)}"

    def write(self, forms: Sequence[MemberForm]) -> int:
        """Add members."""
        return add_members(self.scope, forms)["created"]

    def held(self) -> int:
        """Count members."""
        return count_members(self.scope.ledger)


class Roll:
    """The organisations of a county by name."""

    def __init__(self, ledger: str, title: Callable[[str], str]) -> None:
        self._title = title
        self.rows = {row.id: row for row in organisations_held(ledger)}
        self._names: dict[UUID, str] = {}
        self._named: dict[str, list[UUID]] = {}
        self._hints: dict[tuple[str, str], str] = {}
        for row in self.rows.values():
            self.add(row.id, row.name)

    def add(self, id_: UUID, name: str) -> None:
        """Remember one that is or will be held."""
        self._names[id_] = name
        self._named.setdefault(fold(name), []).append(id_)
        self._hints.clear()

    def find(self, name: str, field: str) -> UUID:
        """Return the one of that name, which stands in a field; raise RefusedError or AskedError."""
        found = self._named.get(fold(name), [])
        if not found:
            key = (field, fold(name))
            hint = self._hints.get(key) or self._hints.setdefault(key, self._hint(*key))
            raise RefusedError(say("{field}“{name}”没有登记{hint}", field=self._title(field), name=name, hint=hint))
        if len(found) > 1:
            raise AskedError(say("{field}“{name}”不止一个", field=self._title(field), name=name))
        return found[0]

    def _hint(self, field: str, key: str) -> str:
        """Return what to do about a name that nobody has; another is proposed only if this may be it mistyped."""
        near = [self._names[ids[0]] for known, ids in self._named.items() if mistyped(key, known)]
        if near:
            return say("；是不是“{word}”？不是，就先导入单位", word=say("、").join(near))
        if field == "parent":
            return say("；把它写在上面的一行，或者先导入它")
        return say("；先导入单位，再导入名册；名称要和登记的一样")

    def name(self, id_: UUID | None) -> str:
        """Return the name of one; "" for none."""
        return self._names[id_] if id_ else ""

    def areas(self, id_: UUID) -> list[str]:
        """Return where one works."""
        return list(self.rows[id_].areas)


JUDGES: dict[str, type[Judge]] = {judge.kind: judge for judge in (Roster, Premises, Organisations)}
