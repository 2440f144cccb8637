"""Files wait in the database between upload and import, so that whichever process answers next has them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Upload",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("ledger", models.CharField(max_length=6)),
                ("member", models.UUIDField()),
                ("name", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("content", models.BinaryField()),
                ("uploaded_at", models.DateTimeField()),
                ("outcome", models.JSONField(null=True)),
                ("report", models.BinaryField(null=True)),
            ],
        ),
    ]
