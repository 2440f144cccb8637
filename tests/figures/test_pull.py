"""In whatever slices a ledger is pulled, it comes to what it comes to at once, and what was frozen on the way stays as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import msgspec
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cast import COUNTY, Cast, id_of, post_form

from tongxin.base.clock import to_ms
from tongxin.figures import actions
from tongxin.figures.actions import catch_up, pull
from tongxin.figures.models import Cell, Day
from tongxin.figures.queries import cursor
from tongxin.figures.verify import verify
from tongxin.ledger.actions import Sending, append_all
from tongxin.ledger.fold import matter_id
from tongxin.ledger.models import Effect, Matter
from tongxin.ledger.resolving import Fact
from tongxin.ledger.storing import Version
from tongxin.orders import actions as orders
from tongxin.orders.models import Order
from tongxin.playbook.registry import activity
from tongxin.protocol.messages import Batch
from tongxin.protocol.record import ACTS_ON_RECORDS

LEDGER = COUNTY[:6]
MATTERS = {
    "venue_closure": ["venue_open", "gathering", "conflict_copies", "conflict_corrections"],
    "attendance": ["on_duty", "conflict_posts"],
    "warehouse_release": ["held", "positive"],
    "expert_advice": ["advice", "action"],
    "isolation_round": ["fever", "meals"],
    "sortie": ["out", "tired"],
}
ACTS = ["correct", "correct", "withdraw", "release", "copy", "settle", "approve", "merge", "reassign", "reassign"]


class Step(msgspec.Struct, frozen=True):
    """What somebody says, ``minutes`` ago: a report, or an act on the ``which``-th record before, or on a matter it opened."""

    what: str
    who: str
    minutes: int
    first: bool
    second: bool
    here: bool
    which: int
    stated: int | None
    pulled: bool


@st.composite
def stories(draw: st.DrawFn) -> list[Step]:
    """Draw what is said under one or two activities about two places, lots, posts: so that much of it is about the same."""
    reports = st.sampled_from(draw(st.lists(st.sampled_from(list(MATTERS)), min_size=1, max_size=2)))
    minutes = st.integers(0, 60)
    step = st.builds(
        Step,
        what=reports | reports | st.sampled_from(ACTS),
        who=st.sampled_from(["inspector", "inspector", "commander", "duty_officer"]),
        minutes=minutes | minutes | st.just(240),  # before there was an order
        first=st.booleans(),
        second=st.booleans(),
        here=st.booleans(),
        which=st.integers(0, 13),
        stated=st.none() | minutes,
        pulled=st.booleans(),
    )
    return draw(st.lists(step, min_size=1, max_size=14))


def report(name: str, step: Step) -> dict[str, Any]:
    """Return the answers to an activity's questions, and what else a record of it says."""
    place = {"place": str(id_of("temple" if step.here else "cinema"))}
    post = {"duty": str(id_of("post" if step.here else "other post")), "place": None}
    match name:
        case "attendance" | "sortie":
            return {"body": {"act": "in" if step.first else "out"}, **post}
        case "warehouse_release":
            lot = 'a,"\\' if step.here else "{b}"
            stages = {
                (True, True): "received",
                (True, False): "positive",
                (False, True): "disinfected",
                (False, False): "negative",
            }
            body = {"lot": lot, "step": stages[step.first, step.second]}
            return {"body": body | ({"weight": 1} if body["step"] == "received" else {}), **place}
        case "expert_advice":
            return {"body": {"stage": "asked" if step.first else "advised" if step.second else "done", "text": "?"}, **place}
        case "isolation_round":
            round_: dict[str, Any] = {
                "persons": step.which,
                "measured": 1,
                "fever": "waiting" if step.first else "none",
                "meals": step.second,
            }
            return {"body": round_, **place}
        case _:
            return {"body": {"open": step.first, "gathering": step.second}, **place}


def subject(name: str, step: Step, target: UUID) -> str:
    """Return what an act is about."""
    here = report(name, step)
    kind = activity(name).subject.split(" ")[0]
    return str({"place": here["place"], "member": id_of("inspector"), "record": target}.get(kind, here["body"].get("lot")))


