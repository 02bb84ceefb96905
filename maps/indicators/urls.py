"""Addresses of the figures."""

from django.urls import path

from .views import cases, jobs, pages

urlpatterns = [
    path("figures/", pages.figures, name="figures"),
    path("figures/mine/", pages.mine, name="figures_mine"),
    path("figures/cases/", cases.figure_cases, name="figure_cases"),
    path("figures/cases/<str:number>/counts/", cases.figure_exclude, name="figure_exclude"),
    path("figures/files/", jobs.figure_file_start, name="figure_file_start"),
    path("figures/files/<uuid:pk>/", jobs.figure_file, name="figure_file"),
    path("figures/files/<uuid:pk>/progress/", jobs.figure_file_progress, name="figure_file_progress"),
    path("figures/files/<uuid:pk>/download/", jobs.figure_file_download, name="figure_file_download"),
]
