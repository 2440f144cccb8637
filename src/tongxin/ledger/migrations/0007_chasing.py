"""Who chased what is open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0006_looked_at_again"),
    ]

    operations = [
        migrations.CreateModel(
            name="Chase",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey("ledger", "id", blank=True, editable=False, primary_key=True, serialize=False),
                ),
                ("ledger", models.CharField(max_length=6)),
                ("id", models.UUIDField()),
                ("matter", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("by", models.UUIDField()),
                ("organisation", models.UUIDField(null=True)),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("undone_at__isnull", True)),
                        fields=["ledger", "matter", "at"],
                        name="chase_of_matter",
                    )
                ],
            },
        ),
    ]
