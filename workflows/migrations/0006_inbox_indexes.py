"""Indexes behind the desk's lists and the sweep of timers, on viewflow's table of tasks.

Few of a city's tasks are open. On PostgreSQL partial indexes hold only those. SQLite sees parameters, not
values, when it plans a statement, and then never takes a partial index; it gets the state as a column.
"""

from django.db import migrations, models

OPEN = ("NEW", "ASSIGNED", "STARTED")

PARTIAL = (
    models.Index(fields=["owner"], name="task_owner_open", condition=models.Q(status__in=OPEN)),
    models.Index(
        fields=["owner_permission"], name="task_pool_open", condition=models.Q(status="NEW", owner=None)
    ),
    models.Index(
        fields=["owner", "-finished", "-id"], name="task_owner_done", condition=models.Q(status="DONE")
    ),
    models.Index(fields=["scheduled"], name="task_timer_armed", condition=models.Q(status="SCHEDULED")),
)
WHOLE = (
    models.Index(fields=["owner", "status", "-finished", "-id"], name="task_owner_status"),
    models.Index(fields=["owner_permission", "status"], name="task_pool_status"),
    models.Index(fields=["status", "scheduled"], name="task_status_scheduled"),
)


def _indexes(schema_editor):
    return PARTIAL if schema_editor.connection.vendor == "postgresql" else WHOLE


def add(apps, schema_editor):
    for index in _indexes(schema_editor):
        schema_editor.add_index(apps.get_model("viewflow", "Task"), index)


def remove(apps, schema_editor):
    for index in _indexes(schema_editor):
        schema_editor.remove_index(apps.get_model("viewflow", "Task"), index)


class Migration(migrations.Migration):
    dependencies = [
        ("workflows", "0005_webhook_deliveries"),
        ("viewflow", "__latest__"),
    ]

    operations = [migrations.RunPython(add, remove)]
