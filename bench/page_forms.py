"""What a browser would send of a page's form. Standard library only, the same for all that are compared."""

from __future__ import annotations

from html.parser import HTMLParser

Fields = dict[str, list[str]]


def fields(page: str, having: str) -> Fields:
    """The fields of the form that has a field named ``having``, as the page fills them; without files and buttons."""
    reader = _Reader()
    reader.feed(page)
    return next(form for form in reader.forms if having in form)


class _Reader(HTMLParser):
    """Reads the forms of a page into ``forms``."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Fields] = []
        self.select: tuple[str, list[str], list[str]] | None = None  # name, options, those that are chosen
        self.area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = dict(attributes)
        name = has.get("name") or ""
        if tag == "form":
            self.forms.append({})
        elif tag == "select":
            self.select = name, [], []
        elif tag == "option" and self.select:
            self.select[1].append(has.get("value") or "")
            if "selected" in has:
                self.select[2].append(has.get("value") or "")
        elif tag == "textarea":
            self.area = name, []
        elif tag == "input":
            self._input(name, has)

    def _input(self, name: str, has: dict[str, str | None]) -> None:
        kind = has.get("type") or "text"
        if kind in ("submit", "button", "file", "image") or (kind in ("radio", "checkbox") and "checked" not in has):
            self._add(name)
        else:
            self._add(name, has.get("value") or ("on" if kind == "checkbox" else ""))

    def handle_data(self, data: str) -> None:
        if self.area:
            self.area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            name, options, chosen = self.select
            self._add(name, *(chosen or options[:1]))
            self.select = None
        elif tag == "textarea" and self.area:
            self._add(self.area[0], "".join(self.area[1]).removeprefix("\n"))
            self.area = None

    def _add(self, name: str, *values: str) -> None:
        if name and self.forms:
            self.forms[-1].setdefault(name, []).extend(values)
