"""Makes a database ready, as its owner: migrations, the application role's rights, a county. Safe to run again.

Run by the supervisor as ``python -m tongxin.host.prepare`` with TONGXIN_DATABASE set to the owner's address, and with
TONGXIN_COUNTY if a certain county must be there.
"""

import os
import sys

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tongxin.base.words import say

APPEND_ONLY = ("audit_entry", "ledger_record", "ledger_definition", "ledger_dictionary", "bulletin_picture", "bulletin_review")
"""Tables that the application may only insert into and read."""
UPDATABLE = {
    "bulletin_bulletin": ("published_at", "published_by"),
    "ledger_matter": ("until", "again"),
    "ledger_effect": ("until",),
    "ledger_chase": ("undone_at",),
}
"""Tables of which the application may change these columns alone, and remove nothing."""


def prepare() -> None:
    """Do all of it, in order."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
    django.setup()
    from tongxin.host.counties import FIRST, open_county  # noqa: PLC0415
    from tongxin.host.database import grant  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.places.queries import counties  # noqa: PLC0415
    from tongxin.places.table import find  # noqa: PLC0415

    refuse_unknown_migrations()
    call_command("migrate", verbosity=0, interactive=False)
    grant(os.environ["TONGXIN_DATABASE"], os.environ["TONGXIN_APP_ROLE"], APPEND_ONLY, UPDATABLE)
    wanted = os.environ.get("TONGXIN_COUNTY") or ("" if counties() else FIRST)
    if wanted:
        open_county(find(wanted))


def refuse_unknown_migrations() -> None:
    """End with a sentence if the database was made by a Tongxin whose tables this one cannot carry on."""
    loader = MigrationLoader(connection)
    unknown = sorted(set(loader.applied_migrations) - set(loader.disk_migrations))
    if unknown:
        names = ", ".join(f"{room}.{name}" for room, name in unknown)
        sentence = "这个数据库是另一个版本的同心建立的（{names}），不能沿用。演示数据不要了，就运行 make clean 再重来。"
        sys.exit(say(sentence, names=names))


if __name__ == "__main__":
    prepare()
