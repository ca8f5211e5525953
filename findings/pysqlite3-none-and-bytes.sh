#!/usr/bin/env bash
# pysqlite3: a parameter that is None or bytes takes ten times as long to bind as a text.
#
# One would guess that what SQLite stores as it is costs nothing to adapt. For every value that is no int, float, str or
# bytearray the driver asks its table of adapters, then the protocol's __adapt__, then the value's __conform__, and
# swallows the two errors. Two adapters that return the value as it is end the search after the first step.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pysqlite3==0.6.1
venv/bin/python - <<'EOF'
import sys
import time

from pysqlite3 import dbapi2 as driver

ROWS, COLUMNS = 2000, 20
VALUES = {"str": "abc", "bytearray": bytearray(b"abc"), "bytes": b"abc", "None": None}
connection = driver.connect(":memory:")
connection.execute("CREATE TABLE t (c)")
places = "+".join(f"?{number}" for number in range(1, COLUMNS + 1))


def cost(value: object) -> float:
    """CPU nanoseconds to bind one value; no row is written."""
    rows = [(value,) * COLUMNS] * ROWS
    spent = []
    for _round in range(15):
        began = time.process_time_ns()
        connection.executemany(f"INSERT INTO t SELECT 1 WHERE 0 AND {places}", rows)
        spent.append(time.process_time_ns() - began)
    return min(spent) / ROWS / COLUMNS


def show(when: str) -> dict[str, float]:
    found = {name: cost(value) / cost("abc") for name, value in VALUES.items()}
    print(when, *(f"{name} {times:.1f}" for name, times in found.items()), sep="  ")
    return found


print("pysqlite3, SQLite", driver.sqlite_version, "- binding, in times of a str:")
before = show("  as it comes  ")
driver.register_adapter(bytes, bytes)
driver.register_adapter(type(None), lambda none: none)
after = show("  with adapters")
slow = all(before[name] > 5 and after[name] < before[name] / 2 for name in ("bytes", "None"))
sys.exit(None if slow else "CHANGED: expected None and bytes to be slow without adapters")
EOF
