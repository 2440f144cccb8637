"""Addresses of the public pages."""

from django.urls import path

from tongxin.residents import bulletins

urlpatterns = [
    path("bulletins", bulletins.issues, name="public_bulletins"),
    path("bulletins/<uuid:id_>", bulletins.issue, name="public_bulletin"),
    path("bulletins/<uuid:id_>.pdf", bulletins.pdf),
    path("bulletins/<uuid:id_>.json", bulletins.data),
    path("bulletins/<uuid:id_>.html", bulletins.copy),
    path("bulletins/<uuid:id_>/figures/<str:key>", bulletins.figure, name="public_figure"),
    path("pictures/<uuid:id_>", bulletins.picture, name="public_picture"),
]
