"""Drafts, pictures, bulletins and their reviews."""

from django.db import models

from tongxin.orders.models import Incident


class Draft(models.Model):
    """The next issue of an incident while it is being composed: a form as it was last saved."""

    incident = models.OneToOneField(Incident, models.PROTECT, primary_key=True)
    ledger = models.CharField(max_length=6)
    content = models.JSONField()
    saved_at = models.DateTimeField()
    saved_by = models.UUIDField()


class Picture(models.Model):
    """A picture as it is published: made smaller, without what the camera wrote into it (place, time, owner)."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    digest = models.CharField(max_length=64)
    bytes = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    uploaded_at = models.DateTimeField()
    uploaded_by = models.UUIDField()


class Bulletin(models.Model):
    """One issue. Everything but its publication is fixed when it is frozen.

    ``figures`` and ``today`` are values by key. ``sentences`` are what it says: ``{"title", "title_en", "zh", "en"}`` with
    figures in braces, and for an activity's own sentence its ``activity`` and the ``hash`` of the definition. ``details`` are the
    figures as readers see them: words, and values by day and by town. ``corrections`` tell of which figures of the issue before
    records were corrected since; ``pictures`` name each picture with its words and digest. ``definitions`` are the hashes of all
    versions under which the records behind the figures were made, by activity.
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
    details = models.JSONField(default=list)
    corrections = models.JSONField(default=list)
    pictures = models.JSONField(default=list)
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


class Review(models.Model):
    """What one reviewer said of an issue, once: that it may go out, or that it goes back, and why."""

    pk = models.CompositePrimaryKey("bulletin", "member")
    bulletin = models.ForeignKey(Bulletin, models.PROTECT, related_name="reviews")
    member = models.UUIDField()
    agrees = models.BooleanField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField()
