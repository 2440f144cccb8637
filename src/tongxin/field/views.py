"""What a phone asks. Each view finds its device, acts and answers."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tongxin.base import clock as clocks
from tongxin.base import door
from tongxin.base.problems import BadRequest
from tongxin.base.words import pick, say
from tongxin.ledger import definitions
from tongxin.ledger.actions import append, hear
from tongxin.ledger.problems import BadBatch
from tongxin.ledger.queries import head as head_of
from tongxin.orders.queries import drill_clock, duties_of
from tongxin.people import actions as people
from tongxin.people.queries import UnknownDevice, device_of
from tongxin.playbook.registry import activities
from tongxin.playbook.schema import Activity
from tongxin.protocol.messages import Batch, Heartbeat

if TYPE_CHECKING:
    from tongxin.orders.models import Duty
    from tongxin.people.models import Device


class EnrolForm(msgspec.Struct, forbid_unknown_fields=True):
    """A sign-in code and the id that the phone made for itself."""

    code: str
    device: UUID


def _json(answer: object, status: int = 200) -> HttpResponse:
    return HttpResponse(door.write(answer), content_type="application/json", status=status)


def _phone(view: Callable[[HttpRequest, "Device"], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Find the phone by its token; it has no cookie, so no other site can speak for it."""

    @csrf_exempt
    @wraps(view)
    def found(request: HttpRequest) -> HttpResponse:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise UnknownDevice(say("请求没有带设备令牌"))
        return view(request, device_of(token))

    return found


@csrf_exempt
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Tie a phone to a member."""
    form = door.read(request.body, EnrolForm)
    device, token = people.enrol(form.code, form.device)
    member = {"id": device.member_id, "name": pick(device.member.name, device.member.name_en)}
    intake = request.build_absolute_uri("/field/")
    return _json(
        {
            "device": device.id,
            "token": token,
            "ledger": device.ledger,
            "member": member,
            "intake_url": intake,
        },
        201,
    )


@require_GET
def clock(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - anyone may ask what time it is
    """Tell the time that counts, and the drill clock that it comes from."""
    return _json({"now": clocks.now(), "drill": drill_clock()})


@require_GET
@_phone
def duties(request: HttpRequest, device: "Device") -> HttpResponse:  # noqa: ARG001 - the device says whose
    """List what the phone's member is to do, with the forms it needs."""
    rows = list(duties_of(device.member_id))
    known = activities()
    named = {known[name].hash: known[name] for name in {row.activity for row in rows} if name in known}
    definitions.keep(device.ledger, named.values())
    forms = {hash_: _form(found) for hash_, found in named.items()}
    return _json({"duties": [_duty(row) for row in rows if row.activity in known], "activities": forms})


def _form(found: Activity) -> dict[str, Any]:
    """Return what a phone needs of an activity: its questions, and the matters that answers open and close."""
    return {name: getattr(found, name) for name in ("id", "title", "kind", "subject", "cadence", "ask", "matter")}


def _duty(row: "Duty") -> dict[str, Any]:
    return {
        "id": row.id,
        "order": {
            "id": row.order_id,
            "number": row.order.number,
            "title": pick(row.order.title, row.order.title_en),
        },
        "activity": {"id": row.activity, "hash": activities()[row.activity].hash},
        "kind": row.kind,
        "place": {"id": row.place_id, "name": pick(row.place.name, row.place.name_en), "area": row.area_id},
        "starts_at": row.starts_at,
        "due_at": row.due_at,
    }


@require_GET
@_phone
def head(request: HttpRequest, device: "Device") -> HttpResponse:
    """Say where a chain stands."""
    try:
        chain = UUID(request.GET.get("chain", ""))
    except ValueError:
        raise BadRequest(say("chain：要一个 UUID")) from None
    return _json(head_of(device.ledger, device.id, chain))


@require_POST
@_phone
def heartbeat(request: HttpRequest, device: "Device") -> HttpResponse:
    """Hear what a phone still holds; tell it where its chains stand."""
    return _json(hear(device, door.read(request.body, Heartbeat)))


@require_POST
@_phone
def records(request: HttpRequest, device: "Device") -> HttpResponse:
    """Take a batch of records."""
    try:
        batch = door.read(request.body, Batch)
    except BadRequest as error:
        raise BadBatch(error.message) from None
    return _json(append(device, batch))
