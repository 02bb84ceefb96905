"""What categories said of their workflow becomes bindings, and means for every request what it meant before.

A binding holds for the categories below as well, which the old column did not: those below that said nothing
ran on the standard workflow, and are bound to it where they would now inherit another.
"""

from datetime import date

from django.db import migrations

ALWAYS = date(2000, 1, 1)
STEP = 4


def as_it_was(apps, schema_editor):
    Category = apps.get_model("workflows", "Category")
    Definition = apps.get_model("workflows", "WorkflowDefinition")
    Binding = apps.get_model("workflows", "WorkflowBinding")
    standard = Definition.objects.filter(key="standard").values_list("pk", flat=True).first()
    ran_on = {}
    for category in Category.objects.order_by("path"):
        inherited = ran_on.get(category.path[:-STEP], standard)
        own = ran_on[category.path] = category.definition_id or standard
        if own is not None and own != inherited:
            Binding.objects.create(category=category, definition_id=own, since=ALWAYS)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0007_publishing")]

    operations = [migrations.RunPython(as_it_was, migrations.RunPython.noop)]
