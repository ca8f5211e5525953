"""Moving to another store: everything is copied and read back, nothing is removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lib.storage import FileDamaged, FileMissing, Store


def due(source: Store, target: Store, verify: bool = False) -> list[str]:
    """What the target lacks, the trash included: it may come back. ``verify``: everything."""
    there = set() if verify else set(target.stored())
    return [address for address in source.stored() if address not in there]


def copy(source: Store, target: Store, addresses: Sequence[str], step: Callable[[int], None]) -> dict[str, str]:
    """Returns address -> what is wrong, for those that are not in the target now."""
    bad = {}
    for address in addresses:
        if problem := _copy(source, target, address):
            bad[address] = problem
        step(1)
    return bad


def _copy(source: Store, target: Store, address: str) -> str:
    """What is wrong; "" when the target has it now, or when it was removed meanwhile."""
    try:
        sealed = source.sealed(address)
    except FileMissing:
        return ""
    try:
        target.put_sealed(address, sealed)
        if target.sealed(address) != sealed:
            target.get(address)  # was there, sealed with another key of ours
    except FileDamaged:
        return "damaged"
    except FileMissing:
        return "lost"
    return ""
