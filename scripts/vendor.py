"""Fetch what others wrote and the pages load, and copy just that into the repository (``make vendor``).

Versions are pinned in ``scripts/vendor/package-lock.json``; npm installs them into a temporary
directory without running any of their scripts. Copied files keep their licence beside them and
lose every pointer to the outside (source maps), so that nothing is asked of another host.

A new library: add it to ``scripts/vendor/package.json``, run ``npm install --package-lock-only
--ignore-scripts`` there, name its files below, run this script, commit the result.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "scripts" / "vendor"
STATIC = ROOT / "ui" / "static" / "vendor"
TESTS = ROOT / "tests" / "vendor"
ICONS = ROOT / "ui" / "icons"

#: Package → (where to, its licence, {path in the package: path in the folder of that name}).
#: A directory is copied whole. A licence that the package forgot is kept in ``scripts/vendor/``.
FILES: dict[str, tuple[Path, str, dict[str, str]]] = {
    "@tabler/core": (STATIC / "tabler", "tabler-core.LICENSE", {"dist/css/tabler.min.css": "tabler.min.css"}),
    "htmx.org": (STATIC / "htmx", "LICENSE", {"dist/htmx.min.js": "htmx.min.js"}),
    "idiomorph": (STATIC / "idiomorph", "LICENSE", {"dist/idiomorph.min.js": "idiomorph.min.js"}),
    "leaflet": (
        STATIC / "leaflet",
        "LICENSE",
        {"dist/leaflet.js": "leaflet.js", "dist/leaflet.css": "leaflet.css", "dist/images": "images"},
    ),
    "leaflet.fullscreen": (
        STATIC / "leaflet.fullscreen",
        "LICENSE",
        {name: name for name in ("Control.FullScreen.js", "Control.FullScreen.css", "icon-fullscreen.svg")},
    ),
    "@geoman-io/leaflet-geoman-free": (
        STATIC / "leaflet-geoman",
        "LICENSE",
        {
            "dist/leaflet-geoman.min.js": "leaflet-geoman.min.js",
            "dist/leaflet-geoman.css": "leaflet-geoman.css",
        },
    ),
    # The build with the common charts only: two thirds of the whole.
    "echarts": (
        STATIC / "echarts",
        "LICENSE",
        {"dist/echarts.common.min.js": "echarts.common.min.js", "NOTICE": "NOTICE"},
    ),
    "axe-core": (TESTS / "axe-core", "LICENSE", {"axe.min.js": "axe.min.js"}),
    # Reads BPMN as the usual modellers do; the tests run it in Node.js.
    **{
        name: (TESTS / name, "LICENSE", {"dist/index.js": "index.mjs"})
        for name in ("bpmn-moddle", "moddle", "moddle-xml", "min-dash", "saxen")
    },
}

SOURCE_MAP = re.compile(r"\s*(?://[#@] sourceMappingURL=\S+|/\*[#@] sourceMappingURL=.*?\*/)\s*")
IMPORT = re.compile(r"""(?<=\bfrom )(["'])([\w-]+)\1""")
OUTSIDE = re.compile(r"""(?:url\(|@import|src=)\s*["']?(?:https?:)?//[^"')\s]+""")


def install(into: Path) -> Path:
    """Install the locked versions below ``into``; the path of ``node_modules``."""
    if not shutil.which("npm"):
        sys.exit("npm is missing. Install Node.js 18 or newer (https://nodejs.org) and run this again.")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK / name, into / name)
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=into, check=True)
    return into / "node_modules"


def copy_package(source: Path, target: Path, licence: str, files: dict[str, str]) -> None:
    """Replace ``target`` by the named files of a package and its licence."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name, to in files.items():
        if (source / name).is_dir():
            shutil.copytree(source / name, target / to)
        else:
            (target / to).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target / to)
    own = source / licence
    shutil.copy(own if own.exists() else LOCK / licence, target / "LICENSE")
    for file in target.rglob("*"):
        if file.suffix in {".js", ".mjs", ".css"}:
            clean(file)


def clean(file: Path) -> None:
    """Strip source-map pointers, let modules find each other by path; refuse a file that would load anything
    from another host."""
    text = SOURCE_MAP.sub("\n", file.read_text(encoding="utf-8")).strip() + "\n"
    if file.suffix == ".mjs":
        text = IMPORT.sub(r'"../\2/index.mjs"', text)
    if found := OUTSIDE.findall(text):
        sys.exit(f"{file} loads from outside: {found}")
    file.write_text(text, encoding="utf-8")


def copy_icons(package: Path) -> None:
    """Write the outline icons as one file: name → list of each path's ``d``, or of all its attributes.

    Pages inline them, so the file is not served.
    """
    nodes = json.loads((package / "tabler-nodes-outline.json").read_text(encoding="utf-8"))
    paths = {
        name: [attributes["d"] if set(attributes) == {"d"} else attributes for _tag, attributes in shapes]
        for name, shapes in sorted(nodes.items())
    }
    ICONS.mkdir(parents=True, exist_ok=True)
    lines = (
        f"{json.dumps(name)}: {json.dumps(shape, separators=(',', ':'))}" for name, shape in paths.items()
    )
    (ICONS / "outline.json").write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    shutil.copy(package / "LICENSE", ICONS / "LICENSE")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="linli-vendor-") as directory:
        modules = install(Path(directory))
        for name, (target, licence, files) in FILES.items():
            copy_package(modules / name, target, licence, files)
            version = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))["version"]
            print(f"{name} {version} → {target.relative_to(ROOT)}")
        copy_icons(modules / "@tabler/icons")
        print(f"@tabler/icons → {ICONS.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
