"""A client of Parlor's JSON protocol, written from SPEC.md alone. It needs Python 3.11 and websockets."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self
from urllib.parse import quote

from websockets import ClientConnection, ConnectionClosed, InvalidHandshake, InvalidStatus, connect

Frame = dict[str, Any]
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first goes on while the machine sleeps


class ParlorError(Exception):
    """A refused request, or the end of all connections: its code (of an error, a close or HTTP) and the reason."""


class Request(asyncio.Future[Frame]):
    def __init__(self, **frame: Any) -> None:
        super().__init__()
        self.frame = {"ref": uuid.uuid4().hex} | frame
        self.first_sent: float | None = None


class Parlor:
    """async with Parlor("ws://localhost:3000/ws", token) as parlor:  # token: an async function, asked for each connection
        await parlor.join("lobby")
        await parlor.publish("lobby", content="hello")  # answers when the log has it
        async for frame in parlor:  # chat, event, gap, reset; after an outage joined (not recovered), error (not joined)
            print(frame)
    """

    def __init__(self, url: str, token: Callable[[], Awaitable[str]], ping: float = 10) -> None:
        self.url, self.token, self.ping = url, token, ping
        self.frames: asyncio.Queue[Any] = asyncio.Queue()
        self.joins: dict[str, Request] = {}  # by room; `since` is the position of the newest publication received
        self.unanswered: dict[str, Request] = {}  # by ref, in order
        self.welcome: Frame = {"session": "", "reconnect": {"after": 0, "window": 5000}}
        self.outbox: asyncio.Queue[Request] = asyncio.Queue()  # as what follows, anew with each welcome
        self.joined: set[str] = set()
        self.failures = 0

    async def __aenter__(self) -> Self:
        self.running = asyncio.create_task(self.run())
        self.running.add_done_callback(self.frames.put_nowait)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.running.cancel()
        await asyncio.wait([self.running])

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while (frame := await self.frames.get()) is not self.running:
            yield frame
        self.running.result()

    async def join(self, room: str, since: Frame | None = None) -> Frame:
        if room not in self.joins:
            self.joins[room] = Request(type="join", room=room, **({"since": since} if since else {}))
            self.outbox.put_nowait(self.joins[room])
        return await self.reply(self.joins[room])

    async def publish(self, room: str, **message: Any) -> Frame:
        """Of `content`, or of `name` and `data`; with an `id`, unless a random one will do."""
        await self.join(room)
        kind = "event" if "name" in message else "chat"
        request = Request(**{"type": kind, "room": room, "id": uuid.uuid4().hex, "age": 0} | message)
        if len(json.dumps(request.frame, ensure_ascii=False, allow_nan=False).encode()) + 16 > self.welcome["limits"]["message"]:
            raise ParlorError("message_too_large", "The server's answer would not say which")
        self.unanswered[request.frame["ref"]] = request
        if room in self.joined:
            self.outbox.put_nowait(request)
        return await self.reply(request)

    async def reply(self, request: Request) -> Frame:
        await asyncio.wait([request, self.running], return_when=asyncio.FIRST_COMPLETED)
        return request.result() if request.done() else self.running.result()

    async def run(self) -> None:
        while True:
            self.pause: float | None = None  # seconds, where the server says how long
            try:
                await self.connect()
            except InvalidStatus as refusal:
                status = refusal.response.status_code
                if status < 500 and status != 429:
                    raise ParlorError(status, refusal.response.reason_phrase) from refusal
                self.pause = int(refusal.response.headers.get("Retry-After", 5)) * random.uniform(1, 2)
            except ConnectionClosed as closed:
                if closed.rcvd and 4500 <= closed.rcvd.code < 5000:
                    raise ParlorError(closed.rcvd.code, closed.rcvd.reason) from closed
            except (OSError, InvalidHandshake):
                pass
            window = self.welcome["reconnect"]["window"] * 2 ** min(self.failures, 4)
            wait = (self.welcome["reconnect"]["after"] + random.uniform(0, window)) / 1000
            await asyncio.sleep(wait if self.pause is None else self.pause)
            self.failures += 1

    async def connect(self) -> None:
        url = f"{self.url}?session={quote(self.welcome['session'])}"
        headers = {"Authorization": f"Bearer {await self.token()}"}
        options = {"compression": None, "max_size": None, "ping_interval": self.ping, "ping_timeout": self.ping}
        async with connect(url, additional_headers=headers, **options) as socket:
            self.receive(json.loads(await socket.recv()))  # welcome
            sender = asyncio.create_task(self.send(socket))
            try:
                async for text in socket:
                    self.receive(json.loads(text))
            finally:
                sender.cancel()

    async def send(self, socket: ClientConnection) -> None:
        while True:
            request = await self.outbox.get()
            await self.slots.acquire()
            request.first_sent = request.first_sent or time.clock_gettime(CLOCK)
            if "age" in request.frame:
                request.frame["age"] = round(1000 * (time.clock_gettime(CLOCK) - request.first_sent))
            if request.frame["type"] == "auth":
                request.frame["token"] = await self.token()
            self.unanswered[request.frame["ref"]] = request
            await socket.send(json.dumps(request.frame, ensure_ascii=False))

    def receive(self, frame: Frame) -> None:
        match frame:
            case {"type": "welcome"}:
                self.welcome, self.failures, self.joined, self.outbox = frame, 0, set(), asyncio.Queue()
                self.slots = asyncio.Semaphore(frame["limits"]["pending"])
                for join in self.joins.values():
                    self.outbox.put_nowait(join)
            case {"type": "joined", "room": room, "position": position}:
                if "since" in self.joins[room].frame and not frame["recovered"]:
                    self.frames.put_nowait(frame)
                self.joins[room].frame["since"] = position
                self.joined.add(room)
                for request in self.unanswered.values():
                    if request.frame.get("room") == room and "id" in request.frame: 
                        self.outbox.put_nowait(request)
            case {"type": "chat" | "event" | "gap" | "reset", "room": room}:
                since = self.joins[room].frame["since"]
                if "offset" in frame:
                    frame["position"] = {"epoch": since["epoch"], "offset": frame["offset"], "id": frame["id"]}
                self.joins[room].frame["since"] = frame.get("position", since)
                self.frames.put_nowait(frame)
            case {"type": "drain"}:
                self.pause = frame["reconnectAfter"] / 1000
            case {"code": "token_expiring"}:
                self.outbox.put_nowait(Request(type="auth"))
        ...
