"""What granian serves as the intake."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
django.setup()

from django.conf import settings  # noqa: E402 - rooms can be imported only now

from tongxin.field.intake import Intake, make_app  # noqa: E402 - as above
from tongxin.host.processes import collect_seldom  # noqa: E402 - as above

# It looks everything up by key. Where a table was nearly empty when a query was planned, PostgreSQL would rather read all of it,
# and go on so while it fills.
options = settings.DATABASES["default"]["OPTIONS"]
options["prepare_threshold"] = 5  # times that a query is planned before its plan is kept; Django would never keep one
options["options"] = f"{options.get('options', '')} -c enable_seqscan=off".strip()
application = make_app(Intake())
collect_seldom()
