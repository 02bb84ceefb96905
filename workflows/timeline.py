"""A case told as a story, from its events alone: who did what, when, how long it took.

The log keeps everything; what is told depends on the viewer (:func:`workflows.policies.sight`). Titles of
steps are taken from the version the case runs on, so the story is in the viewer's language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from grid.models import DutyRole, in_language
from realtime.models import Event

from . import case_tellers
from .engine import schema
from .engine.hands import beside
from .models import Attachment, Request, Source, State
from .policies import Sight, sight
from .told import Told as _Told

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from grid.models import User

#: What a neighbour is told of a case: that it goes on, not how.
PUBLIC_KINDS = frozenset(
    {"request.filed", "request.registered", "request.imported", "request.closed", "request.reopened"}
)
#: What those who work on a case tell each other.
INTERNAL_KINDS = frozenset(
    {"copy.sent", "copy.read", "task.unclaimed", "task.timed_out", "request.kept", "request.migrated"}
    | {"task.delegated", "task.answered", "task.taken_back"}
    | {"signer.added", "signer.removed", "help.asked"}
    | {"notice.sent", "hook.called", "hook.failed"}
    | {"application.filed", "application.forwarded", "application.refused"}
    | {"order.given", "order.answered", "order.overdue", "message.sent"}
    | {"duplicate.added", "outcome.shared", "deadline.overdue"}
    | {"request.excluded", "request.included"}
)
#: What only the requester does: an anonymous one is not named as the actor in the log.
REQUESTERS_KINDS = frozenset(
    {"request.filed", "request.rated", "request.reopened", "request.urged", "request.withdrawn"}
)
#: What follows by itself from what somebody did: told without a name, since they did not do this.
CONSEQUENCES = frozenset(
    {"task.created", "task.settled", "task.timed_out", "request.registered", "request.closed", "copy.sent"}
    | {"deadline.approached", "deadline.breached", "notice.sent", "hook.called", "hook.failed"}
    | {"deadline.overdue", "deadline.moved", "request.suspended", "outcome.shared", "order.overdue"}
    | {"task.skipped"}
)


@dataclass(frozen=True)
class Entry:
    """One step of the story. ``took`` in seconds; ``tone``: idle, wait, work, again, done or late."""

    at: datetime
    kind: str
    title: str
    text: str = ""
    actor_name: str = ""
    actor_role: str = ""
    took: float | None = None
    photos: list[Attachment] = field(default_factory=list)
    icon: str = "circle"
    tone: str = "idle"


def timeline(request: Request, viewer: User | AnonymousUser) -> list[Entry]:
    """The story of a case for one viewer, oldest first. At most eight queries, however long it is."""
    return list(_Story(request, sight(viewer, request)).tell())


class _Story:
    def __init__(self, request: Request, seen: Sight) -> None:
        self.request, self.seen = request, seen
        self.photos = list(request.attachments.order_by("pk"))
        self.blocks = _blocks_of(request)
        self.roles = {role.pk: str(role) for role in DutyRole.objects.all()}
        # Task id → role it was given to, so that whoever decides it is named with it.
        self.role_of_task: dict[int, str] = {}

    def tell(self) -> Iterator[Entry]:
        events = Event.objects.filter(subject_type="request", subject_id=self.request.pk)
        for event in self._together(events.select_related("actor").order_by("chain_seq")):
            # Counted also for events that are not told: the next event's photos come after these.
            photos = self._take(event.payload.get("photos", 0))
            told = TELLERS[event.kind](self, event.payload) if self._is_told(event.kind) else None
            if told is not None:
                yield self._entry(event, told, photos)
            if event.kind == "task.transferred" or event.payload.get("action") == "escalate":
                # Whoever has it now need not hold the role it was meant for.
                self.role_of_task.pop(event.payload["task"], None)

    def _together(self, events: Iterable[Event]) -> Iterator[Event]:
        """The events; what several people get at once of the same step is one, with everybody's names."""
        held: Event | None = None
        for event in events:
            said = event.payload
            if event.kind == "task.created":
                self.role_of_task[said["task"]] = said["role"]
                if held is not None and _same_step(held, event):
                    names = [*held.payload.get("also", []), said["assignee"]]
                    held.payload = {**held.payload, "also": names}
                    continue
            if held is not None:
                yield held
            held = event
        if held is not None:
            yield held

    def _is_told(self, kind: str) -> bool:
        if kind not in TELLERS:
            return False
        if kind in INTERNAL_KINDS and not self.seen.internal:
            return False
        return self.seen.words or kind in PUBLIC_KINDS

    def _entry(self, event: Event, told: _Told, photos: list[Attachment]) -> Entry:
        name, role = self._actor(event)
        return Entry(
            at=event.at,
            kind=event.kind,
            title=told.title,
            text=told.text if self.seen.words else "",
            actor_name=name,
            actor_role=role,
            took=event.payload.get("took"),
            photos=photos if self.seen.photos else [],
            icon=told.icon,
            tone=told.tone,
        )

    def _actor(self, event: Event) -> tuple[str, str]:
        """Name and role of who did it, as far as the viewer may know them."""
        if event.kind in CONSEQUENCES:
            return "", ""
        actor = event.actor
        by_office = event.payload.get("by_office", False)
        if (
            actor is None
            and not by_office
            and event.kind in REQUESTERS_KINDS
            and self.request.source != Source.IMPORT
        ):
            actor = self.request.reporter
        if actor is None:
            return "", ""
        if actor.pk == self.request.reporter_id:
            return (str(actor) if self.seen.identity else _("A resident")), ""
        role = self.roles.get(self.role_of_task.get(event.payload.get("task", 0), ""), "")
        if not self.seen.staff_names:
            return role, ""
        if principal := event.payload.get("on_behalf_of"):
            return _("%(name)s for %(principal)s") % {"name": actor, "principal": principal}, role
        return str(actor), role

    def _take(self, count: int) -> list[Attachment]:
        """The next photos: they were kept in the order of the events that brought them."""
        taken, self.photos = self.photos[:count], self.photos[count:]
        return taken

    # --- what the tellers below ask ------------------------------------------------------------
    def title(self, block_id: str, fallback: str = "") -> str:
        return getattr(self.blocks.get(block_id), "title", "") or fallback

    def outcome(self, said: dict[str, Any]) -> tuple[str, str]:
        """Title and style of the outcome of a decision."""
        for outcome in getattr(self.blocks.get(said["block"]), "outcomes", ()):
            if outcome.code == said["outcome"]:
                return outcome.title, outcome.style
        return said["outcome_title"], ""

    def person(self, name: str) -> str:
        """A name from a payload; the reporter's is not told to those who may not know it."""
        reporter = self.request.reporter
        if reporter is not None and name == str(reporter) and not self.seen.identity:
            return _("the resident")
        return name

    def internal(self, text: str) -> str:
        return text if self.seen.internal else ""


