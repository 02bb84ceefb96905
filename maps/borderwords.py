"""Addresses and words that the script of the borders page needs, handed to it as JSON."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from grid.models import Area, User


def config(community: Area, user: User) -> dict[str, Any]:
    """For ``static/maps/borders/page.js``. The user's number keeps unsaved work of two people apart."""
    page = reverse("borders_editor", args=[community.code])
    return {
        "user": user.pk,
        "community": {"code": community.code, "id": community.pk, "name": str(community)},
        "socket": "/ws/map/",
        "urls": {name: f"{page}{name}/" for name in ("data", "try", "save", "draft")},
        "words": {
            **_hints(),
            **_operations(),
            **_panels(),
            **_messages(),
            **_days(),
        },
    }


def _hints() -> dict[str, str]:
    """The sentence below the tools: what to do next."""
    return {
        "hint_look": _("Choose a grid on the map or from the list, then a tool."),
        "hint_look_picked": _("%(name)s is chosen. Choose a tool to change its border."),
        "hint_reshape": _("Choose the grid whose border is to be moved."),
        "hint_reshape_picked": _(
            "Drag a point: the grids that share it follow. Drag a small point to add one. "
            "To remove one, right-click it, hold it, or press Delete."
        ),
        "hint_split": _("Choose the grid to divide."),
        "hint_split_line": _(
            "Click where the dividing line begins, on the grid's border; then each bend. "
            "It ends where you click the border again."
        ),
        "hint_split_form": _("Say in the form beside the map what the new grid is called."),
        "hint_merge": _("Choose the grids to join: click each of them."),
        "hint_merge_picked": _("%(n)s grids chosen. Say beside the map which one stays, and join them."),
        "hint_draw": _(
            "Click the corners of the new grid, one after the other; to end, click the first one again."
        ),
        "hint_draw_form": _("Say in the form beside the map what the new grid is called."),
        "hint_rename": _("Choose the grid to rename."),
        "hint_rename_form": _("Write name and households in the form beside the map."),
        "hint_past": _("You are looking at the past. Nothing can be changed here."),
        "hint_phone": _(
            "On a phone you can look at the borders and their history. "
            "To redraw them, use a tablet or a computer."
        ),
    }


def _operations() -> dict[str, str]:
    """One line for each unsaved change."""
    return {
        "did_move": _("Moved a border point of %(names)s"),
        "did_insert": _("Added a border point to %(names)s"),
        "did_remove": _("Removed a border point of %(names)s"),
        "did_split": _("Divided %(grid)s: %(name)s is new"),
        "did_merge": _("Joined %(names)s into %(into)s"),
        "did_draw": _("Drew %(name)s"),
        "did_rename": _("%(grid)s: name or households changed"),
        "did_rename_to": _("Renamed %(grid)s to %(name)s"),
        "several": _("several grids"),
        "list_comma": pgettext("between names", ", "),
    }


def _panels() -> dict[str, str]:
    """The panels beside the map."""
    return {
        "area_m2": _("%(n)s m²"),
        "area_ha": _("%(n)s ha"),
        "no_households": _("not known"),
        "nobody": _("nobody of its own"),
        "was": _("before: %(what)s"),
        "vertex": _("Point %(n)s"),
        "vertex_shared": _("Point %(n)s, shared with %(names)s"),
        "vertex_fixed": _("Point %(n)s, a corner of the community: stays where it is"),
        "vertex_edge": _("Point %(n)s, on the community's border: slides along it"),
        "vertex_outer": _("Point %(n)s, on the community's border"),
        "vertex_keys": _(
            "Arrow keys move it, with Shift farther; Insert adds a point beside it; Delete removes it."
        ),
        "midpoint": _("Drag to add a point"),
        "keeps_code": _("keeps code %(code)s"),
        "is_new": _("new"),
        "no_changes": _("Nothing changed since the last save."),
        "changes_one": _("1 unsaved change"),
        "changes_many": _("%(n)s unsaved changes"),
        "take_out": _("Take out"),
        "show_place": _("Show on the map"),
        "not_fitting": _("no longer fits"),
        "need_two": _("Choose at least two grids that touch each other."),
        "not_touching": _("These grids do not touch each other. Only neighbours can be joined."),
        "next_name": _("%(name)s (new)"),
    }


def _messages() -> dict[str, str]:
    """What is said while and after something happens."""
    return {
        "checking": _("Checking …"),
        "checked": _("Checked: everything fits."),
        "kept": _("Kept on this device at %(time)s."),
        "kept_server": _("Kept at %(time)s; not yet saved for everyone."),
        "unchecked": _("Not checked yet: there is no connection. Your changes are kept on this device."),
        "has_problems": _("Something does not fit yet: see below."),
        "has_failed": _("Some changes no longer fit. Take them out, or undo, before you save."),
        "saving": _("Saving …"),
        "saved": _("Saved at %(time)s. The new borders hold from now on."),
        "offline_save": _("There is no connection. Nothing was lost: save again when you are back online."),
        "failed": _("That did not work. Your changes are kept; try again in a moment."),
        "denied": _("You may not do this, or you were signed out. Your changes are kept; reload the page."),
        "unreadable": _("The borders could not be read. Reload the page."),
        "impossible": _("That was not possible: %(why)s"),
        "undone": _("Undone: %(what)s"),
        "redone": _("Done again: %(what)s"),
        "others": _("%(name)s has unsaved changes here, last touched %(time)s. Agree on who does what."),
        "theirs": _("%(name)s saved at %(time)s."),
        "theirs_added": _("New: %(names)s"),
        "theirs_changed": _("Changed: %(names)s"),
        "theirs_retired": _("Gone: %(names)s"),
        "theirs_mine_fit": _("Your unsaved changes still fit."),
        "theirs_mine_unfit": _(
            "%(n)s of your unsaved changes no longer fit. They are marked below; nothing was lost."
        ),
        "theirs_note": _("Note: %(note)s"),
        "seen": _("Seen"),
        "somebody": _("Somebody"),
        "other_window": _("You have this page open in another window too. Work in one of them only."),
        "draft_here": _("On this device, %(time)s: %(n)s changes"),
        "draft_there": _("From another device, %(time)s: %(n)s changes"),
        "go_on": _("Go on"),
        "point_fixed": _("This point is a corner of the community. Its outer border is not changed here."),
        "no_side": _("Both sides here belong to the community's own border. No point can be added."),
        "point_removed": _("Point removed."),
        "point_added": _("Point added."),
        "point_moved": _("Point moved."),
        "line_short": _("A line needs a beginning and an end. Click at least twice."),
        "ring_short": _("A grid needs at least three corners."),
        "code_missing": _("Give the new grid a code and a name."),
        "code_taken": _("The code %(code)s is taken. Choose another."),
    }


def _days() -> dict[str, str]:
    """The past: days and versions."""
    return {
        "past": _("Borders at the end of %(day)s"),
        "today": _("Today"),
        "version_by": _("%(time)s, %(name)s"),
        "show_day": _("Show the borders of this day"),
        "no_versions": _("Nothing has been recorded yet."),
    }
