"""A clamd of ours for tests, in the file system or on the loopback: INSTREAM and PING; it finds what a test sets."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType


class FakeClamd:
    """Answers every stream with ``answer``; ``got`` is what was sent."""

    def __init__(self, path: Path | None) -> None:
        self.answer = b"stream: OK\0"
        self.slowly = self.silent = False
        self.most = 1 << 30
        self.got: list[bytes] = []
        self._ended = threading.Event()
        self._server = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        self._server.bind(str(path) if path else ("127.0.0.1", 0))
        self._server.listen()
        self.address = f"unix:{path}" if path else f"tcp:127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> FakeClamd:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._server.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                self._talk(connection, connection.makefile("rb"))

    def _talk(self, connection: socket.socket, words: object) -> None:
        read = words.read  # type: ignore[attr-defined]
        with words:  # type: ignore[attr-defined]
            command = read(6)
            if command == b"zPING\0":
                connection.sendall(b"PONG\0")
                return
            assert command + read(4) == b"zINSTREAM\0"[:10], command
            data = b""
            while (length := struct.unpack(">I", read(4))[0]) and len(data) < self.most:
                data += read(length)
            self.got.append(data)
            if self.silent:
                self._ended.wait(5)
                return
            step = 3 if self.slowly else max(1, len(self.answer))
            for start in range(0, len(self.answer), step):
                connection.sendall(self.answer[start : start + step])
                time.sleep(0.01 if self.slowly else 0)