def _listed(names: Iterable[str]) -> str:
    return pgettext("list of names", ", ").join(names)


def _same_step(one: Event, other: Event) -> bool:
    """Whether two people got the same step at the same moment."""
    if one.kind != other.kind or one.at != other.at or one.payload["block"] != other.payload["block"]:
        return False
    return bool(one.payload["assignee"] and other.payload["assignee"])


def _blocks_of(request: Request) -> dict[str, Any]:
    if request.process is None:
        return {}
    definition = getattr(request.process.flow_class, "definition", None)
    if definition is None:
        return {}
    return {block.id: block for block in schema.blocks(definition.body) if getattr(block, "id", None)}


def _filed(story: _Story, said: dict[str, Any]) -> _Told:
    titles = {
        Source.PORTAL: _("Request filed"),
        Source.MEMBER: _("Found and reported by a member"),
        Source.ON_BEHALF: _("Filed for a resident"),
        Source.HOTLINE: _("Filed through the hotline"),
    }
    return _Told(titles.get(said["source"], _("Request filed")), "message-circle", "wait")


def _imported(story: _Story, said: dict[str, Any]) -> _Told:
    return _Told(_("Filed in another system: %(system)s") % {"system": said["system"]}, "database-import")


def _registered(story: _Story, said: dict[str, Any]) -> _Told:
    return _Told(_("Accepted as a case"), "clipboard-check", "work")


