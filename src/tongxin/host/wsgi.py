"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from tongxin.host.processes import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
application = get_wsgi_application()
_ = get_resolver().url_patterns  # every page's code is there before the first one is asked for
collect_seldom()  # to look through all of it again took half of a page's time, now and then
