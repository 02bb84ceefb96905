"""Addresses of the console's pages about people and their duties."""

from django.urls import path

from .views import branches, duties, forms_of_areas, leave, matrix, people, rosters

urlpatterns = [
    path("duties/", duties.duties_home, name="console_duties"),
    path("duties/posts/<int:pk>/end/", duties.duty_end, name="duty_end"),
    path("duties/<path:code>/people/", duties.duties_people, name="duties_people"),
    path("duties/<path:code>/assign/", duties.duties_assign, name="duties_assign"),
    path("duties/<path:code>/sharing/", duties.duties_share, name="duties_share"),
    path("duties/<path:code>/history/", duties.duties_history, name="duties_history"),
    path("duties/<path:code>/matrix/", matrix.duties_matrix, name="duties_matrix"),
    path("duties/<path:code>/", duties.duties, name="duties"),
    path("members/new/", people.member_new, name="member_new"),
    path("members/<int:pk>/", people.member_detail, name="member_detail"),
    path("members/<int:pk>/edit/", people.member_edit, name="member_edit"),
    path("stand-ins/<int:pk>/end/", leave.leave_end, name="leave_end"),
    path("stand-ins/<int:pk>/people/", leave.leave_people, name="leave_people"),
    path("members/<int:pk>/leave/", leave.member_leave, name="member_leave"),
    path("branches/", branches.branch_list, name="console_branches"),
    path("branches/new/", branches.branch_new, name="branch_new"),
    path("branches/<int:pk>/", branches.branch_detail, name="branch_detail"),
    path("roster/", rosters.roster, name="console_roster"),
    path("roster/export/", rosters.roster_export, name="roster_export"),
    path("areas/<path:code>/edit/", forms_of_areas.area_edit, name="area_edit"),
    path("areas/<path:code>/retire/", forms_of_areas.area_retire, name="area_retire"),
    path("areas/<path:code>/add/", forms_of_areas.area_add, name="area_add"),
]
