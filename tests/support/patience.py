"""How long tests wait for what must come. No sound machine needs it, however busy: reaching the end is a failure."""

from __future__ import annotations

#: The longest wait for one thing. Nothing waits this long when all is well, so it costs no time.
PATIENCE_S = 90
