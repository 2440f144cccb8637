"""Phones sign with a key of their own instead of showing a token; those that had a token must enrol anew."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0001_first_night")]

    operations = [
        migrations.RemoveField("device", "token_digest"),
        migrations.AddField("device", "key", models.BinaryField(default=b"", max_length=65), preserve_default=False),
    ]
