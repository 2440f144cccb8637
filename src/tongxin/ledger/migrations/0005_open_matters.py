"""Indexes for what is open, and for what was closed today."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0004_deciding"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                condition=models.Q(("closed__isnull", True), ("merged", False), ("until__isnull", True)),
                fields=["ledger", "incident", "due_at"],
                name="matter_open",
            ),
        ),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                condition=models.Q(("closed__isnull", False), ("merged", False), ("until__isnull", True)),
                fields=["ledger", "incident", "closed_at"],
                name="matter_closed",
            ),
        ),
    ]
