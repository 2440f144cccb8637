"""The drill clock, incidents, orders, duties and assignments."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tongxin.people.models import Member, Organisation
from tongxin.places.models import Area, Place


class Clock(models.Model):
    """The one drill clock of a database that belongs to rehearsals; real databases have no row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    start = models.DateTimeField()
    began = models.DateTimeField(null=True)
    factor = models.FloatField()
    until = models.DateTimeField()


class Incident(models.Model):
    """One emergency, or a drill."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    drill = models.BooleanField()
    opened_at = models.DateTimeField()


class Order(models.Model):
    """Authority and purpose of every act: who says so, on what basis, for whom, until when."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="orders")
    number = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=160)
    text = models.TextField()
    text_en = models.TextField()
    basis = ArrayField(models.CharField(max_length=120))
    issuer = models.ForeignKey(Organisation, models.PROTECT, related_name="issued")
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    appeal = models.CharField(max_length=120)
    activities = ArrayField(models.CharField(max_length=60))
    areas = ArrayField(models.CharField(max_length=12))
    categories = ArrayField(models.CharField(max_length=30))
    organisations = ArrayField(models.UUIDField())
    issued_by = models.UUIDField()
    issued_at = models.DateTimeField()


class Duty(models.Model):
    """Work at a place: a visit before ``due_at``, or a post from ``starts_at`` to ``due_at``."""

    id = models.UUIDField(primary_key=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="duties")
    activity = models.CharField(max_length=60)
    kind = models.CharField(max_length=10)
    place = models.ForeignKey(Place, models.PROTECT)
    area = models.ForeignKey(Area, models.PROTECT)
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    starts_at = models.DateTimeField()
    due_at = models.DateTimeField()
    headcount = models.PositiveSmallIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["order", "activity", "organisation"], name="duty_coverage")]  # list → visited
        constraints = [
            models.UniqueConstraint(fields=["order", "activity", "place", "organisation", "starts_at"], name="duty_made_once")
        ]


class Assignment(models.Model):
    """A member on a duty. Offers and replacements come with the muster; now an assignment is accepted when made."""

    id = models.UUIDField(primary_key=True)
    duty = models.ForeignKey(Duty, models.PROTECT, related_name="assignments")
    member = models.ForeignKey(Member, models.PROTECT, related_name="assignments")
    state = models.CharField(max_length=10, default="accepted")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["duty", "member"], name="assignment_once")]
