"""What a row of a list of requests shows beside the request itself."""

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Substr

from workflows.models import Category, Request


def with_icons(requests: QuerySet[Request]) -> QuerySet[Request]:
    """Annotate ``icon``: that of the category's topmost ancestor, which alone has one. No further query."""
    topmost = Category.objects.filter(path=Substr(OuterRef("category__path"), 1, Category.steplen))
    return requests.annotate(icon=Subquery(topmost.values("icon")[:1]))
