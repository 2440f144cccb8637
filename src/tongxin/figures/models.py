"""The cursor, the cells, their totals and their days."""

from django.db import models


class Cursor(models.Model):
    """How far the figures of a ledger have come. Its row lock makes pullers take turns."""

    ledger = models.CharField(max_length=6, primary_key=True)
    position = models.BigIntegerField(default=0)


class Summed(models.Model):
    """What one figure counts in an area, organisation and category.

    ``records`` is how many contributions stand behind it, ``amount`` what they add up to (a count, or milliseconds). ``key``
    is empty, or the thing that a distinct count counts once.
    """

    ledger = models.CharField(max_length=6)
    incident = models.UUIDField()
    figure = models.CharField(max_length=121)
    area = models.CharField(max_length=12)
    organisation = models.UUIDField()
    category = models.CharField(max_length=30)
    key = models.CharField(max_length=160)
    records = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        abstract = True


class Cell(Summed):
    """What one figure counts in one day."""

    pk = models.CompositePrimaryKey("ledger", "incident", "figure", "day", "area", "organisation", "category", "key")
    day = models.DateField()

    class Meta:
        indexes = [
            models.Index(fields=["ledger", "incident", "day"], name="cell_of_day"),
        ]  # every figure of a day


class Total(Summed):
    """What the cells of all days come to together, so that the whole is read without reading every day."""

    pk = models.CompositePrimaryKey("ledger", "incident", "figure", "area", "organisation", "category", "key")


class Day(models.Model):
    """What the cells of one day come to in the whole county, so that a line of days is drawn without reading every cell.

    ``cells`` is how many of them there are: of a distinct count that many, less what lies in more than one.
    """

    pk = models.CompositePrimaryKey("ledger", "incident", "figure", "day")
    ledger = models.CharField(max_length=6)
    incident = models.UUIDField()
    figure = models.CharField(max_length=121)
    day = models.DateField()
    cells = models.BigIntegerField()
    amount = models.BigIntegerField()
