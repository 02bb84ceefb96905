from django.db import migrations


class Migration(migrations.Migration):
    """Nothing but a reason to build the sums anew, as every migration is: cells are new in them."""

    dependencies = [("maps", "0002_foresight")]

    operations = []
