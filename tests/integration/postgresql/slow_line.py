# Copyright: (c) 2026, the anjianyun.datacenter authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A line on which what a server says arrives late, as it does when buffers on the way are full."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from pathlib import Path


class SlowLine:
    """Listens on a socket and passes everything on to a server's; the way back takes ``seconds`` longer."""

    def __init__(self, listens: Path, server: Path, owner: tuple[int, int], seconds: float) -> None:
        self.listens, self.server, self.owner, self.seconds = listens, server, owner, seconds
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> SlowLine:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(5)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _listen(self) -> None:
        self._accepting = await asyncio.start_unix_server(self._pass_on, str(self.listens))
        os.chown(self.listens, *self.owner)

    async def _end(self) -> None:
        self._accepting.close()
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(str(self.server))
        with contextlib.suppress(OSError):
            await asyncio.gather(self._there(reader, to_server), self._back(from_server, writer))
        for stream in (to_server, writer):
            stream.close()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while found := await reader.read(65536):
            writer.write(found)
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while found := await reader.read(65536):
            self._loop.call_later(self.seconds, writer.write, found)
        self._loop.call_later(self.seconds, writer.close)
