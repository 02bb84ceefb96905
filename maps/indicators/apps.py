from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "maps.indicators"
    label = "indicators"

    def ready(self) -> None:
        from .actions import follow  # noqa: F401 - registers its checks
