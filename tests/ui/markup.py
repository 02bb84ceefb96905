"""What the strict Content-Security-Policy and the offline rule forbid, looked for in a page's own markup."""

from html.parser import HTMLParser

#: Elements that load something, and the attribute that says from where.
LOADING = {
    "script": "src",
    "link": "href",
    "img": "src",
    "source": "src",
    "iframe": "src",
    "video": "src",
    "audio": "src",
}


class Finder(HTMLParser):
    """Collects every inline style, inline handler, script without nonce and outside address of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if "style" in attributes:
            self.found.append(f"<{tag} style={attributes['style']!r}>")
        self.found += [f"<{tag} {name}>" for name in attributes if name.startswith(("on", "hx-on"))]
        data = attributes.get("type") == "application/json"
        if tag == "script" and "src" not in attributes and "nonce" not in attributes and not data:
            self.found.append("<script> without src or nonce")
        if tag == "style" and "nonce" not in attributes:
            self.found.append("<style> without nonce")
        address = attributes.get(LOADING.get(tag, ""), "")
        if address.startswith(("http:", "https:", "//")):
            self.found.append(f"<{tag}> loads {address}")
        if attributes.get("href", "").strip().lower().startswith("javascript:"):
            self.found.append(f"<{tag}> javascript: link")


def forbidden_in(page: str) -> list[str]:
    finder = Finder()
    finder.feed(page)
    finder.close()
    return finder.found
