"""Beside the cells of each day, what they come to in the whole county."""

from django.db import migrations, models

_FILL = """
INSERT INTO figures_day (ledger, incident, figure, day, cells, amount)
SELECT ledger, incident, figure, day, count(*), sum(amount) FROM figures_cell GROUP BY ledger, incident, figure, day
"""


class Migration(migrations.Migration):
    dependencies = [
        ("figures", "0002_totals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Day",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "ledger",
                        "incident",
                        "figure",
                        "day",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("ledger", models.CharField(max_length=6)),
                ("incident", models.UUIDField()),
                ("figure", models.CharField(max_length=121)),
                ("day", models.DateField()),
                ("cells", models.BigIntegerField()),
                ("amount", models.BigIntegerField()),
            ],
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
