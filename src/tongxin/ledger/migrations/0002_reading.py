"""Effects say what they count about; indexes for a puller that reads no more than what can change."""

from django.db import migrations, models

_FILL = """
UPDATE ledger_effect AS e SET activity = r.activity, subject = r.subject
FROM ledger_record AS r WHERE r.ledger = e.ledger AND r.position = coalesce(e.by, e.position)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0001_intake"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="matter",
            name="matter_tonight",
        ),
        migrations.RemoveIndex(
            model_name="matter",
            name="matter_of_subject",
        ),
        migrations.RemoveIndex(
            model_name="record",
            name="record_of_subject",
        ),
        migrations.RemoveIndex(
            model_name="record",
            name="record_trace",
        ),
        migrations.RemoveIndex(
            model_name="record",
            name="record_linked",
        ),
        migrations.AddField(
            model_name="effect",
            name="activity",
            field=models.CharField(default="", max_length=60),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="effect",
            name="subject",
            field=models.CharField(default="", max_length=80),
            preserve_default=False,
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="effect",
            index=models.Index(
                condition=models.Q(("by__isnull", False), ("until__isnull", True)),
                fields=["ledger", "activity", "subject", "occurred_at"],
                name="effect_of_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                condition=models.Q(("merged", False), ("until__isnull", True)),
                fields=["ledger", "incident", "due_at"],
                name="matter_tonight",
            ),
        ),
        migrations.AddIndex(
            model_name="matter",
            index=models.Index(
                condition=models.Q(("until__isnull", True)),
                fields=["ledger", "activity", "subject", "closed_at"],
                name="matter_of_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["ledger", "activity", "subject", "occurred_at"], name="record_of_subject"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(fields=["ledger", "incident", "activity", "position"], name="record_trace"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(condition=models.Q(("linked", True)), fields=["ledger", "id"], name="record_linked"),
        ),
        migrations.AddIndex(
            model_name="record",
            index=models.Index(condition=models.Q(("linked", True)), fields=["ledger", "target"], name="record_linked_to"),
        ),
    ]
