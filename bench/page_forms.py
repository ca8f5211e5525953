"""What the forms of a page ask, and what a browser would send of them. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_NOT_SENT = ("submit", "button", "file", "image", "reset")


@dataclass
class Control:
    """One question of a form: its options with their texts, and the values that the page fills in."""

    name: str
    kind: str  # select, textarea, or the type of the input
    label: str = ""
    options: list[list[str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


def controls(page: str, having: str) -> dict[str, Control]:
    """The controls of the form that has one named ``having``, by name."""
    reader = _Reader()
    reader.feed(page)
    return next(form for form in reader.forms if having in form)


def fields(page: str, having: str) -> dict[str, list[str]]:
    """What that form would send as the page fills it; without files and buttons."""
    return {name: control.values for name, control in controls(page, having).items() if control.kind not in _NOT_SENT}


class _Reader(HTMLParser):
    """Reads the forms of a page into ``forms``."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Control]] = []
        self.control = Control("", "")
        self.label: str = ""  # of the last label or legend
        self.words: list[str] | None = None  # of the label, option or text area that is being read

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append({})
        elif tag in ("label", "legend"):
            self.words = []
        elif tag in ("select", "textarea"):
            self._begin(has.get("name", ""), tag)
            self.words = [] if tag == "textarea" else None
        elif tag == "option":
            self._option(has.get("value", ""), chosen="selected" in has)
        elif tag == "input":
            self._input(has)

    def _begin(self, name: str, kind: str) -> None:
        """The control of that name, which may have several inputs."""
        self.control = Control(name, kind, self.label)
        if self.forms and name:
            self.control = self.forms[-1].setdefault(name, self.control)

    def _option(self, value: str, *, chosen: bool) -> None:
        self.words = []
        self.control.options.append([value, ""])
        if chosen:
            self.control.values.append(value)

    def _input(self, has: dict[str, str]) -> None:
        kind = has.get("type", "text")
        self._begin(has.get("name", ""), kind)
        if kind in ("radio", "checkbox"):
            self._option(has.get("value", "on"), chosen="checked" in has)
        elif kind not in _NOT_SENT:
            self.control.values.append(has.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self.words is not None:
            self.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and not self.control.values:
            self.control.values += [value for value, _text in self.control.options[:1]]
        if tag not in ("label", "legend", "option", "textarea") or self.words is None:
            return
        text, self.words = "".join(self.words), None
        if tag == "textarea":
            self.control.values.append(text.removeprefix("\n"))
        elif tag == "option" or (self.control.kind in ("radio", "checkbox") and not self.control.options[-1][1]):
            self.control.options[-1][1] = text.strip()
        else:
            self.label = text.strip()
