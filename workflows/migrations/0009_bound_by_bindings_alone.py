"""A category no longer names its workflow: bindings do."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_bindings_so_far")]

    operations = [migrations.RemoveField(model_name="category", name="definition")]