def said(step: Step, id_: UUID, story: list[tuple[Step, UUID]]) -> dict[str, Any]:
    """Return what a record says. It may be about another that comes only later."""
    if step.what in MATTERS:
        asked = [other for one, other in story if one.what == step.what == "expert_advice" and one.first]
        about = {"subject": str(asked[step.which % len(asked)])} if asked and not step.first else {}
        return {"activity": step.what, "id": str(id_), **report(step.what, step), **about}
    on, target = story[step.which % len(story)]
    name = on.what if on.what in MATTERS else "venue_closure"
    out = {"activity": name, "id": str(id_), **report(name, step)}
    if step.what == "copy":
        return out | {"id": str(target)}
    if step.what in ACTS_ON_RECORDS:
        out |= {"act": step.what, "target": str(target)}
        return out | ({"at": step.stated} if step.what == "correct" and step.stated is not None else {})
    opened = matter_id(cast("Fact", SimpleNamespace(id=target)), MATTERS[name][step.which % len(MATTERS[name])])
    to = {"organisation": str(id_of("west" if step.here else "command")), "reason": "?"}
    body = {"merge": {"into": str(UUID(int=0))}, "reassign": to}.get(step.what, {})
    whose = subject(name, on if step.second else step, target)
    return out | {"act": step.what, "target": str(opened), "body": body, "subject": whose}


def sent(cast_: Cast, story: list[Step]) -> Iterator[Sending]:
    """Yield a story's records, each in a chain of its own, so that any may have happened before any other."""
    phones = {step.who: cast_.phone(step.who) for step in story}
    told = [(step, uuid4()) for step in story]
    for step, id_ in told:
        phone = phones[step.who]
        phone.chain, phone.seq, phone.prev = uuid4(), 0, ""
        content = said(step, id_, told)
        if "at" in content:
            content["at"] = to_ms(cast_.night - timedelta(minutes=content["at"]))
        body, hash_ = content.pop("body"), activity(content["activity"]).hash
        text = phone.record(cast_.night - timedelta(minutes=step.minutes), body, activity_hash=hash_, **content)
        yield Sending(str(phone.device), msgspec.json.decode(phone.batch(1, text), type=Batch))


Rows = set[tuple[Any, ...]]


def matters(upto: int) -> Rows:
    """Return the matters as they stood, each once."""
    found = list(Matter.objects.filter(since__lte=upto).exclude(until__lte=upto).values_list(*Version._fields))
    assert len({row[0] for row in found}) == len(found)
    return set(found)


def effects(upto: int) -> Rows:
    """Return the effects as they stood, each once."""
    fields = ("position", "by", "occurred_at", "day", "activity", "subject")
    found = list(Effect.objects.filter(since__lte=upto).exclude(until__lte=upto).values_list(*fields))
    assert len({row[0] for row in found}) == len(found)
    return set(found)


def cells() -> Rows:
    """Return the cells."""
    fields = ("incident", "figure", "day", "area", "organisation", "category", "key", "records", "amount")
    return set(Cell.objects.values_list(*fields))