def _created(story: _Story, said: dict[str, Any]) -> _Told | None:
    step = story.title(said["block"], said["title"])
    if not step or beside(said["block"]):
        return None  # that help was asked for is told already
    if getattr(story.blocks.get(said["block"]), "form", "") == "rating":
        return _Told(_("The resident is asked how it went"), "star", "wait")
    if said["assignee"]:
        people = [story.person(name) for name in (said["assignee"], *said.get("also", ()))]
        words = _("“%(step)s” went to %(name)s") % {"step": step, "name": _listed(people)}
        return _Told(words, "arrow-right", "work")
    role = story.roles.get(said["role"], "")
    words = _("“%(step)s” waits for somebody to take it") % {"step": step}
    if role:
        words = _("“%(step)s” waits for a %(role)s to take it") % {"step": step, "role": role}
    return _Told(words, "arrow-right", "wait")


def _claimed(story: _Story, said: dict[str, Any]) -> _Told:
    step = story.title(said["block"], said["title"])
    return _Told(_("Took on “%(step)s”") % {"step": step}, "hand-grab", "work")


def _unclaimed(story: _Story, said: dict[str, Any]) -> _Told:
    step = story.title(said["block"], said["title"])
    return _Told(_("Put “%(step)s” back for others to take") % {"step": step}, "hand-off", "wait")


def _decided(story: _Story, said: dict[str, Any]) -> _Told | None:
    if said["outcome"] == "rated" or getattr(story.blocks.get(said["block"]), "form", "") == "rating":
        return None  # the rating itself is told
    title, style = story.outcome(said)
    tone = {"danger": "again", "neutral": "work"}.get(style, "done")
    words = _("%(step)s: %(outcome)s") % {"step": story.title(said["block"], said["title"]), "outcome": title}
    return _Told(words, "arrow-back-up" if tone == "again" else "check", tone, said["opinion"])


def _settled(story: _Story, said: dict[str, Any]) -> _Told:
    title, style = story.outcome(said)
    words = _("%(step)s is settled: %(outcome)s") % {
        "step": story.title(said["block"], said["title"]),
        "outcome": title,
    }
    tone = "again" if style == "danger" else "done"
    return _Told(words, "users-group", tone, story.internal(_numbers(said)))


def _numbers(said: dict[str, Any]) -> str:
    """How many had a say in it, and what they said."""
    if said["mode"] == "any":
        return ""
    seats = said["agreed"] + said["refused"] + said["lapsed"]
    return _("%(agreed)d of %(seats)d agreed, %(needed)d were needed.") % {**said, "seats": seats}


