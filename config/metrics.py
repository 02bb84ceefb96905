"""``/metrics``: the figures of this process in Prometheus's text format.

Answered to whoever asks from this machine itself and not through a proxy, or with the token of
``LINLI_METRICS_TOKEN``. Each process answers for itself: give Prometheus the address of each.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from realtime import figures
from realtime.counts import DELAYS

#: Headers that a proxy adds: whoever asks is somebody else than the proxy.
PROXIED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Forwarded", "Via")

SUMS = {
    "events": "Events of the log that the hub heard of",
    "frames": "Frames handed to connections",
    "bytes": "Bytes of those frames",
    "skipped": "Frames that a connection could not take when they came",
    "replays": "Connections that were sent what they had missed",
    "rereads": "Connections that were told to read everything again",
    "dropped": "Connections cut off because they took nothing for too long",
}


class HubCollector(Collector):
    """What the hub and its connections counted."""

    def collect(self) -> Iterator[Metric]:
        now = figures.of_this_process()
        for name, words in SUMS.items():
            yield CounterMetricFamily(f"linli_{name}", words, value=getattr(now, name))
        present = GaugeMetricFamily("linli_connections", "Open connections", labels=["audience", "transport"])
        opened = CounterMetricFamily(
            "linli_connections_opened", "Connections so far", labels=["audience", "transport"]
        )
        for family, values in ((present, now.present), (opened, now.opened)):
            for kind, number in values.items():
                family.add_metric(kind.split(" "), number)
            yield family
        refused = CounterMetricFamily(
            "linli_connections_refused", "Connections refused or ended for lack of rights", labels=["code"]
        )
        for code, number in now.refused.items():
            refused.add_metric([code], number)
        yield refused
        yield GaugeMetricFamily("linli_connections_stuck", "Connections that take nothing", value=now.stuck)
        yield GaugeMetricFamily("linli_hub_following", "1 while the hub follows events", value=now.following)
        classes = [*(f"{bound:g}" for bound in DELAYS), "+Inf"]
        counts = [sum(now.delays[: place + 1]) for place in range(len(classes))]
        yield HistogramMetricFamily(
            "linli_delay_seconds",
            "From the writing of an event to the frame that tells of it",
            buckets=list(zip(classes, counts, strict=True)),
            sum_value=now.delayed,
        )


registry = CollectorRegistry()
registry.register(HubCollector())
ProcessCollector(registry=registry)
GCCollector(registry=registry)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    if not _may_read(request):
        return HttpResponse(
            "Ask from this machine, or with a token.\n", status=403, content_type="text/plain"
        )
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read(request: HttpRequest) -> bool:
    token = settings.LINLI_METRICS_TOKEN
    if token:
        return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}")
    if any(name in request.headers for name in PROXIED):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
