"""The contract of the doors for programs in OpenAPI 3.1, made of a table of calls (``api_urls``) and the types that they name."""

import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from django.http import HttpRequest

from tongxin.base import door
from tongxin.desk.api_answers import Refusal

ANYONE: frozenset[str] = frozenset()
"""A call that asks nobody to sign in."""
VERSION = "1"
"""Of the contract: a change that a caller would have to follow raises it."""
REFUSALS = {
    400: "the request cannot be read; the problem names the place",
    401: "nobody is signed in",
    403: "the roles held now do not allow it, or not in this area; or the CSRF token is missing",
    404: "what is named does not exist, or lies outside the own areas",
    409: "it does not fit what is held",
}
Schema: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """A body of many rows: ``{name: [row, …]}``."""

    name: str
    row: type


@dataclass(frozen=True)
class Call:
    """A call of a door: its address, who may, what comes in, what is answered. The view's docstring says what it does."""

    method: Literal["GET", "POST"]
    path: str
    view: Callable[..., object]
    who: frozenset[str]
    answer: Any
    takes: type | Rows | None = None
    asks: type[msgspec.Struct] | None = None

    def read(self, request: HttpRequest) -> list[object]:
        """Return what the view gets of a request's body: the form or the rows, or nothing; raise BadRequest."""
        if isinstance(self.takes, Rows):
            return [door.read_rows(request.body, self.takes.name, self.takes.row)]
        return [] if self.takes is None else [door.read(request.body, self.takes)]

    @property
    def types(self) -> Iterator[Any]:
        """What it speaks of."""
        yield self.answer
        if self.takes is not None:
            yield self.takes.row if isinstance(self.takes, Rows) else self.takes
        if self.asks is not None:
            yield self.asks


def document(doors: Mapping[str, Iterable[Call]]) -> Schema:
    """Return the contract of doors by their addresses."""
    calls = [(before, call) for before, held in doors.items() for call in held]
    wanted = list(dict.fromkeys([Refusal, *(kind for _, call in calls for kind in call.types)]))
    made, components = msgspec.json.schema_components(wanted, ref_template="#/components/schemas/{name}")
    schemas = dict(zip(wanted, made, strict=True))
    asked = {call.asks.__name__: components.pop(call.asks.__name__) for _, call in calls if call.asks}
    paths: dict[str, Schema] = {}
    for before, call in calls:
        paths.setdefault(before + address(call.path), {})[call.method.lower()] = _operation(call, schemas, asked)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tongxin 同心",
            "version": VERSION,
            "description": "docs/doors.md says the same in words. An answer may get more fields; none goes away.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.items())),
            "responses": {"Refusal": {"description": "a refusal"} | _json(schemas[Refusal])},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            },
        },
    }


def address(path: str) -> str:
    """Return an address as OpenAPI writes it: ``orders/{id}/visits``."""
    return re.sub(r"<uuid:(\w+?)_?>", r"{\1}", path)


def _operation(call: Call, schemas: Mapping[Any, Schema], asked: Mapping[str, Schema]) -> Schema:
    summary, _, more = inspect.cleandoc(call.view.__doc__ or "").partition("\n\n")
    found: Schema = {"operationId": call.view.__name__, "summary": summary.removesuffix(".")}
    who = sorted(call.who)
    found["description"] = "\n\n".join(filter(None, [more, f"Who may: {', '.join(who) or 'anyone'}."]))
    if who:
        found["x-roles"] = who
    parameters = [*_named(call), *_query(asked[call.asks.__name__] if call.asks else {})]
    if parameters:
        found["parameters"] = parameters
    if call.takes is not None:
        found["requestBody"] = {"required": True} | _json(_body(call.takes, schemas))
    found["responses"] = {"200": {"description": "done"} | _json(schemas[call.answer])} | _refusals(call)
    found["security"] = _security(call)
    return found


def _json(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _named(call: Call) -> list[Schema]:
    names = re.findall(r"\{(\w+)\}", address(call.path))
    return [{"name": name, "in": "path", "required": True, "schema": msgspec.json.schema(UUID)} for name in names]


def _query(asked: Schema) -> Iterator[Schema]:
    for name, schema in asked.get("properties", {}).items():
        words = {"description": schema["description"]} if "description" in schema else {}
        yield {"name": name, "in": "query"} | words | {"schema": {k: v for k, v in schema.items() if k != "description"}}


def _body(takes: type | Rows, schemas: Mapping[Any, Schema]) -> Schema:
    if not isinstance(takes, Rows):
        return schemas[takes]
    rows = {"type": "array", "items": schemas[takes.row], "maxItems": door.MOST_ROWS}
    return {"type": "object", "properties": {takes.name: rows}, "required": [takes.name], "additionalProperties": False}


def _refusals(call: Call) -> Schema:
    """Return what may be refused; whatever else goes wrong (413, 500, 503) has the same shape."""
    if call.who == ANYONE and call.takes is None:
        return {"404": {"description": "it is not there"}} if "<" in call.path else {}
    never = {403, 404, 409} if call.who == ANYONE else set()
    if call.method == "GET":
        never = {409} | (set() if call.asks else {400}) | (set() if "<" in call.path else {404})
    refusal = {"$ref": "#/components/responses/Refusal"}
    return {str(status): refusal | {"description": words} for status, words in REFUSALS.items() if status not in never} | {
        "default": refusal
    }


def _security(call: Call) -> list[dict[str, list[str]]]:
    needed = [] if call.who == ANYONE else ["session"] if call.method == "GET" else ["session", "csrf"]
    return [{name: [] for name in needed}] if needed else []
