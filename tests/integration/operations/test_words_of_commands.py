"""The command line speaks the language of the pages: in its help, in its errors, and in what click says by itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
import pytest
from click import core, decorators, exceptions, formatting, parser, termui, types

from commands import words
from tests.support.site.command_line import runner

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def every(command: click.Command) -> Iterator[click.Command]:
    yield command
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        yield from every(inner)


def test_every_command_and_option_is_explained_in_chinese(app):
    context = click.Context(app.cli)
    ours = [one for name in app.cli.list_commands(context) for one in every(app.cli.get_command(context, name))]
    assert len(ours) > 40
    silent = [one.name for one in ours if not CHINESE.search(one.help or "")]
    silent += [
        f"{one.name} {option.name}"
        for one in ours
        for option in one.params
        if isinstance(option, click.Option) and not CHINESE.search(option.help or "")
    ]
    assert silent == []


def test_what_click_says_by_itself_is_known_to_click():
    """Else an update of click would bring English back unseen."""
    modules = (core, decorators, exceptions, formatting, parser, termui, types)
    said = "".join(inspect.getsource(module) for module in modules)
    assert [text for text in words.WORDS if repr(text)[1:-1] not in said and text not in said] == []


@pytest.mark.parametrize(
    ("args", "status", "line"),
    [
        (("staff", "list", "--departement", "x"), 2, "错误：没有选项 --departement。 是不是 '--department'？"),
        (("staff", "disable"), 2, "错误：缺少参数 'USERNAME'."),
        (("staff", "vanish"), 2, "错误：没有命令 vanish。"),
        (("backup", "prune", "--keep", "0"), 2, "错误：'--keep' 的值不对：0 应在这个范围：x>=1。"),
        (("legacy", "import", "/none.csv"), 2, "错误：'FILE' 的值不对：找不到 /none.csv；请检查路径。"),
        (("staff", "disable", "nobody"), 1, "错误：没有用户名为 nobody 的工作人员"),
    ],
)
def test_an_error_is_in_chinese_whoever_finds_it(app, args, status, line):
    got, said, error = runner(app)(*args)

    assert (got, said) == (status, "")
    assert error.splitlines()[-1].startswith(line.rstrip("。"))
