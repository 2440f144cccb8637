"""Bulletins."""

from django.db import models

from tongxin.orders.models import Incident


class Bulletin(models.Model):
    """One issue. Everything but its publication is fixed when it is frozen.

    ``figures`` and ``today`` are values by key, ``sentences`` the activities' templates with the hash of each, ``definitions``
    the hashes of all versions under which the records behind the figures were made, by activity.
    """

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="bulletins")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160)
    position = models.BigIntegerField()
    figures = models.JSONField()
    today = models.JSONField()
    sentences = models.JSONField()
    definitions = models.JSONField()
    text = models.TextField()
    text_en = models.TextField()
    fingerprint = models.CharField(max_length=64)
    frozen_at = models.DateTimeField()
    frozen_by = models.UUIDField()
    published_at = models.DateTimeField(null=True)
    published_by = models.UUIDField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ledger", "incident", "number"], name="bulletin_number")]
