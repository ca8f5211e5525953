"""Processes of our own that run next to the server and end by themselves."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.monitoring import metrics


class BackgroundProcesses:
    """The processes of one kind that this process has started, a few at a time."""

    def __init__(self, at_most: int) -> None:
        self.at_most = at_most
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> bool:
        """Start one more in ``folder``; ``environment`` adds to the server's own. False: enough of them run.

        It keeps no figures: their files would outlive it, and each asking monitor read them.
        """
        self._running = [child for child in self._running if child.poll() is None]
        if len(self._running) >= self.at_most:
            return False
        ours = {name: value for name, value in os.environ.items() if name != metrics.FOLDER}
        self._running.append(
            subprocess.Popen(  # noqa: S603 - our own arguments, no shell
                command,
                cwd=folder,
                env={**ours, **environment},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                process_group=0,  # Ctrl-C is for the server
            )
        )
        return True

    def is_running(self) -> bool:
        return any(child.poll() is None for child in self._running)
