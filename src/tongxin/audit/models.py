"""The audit trail."""

from django.db import models


class Entry(models.Model):
    """One act at the desk. Never changed or removed: the application role may only insert and read."""

    at = models.DateTimeField()
    member = models.UUIDField(null=True)
    act = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["subject", "at"], name="entry_history")]  # what happened to one thing
