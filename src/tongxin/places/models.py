"""Areas and places."""

from django.db import models


class Area(models.Model):
    """A county, town or village. Codes are hierarchical: an area's digits begin the codes of all inside it."""

    code = models.CharField(max_length=12, primary_key=True)
    parent = models.ForeignKey("self", models.PROTECT, null=True, related_name="children")
    level = models.CharField(max_length=10)
    name = models.CharField(max_length=60)
    name_en = models.CharField(max_length=80)


class Place(models.Model):
    """Where a duty is done."""

    id = models.UUIDField(primary_key=True)
    ledger = models.CharField(max_length=6)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=160)
    category = models.CharField(max_length=30)
    area = models.ForeignKey(Area, models.PROTECT)

    class Meta:
        indexes = [models.Index(fields=["ledger", "category", "area"], name="place_in_scope")]  # an order's list of visits
