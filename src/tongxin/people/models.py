"""Organisations, members, roles, devices and sign-in codes."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Organisation(models.Model):
    """An office, team, company or charity; it may belong to another. ``areas`` say where it works."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    areas = ArrayField(models.CharField(max_length=12), default=list)


class Member(models.Model):
    """A person who serves."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    name = models.CharField(max_length=40)
    name_en = models.CharField(max_length=80)


class Role(models.Model):
    """What a member may do, for whom, where and from when till when. Ended by ``until``, never removed."""

    member = models.ForeignKey(Member, models.PROTECT, related_name="roles")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="roles")
    kind = models.CharField(max_length=20)
    areas = ArrayField(models.CharField(max_length=12))
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)


class Device(models.Model):
    """A phone that a member enrolled, and the public key with which it signs (base/crypto.py); one key for life."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    member = models.ForeignKey(Member, models.PROTECT, related_name="devices")
    key = models.BinaryField(max_length=65)
    enrolled_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)


class SignInCode(models.Model):
    """A printed code. Only its digest is kept; ``expires_at`` is real time, whatever the drill clock says."""

    digest = models.CharField(max_length=64, primary_key=True)
    member = models.ForeignKey(Member, models.CASCADE, related_name="codes")
    expires_at = models.DateTimeField()
