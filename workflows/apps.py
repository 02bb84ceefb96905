from django.apps import AppConfig


class WorkflowsConfig(AppConfig):
    name = "workflows"

    def ready(self) -> None:
        # Importing registers their system checks.
        from grid.actions import history

        from . import calendar, numbers  # noqa: F401
        from .actions.borders import follow_edit

        history.on_borders_changed.append(follow_edit)
