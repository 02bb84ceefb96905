"""Areas for GIS programs, read-only, in the manner of OGC API – Features (Part 1).

Public data only: names, codes and borders, no numbers of households, no people. Coordinates are WGS-84
degrees, (lon, lat), which OGC calls CRS84. See docs/reference/gis.md.
"""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max, Min
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition, require_safe

from .. import gis, stamp
from ..exporting.geojson import feature_texts
from ..models import Level
from ..policies import public_areas

GEOJSON = "application/geo+json"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
#: Not "core", which wants intervals of time and a description in OpenAPI.
CONFORMS = ["http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson"]
View = Callable[..., HttpResponse]


def etag(request: HttpRequest, *args: Any, **kwargs: Any) -> str | None:
    """Changes with every change of areas, at midnight when areas may come into force, and with the question.

    None while nothing was ever announced: nothing would tell when an answer is out of date.
    """
    value = stamp.read()
    if value == stamp.NEVER:
        return None
    question = f"{value} {timezone.localdate()} {get_language()} {request.build_absolute_uri()}"
    return f'W/"{hashlib.blake2b(question.encode(), digest_size=12).hexdigest()}"'


def service(view: View) -> View:
    """For anyone's program: conditional, compressed, readable by scripts of other sites, errors in words."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = view(request, *args, **kwargs)
        except gis.BadQuestion as error:
            response = _refuse(400, str(error))
        except Http404 as error:
            response = _refuse(404, str(error))
        return response

    @wraps(view)
    def open_to_all(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = condition(etag_func=etag)(answer)(request, *args, **kwargs)
        if response.status_code >= 400:
            del response["ETag"]
        # Public data, asked without cookies: any page may show it.
        response["Access-Control-Allow-Origin"] = "*"
        response["Cache-Control"] = "public, no-cache"
        return response

    return require_safe(gzip_page(open_to_all))


@service
def landing(request: HttpRequest) -> HttpResponse:
    """What there is and where."""
    gis.check_names(request.GET, ())
    return JsonResponse(
        {
            "title": _("Areas of the community grid"),
            "description": _("Names, codes and borders of districts, communities and grids."),
            "links": [
                _link(request, "self", "gis_landing"),
                _link(request, "conformance", "gis_conformance"),
                _link(request, "data", "gis_collections"),
            ],
        }
    )


@service
def conformance(request: HttpRequest) -> HttpResponse:
    """Which parts of the standard are kept to."""
    gis.check_names(request.GET, ())
    return JsonResponse({"conformsTo": CONFORMS})


@service
def collections(request: HttpRequest) -> HttpResponse:
    """The one collection there is."""
    gis.check_names(request.GET, ())
    links = [_link(request, "self", "gis_collections")]
    return JsonResponse({"links": links, "collections": [_described(request)]})


@service
def collection(request: HttpRequest) -> HttpResponse:
    gis.check_names(request.GET, ())
    return JsonResponse(_described(request))


@service
def items(request: HttpRequest) -> HttpResponse:
    """``?bbox=&limit=&offset=&level=&code=&datetime=``: a page of areas as GeoJSON."""
    question = gis.Question.parse(request.GET)
    selection = question.selection()
    matched = selection.count()
    table = selection.table(question.offset, question.offset + question.limit)
    links = [{**_link(request, "self", "gis_items"), "href": request.build_absolute_uri(), "type": GEOJSON}]
    links += [_page(request, "next", question.offset + question.limit)] * (
        question.offset + question.limit < matched
    )
    links += [_page(request, "prev", max(0, question.offset - question.limit))] * (question.offset > 0)
    links.append(_link(request, "collection", "gis_collection"))
    head = gis.json_text(
        {
            "type": "FeatureCollection",
            "numberMatched": matched,
            "numberReturned": len(table.rows),
            "links": links,
        }
    )
    features = ",\n".join(feature_texts(table, gis.PUBLIC))
    return HttpResponse(f'{head[:-1]},"features":[\n{features}\n]}}', content_type=GEOJSON)


@service
def item(request: HttpRequest, code: str) -> HttpResponse:
    """One area by its code; ``?datetime=`` as it was then."""
    gis.check_names(request.GET, ("datetime",))
    table = gis.Question.parse(request.GET).selection().of_code(code).table(0, 1)
    if not table.rows:
        raise Http404(_("There is no area with the code %(code)s.") % {"code": code})
    (text,) = feature_texts(table, gis.PUBLIC)
    links = gis.json_text([_link(request, "collection", "gis_collection")])
    return HttpResponse(f'{text[:-1]},"links":{links}}}', content_type=GEOJSON)


def _described(request: HttpRequest) -> dict[str, Any]:
    edges = public_areas().order_by().aggregate(
        west=Min("west"), south=Min("south"), east=Max("east"), north=Max("north")
    )  # fmt: skip
    box = [edges["west"], edges["south"], edges["east"], edges["north"]]
    levels = ", ".join(f"{level.code} ({level})" for level in Level.objects.all())
    return {
        "id": "areas",
        "title": _("Areas"),
        "description": _("Areas in force. Levels: %(levels)s.") % {"levels": levels},
        "itemType": "feature",
        "crs": [CRS84],
        **({} if None in box else {"extent": {"spatial": {"bbox": [box], "crs": CRS84}}}),
        "links": [
            _link(request, "self", "gis_collection"),
            {**_link(request, "items", "gis_items"), "type": GEOJSON},
        ],
    }


def _link(request: HttpRequest, rel: str, name: str) -> dict[str, str]:
    return {"rel": rel, "type": "application/json", "href": request.build_absolute_uri(reverse(name))}


def _page(request: HttpRequest, rel: str, offset: int) -> dict[str, str]:
    query = urlencode({**request.GET.dict(), "offset": offset})
    href = request.build_absolute_uri(f"{reverse('gis_items')}?{query}")
    return {"rel": rel, "type": GEOJSON, "href": href}


def _refuse(status: int, message: str) -> HttpResponse:
    """An error as RFC 9457 writes it."""
    return JsonResponse(
        {"status": status, "detail": message}, status=status, content_type="application/problem+json"
    )
