"""Until now no border has moved: every case lies today where it fell."""

from django.db import migrations
from django.db.models import F


def as_they_fell(apps, schema_editor):
    Request = apps.get_model("workflows", "Request")
    Request.objects.exclude(area=None).update(area_today=F("area"), path_today=F("area_path"))


class Migration(migrations.Migration):
    dependencies = [("workflows", "0002_borders")]

    operations = [migrations.RunPython(as_they_fell, migrations.RunPython.noop)]
