"""The fixed cast, and the first act that every room test begins with."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import httpx
import msgspec
from django.test import Client

from tongxin.base import clock, crypto
from tongxin.base.scope import Scope
from tongxin.field.intake import Intake, make_app
from tongxin.figures.queries import cells, figures_of, values
from tongxin.orders import actions as orders
from tongxin.orders.forms import AssignmentForm, DutyForm, IncidentForm, OrderForm, ScopeForm
from tongxin.people import actions as people
from tongxin.people.forms import MemberForm, OrganisationForm, RoleForm
from tongxin.people.queries import scope_of
from tongxin.places.actions import PlaceForm, add_places
from tongxin.playbook.registry import activity
from tongxin.protocol.record import GENESIS, PLAIN, VERSION, chain_hash
from tongxin.protocol.signature import sign_request

T = TypeVar("T")
COUNTY, ZHANGFANG, HUAICHUAN = "430181000000", "430181105000", "430181001000"
TEMPLE_VILLAGE, CINEMA_VILLAGE = "430181105201", "430181001010"
ROLES = {
    "commander": ("command", COUNTY),
    "duty_officer": ("command", COUNTY),
    "secretary": ("command", COUNTY),
    "leader": ("east", ZHANGFANG),
    "inspector": ("east", ZHANGFANG),
    "outsider": ("west", HUAICHUAN),
}
"""Who is who: organisation and area. The outsider inspects in another district."""


def id_of(name: str) -> UUID:
    """Return the same id for the same name, always."""
    return uuid5(NAMESPACE_URL, f"tests:{name}")


class Here(Executor):
    """Runs what an event loop in another thread submits in the calling thread, whose transaction a test will roll back."""

    def __init__(self) -> None:
        self._work: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self._work.put((future, partial(fn, *args, **kwargs)))
        return future

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Return what a coroutine returns, run in a thread of its own, while this one does what it submits."""
        with ThreadPoolExecutor(1) as loop:
            done = loop.submit(asyncio.run, coroutine)
            done.add_done_callback(lambda _: self._work.put(None))
            while (work := self._work.get()) is not None:
                future, call = work
                try:
                    future.set_result(call())
                except Exception as error:  # noqa: BLE001 - handed on
                    future.set_exception(error)
            return done.result()


def intake_here() -> tuple[Intake, Here]:
    """Return an intake that works in the calling thread's transaction, and what runs its calls."""
    here = Here()
    return Intake(writes=here, reads=here), here


async def call(
    intake: Intake, method: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
) -> httpx.Response:
    """Ask an intake over HTTP, without a network."""
    transport = httpx.ASGITransport(make_app(intake))
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        return await client.request(method, path, content=content, headers=headers)


