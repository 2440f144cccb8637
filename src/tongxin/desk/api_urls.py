"""Addresses of the desk's door for programs."""

from django.urls import path

from tongxin.desk import api

urlpatterns = [
    path("sign-in", api.sign_in),
    path("clock", api.set_clock),
    path("clock/begin", api.begin_clock),
    path("organisations", api.organisations),
    path("places", api.places),
    path("members", api.members),
    path("sign-in-codes", api.sign_in_codes),
    path("devices/<uuid:id_>/revoke", api.revoke_device),
    path("incidents", api.incidents),
    path("incidents/<uuid:id_>/figures", api.figures),
    path("incidents/<uuid:id_>/records", api.records),
    path("orders", api.orders),
    path("orders/<uuid:id_>/visits", api.visits),
    path("duties", api.duties),
    path("assignments", api.assignments),
    path("bulletins", api.bulletins),
    path("bulletins/<uuid:id_>/review", api.review),
    path("bulletins/<uuid:id_>/publish", api.publish),
]
