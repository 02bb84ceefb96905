from django.urls import path

from . import preferences

urlpatterns = [
    path("preferences/", preferences.preferences, name="preferences"),
]
