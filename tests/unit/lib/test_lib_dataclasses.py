"""lib.dataclasses makes what the standard library makes: each class is made by both and asked the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest

import lib.dataclasses


def _plain(dataclass: Callable[..., Any]) -> Any:
    @dataclass
    class Made:
        name: str
        rows: list[int] = dataclasses.field(default_factory=list)
        note: str = dataclasses.field(default="-", repr=False, compare=False)
        made_at: int = dataclasses.field(default=7, init=False)

        def __post_init__(self) -> None:
            self.length = len(self.name)

    return Made


def _frozen(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True)
    class Base:
        name: str

    @dataclass(frozen=True)
    class Made(Base):
        """Says what it is."""

        rows: tuple[int, ...] = ()

        @cached_property
        def shown(self) -> str:
            return f"«{self.name}»"

    return Made


def _own_methods(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True)
    class Made:
        name: str

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "mine"

        def __hash__(self) -> int:
            return 5

    return Made


def _same_object(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True, eq=False)
    class Made:
        name: str

    return Made


CASES = [_plain, _frozen, _own_methods, _same_object]
USES: dict[str, Callable[[Any], Any]] = {
    "equal": lambda made: [made("a") == made("a"), made("a") == made("b"), made("a") == "a", made("a") != made("a")],
    "more": lambda made: [made("a", [1]) == made("a"), made("a", [1]) == made("a", rows=[1])],
    "hash": lambda made: len({made("a"), made("a"), made("b")}),
    "repr": lambda made: repr(made("a")).replace("test_lib_dataclasses", ""),
    "init": lambda made: vars(made(name="a")),
    "too few": lambda made: made(),
    "too many": lambda made: made("a", 1, 2, 3, 4),
    "unknown": lambda made: made("a", other=1),
    "not for init": lambda made: made("a", made_at=1),
    "replaced": lambda made: vars(dataclasses.replace(made("a"), name="b")),
    "as dict": lambda made: dataclasses.asdict(made("a")),
    "set": lambda made: setattr(made("a"), "name", "b"),
    "deleted": lambda made: delattr(made("a"), "name"),
    "matched": lambda made: made.__match_args__,
    "not shared": lambda made: made("a").rows is made("a").rows,
    "cached": lambda made: made("a").shown,
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("use", USES)
def test_it_answers_as_that_of_the_standard_library(case, use):
    def asked(dataclass: Callable[..., Any]) -> tuple[Any, ...]:
        made = case(dataclass)
        try:
            return "value", USES[use](made)
        except (TypeError, ValueError, AttributeError) as error:
            return type(error), "" if "field" in str(error) else str(error)

    assert asked(lib.dataclasses.dataclass) == asked(dataclasses.dataclass)


def test_nothing_is_compiled_until_the_first_object_is_made(monkeypatch):
    compiled: list[str] = []

    def remembered(text: str, *scope: Any) -> None:
        compiled.append(text)
        exec(text, *scope)

    monkeypatch.setattr(dataclasses, "exec", remembered, raising=False)
    made = _frozen(lib.dataclasses.dataclass)
    assert not compiled
    assert made("a").name == "a"
    assert "def __init__" in "".join(compiled)
    compiled.clear()
    assert made("b").name == "b"
    assert not compiled
