"""Addresses of the phones' door."""

from django.urls import path

from tongxin.field import views

urlpatterns = [
    path("enrol", views.enrol),
    path("clock", views.clock),
    path("duties", views.duties),
    path("head", views.head),
    path("heartbeat", views.heartbeat),
    path("records", views.records),
]
