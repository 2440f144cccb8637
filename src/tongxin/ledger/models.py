"""Counters, heads, definitions, records and what they come to. The ledger is the 6-digit county."""

from functools import cached_property
from typing import Any

from django.db import models

from tongxin.ledger.fields import DigestField, PackedField
from tongxin.protocol.record import answers


class Counter(models.Model):
    """The last position given out, and the number of the dictionary by which records are packed from now on, if there is one.

    Its row lock makes writing transactions take turns, so positions are gapless in commit order.
    """

    ledger = models.CharField(max_length=6, primary_key=True)
    position = models.BigIntegerField(default=0)
    dictionary = models.BigIntegerField(null=True)


class Dictionary(models.Model):
    """What records are packed by, trained when the ledger had come to ``position``. None is ever removed."""

    pk = models.CompositePrimaryKey("ledger", "number")
    ledger = models.CharField(max_length=6)
    number = models.BigIntegerField()
    bytes = models.BinaryField()
    position = models.BigIntegerField()
    at = models.DateTimeField()


class Head(models.Model):
    """The end of one phone's chain."""

    pk = models.CompositePrimaryKey("ledger", "device", "chain")
    ledger = models.CharField(max_length=6)
    device = models.UUIDField()
    chain = models.UUIDField()
    last_seq = models.BigIntegerField()
    last_hash = DigestField()
    last_occurred_at = models.DateTimeField()
    last_earliest_at = models.DateTimeField(null=True)
    last_latest_at = models.DateTimeField()


class Heartbeat(models.Model):
    """What a phone last said that it still holds: records without a receipt, and when the oldest of them was made."""

    pk = models.CompositePrimaryKey("ledger", "device")
    ledger = models.CharField(max_length=6)
    device = models.UUIDField()
    at = models.DateTimeField()
    holds = models.PositiveIntegerField()
    oldest_at = models.DateTimeField(null=True)


class Definition(models.Model):
    """One version of an activity, as its file's text, by the hash that records name. None is ever removed."""

    pk = models.CompositePrimaryKey("ledger", "hash")
    ledger = models.CharField(max_length=6)
    hash = models.CharField(max_length=64)
    activity = models.CharField(max_length=60)
    text = models.BinaryField()
    at = models.DateTimeField()


class Record(models.Model):
    """One append-only fact: its exact bytes, and beside them what was read from them and from the tables at that moment.

    ``quarantine`` is empty, or the problem code for which the record is kept but counts nowhere; what could not be read is
    null or empty. ``subject`` is what its activity's matters are about: a place, a member, a record or a code. ``member`` is who
    it speaks of, ``typist`` whose device made it, ``role`` the highest role that the typist held there and then. ``linked``
    records touch others: by a target, or because their id was held already. ``uncertainty`` (ms) is how far off
    ``occurred_at`` can be, null if nothing bounds it; ``feeds`` which of its activity's figures its answers feed, a bit each
    (playbook/condition.py); ``sent_mono`` what the phone's monotonic clock showed as it was sent, if
    that was in the same boot session: the evidence for its time that is not in its bytes.
    """

    pk = models.CompositePrimaryKey("ledger", "position")
    ledger = models.CharField(max_length=6)
    position = models.BigIntegerField()
    id = models.UUIDField(null=True)
    act = models.CharField(max_length=10, default="")
    target = models.UUIDField(null=True)
    linked = models.BooleanField(default=False)
    device = models.UUIDField()
    chain = models.UUIDField()
    seq = models.BigIntegerField()
    hash = DigestField()
    bytes = PackedField()
    quarantine = models.CharField(max_length=40, default="")
    activity = models.CharField(max_length=60, default="")
    activity_hash = DigestField(default="")
    subject = models.CharField(max_length=80, default="")
    member = models.UUIDField()
    typist = models.UUIDField()
    role = models.CharField(max_length=20, default="")
    channel = models.CharField(max_length=8, default="")
    incident = models.UUIDField(null=True)
    order = models.UUIDField(null=True)
    duty = models.UUIDField(null=True)
    place = models.UUIDField(null=True)
    organisation = models.UUIDField(null=True)
    area = models.CharField(max_length=12, default="")
    category = models.CharField(max_length=30, default="")
    duty_due_at = models.DateTimeField(null=True)
    feeds = models.BigIntegerField(default=0)
    occurred_at = models.DateTimeField()
    uncertainty = models.BigIntegerField(null=True)
    sent_mono = models.BigIntegerField(null=True)
    stated = models.BooleanField(default=False)
    received_at = models.DateTimeField()
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ledger", "device", "chain", "seq"], name="record_once_in_chain"),
        ]
        indexes = [
            models.Index(fields=["ledger", "id"], name="record_by_id"),  # copies, and opening one
            models.Index(fields=["ledger", "activity", "subject", "occurred_at"], name="record_of_subject"),  # the fold
            models.Index(fields=["ledger", "incident", "activity", "position"], name="record_trace"),  # a figure's records
            models.Index(fields=["ledger", "id"], name="record_linked", condition=models.Q(linked=True)),  # the fold
            models.Index(fields=["ledger", "target"], name="record_linked_to", condition=models.Q(linked=True)),  # the fold
            models.Index(fields=["ledger", "position"], name="record_marked", condition=~models.Q(quarantine="")),
        ]

    @cached_property
    def body(self) -> dict[str, Any] | None:
        """What was answered, read from the bytes; None if they cannot be read."""
        return answers(self.bytes)


