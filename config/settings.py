"""Settings, from the environment. Every variable is described in docs/reference/settings.md.

Two profiles: ``laptop`` (default: SQLite, one process, no service needed) and ``city``
(PostgreSQL, HTTPS, every production check on). ``manage.py check --deploy`` is clean in ``city``.
"""

import contextlib
import os
import secrets
from pathlib import Path

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from maps.basemaps import image_sources

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

PROFILE = env.str("LINLI_PROFILE", "laptop")
if PROFILE not in {"laptop", "city"}:
    raise ImproperlyConfigured(f"LINLI_PROFILE is {PROFILE!r}; use 'laptop' or 'city'.")
CITY = PROFILE == "city"

DATA_DIR = Path(env.str("LINLI_DATA_DIR", str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)


def laptop_secret_key() -> str:
    """A key of this installation's own, made at the first start and kept beside the database."""
    file = DATA_DIR / "secret-key"
    if not file.exists():
        # Written whole under a name of its own first: of two processes that start at once, one key stays.
        draft = DATA_DIR / f"secret-key.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):
            os.link(draft, file)
        draft.unlink()
    return file.read_text()


DEBUG = env.bool("LINLI_DEBUG", False)
SECRET_KEY = env.str("LINLI_SECRET_KEY") if CITY else env.str("LINLI_SECRET_KEY", "") or laptop_secret_key()
ALLOWED_HOSTS = (
    env.list("LINLI_ALLOWED_HOSTS")
    if CITY
    else env.list("LINLI_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
)
CSRF_TRUSTED_ORIGINS = env.list("LINLI_CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "csp",
    "django_htmx",
    "treebeard",
    # Before viewflow, which brings error pages of its own.
    "ui",
    "viewflow",
    "viewflow.workflow",
    "realtime",
    "grid",
    "workflows",
    "maps",
    "maps.indicators",
    "demo",
    # After our own apps, whose account pages and translations take precedence.
    "allauth",
    "allauth.account",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "ui.preferences.context",
                "grid.context.rights",
            ],
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "ui.templatetags.ui"],
        },
    }
]

# --- Database ----------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'linli.sqlite3'}")}
# Under ASGI every request runs in a thread of its own; a connection kept by its thread is never used again:
# PostgreSQL's are kept in a pool instead, one per process. Above 0 is for long commands without a pool.
LINLI_DB_POOL = env.int("LINLI_DB_POOL", 16 if CITY else 0)
# PostgreSQL keeps a statement of :mod:`realtime.prepared` after so many times; 0 is never.
LINLI_DB_PREPARE = env.int("LINLI_DB_PREPARE", 5)
DATABASES["default"]["CONN_MAX_AGE"] = env.int("LINLI_CONN_MAX_AGE", 0)
if DATABASES["default"]["ENGINE"].endswith("postgresql"):
    options = DATABASES["default"].setdefault("OPTIONS", {})
    options["prepare_threshold"] = LINLI_DB_PREPARE or None
    if LINLI_DB_POOL:
        DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
        options["pool"] = {"min_size": 0, "max_size": LINLI_DB_POOL, "timeout": 15}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue at BEGIN instead of failing at their first write.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;",
    }
