"""What granian serves as the intake."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
django.setup()

from tongxin.field.intake import Intake, make_app  # noqa: E402 - rooms can be imported only now

application = make_app(Intake())
