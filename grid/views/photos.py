"""Members' photos, which anyone may see. Nothing else of the media folder is served here."""

from django.http import FileResponse, Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ..policies import public_members


@require_safe
@cache_control(public=True, max_age=3600)
def member_photo(request: HttpRequest, pk: int) -> FileResponse:
    member = get_object_or_404(public_members().exclude(photo=""), pk=pk)
    try:
        return FileResponse(member.photo.open(), content_type="image/jpeg")
    except FileNotFoundError as error:
        raise Http404 from error
