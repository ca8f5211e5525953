"""How long tests wait for what must come. Even a busy machine never needs it: reaching the end is a failure."""

from __future__ import annotations

#: The longest wait for one thing. Nothing waits this long when all is well, so it costs no time.
PATIENCE_S = 90
