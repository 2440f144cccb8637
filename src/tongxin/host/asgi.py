"""What granian serves as the intake."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
django.setup()

from tongxin.field.intake import Intake, make_app  # noqa: E402 - rooms can be imported only now
from tongxin.host.processes import collect_seldom  # noqa: E402 - as above

application = make_app(Intake())
collect_seldom()
