"""Addresses of the import wizard, below ``console/import/``."""

from django.urls import path

from .views import wizard

urlpatterns = [
    path("", wizard.start, name="import_start"),
    path("undo/<int:pk>/", wizard.undo, name="import_undo"),
    path("<uuid:pk>/", wizard.job, name="import_job"),
    path("<uuid:pk>/file/", wizard.read, name="import_read"),
    path("<uuid:pk>/columns/", wizard.columns, name="import_columns"),
    path("<uuid:pk>/report/", wizard.report, name="import_report"),
    path("<uuid:pk>/report/map/", wizard.map_data, name="import_map"),
    path("<uuid:pk>/apply/", wizard.apply, name="import_apply"),
    path("<uuid:pk>/result/", wizard.result, name="import_result"),
    path("<uuid:pk>/progress/", wizard.progress, name="import_progress"),
    path("<uuid:pk>/drop/", wizard.drop, name="import_drop"),
]
