"""The words that click and Flask say by themselves, in the language of the pages.

Click takes them through gettext. A catalogue would be a binary file, and would be found only with a variable of the
environment; so what each of its modules calls ``_`` looks here first.
"""

from __future__ import annotations

import gettext

from click import Command, core, decorators, exceptions, formatting, parser, termui, types
from flask import cli

WORDS = {
    "Usage:": "用法：",
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示这段说明。",
    "default: {default}": "默认 {default}",
    "Aborted!": "已中断",
    "Error: {message}": "错误：{message}",
    "Error: The two entered values do not match.": "两次输入不一致，请重新输入。",
    "Repeat for confirmation": "再输入一次",
    "Try '{command} {option}' for help.": "查看说明：{command} {option}",
    "Invalid value: {message}": "值不对：{message}",
    "Invalid value for {param_hint}: {message}": "{param_hint} 的值不对：{message}",
    "Missing argument": "缺少参数",
    "Missing option": "缺少选项",
    "Missing parameter": "缺少参数",
    "Missing command.": "缺少命令；用 --help 查看有哪些。",
    "No such option {name!r}.": "没有选项 {name}。",
    "No such command {name!r}.": "没有命令 {name}。",
    "Did you mean {possibility}?": "是不是 {possibility}？",
    "(Did you mean one of: {possibilities}?)": "是不是其中之一：{possibilities}？",
    "Got unexpected extra argument ({args})": "多了参数（{args}）；请去掉",
    "Got unexpected extra arguments ({args})": "多了参数（{args}）；请去掉",
    "Option {name!r} requires an argument.": "选项 {name} 后面要有值。",
    "Option {name!r} does not take a value.": "选项 {name} 后面不能有值。",
    "Could not open file {filename!r}: {message}": "打不开文件 {filename}：{message}",
    "Choose from:\n\t{choices}": "可以是：\n\t{choices}",
    "{value!r} is not {choice}.": "{value} 应为 {choice}。",
    "{value!r} is not one of {choices}.": "{value} 应是其中之一：{choices}。",
    "{value!r} does not match the format {format}.": "{value} 的格式应为 {format}。",
    "{value!r} is not a valid {number_type}.": "{value} 不是数（{number_type}）。",
    "{value} is not in the range {range}.": "{value} 应在这个范围：{range}。",
    "{name} {filename!r} does not exist.": "找不到 {filename}；请检查路径。",
    "{name} {filename!r} is a directory.": "{filename} 是目录；请写出文件。",
    "{name} {filename!r} is not readable.": "{filename} 不能读；请检查权限。",
}
#: Of what Flask brings along.
HELP = {
    "run": "运行开发服务器（正式使用请用 flask serve）。",
    "shell": "打开 Python 交互环境。",
    "routes": "列出网址和对应的视图。",
    "db": "数据库迁移；平时用 flask init 即可。",
}


def _(text: str) -> str:
    return WORDS.get(text) or gettext.gettext(text)


def _several(one: str, more: str, count: int) -> str:
    return WORDS.get(one if count == 1 else more) or gettext.ngettext(one, more, count)


def speak(*plug_ins: Command) -> None:
    """``plug_ins``: the commands that another package brings."""
    for module in (core, decorators, exceptions, formatting, parser, termui, types):
        for name, words in (("_", _), ("ngettext", _several)):
            if hasattr(module, name):
                setattr(module, name, words)
    for group in (cli.run_command, cli.shell_command, cli.routes_command, *plug_ins):
        group.help = group.short_help = HELP[str(group.name)]
