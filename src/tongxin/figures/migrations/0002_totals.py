"""Beside the cells of each day, what all days come to."""

from django.db import migrations, models

_FILL = """
INSERT INTO figures_total (ledger, incident, figure, area, organisation, category, key, records, amount)
SELECT ledger, incident, figure, area, organisation, category, key, sum(records), sum(amount) FROM figures_cell
GROUP BY ledger, incident, figure, area, organisation, category, key HAVING sum(records) <> 0 OR sum(amount) <> 0
"""


class Migration(migrations.Migration):
    dependencies = [
        ("figures", "0001_first_night"),
    ]

    operations = [
        migrations.CreateModel(
            name="Total",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "ledger",
                        "incident",
                        "figure",
                        "area",
                        "organisation",
                        "category",
                        "key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("ledger", models.CharField(max_length=6)),
                ("incident", models.UUIDField()),
                ("figure", models.CharField(max_length=121)),
                ("area", models.CharField(max_length=12)),
                ("organisation", models.UUIDField()),
                ("category", models.CharField(max_length=30)),
                ("key", models.CharField(max_length=160)),
                ("records", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="cell", name="cell_plain"),
        migrations.AddIndex(model_name="cell", index=models.Index(fields=["ledger", "incident", "day"], name="cell_of_day")),
    ]
