"""Dictionaries by which records are packed."""

from django.db import migrations, models

from tongxin.ledger.fields import PackedField


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0002_reading"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dictionary",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey("ledger", "number", blank=True, editable=False, primary_key=True, serialize=False),
                ),
                ("ledger", models.CharField(max_length=6)),
                ("number", models.BigIntegerField()),
                ("bytes", models.BinaryField()),
                ("position", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(model_name="counter", name="dictionary", field=models.BigIntegerField(null=True)),
        migrations.AlterField(model_name="record", name="bytes", field=PackedField()),
    ]
