"""A clerk at the import wizard, and the ground that the files are about."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, TimeoutError, expect

from tests.e2e.people import Person, says

#: A community with ground and no grids, west of the small town: what the files are imported into.
GROUND_CODE, GROUND_NAME = "149901001009", "河西社区"
GROUND = f"""
import shapely
from grid.actions.areas import create_area
from grid.models import Area
from tests.grid import files
create_area(code={GROUND_CODE!r}, name={GROUND_NAME!r}, level="community", parent=Area.objects.get(depth=1),
            geometry=files.GROUND)
create_area(code="149902", name="外区街道", level="street", geometry=shapely.box(113, 38, 113.1, 38.1))
"""
#: An administrator of another street, who has no business here.
FOREIGNER = """
from grid.models import Area
from tests.factories import Town, UserFactory
user = UserFactory(username="foreigner", name="外区管理")
Town(None, [], []).assign(user, "administrator", Area.objects.get(code="149902"))
"""

TIDY = """
from grid.actions.imports import undo_import
from grid.models import AreaEdit
for edit in AreaEdit.objects.filter(kind="import", undone_by=None).exclude(file="").order_by("-pk"):
    undo_import(edit=edit)
"""


class Clerk(Person):
    """An administrator at the wizard."""

    def opens(self, file: Path) -> Page:
        """Choose the file on the first page and send it."""
        page = self.goes("/console/import/")
        page.locator("#id_file").set_input_files(file)
        expect(page.locator("[data-drop-name]")).to_contain_text(file.name)
        self.presses(says("Read the file"))
        return page

    def reads(self, file: Path, *, crs: str = "") -> Page:
        """As far as the columns; ``crs`` is chosen unless the file is certain."""
        page = self.opens(file)
        expect(page.locator("#read-form")).to_be_visible()
        if crs:
            page.locator(f"input[name=crs][value='{crs}']").check()
        self.presses(says("On to the columns"))
        expect(page.locator("#columns-form")).to_be_visible()
        return page

    def checks(self, *, level: str = "grid", parent: str = GROUND_CODE) -> Page:
        """From the columns to the report, on the map too."""
        self.page.locator("#id_level").select_option(f"={level}")
        self.page.locator("#id_parent").select_option(f"={parent}")
        self.presses(says("Show what would happen"))
        expect(self.page.locator(".report .map-frame[data-ready]")).to_be_visible()
        return self.page

    def counts(self) -> dict[str, int]:
        """What the report says becomes of how many areas, once it is there."""
        expect(self.page.locator(".counts [data-fate]")).to_have_count(4)
        boxes = self.page.locator(".counts [data-fate]").all()
        return {box.get_attribute("data-fate"): int(box.locator("dd").inner_text()) for box in boxes}

    def imports(self) -> None:
        self.page.locator(".wizard-apply button").click()
        self.sees(says("What now?"))

    def undoes(self) -> None:
        self.page.get_by_role("link", name=says("Undo this import …")).click()
        self.presses(says("Undo this import"))
        expect(self.page.locator("#messages .note-success")).to_be_visible()


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A web server that counts who asks: its address, and what was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        do_HEAD = do_GET

        def log_message(self, *args: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/bait.geojson", asked
        server.shutdown()


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window, once the map has followed it."""
    try:
        page.wait_for_function("() => document.documentElement.scrollWidth <= innerWidth")
    except TimeoutError:
        return False
    return True
