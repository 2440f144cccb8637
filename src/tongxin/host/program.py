"""What commands need of the program itself: Django ready in this process, on a given database, in the reader's language."""

import os

import django
from django.conf import settings
from django.utils import translation

from tongxin.host.settings import database


def make_ready(database_url: str = "") -> None:
    """Set Django up, once; without a database address only what needs no database can be done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
    django.setup()
    if database_url:
        # A command knows its database only after it started one; no connection has been made until then.
        settings.DATABASES["default"].update(database(database_url))
    translation.activate(language())


def language() -> str:
    """Return what commands speak: TONGXIN_LANGUAGE, else Chinese where the system speaks Chinese, else English."""
    spoken = os.environ.get("TONGXIN_LANGUAGE") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return "zh-hans" if spoken.lower().startswith("zh") else "en"
