"""A stream of Server-Sent Events as a client without a browser reads it."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tests.services import PATIENCE


class Stream:
    """``GET path`` on the product; the connection stays open until :meth:`close`."""

    def __init__(self, port: int, path: str, cookie: str = "", **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        if cookie:
            given["Cookie"] = cookie
        self.connection.request("GET", path, headers=given)
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.token = ""
        #: Everything that was read, as it came.
        self.raw = b""

    def record(self) -> dict[str, str] | None:
        """The next event's fields; None at the end."""
        fields: dict[str, str] = {}
        while line := self.answer.readline():
            self.raw += line
            text = line.decode().rstrip("\n")
            if not text and fields:
                return fields
            name, colon, value = text.partition(": ")
            if colon:
                fields[name] = value
        return None

    def frame(self) -> dict[str, Any]:
        """The next frame."""
        record = self.record()
        while record is not None and "data" not in record:  # how soon to come back, at the start
            record = self.record()
        assert record, "the stream has ended"
        assert record.get("event", "message") == "message", record
        frame = json.loads(record["data"])
        assert record["id"] == frame["token"]
        self.token = frame["token"]
        return frame

    def told(self) -> dict[str, Any]:
        """The next frame that says more than that the server lives, which it says whenever it is quiet."""
        frame = self.frame()
        while frame["type"] == "hello":
            frame = self.frame()
        return frame

    def events(self) -> list[dict[str, Any]]:
        """The events of the next frame that says something."""
        frame = self.told()
        assert frame["type"] == "events"
        return frame["events"]

    def close_code(self) -> int:
        """Read on until the server says farewell and ends."""
        code = 0
        while record := self.record():
            if record.get("event") == "close":
                code = json.loads(record["data"])["code"]
        return code

    def close(self) -> None:
        self.answer.close()
        self.connection.close()
