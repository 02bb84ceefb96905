"""One ASGI application: HTTP by Django, sockets by Channels, and what lives as long as the server does."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402
from django.urls import re_path  # noqa: E402

from config.lifespan import lifespan  # noqa: E402
from realtime.consumers import KeepSend  # noqa: E402
from realtime.routing import stream_urlpatterns, websocket_urlpatterns  # noqa: E402

# The session is enough: a socket looks its user up afresh whenever it checks its rights.
sockets = KeepSend(AllowedHostsOriginValidator(SessionMiddlewareStack(URLRouter(websocket_urlpatterns))))

pages = URLRouter([*stream_urlpatterns, re_path(r"", http)])

application = ProtocolTypeRouter({"http": pages, "websocket": sockets, "lifespan": lifespan})
