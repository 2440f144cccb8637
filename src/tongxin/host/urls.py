"""Which door an address leads to."""

from django.urls import include, path
from django.views.i18n import set_language

from tongxin.host.health import health, metrics
from tongxin.host.phone import not_built

handler404 = "tongxin.host.middleware.not_found"


urlpatterns = [
    path("health", health),
    path("metrics", metrics),
    path("language", set_language, name="language"),
    path("phone/", not_built),
    path("field/", include("tongxin.field.urls")),
    path("api/", include("tongxin.desk.api_urls")),
    path("public/", include("tongxin.residents.urls")),
    path("", include("tongxin.desk.urls")),
]
