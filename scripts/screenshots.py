"""Take the pictures in ``docs/screenshots/``: the main pages of the demo town, on a phone and on a desk.

``make screenshots`` writes a demo town into a temporary folder first; ``--data DIR`` takes the one that is
there. ``--city`` takes those of the city of 40,000 grids and a million cases that ``make bench-map`` leaves
behind. WebP, each under 300 KB.
"""

import argparse
import io
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import services  # noqa: E402

TARGET = ROOT / "docs" / "screenshots"
#: The demo's own, as ``demo.town`` prints it.
PASSWORD = "linli-demo"
WIDTHS = {390: {"width": 390, "height": 844}, 1440: {"width": 1440, "height": 900}}
#: Of a screen on a wall.
WALL = {1920: {"width": 1920, "height": 1080}}
LARGEST = 300_000
DRAWING = "/console/workflows/reimbursement/draw/"
TEXT = "3号楼门口的路灯坏了三天，晚上漆黑一片，老人出门不敢走。"


class Shot(NamedTuple):
    name: str
    who: str
    path: str
    #: A link to follow from there: the first one of the page that matches.
    follow: str = ""


SHOTS = [
    Shot("home", "resident", "/"),
    Shot("file-a-request", "resident", "/requests/new/"),
    Shot("my-requests", "resident", "/requests/"),
    Shot("one-request", "resident", "/requests/", ".row-link:has(.ask-rating)"),
    Shot("desk", "member", "/desk/"),
    Shot("one-task", "member", "/desk/", "[data-task]:has(img) a, [data-task] a"),
    Shot("live-map", "supervisor", "/map/live/"),
    Shot("wall", "supervisor", "/wall/"),
    Shot("figures", "supervisor", "/figures/"),
    Shot("public-map", "resident", "/map/"),
    Shot("grid-page", "resident", "/", ".grid-name a"),
    Shot("stairwell-sheet", "resident", "/grids/149999001001001/print/"),
    Shot("console-areas", "admin", "/console/areas/"),
    Shot("console-export", "admin", "/console/areas/export/"),
    Shot("designer-list", "admin", "/console/workflows/"),
    Shot("designer-new", "admin", "/console/workflows/new/"),
    Shot("designer-drawing", "admin", DRAWING),
    Shot("designer-card", "admin", DRAWING, "[data-key=countersign]"),
    Shot("designer-condition", "admin", DRAWING, "[data-key='by_amount/0']"),
    Shot("designer-add", "admin", DRAWING, "[data-key='+:1']"),
    Shot("designer-findings", "admin", "/console/workflows/whistle/draw/", "[data-findings-state]"),
]
#: The city of ``make bench-map``, and who supervises it.
CITY = ROOT / "build" / "large-town" / "sqlite-40000-1000000"
CITYWIDE = "citywide"
CITY_SHOTS = [Shot("city-live-map", CITYWIDE, "/map/live/"), Shot("city-wall", CITYWIDE, "/wall/")]
#: Two workflows that are being drawn; one of them has something to mend.
DRAFTS = """
from grid.models import User
from workflows.actions.drafts import begin_draft
from workflows.starting_points import starting_point
admin = User.objects.get(username="admin")
begin_draft(body=starting_point("reimbursement").body, actor=admin)
whistle = starting_point("whistle").body
blocks = whistle["body"]["blocks"][1:-1]
begin_draft(body=whistle | {"body": {"type": "sequence", "blocks": blocks}}, actor=admin)
"""

#: Figures follow the log in the background, which does not run here.
FOLLOW = "from maps.indicators.actions.follow import follow; follow()"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder with a demo town")
    parser.add_argument("--only", default="", help="names of the pictures to take, comma-separated")
    parser.add_argument("--city", action="store_true", help="take the pictures of the kept city instead")
    options = parser.parse_args()
    if options.city:
        take_city()
        return
    with tempfile.TemporaryDirectory(prefix="linli-shots-") as folder:
        data = options.data or Path(folder)
        environment = services.product_environment(
            f"sqlite:///{data / 'linli.sqlite3'}", data, LINLI_SWEEP_SECONDS="0"
        )
        services.manage("demo", environment=environment)
        services.manage("find_what_stands_out", environment=environment)
        services.python(FOLLOW, environment)
        services.python(DRAFTS, environment)
        chosen = [shot for shot in SHOTS if not options.only or shot.name in options.only.split(",")]
        take_all(environment, data, chosen)


def take_city() -> None:
    data = CITY / "data"
    environment = services.product_environment(
        f"sqlite:///{CITY / 'town.sqlite3'}", data, LINLI_SWEEP_SECONDS="1"
    )
    services.manage("migrate", "-v0", environment=environment)
    services.manage("find_what_stands_out", environment=environment)
    take_all(environment, data, CITY_SHOTS)


def take_all(environment: dict[str, str], data: Path, shots: list[Shot]) -> None:
    product = services.Product(environment, data)
    try:
        product.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=services.find_chromium(), args=services.CHROMIUM_ARGS
            )
            for shot in shots:
                for width in WALL if shot.name.endswith("wall") else WIDTHS:
                    take(browser, product.url, shot, width)
            browser.close()
    finally:
        product.stop()


def take(browser: Browser, base: str, shot: Shot, width: int) -> None:
    context = browser.new_context(
        viewport=(WIDTHS | WALL)[width],
        device_scale_factor=2 if width == 390 else 1,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        base_url=base,
        has_touch=width == 390,
        reduced_motion="reduce",
    )
    page = context.new_page()
    sign_in(page, shot.who, base)
    page.goto(shot.path)
    if shot.follow:
        page.locator(shot.follow).first.click()
    page.wait_for_load_state("networkidle")
    if shot.name == "file-a-request":
        page.locator("textarea[name=text]").fill(TEXT)
        expect(page.locator("#suggestions")).to_be_visible()
    if shot.name == "live-map" and width == 1440:
        page.locator("[data-list] button").first.click()
        expect(page.locator("[data-drawer] article")).to_be_visible()
    if shot.name == "wall":
        expect(page.locator("[data-rate=solved]")).not_to_have_text("–")
        # Not the whole, but the first of what stands out.
        expect(page.locator("[data-spot-words]")).not_to_have_text("–")
    # Maps draw their canvas after the data came.
    page.wait_for_timeout(1_200)
    save(page.screenshot(), TARGET / f"{shot.name}-{width}.webp")
    context.close()


def sign_in(page: Page, username: str, base: str) -> None:
    if username == CITYWIDE:
        page.context.add_cookies([{"name": "sessionid", "value": f"session-of-{CITYWIDE}", "url": base}])
        return
    page.goto("/accounts/login/")
    page.locator("main form input[name=login]").first.fill(username)
    page.locator("main form input[name=password]").first.fill(PASSWORD)
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"^(?!.*/login/)"))


def save(png: bytes, file: Path) -> None:
    """As WebP, at the best quality that stays small enough."""
    TARGET.mkdir(parents=True, exist_ok=True)
    image = Image.open(io.BytesIO(png)).convert("RGB")
    for quality in (90, 82, 74, 60):
        image.save(file, "WEBP", quality=quality, method=6)
        if file.stat().st_size < LARGEST:
            break
    print(f"{file.relative_to(ROOT)}  {file.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
