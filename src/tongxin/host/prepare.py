"""Makes a database ready, as its owner: migrations, the application role's rights, areas, the founder. Safe to run again.

Run by the supervisor as ``python -m tongxin.host.prepare`` with TONGXIN_DATABASE set to the owner's address.
"""

import os

import django
from django.core.management import call_command

APPEND_ONLY = ("audit_entry", "ledger_record")
"""Tables that the application may only insert into and read."""
UPDATABLE = {"bulletin_bulletin": ("published_at", "published_by"), "ledger_matter": ("until",)}
"""Tables of which the application may change these columns alone, and remove nothing."""


def prepare() -> None:
    """Do all of it, in order."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
    django.setup()
    from tongxin.host.database import grant  # noqa: PLC0415 - rooms can be imported only now
    from tongxin.people.actions import found  # noqa: PLC0415
    from tongxin.places.actions import load_areas  # noqa: PLC0415
    from tongxin.places.queries import counties  # noqa: PLC0415

    call_command("migrate", verbosity=0, interactive=False)
    grant(os.environ["TONGXIN_DATABASE"], os.environ["TONGXIN_APP_ROLE"], APPEND_ONLY, UPDATABLE)
    load_areas()
    for county in counties():
        found(county)


if __name__ == "__main__":
    prepare()
