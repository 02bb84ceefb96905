"""Addresses: the borders' editor, a grid's page, the public map, the watchers' pages; data below /map/."""

from django.urls import include, path

from .views import borders, data, grids, live, public

urlpatterns = [
    path("", include("maps.indicators.urls")),
    path("grids/<path:code>/", grids.grid_page, name="grid_page"),
    path("console/borders/", borders.borders_list, name="console_borders"),
    # Its data, tries and drafts lie below it: see grid/urls.py, which comes first.
    path("console/borders/<path:code>/", borders.borders_editor, name="borders_editor"),
    path("map/", public.public_map, name="public_map"),
    path("map/areas/<str:code>/", public.area_panel, name="map_area"),
    path("map/live/", live.live_map, name="live_map"),
    path("map/cases/<str:number>/", live.case_drawer, name="map_case"),
    path("wall/", live.wall, name="wall"),
    path("map/data/outlines/", public.area_outlines, name="map_outlines"),
    path("map/data/tallies/", public.area_tallies, name="map_tallies"),
    path("map/data/areas/", public.area_choices, name="map_areas"),
    path("map/data/names/", public.area_names, name="map_names"),
    path("map/data/cases/", data.case_picture, name="map_cases"),
    path("map/data/news/", data.news, name="map_news"),
]
