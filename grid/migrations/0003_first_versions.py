"""Give every area its first version: what the row says, from the day on which it says it began."""

from datetime import datetime, time

from django.db import migrations
from django.utils import timezone

BATCH = 500


def midnight(day):
    return timezone.make_aware(datetime.combine(day, time.min))


def write_first_versions(apps, schema_editor):
    Area, AreaEdit, AreaVersion, AreaStamp = (
        apps.get_model("grid", name) for name in ("Area", "AreaEdit", "AreaVersion", "AreaStamp")
    )
    areas = Area.objects.order_by("pk")
    if not areas.exists():
        return
    stamp = AreaStamp.objects.first()
    edit = AreaEdit.objects.create(kind="import", stamp=stamp.value if stamp else 0)
    batch = []
    for area in areas.iterator(chunk_size=BATCH):
        batch.append(
            AreaVersion(
                area=area,
                edit=edit,
                since=midnight(area.valid_from),
                until=midnight(area.valid_to) if area.valid_to else None,
                code=area.code,
                name=area.name,
                name_en=area.name_en,
                households=area.households,
                geometry=area.geometry,
                west=area.west,
                south=area.south,
                east=area.east,
                north=area.north,
            )
        )
        if len(batch) == BATCH:
            AreaVersion.objects.bulk_create(batch)
            batch.clear()
    AreaVersion.objects.bulk_create(batch)


class Migration(migrations.Migration):
    dependencies = [("grid", "0002_history")]

    operations = [migrations.RunPython(write_first_versions, migrations.RunPython.noop)]
