"""``dataclass`` as the standard library's, but what it would compile at each start waits until it is called.

The standard library compiles up to six methods of each class, a millisecond of every start. There are more than two
hundred classes, and most processes use few of them. So ``__init__`` is made when the first object is, and the other
methods are shared by all classes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
        """Classes that need other options use the standard library's."""

        def prepared(cls: type) -> type:
            return _prepared(cls, frozen, eq)

        return prepared if cls is None else prepared(cls)


def _prepared(cls: type, frozen: bool, eq: bool) -> type:
    told, cls.__doc__ = cls.__doc__, "-"  # else a signature is written into it
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    made.__doc__ = told
    methods: dict[str, Any] = {"__init__": _first_init(made, frozen), "__repr__": _repr}
    if frozen:
        methods |= {"__setattr__": _frozen, "__delattr__": _frozen}
    if eq:
        values = _values(made)
        methods |= {"__eq__": _equal(values), "__hash__": _hash(values) if frozen else None}
    for name, method in methods.items():
        if name not in vars(made) or (name == "__hash__" and vars(made)[name] is None):
            setattr(made, name, method)
    return made


def _first_init(cls: type, frozen: bool) -> Callable[..., None]:
    def first(self: Any, *args: Any, **kwargs: Any) -> None:
        compiled = _compiled_init(cls, frozen)
        setattr(cls, "__init__", compiled)  # noqa: B010 - for mypy it would be that of an object
        compiled(self, *args, **kwargs)

    return first


def _compiled_init(cls: Any, frozen: bool) -> Any:
    """The standard library's, for a class with the same fields."""
    fields = dataclasses.fields(cls)
    body = {"__annotations__": {field.name: field.type for field in fields}, "__module__": cls.__module__}
    body |= {field.name: field for field in fields}
    if hasattr(cls, "__post_init__"):
        body["__post_init__"] = cls.__post_init__
    like: Any = dataclasses.dataclass(repr=False, eq=False, frozen=frozen)(
        type(cls.__name__, (), {"__doc__": "-", **body})
    )
    like.__init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return like.__init__


def _values(cls: Any) -> Callable[[Any], Any]:
    """What is compared."""
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    return attrgetter(*names) if names else lambda _self: ()


def _equal(values: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def equal(self: Any, other: Any) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hash(values: Callable[[Any], Any]) -> Callable[[Any], int]:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _frozen(self: Any, name: str, _value: Any = None) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r} of {type(self).__name__}")
