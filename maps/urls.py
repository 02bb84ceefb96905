"""Addresses: the borders' editor, a grid's page, the public map, the watchers' pages; data below /map/."""

from django.urls import include, path

from .views import acting, borders, data, grids, layers, live, presence, public, replay, standing_out, wall

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
    path("map/standing-out/", standing_out.standing_out_page, name="standing_out"),
    path("map/standing-out/<int:finding>/", standing_out.finding_page, name="map_finding"),
    path("map/next-week/", standing_out.next_week_page, name="next_week"),
    path("map/chosen/", acting.chosen_cases, name="map_chosen"),
    path("map/chosen/people/", acting.people_for_chosen, name="map_chosen_people"),
    path("map/chosen/<slug:act>/", acting.act_on_chosen, name="map_act"),
    path("wall/", wall.wall, name="wall"),
    path("wall/cases/", wall.wall_cases, name="wall_cases"),
    path("wall/news/", wall.wall_news, name="wall_news"),
    path("wall/outlook/", wall.wall_outlook, name="wall_outlook"),
    path("map/data/outlines/", public.area_outlines, name="map_outlines"),
    path("map/data/tallies/", public.area_tallies, name="map_tallies"),
    path("map/data/areas/", public.area_choices, name="map_areas"),
    path("map/data/names/", public.area_names, name="map_names"),
    path("map/data/cases/", data.case_picture, name="map_cases"),
    path("map/data/standing-out/", standing_out.standing_out_data, name="map_standing_out"),
    path("map/data/next-week/", standing_out.next_week_data, name="map_next_week"),
    path("map/data/replay/", replay.replay, name="map_replay"),
    path("map/data/figures/", layers.area_figures, name="map_figures"),
    path("map/data/staffing/", layers.area_staffing, name="map_staffing"),
    path("map/data/deadlines/", layers.deadlines, name="map_deadlines"),
    path("map/data/search/", layers.found, name="map_search"),
    path("map/data/news/", data.news, name="map_news"),
    path("map/data/presence/", presence.at_desk, name="map_presence"),
]
