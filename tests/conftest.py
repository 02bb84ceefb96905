"""What every test may ask for: the small town, real servers, a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import count
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.utils import translation
from django.utils.translation.reloader import translation_file_changed
from hypothesis import settings as hypothesis_settings
from hypothesis.internal.conjecture import providers as hypothesis_providers
from playwright.sync_api import Browser, expect, sync_playwright
from pytest_django import DjangoDbBlocker

from grid import locator, stamp
from tests import services
from tests.factories import Town, build_town
from tests.snapshot import Snapshot
from workflows import calendar

# Never assert a time: how long one example takes says nothing on a busy machine.
# The same examples for the same code, so that a red run can be had again; LINLI_RANDOM=1 draws others.
hypothesis_settings.register_profile("linli", deadline=None, derandomize=not os.environ.get("LINLI_RANDOM"))
hypothesis_settings.load_profile("linli")
# Hypothesis also tries the constants of all modules loaded so far, which depend on the tests that ran before
# in the same process: without them the same code gets the same examples.
assert callable(hypothesis_providers._get_local_constants)
hypothesis_providers._get_local_constants = hypothesis_providers.Constants

REAL_DATA = services.ROOT.parent / "shared" / "data"
#: The same for whoever shares a database that was copied, since it signs the sessions in it.
SECRET_KEY = "only-for-tests-" * 5
FAST_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _on_its_own(settings, tmp_path: Path) -> None:
    """Nothing is left over from another test, in files or in memory; passwords hash fast."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.LINLI_IMPORTS_DIR = tmp_path / "imports"
    settings.PASSWORD_HASHERS = FAST_HASHERS
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    cache.clear()
    # A page that was asked for in another language leaves that behind in its thread.
    translation.deactivate()
    locator.forget()
    calendar.forget()
    # Counting queries must not depend on the second in which it is done.
    settings.LINLI_STAMP_SECONDS = 3600


@pytest.fixture(scope="session")
def town_rows(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Snapshot | None:
    """What :func:`build_town` writes, to be put back for each test; None where it is built each time."""
    with django_db_blocker.unblock(), override_settings(PASSWORD_HASHERS=FAST_HASHERS):
        return Snapshot.of(build_town) if connection.vendor == "sqlite" else None


@pytest.fixture
def town(town_rows: Snapshot | None, db: None) -> Town:
    """The small town of :mod:`tests.factories`."""
    if town_rows is None:
        return build_town()
    try:
        with transaction.atomic():
            town_rows.put_back()
            stamp.bump()  # what was known of an earlier test's town does not hold for this one
    except IntegrityError:  # the test has written a part of it before, the levels perhaps
        return build_town()
    return Town.found()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets beside the checkout; tests that ask for it carry ``realdata``."""
    return REAL_DATA


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run's, the same for the processes that tests run in side by side."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def postgres() -> Iterator[services.Postgres]:
    """A PostgreSQL server that lives as long as the test session; each process has its own."""
    with services.running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(postgres: services.Postgres) -> str:
    """URL of an empty database on the session's PostgreSQL server."""
    return postgres.create("linli")


class Databases:
    """Fresh databases with the small town in them: built once per kind, then copied.

    The SQLite one is built by the first process that needs it, for all. Everybody in it is signed in on
    some device (:func:`tests.factories.session_of`).
    """

    #: Writes all that a copy starts with.
    FILL = """
from django.core.management import call_command
from django.db import connection
from tests.factories import build_town, sign_everybody_in
call_command("migrate", verbosity=0)
build_town()
sign_everybody_in()
if connection.vendor == "sqlite":
    connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""

    def __init__(self, folder: Path, postgres: Callable[[], services.Postgres]) -> None:
        self.folder, self.postgres = folder, postgres
        self.numbers = count(1)

    def fresh(self, kind: str, data_dir: Path) -> str:
        """URL of a new database of this kind (``sqlite`` or ``postgres``) with the town in it."""
        if kind == "postgres":
            return self.postgres().create(f"copy{next(self.numbers)}", template=self._postgres_template)
        target = data_dir / "linli.sqlite3"
        shutil.copy(self._sqlite_template, target)
        return f"sqlite:///{target}"

    @cached_property
    def _postgres_template(self) -> str:
        self._fill(self.postgres().create("template_town"), "postgres")
        return "template_town"

    @cached_property
    def _sqlite_template(self) -> Path:
        file = self.folder / "town.sqlite3"
        with services.alone(self.folder / "town.lock"):
            if not file.exists():
                unfinished = self.folder / "town.unfinished"
                self._fill(f"sqlite:///{unfinished}", "sqlite")
                unfinished.rename(file)
        return file

    def _fill(self, url: str, kind: str) -> None:
        options = {"LINLI_CONN_MAX_AGE": "0", "LINLI_SECRET_KEY": SECRET_KEY}
        folder = self.folder / f"filling-{kind}"
        services.python(self.FILL, services.product_environment(url, folder, **options))


@pytest.fixture(scope="session")
def databases(shared_folder: Path, request: pytest.FixtureRequest) -> Databases:
    return Databases(shared_folder, lambda: request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def translations(shared_folder: Path) -> None:
    """The Chinese catalogues, compiled: what a browser shows must be what people read."""
    with services.alone(shared_folder / "translations.lock"):
        services.manage(
            "compile_translations",
            environment=services.product_environment("sqlite://:memory:", shared_folder / "translations"),
        )
    # This process may have read the catalogues, or that there are none, before.
    translation_file_changed(None, Path("django.mo"))


@pytest.fixture
def environment_of(databases: Databases, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """``environment_of("sqlite")``: the environment for processes on a fresh database with the town in it."""

    def make(kind: str, **extra: str) -> dict[str, str]:
        data_dir = tmp_path / f"product-{kind}"
        data_dir.mkdir(exist_ok=True)
        more = {"LINLI_SECRET_KEY": SECRET_KEY} | extra
        return services.product_environment(databases.fresh(kind, data_dir), data_dir, **more)

    return make


@pytest.fixture
def start_product(
    environment_of: Callable[..., dict[str, str]], translations: None
) -> Iterator[Callable[..., services.Product]]:
    """``start_product("postgres", LINLI_X="1")``: the running product on a fresh town; ends with the test."""
    running: list[services.Product] = []

    def start(kind: str = "sqlite", **extra: str) -> services.Product:
        environment = environment_of(kind, **extra)
        product = services.Product(environment, Path(environment["LINLI_DATA_DIR"]))
        running.append(product)
        return product.start()

    yield start
    for product in running:
        product.stop()


@pytest.fixture(scope="module")
def shared_product(
    databases: Databases, translations: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[services.Product]:
    """The running product on a fresh town, one for all tests of a module.

    Whoever asks for it keeps out of the others' way, in whatever order they run: other people, other grids.
    """
    data_dir = tmp_path_factory.mktemp("shared")
    environment = services.product_environment(
        databases.fresh("sqlite", data_dir), data_dir, LINLI_SECRET_KEY=SECRET_KEY
    )
    product = services.Product(environment, data_dir)
    try:
        yield product.start()
    finally:
        product.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium. Contexts are the tests' own: each is another person's device.

    One per module, because Playwright keeps an event loop running in the test's thread, and Django's
    ORM refuses to work beside one: browser tests look at the product from outside only.
    """
    expect.set_options(timeout=services.PATIENCE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=services.find_chromium(), args=services.CHROMIUM_ARGS
        )
        yield chromium
        chromium.close()
