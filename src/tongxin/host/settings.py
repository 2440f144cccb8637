"""Django's settings. Everything that differs between installations comes from the environment; docs/settings.md lists it."""

import os
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from tongxin.host import phone

ROOT = Path(__file__).resolve().parent.parent


def database(url: str) -> dict[str, Any]:
    """Return Django's description of a database address ``postgresql://user:password@host:port/name?options``."""
    parts: dict[str, Any] = conninfo_to_dict(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    known = {name: str(parts.pop(part, "")) for name, part in names.items()}
    return {"ENGINE": "tongxin.host.engine", "OPTIONS": parts, **known}


DATABASES = {"default": database(os.environ.get("TONGXIN_DATABASE", "postgresql://tongxin_app@127.0.0.1:5432/tongxin"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = os.environ.get("TONGXIN_SECRET", "only for checks and tests; the supervisor makes a real one")
TONGXIN_RECEIPT_SECRET = os.environ.get("TONGXIN_RECEIPT_SECRET", SECRET_KEY)
TONGXIN_INTAKE_URL = os.environ.get("TONGXIN_INTAKE_URL", "")
TONGXIN_INTAKE_RATE = float(os.environ.get("TONGXIN_INTAKE_RATE") or 20_000)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *os.environ.get("TONGXIN_HOSTS", "").split()]

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "tongxin.audit",
    "tongxin.places",
    "tongxin.people",
    "tongxin.imports",
    "tongxin.orders",
    "tongxin.ledger",
    "tongxin.figures",
    "tongxin.bulletin",
    "tongxin.desk",
    "tongxin.field",
    "tongxin.residents",
    "tongxin.host",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tongxin.host.middleware.Pack",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tongxin.host.middleware.AnswerProblems",
]
ROOT_URLCONF = "tongxin.host.urls"
WSGI_APPLICATION = "tongxin.host.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", "tongxin.desk.context.desk"],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "tongxin.desk.templatetags.desk",
            ],
        },
    }
]

SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 24 * 3600
CSRF_FAILURE_VIEW = "tongxin.host.middleware.csrf_failure"
X_FRAME_OPTIONS = "DENY"

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 3600
WHITENOISE_ROOT = phone.FILES if phone.FILES.is_dir() else None
WHITENOISE_INDEX_FILE = True
WHITENOISE_IMMUTABLE_FILE_TEST = phone.FOREVER
WHITENOISE_ADD_HEADERS_FUNCTION = phone.add_headers

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"
DATA_UPLOAD_MAX_MEMORY_SIZE = 8_000_000

TONGXIN_DEVELOPMENT = bool(os.environ.get("TONGXIN_DEVELOPMENT"))
TONGXIN_PACKS = [Path(path) for path in os.environ.get("TONGXIN_PACKS", "").split(os.pathsep) if path]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
