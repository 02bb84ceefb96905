"""Real services for the tests: databases, Redis, the product itself, a browser. Started and stopped here."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import redis

    from tests.realtime.office import Office

ROOT = Path(__file__).resolve().parent.parent


class MissingService(RuntimeError):
    """A service the tests need is not installed; the message says what to install."""


#: Seconds that a test waits for what must happen before it fails; nothing is measured by it.
PATIENCE = 90
#: Below those that systems give to outgoing connections (Linux: from 32768 on).
PORTS = range(20_000, 32_000)
_held: list[socket.socket] = []


def free_port() -> int:
    """A TCP port on the loopback interface that nobody listens on, for this process until it ends.

    Whoever holds the UDP port of the same number may use it, so tests that run side by side never choose
    the same one, however long what they start takes to listen.
    """
    for port in random.sample(PORTS, len(PORTS)):
        claim = socket.socket(type=socket.SOCK_DGRAM)
        try:
            claim.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        _held.append(claim)
        return port
    raise MissingService("no free port on the loopback interface")


@atexit.register
def _give_ports_back() -> None:
    while _held:
        _held.pop().close()


@contextlib.contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Do something while no other process does it that asks with the same file."""
    with lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def find_chromium() -> str:
    """Path of the distribution's Chromium or Chrome. ``LINLI_CHROMIUM`` overrides the search."""
    for candidate in (os.environ.get("LINLI_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        if candidate and (found := shutil.which(candidate)):
            return found
    raise MissingService("Chromium is missing: apt-get install chromium (or set LINLI_CHROMIUM)")


CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
]


def postgres_bin() -> Path:
    """Directory of initdb and postgres, the newest version that is installed."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3].split(".")[0])
    )
    if versions:
        return versions[-1].parent
    if found := shutil.which("postgres"):
        return Path(found).parent
    raise MissingService("PostgreSQL is missing: apt-get install postgresql")


@dataclass
class Postgres:
    """A PostgreSQL server of our own in a temporary directory, on a loopback port of its own.

    PostgreSQL refuses to run as root, so a root caller lends it the account ``postgres`` or ``nobody``.
    Durability is off: nothing here outlives the tests. A folder that is to be kept is found again by the next
    server that is given it.
    """

    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="linli-pg-")))
    process: subprocess.Popen[bytes] | None = None
    keep: bool = False
    #: Its memory for pages; what PostgreSQL takes by itself is for a small machine.
    shared_buffers: str = "128MB"

    def start(self) -> Postgres:
        account = self._account()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        if account:
            shutil.chown(self.folder, user=account)
        binaries, data = postgres_bin(), self.folder / "data"
        how = ["-U", "linli", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
        if not (data / "PG_VERSION").exists():
            subprocess.run(
                [binaries / "initdb", "-D", data, *how],
                user=account,
                cwd="/",
                check=True,
                capture_output=True,
            )
        options = {
            "listen_addresses": "127.0.0.1", "port": str(self.port),
            "unix_socket_directories": str(self.folder), "max_connections": "60",
            "shared_buffers": self.shared_buffers,
            "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
        }  # fmt: skip
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = self.folder / "log"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *arguments],
                user=account,
                cwd="/",
                stdout=output,
                stderr=output,
            )
        self._wait(log)
        return self

    def _account(self) -> str | None:
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name).pw_name
        raise MissingService(
            "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'"
        )

    def _wait(self, log: Path) -> None:
        import psycopg

        for _ in range(300):
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self.dsn("postgres")).close()
                return
            if self.process is None or self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')}")

    def dsn(self, database: str) -> str:
        return f"postgresql://linli@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> str:
        """Create a database, a copy of ``template``; its URL."""
        import psycopg

        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.dsn(database)

    def create_anew(self, database: str) -> str:
        """The same, whatever was there under this name."""
        import psycopg

        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{database}"')
        return self.create(database)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # "fast": roll back what is open and leave
            stop(self.process)
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)


@dataclass
class Redis:
    """A Redis server of our own, on a loopback port of its own. It keeps nothing unless told to save."""

    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="linli-redis-")))
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        import redis

        return redis.Redis(port=self.port, decode_responses=True)

    def start(self) -> Redis:
        program = shutil.which("redis-server")
        if program is None:
            raise MissingService("Redis is missing: apt-get install redis-server")
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": str(self.folder)}
        log = self.folder / "log"
        with log.open("ab") as output:
            arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
            self.process = subprocess.Popen([program, *arguments], stdout=output, stderr=output)
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(16).startswith(b"+PONG"):
                    return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"Redis did not start:\n{log.read_text(errors='replace')}")

    def kill(self) -> None:
        """As if the machine had lost its power."""
        assert self.process
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        if self.process:
            stop(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)


def stop(process: subprocess.Popen[bytes], patience: float = 15) -> None:
    """End a process we started: ask, wait, insist."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(patience)


def product_environment(database_url: str, data_dir: Path, **extra: str) -> dict[str, str]:
    """The environment of a product process that shares nothing with this machine's own installation."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LINLI_", "DATABASE_", "EMAIL_", "DJANGO_", "PYTEST_"))
    }
    mail = data_dir / "mail"
    mail.mkdir(parents=True, exist_ok=True)
    return clean | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url,
        "LINLI_DATA_DIR": str(data_dir),
        "EMAIL_URL": f"filemail:///{mail}",  # the third slash ends the host, the fourth begins the path
        "LINLI_SWEEP_SECONDS": "0.5",
        # A process beside each product would only slow the others down; who tests it asks for it.
        "LINLI_FORESIGHT": "0",
        "LINLI_LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "default",
        **extra,
    }


def manage(*arguments: str, environment: dict[str, str]) -> str:
    """Run ``manage.py`` in a process of its own; what it printed. Raises with its output if it fails."""
    run = subprocess.run(
        [sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    if run.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{run.stdout}\n{run.stderr}")
    return run.stdout


def python(code: str, environment: dict[str, str]) -> str:
    """Run a few lines of Python inside the product (Django set up) in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{code}"],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if run.returncode:
        raise RuntimeError(f"failed:\n{code}\n{run.stdout}\n{run.stderr}")
    return run.stdout


@dataclass
class Product:
    """The real product, running: ``manage.py serve`` on a loopback port."""

    environment: dict[str, str]
    data_dir: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.data_dir / "serve.log"

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails sent so far, oldest first."""
        files = sorted((self.data_dir / "mail").iterdir(), key=lambda file: file.stat().st_mtime_ns)
        # Django's file back end puts a line of dashes after each mail.
        parts = [part for file in files for part in file.read_bytes().split(b"-" * 79) if part.strip()]
        return [message_from_bytes(part.lstrip(), policy=policy.default) for part in parts]

    def start(self) -> Product:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment | {"LINLI_SITE_URL": self.url},
                stdout=output,
                stderr=output,
            )
        for _ in range(600):
            if self._answers():
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the product did not start:\n{self.log.read_text(errors='replace')}")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    @cached_property
    def office(self) -> Office:
        """A second process on the same database, which does things elsewhere; it ends with the product."""
        from tests.realtime.office import Office

        return Office(self.environment)

    def kill(self) -> None:
        """As if its machine had lost its power."""
        assert self.process
        self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        if self.process:
            stop(self.process)
        if "office" in self.__dict__:
            self.office.close()
            del self.office


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.stop()
