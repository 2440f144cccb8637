"""Addresses of the phones' door; records go to the intake."""

from django.urls import path

from tongxin.field import views

urlpatterns = [
    path("enrol", views.enrol),
    path("clock", views.clock),
    path("duties", views.duties),
]
