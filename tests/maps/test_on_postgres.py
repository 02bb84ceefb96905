"""Clusters and counts on PostgreSQL, whose casts round where SQLite's cut."""

from __future__ import annotations

import json

import pytest

from tests import services

COUNT = """
import json
from django.utils import timezone
from grid.models import Area, User
from maps.policies import watched_paths
from maps.queries import cases
from maps.viewport import Viewport
from tests.factories import Town
from tests.maps.cases import case, spread
street = Area.objects.get(level="street")
grids = list(Area.objects.filter(level="grid").order_by("code"))
town = Town(street=street, communities=[], grids=grids)
cases.SINGLE_CASES = 20
for grid in range(1, 8):
    spread(town, 30, grid)
case(town, 1, due=-1)
case(town, 1, due=None)
seen = cases.picture(
    watched_paths(User.objects.get(username="supervisor")),
    cases.Filters(),
    Viewport(112.54, 37.86, 112.58, 37.88, 14.0),
    timezone.now(),
)
print(json.dumps({
    "total": seen.counts.total,
    "lights": seen.counts.lights,
    "clustered": sum(cluster["count"] for cluster in seen.clusters),
    "clusters": len(seen.clusters),
    "single": len(seen.points),
    "first": seen.rows[0]["due_at"] < timezone.now().isoformat(),
}))
"""


@pytest.mark.postgres
def test_clusters_add_up_on_postgresql_too(environment_of):
    said = json.loads(services.python(COUNT, environment_of("postgres")).splitlines()[-1])
    assert said["total"] == 212
    assert said["clusters"] > 1
    assert said["clustered"] + said["single"] == 212
    assert said["lights"] == {"red": 1, "yellow": 0, "green": 210, "none": 1}
    assert said["first"] is True
