"""Addresses of what the page for redrawing borders asks the server. The page itself is in ``maps``."""

from django.urls import path

from .views import borders

urlpatterns = [
    path("<path:code>/data/", borders.borders_data, name="borders_data"),
    path("<path:code>/try/", borders.borders_try, name="borders_try"),
    path("<path:code>/save/", borders.borders_save, name="borders_save"),
    path("<path:code>/draft/", borders.borders_draft, name="borders_draft"),
]
