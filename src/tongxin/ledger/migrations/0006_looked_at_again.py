"""Which closed matters were looked at again."""

from django.db import migrations, models

_FILL = """
UPDATE ledger_matter matter SET again = true WHERE until IS NULL AND closed_at IS NOT NULL AND EXISTS (
    SELECT FROM ledger_record later
    LEFT JOIN ledger_effect own ON own.ledger = later.ledger AND own.position = later.position AND own.until IS NULL
    LEFT JOIN ledger_effect other ON other.ledger = later.ledger AND other.by = later.position AND other.until IS NULL
    WHERE later.ledger = matter.ledger AND later.activity = matter.activity AND later.subject = matter.subject
        AND later.incident = matter.incident AND coalesce(other.occurred_at, later.occurred_at) > matter.closed_at
        AND (later.act = 'report' AND later.quarantine = '' AND own.position IS NULL OR other.position IS NOT NULL)
)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0005_open_matters"),
    ]

    operations = [
        migrations.AddField(
            model_name="matter",
            name="again",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
    ]