@contextmanager
def undone() -> Iterator[None]:
    """Undo what is done within."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def in_slices(story: list[tuple[Sending, bool]], size: int) -> list[Rows]:
    """Return what a story comes to if it is pulled now and then, at most some records at once; what is frozen must stay."""
    frozen: dict[int, list[Rows]] = {}
    with undone(), pytest.MonkeyPatch().context() as patch:
        patch.setattr(actions, "SLICE", size)
        for sending, pulled in [*story, (None, True)]:
            if sending is not None:
                append_all(LEDGER, [sending])
            while pulled and pull(LEDGER):
                at = cursor(LEDGER)
                frozen[at] = [matters(at), effects(at)]
        assert frozen == {at: [matters(at), effects(at)] for at in frozen}
        assert verify(LEDGER)[2] == []
        return [matters(len(story)), effects(len(story)), cells()]


def at_once(story: list[tuple[Sending, bool]]) -> list[Rows]:
    """Return what a story comes to if all of it is there before anything is pulled: then every subject is read as a whole."""
    with undone():
        for sending, _ in story:
            append_all(LEDGER, [sending])
        catch_up(LEDGER)
        return [matters(len(story)), effects(len(story)), cells()]


@pytest.fixture
def ready(cast: Cast) -> Cast:
    """The cast, under an order that names every activity told of here, with a second post."""
    Order.objects.update(activities=list(MATTERS))
    orders.add_duties(cast.scope("commander"), [post_form(cast.night, id=id_of("other post"), starts_at=cast.night)])
    return cast


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(stories(), st.integers(1, 5))
def test_any_slices_come_to_what_all_comes_to_at_once(ready: Cast, story: list[Step], size: int) -> None:
    with undone():
        told = list(zip(sent(ready, story), (step.pulled for step in story), strict=True))
        assert in_slices(told, size) == at_once(told)


def visit(what: str = "venue_closure", minutes: int = 0, **changes: Any) -> Step:
    """Return a visit to a place that is open, or an act on one."""
    plain = Step(what, "commander", minutes, first=True, second=False, here=True, which=0, stated=None, pulled=True)
    return msgspec.structs.replace(plain, **changes)


KNOTS = {
    "a correction from before what it corrects, about another place": [
        visit(minutes=20), visit("correct", 40, here=False), visit(minutes=30, here=False, first=False),
    ],
    "a decision from before its matter opened": [visit("settle", 40, which=1), visit(minutes=30)],
    "a decision whose matter opened in another record's place": [
        visit(minutes=20), visit("settle", 40), visit(minutes=30), visit(minutes=10, first=False),
    ],
    "a conflict settled before it was there": [
        visit(minutes=20), visit("settle", 40, which=0, second=True), visit("copy", 25, first=False), visit(minutes=22),
    ],
    "an arrival at a second post while a shift goes on, twice late": [
        visit("attendance", 30, who="inspector"), visit("attendance", 20, who="inspector", here=False),
        visit("attendance", 10, who="inspector"), visit("attendance", 5, who="inspector", first=False),
        visit("attendance", 7, who="inspector", here=False, first=False), visit("attendance", 25, who="inspector", here=False),
    ],
    "a number in another one's place": [visit("isolation_round", 20, which=5), visit("isolation_round", 10, which=3)],
    "a short rest": [visit("sortie", 20, first=False), visit("sortie", 10)],
    "a decision about nothing, corrected before it was made to be about another place": [
        visit("settle", 10, which=2, here=False), visit("correct", 40), visit(minutes=20, first=False),
    ],
    "a matter that a correction opened closes": [
        visit(minutes=40, first=False), visit("correct", 30), visit(minutes=20, first=False),
    ],
    "a matter that a correction opened goes on": [
        visit("attendance", 40, first=False), visit("correct", 30), visit("attendance", 20, here=False),
    ],
    "a reassignment from before its matter opened, and a late one that it then finds": [
        visit("reassign", 40, which=1), visit(minutes=30), visit(minutes=50),
    ],
    "a reassigned matter goes on, and closes in a later slice": [
        visit(minutes=40), visit("reassign", 30), visit(minutes=20), visit(minutes=10, first=False),
    ],
    "a late closing between two reassignments": [
        visit(minutes=50), visit("reassign", 40), visit("reassign", 20, here=False, second=True), visit(minutes=30, first=False),
    ],
    "a reassignment that is withdrawn": [visit(minutes=40), visit("reassign", 30), visit("withdraw", 20, which=1)],
    "a conflict reassigned before it was there": [
        visit(minutes=20), visit("reassign", 40, which=10), visit("copy", 25, first=False), visit(minutes=22),
        visit(minutes=5, first=False),
    ],
    "a visit before one that closed the matter": [
        visit(minutes=40), visit(minutes=10, first=False), visit(minutes=20), visit(minutes=30, first=False), visit(minutes=50),
    ],
}  # fmt: skip


@pytest.mark.parametrize("story", KNOTS.values(), ids=KNOTS.keys())
def test_knots(ready: Cast, story: list[Step]) -> None:
    told = list(zip(sent(ready, story), (step.pulled for step in story), strict=True))
    assert in_slices(told, 1) == at_once(told)


@pytest.mark.parametrize("story", KNOTS.values(), ids=KNOTS.keys())
def test_what_a_migration_fills_in_is_what_the_puller_keeps(ready: Cast, story: list[Step]) -> None:
    for sending in sent(ready, [*story, visit(minutes=5, here=False), visit(minutes=4, here=False)]):
        append_all(LEDGER, [sending])
    catch_up(LEDGER)
    held = Matter.objects.filter(again=True).count(), Day.objects.count()
    Day.objects.all().delete()
    Matter.objects.update(again=False)
    assert verify(LEDGER)[2] != []
    with connection.cursor() as database:
        for name in ("figures.migrations.0003_days", "ledger.migrations.0006_looked_at_again"):
            database.execute(import_module(f"tongxin.{name}")._FILL)
    assert (verify(LEDGER)[2], Matter.objects.filter(again=True).count(), Day.objects.count()) == ([], *held)
