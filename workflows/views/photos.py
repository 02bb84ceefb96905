"""Photos of cases: only for those who may see the case, and kept out of shared caches."""

from django.contrib.auth.decorators import login_required
from django.db.models.fields.files import ImageFieldFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from workflows.models import Attachment
from workflows.policies import may_view_photos


def _visible(user, pk: int) -> Attachment:
    photo = get_object_or_404(Attachment.objects.select_related("request"), pk=pk)
    if not may_view_photos(user, photo.request):
        raise Http404
    return photo


def _answer(image: ImageFieldFile) -> HttpResponse:
    """The file's bytes. Photos are re-encoded as JPEG and capped when they come in, so they fit in memory."""
    try:
        with image.open("rb") as stream:
            response = HttpResponse(stream.read(), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404 from error
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Disposition"] = "inline"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@login_required
@require_safe
@cache_control(private=True, max_age=3600)
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """One photo in full."""
    return _answer(_visible(request.user, pk).image)


@login_required
@require_safe
@cache_control(private=True, max_age=3600)
def photo_thumb(request: HttpRequest, pk: int) -> HttpResponse:
    """One photo, small."""
    return _answer(_visible(request.user, pk).thumbnail)
