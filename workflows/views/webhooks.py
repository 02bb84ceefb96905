"""Word to other systems: what was taken, what is on its way, what was given up and can be tried again."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from grid.errors import Refused
from workflows.actions.webhooks import retry_webhook
from workflows.models import WebhookDelivery
from workflows.policies import visible_deliveries
from workflows.webhooks import trouble

from .access import administrator_required

PER_PAGE = 20


@administrator_required
@require_safe
def console_webhooks(request: HttpRequest) -> HttpResponse:
    """The newest first; ``?state=`` narrows."""
    state = request.GET.get("state", "")
    state = state if state in WebhookDelivery.State.values else ""
    deliveries = visible_deliveries(request.user).select_related("request").order_by("-pk")
    pages = Paginator(deliveries.filter(state=state) if state else deliveries, PER_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(delivery, trouble(delivery.last_error)) for delivery in page],
        "state": state,
        "states": WebhookDelivery.State.choices,
        "hooks": sorted(settings.LINLI_WEBHOOKS),
    }
    return render(request, "console/webhooks.html", context)


@administrator_required
@require_POST
def console_webhook_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send one again that was given up."""
    try:
        retry_webhook(delivery_id=pk, actor=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("It will be tried again within a minute."))
    return redirect("console_webhooks")
