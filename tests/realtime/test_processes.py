"""The server, the worker and the background thread as processes: starting, answering, ending."""

import contextlib
import json
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from config import listening
from config.background import Job, Sweeper
from tests import services


def get(product, path):
    with urllib.request.urlopen(product.url + path, timeout=services.PATIENCE) as answer:
        return answer.status, dict(answer.headers), answer.read()


@pytest.fixture
def run():
    """``run("serve", environment=…)``: a ``manage.py`` command under way; ended with the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments, environment):
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=services.ROOT, env=environment,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            stack.enter_context(process)
            stack.callback(services.stop, process)
            return process

        yield start


def test_the_server_is_healthy_once_it_answers(product):
    status, headers, body = get(product, "/healthz")
    assert status == 200
    assert json.loads(body) == {"status": "ok", "database": "ok", "hub": "ok"}
    assert "no-store" in headers["Cache-Control"]


def test_a_database_without_its_tables_is_not_healthy(run, tmp_path):
    environment = services.product_environment(f"sqlite:///{tmp_path / 'empty.sqlite3'}", tmp_path)
    server = run("serve", "--port", "0", environment=environment)
    address = server.stdout.readline().strip()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}healthz", timeout=services.PATIENCE)
    assert refused.value.code == 503
    assert "migrate" in json.load(refused.value)["database"]


def test_static_files_are_served_with_a_type_and_a_term(product):
    status, headers, body = get(product, "/static/realtime/live.js")
    assert status == 200
    assert b"export function subscribe" in body
    assert headers["Content-Type"].startswith("text/javascript")
    assert "max-age=" in headers["Cache-Control"]
    request = urllib.request.Request(
        f"{product.url}/static/realtime/live.js", headers={"If-None-Match": headers["ETag"]}
    )
    with pytest.raises(urllib.error.HTTPError, match="304"):
        urllib.request.urlopen(request, timeout=services.PATIENCE)


@pytest.mark.parametrize("path", ["/static/../config/settings.py", "/static/realtime/%2e%2e/models.py"])
def test_nothing_but_static_files_is_served_from_there(product, path):
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(product, path)


def test_a_taken_port_is_named(run, product, environment):
    second = run("serve", "--port", str(product.port), environment=environment)
    output, _ = second.communicate(timeout=services.PATIENCE)
    assert second.returncode != 0
    assert f"port {product.port}" in output
    assert "Traceback" not in output


def test_connections_inherit_small_buffers_and_a_limit_on_silence():
    server = listening.listen("127.0.0.1", 0)
    with server, socket.create_connection(server.getsockname()), server.accept()[0] as accepted:
        # Linux reports twice what was asked for: half of it is its own bookkeeping.
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * listening.SEND_BUFFER
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == listening.USER_TIMEOUT


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_the_server_ends_when_asked_with_sockets_open(run, environment, how):
    server = run("serve", "--port", "0", environment=environment)
    address = server.stdout.readline().strip()
    socket_address, origin = address.replace("http", "ws") + "ws/public/", address.rstrip("/")
    with connect(socket_address, origin=origin) as first, connect(socket_address, origin=origin) as second:
        first.recv(services.PATIENCE)
        second.recv(services.PATIENCE)
        server.send_signal(how)
        output, _ = server.communicate(timeout=services.PATIENCE)
        for open_socket in (first, second):
            with pytest.raises(ConnectionClosed):
                open_socket.recv(services.PATIENCE)
            assert open_socket.close_code == 1012  # "restarting": come back
    assert "Traceback" not in output


def test_the_worker_does_the_jobs_and_ends_when_asked(run, environment, office):
    office.do(
        "with transaction.atomic():\n"
        "    log.emit(RequestFiled(source='portal', case=brief('MAILME')), subject=Subject('request', 77),"
        " notify=[User.objects.get(username='resident').pk])"
    )
    worker = run("worker", environment=environment)
    assert "send_mails" in worker.stdout.readline()
    office.do("from realtime.models import Notification")
    left = "answer = Notification.objects.filter(mailed_at=None).count()"
    for _ in range(services.PATIENCE * 10):
        if not office.do(left):
            break
        threading.Event().wait(0.1)
    assert office.do(left) == 0
    worker.send_signal(signal.SIGTERM)
    output, _ = worker.communicate(timeout=services.PATIENCE)
    assert worker.returncode == 0
    assert "Traceback" not in output


def test_readers_and_writers_at_once_never_find_the_database_locked(product, office):
    office.do(
        "import threading\n"
        "from django.db import connection\n"
        "errors = []\n"
        "def write(number):\n"
        "    try:\n"
        "        for _ in range(40): say(subject=('request', 1000 + number))\n"
        "    except Exception as error: errors.append(repr(error))\n"
        "    finally: connection.close()\n"
        "threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]\n"
        "[thread.start() for thread in threads]"
    )
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: get(product, "/healthz")[0], range(200)))
    assert office.do("[thread.join() for thread in threads]\nanswer = errors") == []
    assert set(answers) == {200}
    assert "locked" not in product.log.read_text()


# --- The background thread ---------------------------------------------------------------------
done: list[str] = []
enough = threading.Event()


def good_job():
    done.append("good")
    if len(done) > 3:
        enough.set()


def bad_job():
    raise RuntimeError("broken on purpose")


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_is_named_and_stops_no_other(caplog):
    done.clear()
    enough.clear()
    sweeper = Sweeper(
        [Job(f"{__name__}.bad_job", 0.01), Job("no.such.job", 0.01), Job(f"{__name__}.good_job", 0.01)]
    )
    sweeper.start()
    assert enough.wait(services.PATIENCE)
    sweeper.stop()
    assert f"{__name__}.bad_job failed" in caplog.text
    assert "no.such.job failed" in caplog.text
    rounds = len(done)
    sweeper.stop()
    assert len(done) == rounds


@pytest.mark.postgres
def test_requests_share_a_few_connections_to_postgresql(start_product):
    product = start_product("postgres", LINLI_DB_POOL="3")
    with ThreadPoolExecutor(12) as pool:
        assert {status for status, _, _ in pool.map(lambda _: get(product, "/healthz"), range(100))} == {200}
    count = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend'"
    )
    with psycopg.connect(product.environment["DATABASE_URL"]) as connection:
        (open_now,) = connection.execute(count).fetchone()
    assert open_now - 1 <= 3


def test_a_city_serves_files_under_names_that_may_be_kept_for_ever(run, tmp_path):
    environment = services.product_environment(
        f"sqlite:///{tmp_path / 'city.sqlite3'}",
        tmp_path,
        LINLI_PROFILE="city",
        LINLI_SECRET_KEY=secrets.token_urlsafe(64),
        LINLI_ALLOWED_HOSTS="127.0.0.1",
    )
    services.manage("migrate", "-v", "0", environment=environment)
    services.manage("collectstatic", "--noinput", "-v", "0", environment=environment)
    server = run("serve", "--port", "0", environment=environment)
    address = server.stdout.readline().strip()

    def ask(path):
        request = urllib.request.Request(address + path, headers={"X-Forwarded-Proto": "https"})
        with urllib.request.urlopen(request, timeout=services.PATIENCE) as answer:
            return dict(answer.headers), answer.read().decode()

    assert json.loads(ask("healthz")[1])["status"] == "ok"
    module = re.search(r'content="/(static/realtime/refresh\.[0-9a-f]{12}\.js)"', ask("")[1])
    assert module
    headers, _ = ask(module[1])
    assert "immutable" in headers["Cache-Control"]
