"""The words, addresses and dictionaries that the maps' scripts need, handed to them as JSON."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from workflows.models import Category, State
from workflows.models.request import ENDED_STATES


def live_config() -> dict[str, Any]:
    """For the live map, and most of what the wall needs. One query (categories)."""
    return {
        "socket": "/ws/map/",
        "urls": {
            "cases": reverse("map_cases"),
            "news": reverse("map_news"),
            "outlines": reverse("map_outlines"),
            "areas": reverse("map_areas"),
            "names": reverse("map_names"),
            "case": reverse("map_case", args=["NUMBER"]),
            "replay": reverse("map_replay"),
        },
        "states": {state.value: str(state.label) for state in State},
        "ended": [state.value for state in ENDED_STATES],
        "lights": lights(),
        "kinds": kinds(),
        "categories": categories(),
        "words": live_words(),
    }


def wall_config() -> dict[str, Any]:
    """For the wall: its own addresses, which a screen without anybody signed in may ask, too."""
    config = live_config()
    config["socket"] = "/ws/wall/"
    config["urls"] = {
        "cases": reverse("wall_cases"),
        "news": reverse("wall_news"),
        "outlook": reverse("wall_outlook"),
        "outlines": reverse("map_outlines"),
        "names": reverse("map_names"),
    }
    config["words"] |= {
        "stopped": _("The data stopped at %(time)s"),
        "never": _("No data yet"),
        "coming_back": _("What you see may be wrong by now. The screen keeps trying by itself."),
        "than_yesterday": _("%(n)s vs yesterday, same time"),
        "than_week": _("%(n)s vs last %(weekday)s, same time"),
        "rate": _("%(count)s of %(of)s"),
        "counting": _("still being counted"),
        "no_rate": _("nobody has rated"),
        "nothing_stands_out": _("Nothing stands out."),
        "not_worked_out": _("What stands out is worked out every night."),
        "looked_at": _("up to %(day)s"),
        "none_waiting": _("Nobody is waiting."),
    }
    return config


def public_config() -> dict[str, Any]:
    """For the public map."""
    return {
        "socket": "/ws/public/",
        "urls": {
            "outlines": reverse("map_outlines"),
            "tallies": reverse("map_tallies"),
            "areas": reverse("map_areas"),
            "area": reverse("map_area", args=["CODE"]),
            "page": reverse("public_map"),
        },
        "words": {"open": _("%(n)s open")},
    }


def lights() -> dict[str, str]:
    """Traffic light → its word."""
    return {
        "red": pgettext("deadline", "Overdue"),
        "yellow": pgettext("deadline", "Due soon"),
        "green": pgettext("deadline", "On time"),
        "none": pgettext("deadline", "No limit"),
    }


def live_words() -> dict[str, str]:
    """Short texts of the list, the feed and the drawer; the script fills in ``%(n)s`` and the like."""
    return {
        "no_category": _("Not sorted yet"),
        "no_grid": _("Not placed yet"),
        "urgent": _("Urgent"),
        "left": _("%(span)s left"),
        "over": _("%(span)s over"),
        "waiting": _("waiting %(span)s"),
        "days": _("%(n)s d"),
        "hours": _("%(n)s h"),
        "minutes": _("%(n)s min"),
        "moment": _("< 1 min"),
        "in_view": _("%(n)s requests in view"),
        "off_map": _("%(n)s more are not on the map"),
        "first_rows": _("The %(n)s most urgent are listed."),
        "cluster": _("%(n)s requests here"),
        "now_red": _("Now overdue: %(what)s"),
        "nothing": _("Nothing here"),
        "nothing_hint": _("Move the map or choose fewer filters."),
        "quiet": _("Nothing has happened yet today."),
        "failed": _("The map could not be read. It tries again by itself."),
        "all": _("All"),
        "filters_on": _("%(n)s filters"),
        "case": _("Request"),
        "replay_counts": _("%(open)s open, %(late)s of them overdue"),
        "replay_left_out": _("%(n)s requests are left out: zoom in to see all."),
        "replay_empty": _("Nothing happened here in this time."),
        "replay_failed": _("This period could not be read. Choose at most 92 days, not after today."),
        "play": _("Play"),
        "pause": _("Pause"),
        "loading": _("Loading …"),
    }


def three_rates() -> dict[str, str]:
    """三率: indicator's name → its word on the wall."""
    return {
        "responded": pgettext("rate", "Response"),
        "solved": pgettext("rate", "Solution"),
        "satisfied": pgettext("rate", "Satisfaction"),
    }


def kinds() -> dict[str, str]:
    """What a line of the feed says for each kind of event. ``%(title)s`` is the step's title."""
    return {
        "request.filed": _("New request"),
        "request.registered": _("Registered"),
        "task.created": _("Next: %(title)s"),
        "task.claimed": _("%(title)s: claimed"),
        "task.unclaimed": _("%(title)s: given back"),
        "task.decided": _("%(title)s: %(outcome)s"),
        "task.transferred": _("%(title)s: handed on"),
        "task.returned": _("%(title)s: sent back"),
        "task.skipped": _("%(title)s: passed over"),
        "task.settled": _("%(title)s: %(outcome)s"),
        "task.delegated": _("%(title)s: delegated"),
        "task.answered": _("%(title)s: answered"),
        "task.taken_back": _("%(title)s: taken back"),
        "signer.added": _("%(title)s: a signer more"),
        "signer.removed": _("%(title)s: a signer fewer"),
        "help.asked": _("%(title)s: help is wanted"),
        "task.timed_out": _("%(title)s: out of time"),
        "deadline.approached": _("Due soon"),
        "deadline.breached": _("Overdue"),
        "request.closed": _("Closed"),
        "request.rated": _("Rated by the resident"),
        "request.reopened": _("Reopened by the resident"),
        "request.urged": _("They were asked to hurry"),
        "request.kept": _("Stays where it is, by the old borders"),
        "request.passed_on": _("Passed on, by the new borders"),
        "request.migrated": _("Goes on by another version of its workflow"),
        "request.withdrawn": _("Withdrawn by the resident"),
        "request.excluded": _("Does not count in figures any more"),
        "request.included": _("Counts in figures again"),
        "request.force_closed": _("Closed by order"),
        "request.merged": _("Joined with another case"),
        "duplicate.added": _("A duplicate was joined with it"),
        "request.joined": _("One more asks for the same"),
        "request.suspended": _("Stands still"),
        "request.resumed": _("Goes on"),
        "application.filed": _("Something was asked for"),
        "application.forwarded": _("The first level has agreed"),
        "application.granted": _("Granted"),
        "application.refused": _("Refused"),
        "order.given": _("An order was given"),
        "order.answered": _("The order was answered"),
        "order.overdue": _("The answer to an order is overdue"),
        "message.sent": _("A message to the member on duty"),
        "deadline.overdue": _("Still overdue"),
    }


def categories() -> dict[str, dict[str, str]]:
    """Code → name and the code of the category above it, in the order of the dictionary."""
    rows = list(Category.objects.order_by("path"))
    by_path = {row.path: row.code for row in rows}
    return {
        row.code: {
            "name": str(row),
            "parent": by_path.get(row.path[: -Category.steplen], ""),
            "active": row.is_active,
            "dictionary": row.dictionary,
        }
        for row in rows
    }


def approval_number() -> str:
    """审图号 of the base map, which the law wants to be seen on it; empty when none is configured."""
    return settings.LINLI_MAP_APPROVAL if settings.LINLI_BASE_MAP != "none" else ""