# Counts sign-in attempts, among others; several processes should share one (``CACHE_URL=rediscache://...``).
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
# The stream through which processes tell each other what happened; empty: each follows the database.
LINLI_REDIS_URL = env.str("LINLI_REDIS_URL", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- People ------------------------------------------------------------------------------------
AUTH_USER_MODEL = "grid.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "grid.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email", "phone"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "phone", "email", "password1*"]
ACCOUNT_FORMS = {"login": "grid.forms.LoginForm", "signup": "grid.forms.SignupForm"}
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Whether a phone number counts only after a code sent to it was typed in: needs text messages that arrive.
ACCOUNT_PHONE_VERIFICATION_ENABLED = env.bool("LINLI_VERIFY_PHONE", CITY)
ACCOUNT_PHONE_VERIFICATION_SUPPORTS_RESEND = True
# A code by text or mail instead of the password: the way in for whoever forgot it.
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGOUT_ON_GET = False
# Proxies in front whose X-Forwarded-For is believed; sign-in attempts are limited by address.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("LINLI_TRUSTED_PROXIES", 0)
LINLI_SMS_BACKEND = env.str("LINLI_SMS_BACKEND", "grid.sms.ConsoleBackend")
LINLI_DEFAULT_PHONE_REGION = env.str("LINLI_DEFAULT_PHONE_REGION", "CN")

# --- Language and time -------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
TIME_ZONE = env.str("LINLI_TIME_ZONE", "Asia/Shanghai")
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["config.formats"]

# --- Files -------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_FINDERS = ["config.staticfiles.OwnAppsFinder"]
SERVESTATIC_USE_FINDERS = not CITY
SERVESTATIC_USE_MANIFEST = CITY
MEDIA_ROOT = DATA_DIR / "media"
# Uploads of areas and how far the work on them is: shared by all processes, web and worker.
LINLI_IMPORTS_DIR = DATA_DIR / "imports"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "servestatic.storage.CompressedManifestStaticFilesStorage"
        if CITY
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# A phone's photo is 3–12 MB; a request carries at most six.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
LINLI_PHOTO_MAX_BYTES = env.int("LINLI_PHOTO_MAX_BYTES", 20 * 1024 * 1024)
LINLI_PHOTO_MAX_PIXELS = env.int("LINLI_PHOTO_MAX_PIXELS", 60_000_000)
LINLI_PHOTOS_PER_REQUEST = env.int("LINLI_PHOTOS_PER_REQUEST", 6)

# --- Mail --------------------------------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
# Seconds after which a mail server that does not answer is given up.
EMAIL_TIMEOUT = env.int("LINLI_MAIL_TIMEOUT", 15)
DEFAULT_FROM_EMAIL = env.str("LINLI_MAIL_FROM", "linli@localhost")

# --- Product -----------------------------------------------------------------------------------
LINLI_SITE_URL = env.str("LINLI_SITE_URL", "http://127.0.0.1:8000")
# The address that printed QR codes lead to; empty: the one at which the sheet was opened.
LINLI_PUBLIC_URL = env.str("LINLI_PUBLIC_URL", "")
LINLI_CASE_NUMBER = env.str("LINLI_CASE_NUMBER", "{area6}{yyyymmdd}{seq:04}")
LINLI_SNAP_METRES = env.float("LINLI_SNAP_METRES", 50.0)
# How old a process's picture of areas and duties may be when another process changed them.
LINLI_STAMP_SECONDS = env.float("LINLI_STAMP_SECONDS", 1.0)
# Working hours, and days that differ from the official calendar (2027-02-08): see workflows/calendar.py.
LINLI_WORK_HOURS = env.str("LINLI_WORK_HOURS", "08:00-12:00,14:00-18:00")
LINLI_HOLIDAYS = env.list("LINLI_HOLIDAYS", default=[])
LINLI_MAKE_UP_DAYS = env.list("LINLI_MAKE_UP_DAYS", default=[])
LINLI_REOPEN_DAYS = env.int("LINLI_REOPEN_DAYS", 15)
# Hours after which the same side may urge a case again.
LINLI_URGE_HOURS = env.int("LINLI_URGE_HOURS", 24)
# Roles that decide about what is asked for, level by level.
LINLI_APPROVERS = {
    "extension": env.list("LINLI_EXTENSION_APPROVERS", default=["grid_leader", "shift_leader"]),
    "suspension": env.list("LINLI_SUSPENSION_APPROVERS", default=["shift_leader"]),
    "appeal": env.list("LINLI_APPEAL_APPROVERS", default=["supervisor"]),
}
# Within which a request is to be registered: "8 work_hours", a number and one of the four clocks.
LINLI_REGISTER_WITHIN = env.str("LINLI_REGISTER_WITHIN", "8 work_hours")
# Weights of the composite mark, and points of members: docs/reference/indicators.md.
LINLI_COMPOSITE_WEIGHTS = env.json(
    "LINLI_COMPOSITE_WEIGHTS",
    default={"handled": 30, "handled_in_time": 20, "reworked": 20, "overdue": 20, "extended": 10},
)
LINLI_POINTS = env.json("LINLI_POINTS", default={"confirmed": 2, "satisfied": 1, "responded": 1})
# Days for which exported figures and reports are kept.
LINLI_FIGURES_KEEP_DAYS = env.int("LINLI_FIGURES_KEEP_DAYS", 30)
# Cases per second that the demo's traffic files by itself; 0 is off.
LINLI_SIMULATE_RATE = env.float("LINLI_SIMULATE_RATE", 0.0)
# Seconds between two sweeps of timers, deadlines and mail in the web process; 0: left to `manage.py worker`.
LINLI_SWEEP_SECONDS = env.float("LINLI_SWEEP_SECONDS", 0.0 if CITY else 5.0)
# Whether background work finds out once a day what stands out and what to expect.
LINLI_FORESIGHT = env.bool("LINLI_FORESIGHT", True)
# Other systems that workflows may tell of a case: {"name": {"url": "https://…", "secret": "…"}} as JSON.
LINLI_WEBHOOKS = env.json("LINLI_WEBHOOKS", default={})
# Seconds after which one that does not answer is given up, until the next attempt.
LINLI_WEBHOOK_TIMEOUT = env.float("LINLI_WEBHOOK_TIMEOUT", 10.0)
LINLI_BASE_MAP = env.str("LINLI_BASE_MAP", "none")
LINLI_BASE_MAP_KEY = env.str("LINLI_BASE_MAP_KEY", "")
# 审图号 of the base map, shown in its corner, e.g. "GS(2024)0650号".
LINLI_MAP_APPROVAL = env.str("LINLI_MAP_APPROVAL", "")
# Whoever asks for /metrics with it gets an answer; without one only this machine itself does.
LINLI_METRICS_TOKEN = env.str("LINLI_METRICS_TOKEN", "")
LINLI_DEMO = env.bool("LINLI_DEMO", False)

# --- Security ----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:", *image_sources(LINLI_BASE_MAP)],
        "connect-src": [SELF],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY = {"geolocation": "self", "camera": "self", "microphone": [], "payment": [], "usb": []}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
if CITY:
    SECURE_SSL_REDIRECT = env.bool("LINLI_SSL_REDIRECT", True)
    # Asked from inside, past the proxy that speaks HTTPS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("LINLI_HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("LINLI_HSTS_SUBDOMAINS", True)
    SECURE_HSTS_PRELOAD = env.bool("LINLI_HSTS_PRELOAD", True)
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LINLI_LOG_LEVEL", "INFO")},
}
