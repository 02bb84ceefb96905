"""Filing a request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from grid.errors import NotAllowed, Refused
from grid.models import Area, User
from realtime.events import RequestFiled
from realtime.log import Audience, Subject, emit

from .. import limits, numbers, placing, policies, queries
from ..brief import case_brief
from ..models import Attachment, Category, FilingCondition, Request, Source, Urgency, Visibility
from ..photos import PreparedPhoto, attach, prepare_photos
from ..texts import clean_text
from .cases import start_case

OUT_OF_DATE = _lazy("This form is out of date. Reload the page and try again.")


def file_request(
    *,
    reporter: User | None,
    text: str,
    category: Category | None = None,
    condition: FilingCondition | None = None,
    lon: float | None = None,
    lat: float | None = None,
    datum: str = "wgs84",
    area: Area | None = None,
    address: str = "",
    photos: Sequence[File] = (),
    source: str = Source.PORTAL,
    urgency: str = Urgency.NORMAL,
    visibility: str = Visibility.PRIVATE,
    anonymous: bool = False,
    contact_name: str = "",
    contact_phone: str = "",
    filed_by: User | None = None,
    client_key: uuid.UUID | None = None,
    definition: str | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Request:
    """File a request and start its workflow: the one whose key is ``definition``, else the one bound.

    ``lon``/``lat`` are degrees in ``datum``; without them the first photo's own position counts, unless an
    ``area`` was chosen. ``filed_by`` is a member who types for a resident or reports what they found.
    ``fields`` are what the workflow's filing form asks, by code: text, ids, or rows.
    Sent again with the same ``client_key`` (also at the same moment) it gives the request filed first.

    Raises :class:`Refused` with a sentence for the person at the form; nothing is written then.
    """
    actor = filed_by or reporter
    _check_right_to_file(actor, reporter=reporter, source=source)
    if client_key is not None and (earlier := _filed_before(client_key, actor)):
        return earlier
    draft = Request(
        client_key=client_key or uuid.uuid4(),
        reporter=reporter,
        filed_by=filed_by,
        text=clean_text(text),
        category=_usable(category),
        source=_choice(Source, source),
        urgency=_choice(Urgency, urgency),
        visibility=_choice(Visibility, visibility),
        anonymous=anonymous,
        address=_short(address, "address", _("The address")),
        contact_name=_short(contact_name, "contact_name", _("The name")),
        contact_phone=_short(contact_phone, "contact_phone", _("The phone number")),
    )
    # Decoding photos takes long: done before the transaction, so that no one waits for it.
    prepared = prepare_photos(photos)
    if lon is None and area is None and prepared:
        lon, lat, datum = prepared[0].gps_lon, prepared[0].gps_lat, "wgs84"
    place = placing.find_place(lon=lon, lat=lat, datum=datum, area=area)
    placing.put(draft, place)
    draft.address = placing.with_building(draft.address, area, place)
    draft.filed_at = timezone.now()
    limits.set_limit(draft, _condition(draft.category, condition))
    try:
        return _write(draft, prepared, actor, definition, fields)
    except IntegrityError:
        # The same form arrived twice at once; the other one was first.
        if client_key is not None and (earlier := _filed_before(client_key, actor)):
            return earlier
        raise


@transaction.atomic
def _write(
    draft: Request,
    prepared: Sequence[PreparedPhoto],
    actor: User | None,
    definition: str | None,
    fields: Mapping[str, Any] | None,
) -> Request:
    placing.confirm(draft)
    draft.number = numbers.next_number(draft.area.code if draft.area else "", draft.filed_at)
    draft.save(force_insert=True)
    attach(draft, prepared, Attachment.Moment.BEFORE, actor)
    told = policies.acting_name(draft, actor)
    emit(
        RequestFiled(case=case_brief(draft), source=draft.source, photos=len(prepared)),
        subject=Subject("request", draft.pk),
        actor=told,
        audience=Audience(draft.area_path, queries.own_people(draft)),
        notify=[draft.reporter_id] if draft.reporter_id else [],
        at=draft.filed_at,
    )
    start_case(draft, actor=told, definition=definition, fields=fields)
    return draft


def _check_right_to_file(actor: User | None, *, reporter: User | None, source: str) -> None:
    if actor is None or not actor.is_active:
        raise NotAllowed(_("Sign in to file a request."))
    on_own_account = actor == reporter and source == Source.PORTAL
    if not on_own_account and not policies.may_file_for_others(actor):
        raise NotAllowed(_("Only members can file for somebody else."))


def _filed_before(client_key: uuid.UUID, actor: User | None) -> Request | None:
    """The request this form gave when it was sent before. Somebody else's is not handed out."""
    earlier = Request.objects.filter(client_key=client_key).first()
    if (
        earlier is not None
        and actor is not None
        and actor.pk not in (earlier.reporter_id, earlier.filed_by_id)
    ):
        raise Refused(OUT_OF_DATE)
    return earlier


def _usable(category: Category | None) -> Category | None:
    if category is not None and not category.is_active:
        raise Refused(_("This category is no longer in use. Choose another one."))
    return category


def _condition(category: Category | None, condition: FilingCondition | None) -> FilingCondition | None:
    if condition is None:
        return limits.default_condition(category)
    if category is None or condition.category_id != category.pk:
        raise Refused(_("This condition belongs to another category. Choose the category again."))
    return condition


def _choice(choices: type[TextChoices], value: str) -> str:
    if value not in choices.values:
        raise Refused(OUT_OF_DATE)
    return value


def _short(text: str, field: str, label: str) -> str:
    """A one-line field, cleaned; too long is refused, never cut."""
    text = " ".join(clean_text(text, required=False).split())
    limit: int = Request._meta.get_field(field).max_length  # type: ignore[assignment, union-attr]
    if len(text) > limit:
        raise Refused(
            _("%(label)s is too long: at most %(limit)d characters fit.") % {"label": label, "limit": limit}
        )
    return text
