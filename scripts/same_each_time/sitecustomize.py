"""Every Python process of the demo site runs this at its start, since scripts/demo_site.py puts it on the path.

The clock is fixed, and random numbers come from a seed: dates, codes and tokens are the same in each run.
"""

from __future__ import annotations

import os
import random
import secrets
from datetime import datetime

import time_machine

time_machine.travel(datetime.fromisoformat(os.environ["PICTURES_MOMENT"]), tick=False).start()
# Each process has a seed of its own, or a later one would draw the tokens of an earlier one a second time.
_chance = random.Random(os.environ["PICTURES_SEED"])  # noqa: S311 - the codes of a demo, no secrets
secrets.token_bytes = lambda nbytes=None: _chance.randbytes(32 if nbytes is None else nbytes)
secrets.randbelow = lambda exclusive_upper_bound: _chance.randrange(exclusive_upper_bound)
secrets.choice = _chance.choice
