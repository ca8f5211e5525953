from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from werkzeug.routing import Map, Rule

from lib.http.lazily_compiled import CompiledTemplates, LazyRule


def _environment(folder: Path) -> Environment:
    return Environment(
        loader=DictLoader({"page": "你好，{{ name }}"}), bytecode_cache=CompiledTemplates(folder), autoescape=True
    )


def test_the_next_process_does_not_compile_a_template(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "templates"
    assert _environment(folder).get_template("page").render(name="样") == "你好，样"
    assert folder.stat().st_mode & 0o777 == 0o700
    with monkeypatch.context() as patch:
        patch.setattr(Environment, "compile", None)
        assert _environment(folder).get_template("page").render(name="例") == "你好，例"


def test_a_page_is_shown_where_no_template_can_be_kept(tmp_path):
    (tmp_path / "file").touch()
    assert _environment(tmp_path / "file" / "templates").get_template("page").render(name="样") == "你好，样"


@pytest.mark.parametrize("values", [{"place": "沈阳/和平"}, {"place": "a", "page": "2"}])
def test_an_address_is_built_as_werkzeug_builds_it_and_compiled_only_then(values, monkeypatch):
    compiled = []
    compile_builder = Rule._compile_builder

    def remembered(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(rule)
        return compile_builder(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", remembered)
    lazy = Map([LazyRule("/places/<place>", endpoint="place")]).bind("localhost")
    assert not compiled
    plain = Map([Rule("/places/<place>", endpoint="place")]).bind("localhost")
    assert lazy.build("place", values) == lazy.build("place", values) == plain.build("place", values)
    assert len(compiled) == 3  # two of werkzeug's, one of ours
