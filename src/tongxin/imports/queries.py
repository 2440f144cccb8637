"""Reads of uploaded files."""

from uuid import UUID

import msgspec
from django.db.models import QuerySet

from tongxin.base.problems import NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.imports.access import MAY_IMPORT
from tongxin.imports.models import Upload
from tongxin.imports.outcome import Outcome


def uploads(scope: Scope) -> QuerySet[Upload]:
    """Return the member's own uploads: nobody else sees them."""
    scope.require(say("导入"), MAY_IMPORT)
    return Upload.objects.filter(ledger=scope.ledger, member=scope.member)


def listed(scope: Scope) -> QuerySet[Upload]:
    """Return the member's uploads without what is in them, the newest first."""
    return uploads(scope).defer("content", "report").order_by("-id")


def upload(scope: Scope, id_: UUID) -> Upload:
    """Return one; raise NotFound."""
    found = uploads(scope).filter(id=id_).first()
    if found is None:
        raise no_such_upload()
    return found


def no_such_upload() -> NotFound:
    """Return the problem of a file that is not there (any more)."""
    return NotFound(say("没有这个上传的文件，或者已过一天"), next=say("重新上传一次。"))


def outcome_of(found: Upload) -> Outcome:
    """Return what an imported file came to."""
    return msgspec.convert(found.outcome, Outcome, strict=False, str_keys=True)
