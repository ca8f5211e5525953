"""What templates may use: icons, addresses of static files, formats."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def test_every_icon_that_a_template_names_is_vendored():
    folder = ROOT / "static/vendor/bootstrap-icons/icons"
    named = {
        name
        for template in (ROOT / "templates").rglob("*.html")
        for call in re.findall(r"\bic\(([^)]*)\)", template.read_text(encoding="utf-8"))
        for name in re.findall(r"\"([a-z0-9-]{3,})\"", call)
    }
    assert named
    assert sorted(name for name in named if not (folder / f"{name}.svg").exists()) == []


BUTTON = re.compile(r'<(button|a)\b[^>]*class="[^"]*\b(?:btn|ib)\b')
ELEMENT = re.compile(r"<(\w+)\b[^>]*>.*?</\1>", re.DOTALL)


def buttons(template: str) -> list[str]:
    """What stands inside each button: icons and statements left out, an x for what is put in."""
    for pattern, by in ((r"\{%.*?%\}|\{#.*?#\}|\{\{ *(?:ic|kbd)\(.*?\) *\}\}", ""), (r"\{\{.*?\}\}", "x")):
        template = re.sub(pattern, by, template, flags=re.DOTALL)
    starts = [(template.index(">", found.end()) + 1, found[1]) for found in BUTTON.finditer(template)]
    return [template[start : template.find(f"</{name}>", start)] for start, name in starts]


def test_the_words_of_a_button_are_one_piece():
    """Pieces of text around an element are boxes of their own in a button, and wrap each for itself."""
    templates = [template.read_text(encoding="utf-8") for template in (ROOT / "templates").rglob("*.html")]
    inside = [inner for template in templates for inner in buttons(template)]
    assert len(inside) > 100
    assert [
        inner for inner in inside if sum(bool(piece.strip()) for piece in ELEMENT.sub("\0", inner).split("\0")) > 1
    ] == []


def test_an_icon_is_hidden_from_readers_and_has_no_style(app):
    icon = app.jinja_env.globals["ic"]("telephone")
    assert icon.startswith('<svg class="ic" viewBox="0 0 16 16" aria-hidden="true" focusable="false">')
    assert "style" not in icon
    assert app.jinja_env.globals["ic"]("telephone") is icon


def test_an_unknown_icon_is_an_error_and_not_an_empty_place(app):
    with pytest.raises(FileNotFoundError):
        app.jinja_env.globals["ic"]("no-such-icon")


def test_every_page_takes_its_static_files_from_that_address(app):
    assert app.jinja_env.globals["asset"]("staff.css") == f"/{app.extensions['kuaiji.static'].prefix}staff.css"
    with app.test_client().get(app.jinja_env.globals["asset"]("staff.css")) as answer:
        assert answer.status_code == 200
        assert answer.mimetype == "text/css"


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("date", None, ""),
        ("date", date(2026, 11, 23), "2026-11-23"),
        ("date", datetime(2026, 11, 22, 16, 30, tzinfo=UTC), "2026-11-23"),
        ("datetime", None, ""),
        ("datetime", datetime(2026, 11, 23, 1, 24, tzinfo=UTC), "2026-11-23 09:24"),
        ("month", None, ""),
        ("month", "2026-11", "2026-11"),
        ("month", date(2026, 11, 23), "2026-11"),
        ("mask_number", "219900199003070118", "219*************18"),
        ("mask_phone", "13800130001", "138****0001"),
        ("tel", "024-86123456", "tel:02486123456"),
        ("tel", "024-86123456-801", "tel:02486123456,801"),
        ("tel", "13800130001", "tel:13800130001"),
        ("nl_paragraphs", None, ""),
        ("nl_paragraphs", "一\n二\r\n\r\n\n三", "<p>一<br>二</p>\n<p>三</p>"),
        ("nl_paragraphs", "<b>&", "<p>&lt;b&gt;&amp;</p>"),
    ],
)
def test_formats(app, name, value, shown):
    assert app.jinja_env.filters[name](value) == shown
