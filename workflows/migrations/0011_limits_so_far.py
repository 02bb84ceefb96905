from datetime import timedelta

from django.db import migrations
from django.db.models import F


def begin_limits(apps, schema_editor):
    """Limits began with the filing, or with the latest reopening; what was told tells what comes next."""
    Request = apps.get_model("workflows", "Request")
    Event = apps.get_model("realtime", "Event")
    limited = Request.objects.filter(limit__isnull=False)
    limited.update(limit_from=F("filed_at"))
    for case in limited.filter(reopened_count__gt=0).only("pk").iterator():
        again = Event.objects.filter(subject_type="request", subject_id=case.pk, kind="request.reopened")
        if latest := again.order_by("-chain_seq").values_list("at", flat=True).first():
            Request.objects.filter(pk=case.pk).update(limit_from=latest)
    running = limited.filter(closed_at=None, process__isnull=False, due_at__isnull=False)
    running.filter(light_told="").update(tell_at=F("yellow_at"))
    running.filter(light_told="yellow").update(tell_at=F("due_at"))
    running.filter(light_told="red").update(tell_at=F("due_at") + timedelta(days=1))


class Migration(migrations.Migration):

    dependencies = [
        ("realtime", "0001_initial"),
        ("workflows", "0010_case_moves_and_calendar"),
    ]

    operations = [migrations.RunPython(begin_limits, migrations.RunPython.noop)]
