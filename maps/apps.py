from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class MapsConfig(AppConfig):
    name = "maps"

    def ready(self) -> None:
        from . import checks  # noqa: F401 - registers them
        from .actions.noting import forget_cases, watch_cases

        pre_migrate.connect(forget_cases, sender=self)
        post_migrate.connect(watch_cases, sender=self)
