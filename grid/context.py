"""What the navigation of every page needs to know about the person who looks at it."""

from django.http import HttpRequest
from django.utils.functional import cached_property

from . import policies


class Rights:
    """Which parts of the product to offer. Asked lazily: a page without navigation costs no query."""

    def __init__(self, user) -> None:
        self.user = user

    @cached_property
    def member(self) -> bool:
        return policies.is_member(self.user)

    @cached_property
    def watch(self) -> bool:
        return self._serves and policies.may_watch(self.user)

    @cached_property
    def administer(self) -> bool:
        return self._serves and policies.may_administer(self.user)

    @property
    def _serves(self) -> bool:
        # Only members and superusers hold roles: a resident's page need not look for any.
        return self.user.is_superuser or self.member


def rights(request: HttpRequest) -> dict[str, Rights]:
    return {"rights": Rights(request.user)} if hasattr(request, "user") else {}