def _delegated(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Asked %(name)s to do “%(step)s” and give it back") % _whom(story, said)
    return _Told(words, "user-share", "work", story.internal(said["reason"]))


def _answered(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Answered %(name)s about “%(step)s”") % _whom(story, said)
    return _Told(words, "message-reply", "work", story.internal(said["opinion"]))


def _taken_back(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Took “%(step)s” back") % {"step": story.title(said["block"], said["title"])}
    return _Told(words, "arrow-back", "again")


def _signer_added(story: _Story, said: dict[str, Any]) -> _Told:
    words = {
        "before": _("Asked %(name)s to sign “%(step)s” first"),
        "after": _("Asked %(name)s to sign “%(step)s” afterwards"),
    }.get(said["place"], _("Asked %(name)s to sign “%(step)s” as well"))
    return _Told(words % _whom(story, said), "user-plus", "work", story.internal(said["reason"]))


def _signer_removed(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("%(name)s need not sign “%(step)s” any more") % {
        "name": story.person(said["signer"]),
        "step": story.title(said["block"], said["title"]),
    }
    return _Told(words, "user-minus", "work", story.internal(said["reason"]))


def _help_asked(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Asked %(name)s to help with “%(step)s”") % _whom(story, said)
    return _Told(words, "heart-handshake", "work", story.internal(said["reason"]))


def _whom(story: _Story, said: dict[str, Any]) -> dict[str, str]:
    return {"name": story.person(said["to"]), "step": story.title(said["block"], said["title"])}


def _transferred(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Handed “%(step)s” to %(name)s") % {
        "step": story.title(said["block"], said["title"]),
        "name": story.person(said["to"]),
    }
    return _Told(words, "transfer", "work", story.internal(said["reason"]))


def _returned(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Sent back to “%(step)s”") % {"step": story.title(said["to_block"], said["to_title"])}
    return _Told(words, "arrow-back-up", "again", story.internal(said["reason"]))


def _timed_out(story: _Story, said: dict[str, Any]) -> _Told:
    step = story.title(said["block"], said["title"])
    if said["to"]:
        words = _("“%(step)s” was not done in its time and went to %(name)s")
        if said["action"] == "remind":
            words = _("“%(step)s” was not done in its time; %(name)s was told")
        return _Told(words % {"step": step, "name": story.person(said["to"])}, "clock-exclamation", "late")
    return _Told(_("“%(step)s” was not done in its time") % {"step": step}, "clock-exclamation", "late")


def _copied(story: _Story, said: dict[str, Any]) -> _Told:
    names = _listed(story.person(name) for name in said["to"])
    return _Told(_("Copied to %(names)s") % {"names": names}, "copy")


def _skipped(story: _Story, said: dict[str, Any]) -> _Told:
    words = {
        "nobody": _("“%(step)s” was passed over: nobody is on duty for it"),
        "self": _("“%(step)s” was passed over: it would have come to somebody who had decided already"),
    }[said["why"]]
    return _Told(words % {"step": story.title(said["block"], said["title"])}, "player-skip-forward")


def _copy_read(story: _Story, said: dict[str, Any]) -> _Told:
    return _Told(_("Has read the copy"), "eye-check")


def _noticed(story: _Story, said: dict[str, Any]) -> _Told:
    names = _listed(story.person(name) for name in said["to"])
    return _Told(_("A notice to %(names)s") % {"names": names}, "bell", text=said["text"])


def _hook_called(story: _Story, said: dict[str, Any]) -> _Told:
    return _Told(_("“%(system)s” is told of it") % {"system": said["hook"]}, "plug-connected")


def _hook_failed(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("“%(system)s” could not be told, after %(n)s attempts")
    return _Told(words % {"system": said["hook"], "n": said["tries"]}, "plug-connected-x", "late")


def _approached(story: _Story, said: dict[str, Any]) -> _Told:
    return _Told(_("Four fifths of the time have passed"), "clock-exclamation", "wait")


def _breached(story: _Story, said: dict[str, Any]) -> _Told:
    return _Told(_("The deadline has passed"), "alert-triangle", "late")


def _closed(story: _Story, said: dict[str, Any]) -> _Told | None:
    if said["state"] in _TOLD_BY_ITSELF and story.seen.words:
        return None
    if said["state"] in _ENDED_OTHERWISE:
        return _Told(State(said["state"]).label, "x", "again")
    if said["state"] == State.FORCE_CLOSED:
        return _Told(_("Closed by order"), "circle-check", "done")
    words = {True: _("Closed, in time"), False: _("Closed, late"), None: _("Closed")}[said["on_time"]]
    return _Told(words, "circle-check", "late" if said["on_time"] is False else "done", said["note"])


def _rated(story: _Story, said: dict[str, Any]) -> _Told:
    answers = [
        _("answered in time") if said["in_time"] else _("not answered in time"),
        _("solved") if said["solved"] else _("not solved"),
        _("satisfied") if said["satisfied"] else _("not satisfied"),
    ]
    good = sum(said[question] for question in ("in_time", "solved", "satisfied"))
    words = _("Rated: %(answers)s") % {"answers": _(", ").join(answers)}
    return _Told(words, "star", "done" if good >= 2 else "again", said["comment"])


def _reopened(story: _Story, said: dict[str, Any]) -> _Told:
    if said["to"] and story.seen.staff_names:
        words = _("Reopened; back to %(name)s") % {"name": story.person(said["to"])}
        return _Told(words, "refresh", "again", said["reason"])
    return _Told(_("Reopened"), "refresh", "again", said["reason"])


def _urged(story: _Story, said: dict[str, Any]) -> _Told:
    if said.get("by_office"):
        return _Told(_("A superior asks to hurry"), "bell-ringing", "wait", story.internal(said["text"]))
    return _Told(_("The resident asks to hurry"), "bell-ringing", "wait", said["text"])


def _kept(story: _Story, said: dict[str, Any]) -> _Told:
    """Whoever has it keeps it: of no interest to the resident."""
    grid = in_language(said["to_name"], said["to_name_en"])
    text = _("By the new borders it would belong to %(grid)s.") % {"grid": grid} if grid else ""
    return _Told(_("The borders have moved; the case stays"), "map-pin", "work", text)


def _passed_on(story: _Story, said: dict[str, Any]) -> _Told:
    names = {
        "from": in_language(said["from_name"], said["from_name_en"]),
        "to": in_language(said["to_name"], said["to_name_en"]),
    }
    text = _listed(story.person(name) for name in said["to"])
    words = _("The borders have moved: passed on from %(from)s to %(to)s")
    return _Told(words % names, "transfer", "work", text if story.seen.staff_names else "")


#: Ends of which another event says more.
_TOLD_BY_ITSELF = frozenset({State.WITHDRAWN, State.MERGED, State.FORCE_CLOSED})
_ENDED_OTHERWISE = frozenset({State.REJECTED, State.WITHDRAWN, State.MERGED})


def _migrated(story: _Story, said: dict[str, Any]) -> _Told:
    words = _("Goes on by version %(to)s of the workflow, so far by version %(from)s")
    return _Told(words % {"from": said["from_version"], "to": said["to_version"]}, "versions", "work")


TELLERS: dict[str, Callable[[_Story, dict[str, Any]], _Told | None]] = {
    "request.filed": _filed,
    "request.imported": _imported,
    "request.registered": _registered,
    "task.created": _created,
    "task.claimed": _claimed,
    "task.unclaimed": _unclaimed,
    "task.decided": _decided,
    "task.settled": _settled,
    "task.delegated": _delegated,
    "task.answered": _answered,
    "task.taken_back": _taken_back,
    "signer.added": _signer_added,
    "signer.removed": _signer_removed,
    "help.asked": _help_asked,
    "task.transferred": _transferred,
    "task.returned": _returned,
    "task.timed_out": _timed_out,
    "copy.sent": _copied,
    "task.skipped": _skipped,
    "copy.read": _copy_read,
    "notice.sent": _noticed,
    "hook.called": _hook_called,
    "hook.failed": _hook_failed,
    "deadline.approached": _approached,
    "deadline.breached": _breached,
    "request.closed": _closed,
    "request.rated": _rated,
    "request.reopened": _reopened,
    "request.urged": _urged,
    "request.kept": _kept,
    "request.passed_on": _passed_on,
    "request.migrated": _migrated,
    **case_tellers.TELLERS,
}
