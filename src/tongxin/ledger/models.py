"""Counters, heads, records and matters. The ledger is the 6-digit county."""

from django.db import models


class Counter(models.Model):
    """The last position given out.

    Its row lock makes writing transactions take turns, so positions are gapless in commit order.
    """

    ledger = models.CharField(max_length=6, primary_key=True)
    position = models.BigIntegerField(default=0)


class Head(models.Model):
    """The end of one phone's chain."""

    pk = models.CompositePrimaryKey("ledger", "device", "chain")
    ledger = models.CharField(max_length=6)
    device = models.UUIDField()
    chain = models.UUIDField()
    last_seq = models.BigIntegerField()
    last_hash = models.CharField(max_length=64)
    last_occurred_at = models.DateTimeField()


class Record(models.Model):
    """One append-only fact: its exact bytes, and beside them what was read from them and from the tables at that moment.

    ``quarantine`` is empty, or the problem code for which the record is kept but counts nowhere; what could not be read is
    null or empty. ``subject`` is what its activity's matters are about: a place, or a member on a duty.
    """

    pk = models.CompositePrimaryKey("ledger", "position")
    ledger = models.CharField(max_length=6)
    position = models.BigIntegerField()
    id = models.UUIDField(null=True)
    device = models.UUIDField()
    chain = models.UUIDField()
    seq = models.BigIntegerField()
    hash = models.CharField(max_length=64)
    bytes = models.BinaryField()
    quarantine = models.CharField(max_length=40, default="")
    activity = models.CharField(max_length=60, default="")
    activity_hash = models.CharField(max_length=64, default="")
    subject = models.CharField(max_length=80, default="")
    member = models.UUIDField()
    incident = models.UUIDField(null=True)
    order = models.UUIDField(null=True)
    duty = models.UUIDField(null=True)
    place = models.UUIDField(null=True)
    organisation = models.UUIDField(null=True)
    area = models.CharField(max_length=12, default="")
    category = models.CharField(max_length=30, default="")
    duty_due_at = models.DateTimeField(null=True)
    body = models.JSONField(null=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ledger", "device", "chain", "seq"], name="record_once_in_chain"),
        ]
        indexes = [
            models.Index(fields=["ledger", "id"], name="record_by_id"),  # copies, and opening one
            models.Index(fields=["ledger", "activity", "subject"], name="record_of_subject"),  # the fold
            models.Index(fields=["ledger", "activity", "incident", "position"], name="record_trace"),  # a figure's records
        ]


class Matter(models.Model):
    """One version of a matter: true from position ``since`` until ``until`` (null: still).

    ``opened``, ``closed`` and ``last`` are positions of records; a matter is open while ``closed`` is null.
    """

    pk = models.CompositePrimaryKey("ledger", "id", "since")
    ledger = models.CharField(max_length=6)
    id = models.UUIDField()
    since = models.BigIntegerField()
    until = models.BigIntegerField(null=True)
    activity = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    incident = models.UUIDField()
    order = models.UUIDField()
    duty = models.UUIDField(null=True)
    place = models.UUIDField(null=True)
    member = models.UUIDField()
    organisation = models.UUIDField(null=True)
    area = models.CharField(max_length=12)
    category = models.CharField(max_length=30)
    opened = models.BigIntegerField()
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    last = models.BigIntegerField()
    last_at = models.DateTimeField()
    closed = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["ledger", "incident", "due_at"],
                name="matter_tonight",
                condition=models.Q(until__isnull=True),
            ),  # the desk's lists
            models.Index(fields=["ledger", "activity", "subject"], name="matter_of_subject"),  # settling
        ]
