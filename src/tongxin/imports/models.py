"""Files on their way in."""

from django.db import models


class Upload(models.Model):
    """A file between its upload and its import, and then its report; forgotten after a day (real time), the audit line stays.

    ``content`` is emptied once it is imported; ``outcome`` and ``report`` are there from then on.
    """

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    member = models.UUIDField()
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField()
    outcome = models.JSONField(null=True)
    report = models.BinaryField(null=True)
