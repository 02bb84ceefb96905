"""Addresses of the console's areas and members, and of the public interface."""

from django.urls import include, path

from .views import api, console, exports, gis, leave, operations, photos, screens, sheets, tokens

urlpatterns = [
    path("console/", console.home, name="console"),
    path("console/areas/", console.areas, name="console_areas"),
    path("console/members/", console.members, name="console_members"),
    path("console/operations/", operations.operations_page, name="console_operations"),
    path("console/operations/figures/", operations.operations_figures, name="console_operations_figures"),
    path("console/screens/", screens.console_screens, name="console_screens"),
    path("console/screens/<int:pk>/withdraw/", screens.screen_withdraw, name="screen_withdraw"),
    path("wall/open/", screens.wall_open, name="wall_open"),
    path("console/import/", include("grid.import_urls")),
    path("console/borders/", include("grid.border_urls")),
    path("api/locate/", api.locate, name="locate"),
    path("api/areas/", api.areas_tree, name="areas_tree"),
    path("api/gis/", gis.landing, name="gis_landing"),
    path("api/gis/conformance", gis.conformance, name="gis_conformance"),
    path("api/gis/collections", gis.collections, name="gis_collections"),
    path("api/gis/collections/areas", gis.collection, name="gis_collection"),
    path("api/gis/collections/areas/items", gis.items, name="gis_items"),
    path("api/gis/collections/areas/items/<path:code>", gis.item, name="gis_item"),
    path("grids/<path:code>/qr.svg", sheets.qr_svg, name="grid_qr"),
    path("grids/<path:code>/qr.png", sheets.qr_png, name="grid_qr_png"),
    path("grids/<path:code>/print/", sheets.grid_sheet, name="grid_sheet"),
    path("console/areas/export/", exports.export_page, name="console_export"),
    path("console/areas/export/file/", exports.export_file, name="console_export_file"),
    path("console/areas/<path:code>/sheets/", sheets.area_sheets, name="console_sheets"),
    path("console/", include("grid.duty_urls")),
    path("leave/", leave.my_leave, name="my_leave"),
    path("keys/", tokens.my_tokens, name="my_tokens"),
    path("keys/<int:pk>/revoke/", tokens.token_revoke, name="token_revoke"),
    path("members/<int:pk>/photo/", photos.member_photo, name="member_photo"),
]
