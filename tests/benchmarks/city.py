"""A generated city: grids in communities in one district, as a file that a surveyor might hand over.

Every grid has about thirty corners, every border is shared corner by corner, and nothing overlaps. The same
numbers always give the same city.

    python -m tests.benchmarks.city 40000 city.geojson city.gpkg
"""

from __future__ import annotations

import sys
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import shapely

#: Grids of a community, west to east and north to south.
ACROSS, DOWN = 5, 4
#: Corners on each side of a grid besides its two ends.
BENDS = 7
#: Size of a grid in degrees: about 350 m.
WIDTH, HEIGHT = 0.004, 0.0032
WEST, NORTH = 112.0, 38.5
#: How far a border wanders from the straight line, as a share of the side.
WANDER = 0.12


def city(grids: int) -> geopandas.GeoDataFrame:
    """District, communities and about this many grids, upper levels first; WGS-84 degrees (lon, lat).

    Columns ``code``, ``name``, ``level``, ``parent``, ``households``.
    """
    communities = max(1, round(grids / (ACROSS * DOWN)))
    rows = max(1, int(np.sqrt(communities)))
    columns = -(-communities // rows)
    outlines = _cells(columns * ACROSS, rows * DOWN).reshape(rows, DOWN, columns, ACROSS)
    outlines = outlines.transpose(0, 2, 1, 3).reshape(rows * columns, ACROSS * DOWN)[:communities]
    wholes = np.array([shapely.coverage_union_all(cells) for cells in outlines])
    table: dict[str, list[object]] = {"code": ["990000"], "name": ["模拟区"], "level": ["district"]}
    table |= {"parent": [""], "households": [None]}
    for index in range(communities):
        _row(table, f"990000{index:06}", f"第{index + 1}社区", "community", "990000", None)
    for index in range(communities):
        above = f"990000{index:06}"
        for number in range(ACROSS * DOWN):
            name = f"第{index + 1}社区第{number + 1}网格"
            _row(table, f"{above}{number + 1:03}", name, "grid", above, 300 + number)
    shapes = [shapely.coverage_union_all(wholes), *wholes, *outlines.ravel()]
    return geopandas.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


def _row(
    table: dict[str, list[object]], code: str, name: str, level: str, parent: str, households: int | None
) -> None:
    for column, value in zip(table, (code, name, level, parent, households), strict=True):
        table[column].append(value)


def _cells(columns: int, rows: int) -> np.ndarray:
    """Outlines of a field of cells, row by row from the north-west; neighbours share every corner."""
    chance = np.random.default_rng(7)
    across = _sides(chance, rows + 1, columns, turned=False)
    down = _sides(chance, columns + 1, rows, turned=True)
    cells = np.empty((rows, columns), dtype=object)
    for row in range(rows):
        for column in range(columns):
            ring = np.concatenate(
                [
                    across[row, column],
                    down[column + 1, row],
                    across[row + 1, column][::-1],
                    down[column, row][::-1],
                ]
            )
            # The end of each side is the beginning of the next one.
            keep = np.ones(len(ring), dtype=bool)
            keep[BENDS + 1 :: BENDS + 2] = False
            cells[row, column] = shapely.Polygon(ring[keep])
    return cells.ravel()


def _sides(chance: np.random.Generator, lines: int, sides: int, *, turned: bool) -> np.ndarray:
    """Corners (lon, lat) of all sides along the lines of the field, each from one crossing to the next."""
    along = np.arange(sides)[None, :, None] + np.linspace(0, 1, BENDS + 2)[None, None, :]
    beside = np.arange(lines)[:, None, None] + np.zeros((1, sides, BENDS + 2))
    beside[:, :, 1:-1] += chance.uniform(-WANDER, WANDER, (lines, sides, BENDS))
    along = np.broadcast_to(along, beside.shape)
    x, y = (beside, along) if turned else (along, beside)
    corners = np.stack([WEST + x * WIDTH, NORTH - y * HEIGHT], axis=-1)
    return np.round(corners, 7)


def write(file: Path, grids: int) -> Path:
    """Write the city into a GeoJSON or a GeoPackage."""
    driver = {".geojson": "GeoJSON", ".gpkg": "GPKG"}[file.suffix]
    more = {"COORDINATE_PRECISION": "7"} if driver == "GeoJSON" else {}
    pyogrio.write_dataframe(city(grids), file, driver=driver, **more)
    return file


if __name__ == "__main__":
    for name in sys.argv[2:]:
        write(Path(name), int(sys.argv[1]))
