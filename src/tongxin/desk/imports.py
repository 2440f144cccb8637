"""Pages on which a file is uploaded, looked at and imported."""

from io import BytesIO
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tongxin.base.problems import BadRequest, NotFound
from tongxin.base.scope import Scope
from tongxin.base.words import say
from tongxin.desk import import_page
from tongxin.desk.session import signed_in
from tongxin.imports import actions, queries
from tongxin.imports.actions import File

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_http_methods(["GET", "POST"])
@signed_in
def upload(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Take a file."""
    if request.method == "GET":
        return render(request, "desk/import.html", {"waiting": queries.listed(scope), "most": actions.MOST_BYTES // 1_000_000})
    file = request.FILES.get("file")
    if file is None:
        raise BadRequest(say("没有选文件"), next=say("选一个文件再上传。"))
    return redirect("import_file", id_=actions.receive(scope, file.name or "", file.read).id)


@require_http_methods(["GET", "POST"])
@signed_in
def look(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:
    """Show what a file would come to (or hand that out as a report), import it as it was shown, or show what it came to."""
    found = queries.upload(scope, id_)
    if found.outcome is not None:
        outcome = queries.outcome_of(found)
        return render(request, "desk/import_done.html", {"id": found.id} | import_page.of_outcome(outcome))
    file, choice = File(found.name, bytes(found.content)), import_page.choice_of(request.POST)
    act = "look" if import_page.is_new(request.POST) else request.POST.get("act")
    if act == "report":
        out = BytesIO()
        actions.look(scope, file, choice, out)
        return _workbook(out.getvalue(), id_)
    if act == "import":
        outcome = actions.finish(scope, id_, choice)
        if outcome.is_clean or outcome.written:
            return redirect("import_file", id_=id_)
    return render(request, "desk/import_look.html", import_page.content(scope, file, choice, tried=act == "import"))


@require_GET
@signed_in
def report(request: HttpRequest, scope: Scope, id_: UUID) -> HttpResponse:  # noqa: ARG001 - no form
    """Hand out the row-by-row report of an import."""
    found = queries.upload(scope, id_)
    if found.report is None:
        raise NotFound(say("这个文件还没有导入"), next=say("先导入，再下载报告。"))
    return _workbook(bytes(found.report), id_)


def _workbook(content: bytes, id_: UUID) -> HttpResponse:
    response = HttpResponse(content, content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="import-{id_}.xlsx"'
    return response
