"""What the documents say is what the code does."""

from __future__ import annotations

import re

import pytest

from config import SETTINGS
from scripts import settings_table
from tests.house import ROOT


def test_the_table_of_settings_is_made_of_the_settings() -> None:
    text = settings_table.DOCUMENT.read_text("utf-8")
    assert settings_table.with_table(text) == text, "run: make docs"
    assert all(f"| `{setting.name}` |" in text for setting in SETTINGS)


@pytest.mark.parametrize("text", ["", settings_table.BEGIN, settings_table.END])
def test_a_document_without_the_marks_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="lacks"):
        settings_table.with_table(text)


@pytest.mark.parametrize("document", ["README.md", "docs/operations.md", "docs/architecture.md"])
def test_links_and_make_targets_of_a_document_exist(document: str) -> None:
    text = (ROOT / document).read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {name for name in re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", text) for name in name if name} <= targets
    folder = (ROOT / document).parent
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link and not link.endswith(".png")]
    assert [link for link in links if not (folder / link).exists()] == []


def test_every_vendored_package_names_its_version_and_licence() -> None:
    vendor = ROOT / "static" / "vendor"
    readme = (vendor / "README.md").read_text("utf-8")
    for folder in (path for path in vendor.iterdir() if path.is_dir()):
        version = (folder / "VERSION").read_text("utf-8").strip()
        assert re.search(rf"`{folder.name}/` \| {folder.name} \| {re.escape(version)} \|", readme)
        assert "Permission is hereby granted" in (folder / "LICENSE").read_text("utf-8")
