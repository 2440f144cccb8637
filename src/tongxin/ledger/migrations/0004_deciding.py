"""The list of records that wait for a decision."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0003_packing"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="record",
            index=models.Index(
                fields=["ledger", "position"], name="record_marked", condition=models.Q(("quarantine", ""), _negated=True)
            ),
        ),
    ]
