"""Writes the drawing of rooms and arrows into docs/architecture.md, from the imports (``make docs``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.support.rules import house

DOCUMENT = house.ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms -->", "<!-- /rooms -->"
Graph = Mapping[str, frozenset[str]]


def drawing(sources: Iterable[house.Source]) -> str:
    """A Mermaid flow chart. An arrow that follows from two others is left out."""
    graph = house.rooms(sources)
    inside = [room for room in sorted(graph) if room.startswith("services.")]
    lines = ["```mermaid", "flowchart TB", "  subgraph services", *(f"    {_node(room)}" for room in inside), "  end"]
    lines += [f"  {_node(room)}" for room in sorted(graph) if room not in inside]
    for room in sorted(graph):
        lines += [f"  {_name(room)} --> {_name(target)}" for target in sorted(_direct(graph, room))]
    return "\n".join([*lines, "```"])


def _name(room: str) -> str:
    return room.replace(".", "_")


def _node(room: str) -> str:
    return f"{_name(room)}[{room.removeprefix('services.').replace('.', '/')}]"


def _direct(graph: Graph, room: str) -> frozenset[str]:
    """What the room uses itself, less what it reaches through another one."""
    through = {far for near in graph[room] for far in _reached(graph, near)}
    return graph[room] - through


def _reached(graph: Graph, room: str) -> set[str]:
    found: set[str] = set()
    todo = list(graph.get(room, ()))
    while todo:
        if (at := todo.pop()) not in found:
            found.add(at)
            todo += graph.get(at, ())
    return found


def written(text: str, sources: Iterable[house.Source]) -> str:
    """The document with today's drawing between its two marks."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{drawing(sources)}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    files = [source for source in house.project_files() if house.is_product(source)]
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8"), files), "utf-8")
