"""What holds for the project as a whole: settings, documents, translations, deployment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from tests import services
from workflows.calendar import official_until

ROOT = services.ROOT


def test_every_text_has_its_chinese_translation(translations: None) -> None:
    run = subprocess.run([sys.executable, "scripts/messages.py"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    source = (ROOT / "config" / "settings.py").read_text(encoding="utf-8")
    read = set(re.findall(r"""env\.\w+\(\s*"([A-Z_]+)\"""", source))
    documented = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs/reference/settings.md").read_text(), re.M))
    assert read == documented


def test_the_city_profile_is_ready_to_be_deployed(tmp_path: Path) -> None:
    environment = services.product_environment(
        "postgresql://linli@127.0.0.1:1/linli",
        tmp_path,
        LINLI_PROFILE="city",
        LINLI_SECRET_KEY="x8" * 40 + "abcdefghijklmnop",
        LINLI_ALLOWED_HOSTS="linli.example.gov.cn",
        LINLI_SITE_URL="https://linli.example.gov.cn",
        LINLI_HOLIDAYS=",".join(_holidays_named()),
    )
    run = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "DEBUG"],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr
    assert "no issues (0 silenced)" in run.stdout


def _holidays_named() -> list[str]:
    """A day off in each year that the State Council has not published yet, up to the next one."""
    return [f"{year}-01-01" for year in range(official_until().year + 1, timezone.localdate().year + 2)]


@pytest.mark.parametrize("missing", ["LINLI_SECRET_KEY", "LINLI_ALLOWED_HOSTS"])
def test_the_city_profile_does_not_start_without_its_secrets(missing: str, tmp_path: Path) -> None:
    given = {"LINLI_SECRET_KEY": "x8" * 40, "LINLI_ALLOWED_HOSTS": "linli.example.gov.cn"}
    del given[missing]
    environment = services.product_environment("sqlite://:memory:", tmp_path, LINLI_PROFILE="city", **given)
    run = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert run.returncode != 0
    assert missing in run.stderr


def test_links_between_the_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    dead = [
        f"{document.relative_to(ROOT)} → {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert dead == []


def test_no_file_grew_past_500_lines() -> None:
    """design.md §1: split a file near 500 lines."""
    apps = ("config", "demo", "grid", "maps", "realtime", "ui", "workflows", "scripts")
    long = {
        str(file.relative_to(ROOT)): lines
        for app in apps
        for file in (ROOT / app).rglob("*.py")
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}


def test_migrations_are_up_to_date(db) -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_benchmark_can_be_started():
    names = sorted(path.stem for path in (ROOT / "tests" / "benchmarks").glob("bench_*.py"))
    targets = re.findall(r"-m tests\.benchmarks\.(\w+)", (ROOT / "Makefile").read_text())
    assert set(names) == set(targets)
    # As make starts them: nobody has set up Django.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    code = "; ".join(f"import tests.benchmarks.{name}" for name in names)
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
