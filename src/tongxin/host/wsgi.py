"""What granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tongxin.host.settings")
application = get_wsgi_application()
_ = get_resolver().url_patterns  # every page's code is there before the first one is asked for
gc.freeze()  # to look through all of it again and again took half of a page's time, now and then
