"""``make bench-wall``: a wall through an accelerated week. Prints what it holds; ends with 1 if it grows.

``HOURS=48`` for a shorter time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests import services
from tests.benchmarks.wall_week import Week, grown

FILL = """
from django.core.management import call_command
from tests.factories import build_town, sign_everybody_in
call_command("migrate", verbosity=0)
build_town()
sign_everybody_in()
"""
#: The supervisor's, see ``tests.factories.session_of``, which needs Django.
SESSION = "session-of-supervisor"
#: Bytes that the heap may grow in the last third of the time: less than one event in ten kept for good.
HEAP = 600_000


def main() -> int:
    hours = int(os.environ.get("HOURS", "168"))
    expect.set_options(timeout=services.PATIENCE * 1000)
    with tempfile.TemporaryDirectory(prefix="linli-wall-") as folder:
        data = Path(folder)
        environment = services.product_environment(
            f"sqlite:///{data / 'linli.sqlite3'}", data, LINLI_SWEEP_SECONDS="0"
        )
        services.python(FILL, environment)
        product = services.Product(environment, data)
        try:
            product.start()
            return live_through(product.url, hours)
        finally:
            product.stop()


def live_through(url: str, hours: int) -> int:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=services.find_chromium(), args=services.CHROMIUM_ARGS
        )
        context = browser.new_context(
            base_url=url, viewport={"width": 1920, "height": 1080}, locale="zh-CN", reduced_motion="reduce"
        )
        context.add_cookies([{"name": "sessionid", "value": SESSION, "url": url}])
        week = Week(context.new_page())
        week.begin()
        held = []
        for hour, now in enumerate(week.hours(hours), start=1):
            held.append(now)
            if hour == 1 or not hour % max(1, hours // 14):
                print(f"hour {hour:4}   events {week.events:6}   {now}", flush=True)
        browser.close()
    found = grown(held, heap=HEAP)
    for line in found:
        print(line)
    third = len(held) // 3
    before, after = (min(one.heap for one in part) for part in (held[third : 2 * third], held[-third:]))
    print(
        f"wall: ratio={after / before:.3f} ours={after / 1e6:.2f}MB reference={before / 1e6:.2f}MB "
        f"(least heap of the last third against the second, {week.events} events, "
        f"{week.connections} connections)"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
