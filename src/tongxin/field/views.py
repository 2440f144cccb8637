"""What a phone asks besides handing in records (see ``intake``). Each view finds its device, acts and answers."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tongxin.base import clock as clocks
from tongxin.base import crypto, door
from tongxin.base.problems import BadRequest
from tongxin.base.words import pick, say
from tongxin.field.signed import phone_of, require_signed
from tongxin.ledger import definitions
from tongxin.orders.queries import drill_clock, duties_of
from tongxin.people import actions as people
from tongxin.people.queries import UnknownDevice
from tongxin.people.queries import device as device_with
from tongxin.playbook.registry import activities
from tongxin.playbook.schema import Activity

if TYPE_CHECKING:
    from tongxin.orders.models import Duty
    from tongxin.people.models import Device


class EnrolForm(msgspec.Struct, forbid_unknown_fields=True):
    """A sign-in code, the id that the phone made for itself, and its public key (base64url)."""

    code: str
    device: UUID
    key: str


def _json(answer: object, status: int = 200) -> HttpResponse:
    return HttpResponse(door.write(answer), content_type="application/json", status=status)


def _phone(view: Callable[[HttpRequest, "Device"], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Find the phone by its signature; it has no cookie, so no other site can speak for it."""

    @csrf_exempt
    @wraps(view)
    def found(request: HttpRequest) -> HttpResponse:
        phone = device_with(phone_of(request.headers))
        query = request.META.get("QUERY_STRING", "")
        require_signed(bytes(phone.key), request.headers, request.method or "", request.path, query, request.body)
        if phone.revoked_at is not None:
            raise UnknownDevice(say("这部手机的登记已撤销"))
        return view(request, phone)

    return found


@csrf_exempt
@require_POST
def enrol(request: HttpRequest) -> HttpResponse:
    """Tie a phone to a member."""
    form = door.read(request.body, EnrolForm)
    try:
        key = crypto.from_text(form.key)
        crypto.require_public(key)
    except ValueError as error:
        raise BadRequest(say("key：要一把 P-256 公钥（65 字节，base64url）：{reason}", reason=error)) from None
    device = people.enrol(form.code, form.device, key)
    member = {"id": device.member_id, "name": pick(device.member.name, device.member.name_en)}
    return _json({"device": device.id, "ledger": device.ledger, "member": member, **_server(request)}, 201)


def _server(request: HttpRequest) -> dict[str, str]:
    """Return where records go, and the public key of their receipts."""
    receipts = crypto.public(crypto.key_of(settings.TONGXIN_RECEIPT_SECRET))
    intake = settings.TONGXIN_INTAKE_URL or request.build_absolute_uri("/field/")
    return {"intake_url": intake, "receipt_key": crypto.to_text(receipts)}


@require_GET
def clock(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - anyone may ask what time it is
    """Tell the time that counts, and the drill clock that it comes from."""
    return _json({"now": clocks.now(), "drill": drill_clock()})


@require_GET
@_phone
def duties(request: HttpRequest, device: "Device") -> HttpResponse:
    """List what the phone's member is to do, with the forms it needs and where its records go."""
    rows = list(duties_of(device.member_id))
    known = activities()
    named = {known[name].hash: known[name] for name in {row.activity for row in rows} if name in known}
    definitions.keep(device.ledger, named.values())
    forms = {hash_: _form(found) for hash_, found in named.items()}
    listed = [_duty(row) for row in rows if row.activity in known]
    return _json({"duties": listed, "activities": forms, **_server(request)})


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
        "incident": {"id": row.order.incident_id, "drill": row.order.incident.drill},
        "activity": {"id": row.activity, "hash": activities()[row.activity].hash},
        "kind": row.kind,
        "place": {"id": row.place_id, "name": pick(row.place.name, row.place.name_en), "area": row.area_id},
        "starts_at": row.starts_at,
        "due_at": row.due_at,
    }
