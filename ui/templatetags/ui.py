"""Tags every page may use; a template builtin, so no ``{% load %}`` is needed.

They take plain values, never rows: this layer knows no other. ``docs/reference/ui.md`` shows each.
"""

import zlib
from datetime import datetime

from django import template
from django.core.paginator import Page
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, FileInput, RadioSelect, Select
from django.template.exceptions import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from ui import icons, when

register = template.Library()

#: State of a request → (tone, icon). The tone is a colour, the icon a shape; the word is the caller's.
STATES = {
    "reported": ("wait", "circle-dashed"),
    "verifying": ("wait", "zoom-question"),
    "registered": ("wait", "clipboard-check"),
    "dispatching": ("wait", "send"),
    "handling": ("work", "progress"),
    "checking": ("work", "zoom-check"),
    "rework": ("again", "rotate-clockwise"),
    "reopened": ("again", "rotate-clockwise"),
    "suspended": ("idle", "player-pause"),
    "rejected": ("idle", "circle-x"),
    "closed": ("done", "circle-check"),
    "force_closed": ("done", "square-check"),
    "rated": ("done", "star"),
    "withdrawn": ("idle", "circle-x"),
    "merged": ("idle", "arrows-join"),
}

#: Traffic light → (icon, word). Each has a shape of its own, so that colour is never the only sign.
LIGHTS = {
    "green": ("circle-check", pgettext_lazy("deadline", "On time")),
    "yellow": ("alert-triangle", pgettext_lazy("deadline", "Due soon")),
    "red": ("alert-octagon", pgettext_lazy("deadline", "Overdue")),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """``{% icon "map-pin" %}``: an outline icon, hidden from screen readers. An unknown name is a dot.

    Names come from templates and from the category dictionary, which administrators edit.
    """
    try:
        return icons.svg(name, css)
    except LookupError:
        return icons.svg("point", css)


@register.simple_tag
def colon() -> str:
    """``{{ title }}{% colon %}{{ value }}``: between a word and what it says, as the language has it."""
    return pgettext("between words", ": ")


@register.simple_tag
def state_badge(code: str, label: str) -> SafeString:
    """``{% state_badge request.state request.get_state_display %}``: shape, word and colour of a state."""
    tone, shape = STATES.get(code, ("wait", "point"))
    return format_html('<span class="state state-{}">{}<span>{}</span></span>', tone, icon(shape), label)


@register.simple_tag
def light_badge(light: str, due_at: datetime | None = None) -> SafeString:
    """``{% light_badge "yellow" request.due_at %}``: shape, word and time left. Nothing for "none"."""
    if light not in LIGHTS:
        return SafeString("")
    shape, word = LIGHTS[light]
    left = ""
    if due_at:
        seconds = (due_at - timezone.now()).total_seconds()
        pattern = _("%(span)s left") if seconds >= 0 else _("%(span)s over")
        left = format_html(
            ' <time datetime="{}" title="{}" class="light-left">{}</time>',
            due_at.isoformat(),
            when.exact(due_at),
            pattern % {"span": when.duration(seconds)},
        )
    return format_html(
        '<span class="light light-{}">{}<span>{}{}</span></span>', light, icon(shape), word, left
    )


@register.simple_tag
def avatar(name: str, photo: str = "", css: str = "") -> SafeString:
    """``{% avatar member.name member.photo_url "avatar-lg" %}``: a photo, or the name's last character.

    The name stands beside it on the page, so screen readers skip it.
    """
    if photo:
        return format_html(
            '<img class="face {}" src="{}" alt="" loading="lazy" width="48" height="48">', css, photo
        )
    name = name.strip() or "?"
    initials = "".join(word[0] for word in name.split()[:2]).upper() if name.isascii() else name[-1]
    # The same person has the same colour on every page and in every process.
    colour = zlib.crc32(name.encode()) % 6
    return format_html('<span class="face face-{} {}" aria-hidden="true">{}</span>', colour, css, initials)


@register.simple_tag
def ago(moment: datetime | None) -> SafeString:
    """``{% ago request.filed_at %}``: "5 minutes ago", with the exact time as title."""
    if moment is None:
        return SafeString("")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        when.exact(moment),
        when.relative(moment, timezone.now()),
    )


@register.filter
def moment(value: datetime | None) -> str:
    """``{{ event.at|moment }}``: date and time to the minute."""
    return when.exact(value) if value else ""


@register.filter
def duration(seconds: float | None) -> str:
    """``{{ entry.took|duration }}``: seconds as "2 days 3 hours"."""
    return "" if seconds is None else when.duration(seconds)


@register.inclusion_tag("ui/_paginator.html", takes_context=True)
def paginator(context, page: Page) -> dict:
    """``{% paginator page_obj %}``: links to the other pages, keeping the address's other parameters."""
    others = context["request"].GET.copy()
    others.pop("page", None)
    return {"page": page, "prefix": f"?{others.urlencode()}&page=" if others else "?page="}


@register.inclusion_tag("ui/_field.html")
def field(bound: BoundField, **attributes) -> dict:
    """``{% field form.text rows=4 %}``: label, control, hint and error, tied together for screen readers.

    Extra arguments become the control's attributes, ``_`` turned into ``-``.
    """
    widget = bound.field.widget
    described = []
    if bound.help_text:
        described.append(f"{bound.auto_id}_hint")
    if bound.errors:
        described.append(f"{bound.auto_id}_error")
    if isinstance(widget, RadioSelect | CheckboxSelectMultiple):
        kind, css = "group", "form-check-input"
        widget.attrs["class"] = css
    elif isinstance(widget, CheckboxInput):
        kind, css = "check", "form-check-input"
    else:
        kind, css = "line", "form-select" if isinstance(widget, Select) else "form-control"
    attrs = {name.replace("_", "-"): value for name, value in attributes.items()}
    attrs["class"] = f"{css} {widget.attrs.get('class', '')} {'is-invalid' if bound.errors else ''}".strip()
    if described and kind != "group":
        attrs["aria-describedby"] = " ".join(described)
    if bound.errors and not isinstance(widget, FileInput):
        attrs["aria-invalid"] = "true"
    return {
        "bound": bound,
        "kind": kind,
        "control": bound if kind == "group" else bound.as_widget(attrs=attrs),
        "described": " ".join(described),
    }


@register.inclusion_tag("ui/_empty.html")
def empty(shape: str, title: str, text: str = "") -> dict:
    """``{% empty "inbox" title text %}``: what a list shows when it has nothing, and what to do then."""
    return {"shape": shape, "title": title, "text": text}


@register.simple_tag(takes_context=True)
def include_if_exists(context, name: str) -> SafeString:
    """Include a template of a higher layer if that layer is installed; else nothing."""
    try:
        found = get_template(name)
    except TemplateDoesNotExist:
        return SafeString("")
    return found.template.render(context.new(context.flatten()))


@register.simple_tag(takes_context=True)
def nav_current(context, *names: str) -> SafeString:
    """``aria-current`` for a navigation link when the page shown is one of these views."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    return SafeString('aria-current="page"') if match and match.url_name in names else SafeString("")
