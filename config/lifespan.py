"""What starts and stops with the web server: the hub and, where the settings say so, the background work."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from django.conf import settings

from config.background import Sweeper, jobs
from realtime import figures, hub

logger = logging.getLogger(__name__)


async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The ASGI lifespan protocol."""
    sweeper: Sweeper | None = None
    reporting: asyncio.Task[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            hub.start()
            reporting = asyncio.create_task(figures.keep_reporting(), name="figures")
            if settings.LINLI_SWEEP_SECONDS > 0:
                sweeper = Sweeper(jobs(settings.LINLI_SWEEP_SECONDS))
                sweeper.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if sweeper:
                await asyncio.to_thread(sweeper.stop)
            if reporting:
                reporting.cancel()
                await asyncio.to_thread(figures.withdraw)
            await hub.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