@dataclass
class Phone:
    """A phone at the field door, keeping its chain by hand."""

    key: crypto.PrivateKey
    device: UUID
    at: tuple[Intake, Here] = field(default_factory=intake_here)
    chain: UUID = field(default_factory=uuid4)
    seq: int = 0
    prev: str = GENESIS

    def record(self, at: datetime, body: dict[str, Any], /, **changes: Any) -> str:
        """Return the text of the next record and move the chain on; the visit to the temple unless changed."""
        self.seq += 1
        content = {
            **PLAIN, "v": VERSION, "follows": None, "seen": None, "id": str(uuid4()), "device": str(self.device),
            "chain": str(self.chain), "seq": self.seq, "prev": self.prev, "activity": "venue_closure",
            "activity_hash": activity("venue_closure").hash, "order": str(id_of("order")), "place": str(id_of("temple")),
            "wall": clock.to_ms(at), "boot": str(id_of("boot")), "mono": self.seq * 1000, "body": body,
        } | changes  # fmt: skip
        data = msgspec.json.encode(content, order="sorted")  # a poisoned phone may say anything
        self.prev = chain_hash(self.prev, data)
        return data.decode()

    def batch(self, first_seq: int, *records: str) -> bytes:
        """Return a batch."""
        sent = {"wall": 0, "boot": str(id_of("boot now")), "mono": 0}
        said = {"v": VERSION, "chain": str(self.chain), "first_seq": first_seq, "sent": sent, "records": records}
        return json.dumps(said).encode()

    def post(self, first_seq: int, *records: str, **headers: str) -> httpx.Response:
        """Send a batch; return the response."""
        return self.send("records", self.batch(first_seq, *records), **headers)

    def send(self, path: str, content: bytes | str | dict[str, Any], **headers: str) -> httpx.Response:
        """Post to the intake."""
        text = json.dumps(content) if isinstance(content, dict) else content
        return self.ask("POST", path, text.encode() if isinstance(text, str) else text, **headers)

    def get(self, path: str) -> httpx.Response:
        """Ask the intake."""
        return self.ask("GET", path, b"")

    def ask(self, method: str, path: str, content: bytes, **headers: str) -> httpx.Response:
        """Ask the intake, with a signature unless the headers bring another."""
        at = f"/field/{path}"
        intake, here = self.at
        return here.run(call(intake, method, at, content, self.signature(method, at, content) | headers))

    def signature(self, method: str, path: str, content: bytes = b"") -> dict[str, str]:
        """Sign a request."""
        at, _, query = path.partition("?")
        return sign_request(self.key, str(self.device), method, at, query, content)

    def at_web(self, path: str) -> Any:
        """Ask the web server's half of the field door."""
        return Client().get(f"/field/{path}", headers=self.signature("GET", f"/field/{path}"))

    def says(self, at: datetime, body: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
        """Make the next record and send it; return its receipt."""
        text = self.record(at, body, **changes)
        response = self.post(self.seq, text)
        assert response.status_code == 200, response.content
        receipt: dict[str, Any] = response.json()["receipts"][0]
        return receipt


@dataclass
class Cast:
    """Everyone, by role."""

    night: datetime

    def scope(self, role: str) -> Scope:
        """Return what someone may do now."""
        return scope_of(id_of(role))

    def code(self, role: str) -> str:
        """Return a fresh sign-in code."""
        return people.make_codes([id_of(role)])[0][1]

    def at_desk(self, role: str, language: str = "zh-hans") -> Client:
        """Sign someone in at the desk."""
        client = Client(headers={"Accept-Language": language})
        answer = client.post("/api/sign-in", json.dumps({"code": self.code(role)}), "application/json")
        assert answer.status_code == 200, answer.content
        return client

    def phone(self, role: str = "inspector") -> Phone:
        """Enrol a phone."""
        key = crypto.new_key()
        return Phone(key, people.enrol(self.code(role), uuid4(), crypto.public(key)).id)


def act_one(founder: Scope, night: datetime) -> Cast:
    """Enter three organisations, two venues, everyone; open the incident, issue the order, plan visits, post and assign."""
    people.add_organisations(founder, _organisations())
    add_places(founder, _places())
    people.add_members(founder, _members(night - timedelta(days=1)))
    commander = scope_of(id_of("commander"))
    orders.open_incident(commander, IncidentForm(id_of("incident"), "演练", "Drill", "epidemic", drill=True))
    orders.issue(commander, order_form(night))
    visits, _ = orders.plan_visits(commander, id_of("order"))
    orders.add_duties(commander, [post_form(night)])
    jobs = [(visit.id, "inspector" if visit.place_id == id_of("temple") else "outsider") for visit in visits]
    jobs.append((id_of("post"), "inspector"))
    orders.assign(commander, [AssignmentForm(id_of(f"job {duty}"), duty, id_of(who)) for duty, who in jobs])
    return Cast(night)


def _organisations() -> list[OrganisationForm]:
    return [
        OrganisationForm(id_of("command"), "市指挥部", "County command", "command", areas=[COUNTY]),
        OrganisationForm(id_of("east"), "东片组", "East team", "team", id_of("command"), [ZHANGFANG]),
        OrganisationForm(id_of("west"), "西片组", "West team", "team", id_of("command"), [HUAICHUAN]),
    ]


def _places() -> list[PlaceForm]:
    return [
        PlaceForm(id_of("temple"), "白云观音阁", "Baiyun Temple", "worship", TEMPLE_VILLAGE),
        PlaceForm(id_of("cinema"), "城东影院", "East Cinema", "entertainment", CINEMA_VILLAGE),
        PlaceForm(id_of("muster"), "东片集结点", "East muster point", "muster", TEMPLE_VILLAGE),
    ]


def _members(since: datetime) -> list[MemberForm]:
    return [
        MemberForm(id_of(role), f"某{role}", f"Some {role}", [_role(role, team, area, since)])
        for role, (team, area) in ROLES.items()
    ]


def _role(role: str, team: str, area: str, since: datetime) -> RoleForm:
    return RoleForm("inspector" if role == "outsider" else role, id_of(team), [area], since)


def order_form(night: datetime, **changes: Any) -> OrderForm:
    """Return the closure order, from 18:00 of the night for thirty days."""
    content: dict[str, Any] = {
        "id": id_of("order"), "incident": id_of("incident"), "number": "演1号", "kind": "close", "title": "关停令",
        "title_en": "Closure order", "text": "暂停开放。", "text_en": "Closed to the public.", "basis": ["第四十二条"],
        "issuer": id_of("command"), "starts_at": night.replace(hour=18), "ends_at": night.replace(hour=18) + timedelta(days=30),
        "appeal": "综合组", "activities": ["venue_closure", "attendance"],
        "scope": ScopeForm([COUNTY], ["worship", "entertainment"], [id_of("east"), id_of("west")]),
    }  # fmt: skip
    return OrderForm(**(content | changes))


def post_form(night: datetime, **changes: Any) -> DutyForm:
    """Return the east team's post, from 18:00 to 23:00."""
    content: dict[str, Any] = {
        "id": id_of("post"), "order": id_of("order"), "activity": "attendance", "kind": "post", "place": id_of("muster"),
        "organisation": id_of("east"), "starts_at": night.replace(hour=18), "due_at": night.replace(hour=23), "headcount": 1,
    }  # fmt: skip
    return DutyForm(**(content | changes))


def figures_now(cast: Cast) -> dict[str, float]:
    """Return the figures of the incident's orders as the commander sees them."""
    scope = cast.scope("commander")
    return values(cells(scope, id_of("incident")), figures_of(scope, id_of("incident")))