class Effect(models.Model):
    """What a record comes to where that is not simply itself, from position ``since`` until ``until`` (null: still).

    The record at ``by`` stands in its place, at its time, about ``activity`` and ``subject``; null: nothing does, it was
    withdrawn or is a copy.
    """

    pk = models.CompositePrimaryKey("ledger", "position", "since")
    ledger = models.CharField(max_length=6)
    position = models.BigIntegerField()
    since = models.BigIntegerField()
    until = models.BigIntegerField(null=True)
    by = models.BigIntegerField(null=True)
    occurred_at = models.DateTimeField()
    day = models.DateField()
    activity = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)

    class Meta:
        indexes = [
            models.Index(
                fields=["ledger", "activity", "subject", "occurred_at"],
                name="effect_of_subject",
                condition=models.Q(until__isnull=True, by__isnull=False),
            ),  # the fold
        ]


class Matter(models.Model):
    """One version of a matter: true from position ``since`` until ``until`` (null: still).

    ``opened``, ``waiting`` (for approval), ``closed`` and ``last`` are positions of records; a matter is open while ``closed`` is
    null. ``organisation`` is the one answerable now; figures count where the matter was opened, and a ``merged`` one, which
    lives on in another, nowhere. ``again`` says whether, of its subject, somebody reported after it was closed.
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
    waiting = models.BigIntegerField(null=True)
    closed = models.BigIntegerField(null=True)
    closed_at = models.DateTimeField(null=True)
    merged = models.BooleanField(default=False)
    again = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["ledger", "incident", "due_at"],
                name="matter_tonight",
                condition=models.Q(until__isnull=True, merged=False),
            ),  # the desk's lists
            models.Index(
                fields=["ledger", "incident", "due_at"],
                name="matter_open",
                condition=models.Q(until__isnull=True, merged=False, closed__isnull=True),
            ),  # what is open: a few hundred among tens of thousands
            models.Index(
                fields=["ledger", "incident", "closed_at"],
                name="matter_closed",
                condition=models.Q(until__isnull=True, merged=False, closed__isnull=False),
            ),  # what was closed today
            models.Index(
                fields=["ledger", "activity", "subject", "closed_at"],
                name="matter_of_subject",
                condition=models.Q(until__isnull=True),
            ),  # the fold
        ]


class Chase(models.Model):
    """Somebody at the desk urged whoever is answerable for an open matter: ``by`` whom, ``at`` what time, which ``organisation``.

    It is no record and changes nothing of the matter. Of a row only ``undone_at`` is ever written later; none is removed.
    """

    pk = models.CompositePrimaryKey("ledger", "id")
    ledger = models.CharField(max_length=6)
    id = models.UUIDField()
    matter = models.UUIDField()
    at = models.DateTimeField()
    by = models.UUIDField()
    organisation = models.UUIDField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["ledger", "matter", "at"], name="chase_of_matter", condition=models.Q(undone_at__isnull=True)
            ),  # the desk's lists
        ]
