"""Which door an address leads to."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.i18n import set_language

from tongxin.orders.queries import stored_clock

handler404 = "tongxin.host.middleware.not_found"


def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
    """Say that this process runs and reaches its database."""
    stored_clock()
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("health", health),
    path("language", set_language, name="language"),
    path("field/", include("tongxin.field.urls")),
    path("api/", include("tongxin.desk.api_urls")),
    path("", include("tongxin.desk.urls")),
]
