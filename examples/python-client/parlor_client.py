"""A client of Parlor's JSON protocol, written from SPEC.md alone. tests/long/python-client.py shows how it is used."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

from websockets import ClientConnection, ConnectionClosed, InvalidHandshake, InvalidStatus, connect

Frame = dict[str, Any]
CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first goes on while the machine sleeps


class ParlorError(Exception):
    """A refused request, or the end of all connections: its code (of an error, a close or HTTP) and the reason."""


class Request(asyncio.Future[Frame]):
    def __init__(self, **frame: Any) -> None:
        super().__init__()
        self.frame = {"ref": uuid4().hex} | frame
        self.sent: tuple[float, str] | None = None  # the first time, and as whom

    def fail(self, *reason: Any) -> None:
        if not self.done():
            self.set_exception(ParlorError(*reason))


class Parlor:
    def __init__(self, url: str, token: Callable[[], Coroutine[Any, Any, str]], **options: Any) -> None:
        self.url, self.token, self.pause = url, token, random.uniform(0.5, 1)  # seconds until the next connection
        self.options = {"compression": None, "max_size": None, "ping_interval": 10, "ping_timeout": 10} | options
        self.frames: asyncio.Queue[Any] = asyncio.Queue()
        self.joins: dict[str, Request] = {}  # by room; `since` is the position of the newest publication received
        self.unanswered: dict[str, Request] = {}  # by ref, in order
        self.session, self.user, self.limit = "", "", 0  # bytes
        self.outbox, self.joined, self.slots = asyncio.Queue[Request](), set[str](), asyncio.Semaphore()

    async def __aenter__(self) -> Self:
        self.running = asyncio.create_task(self.run())
        self.running.add_done_callback(self.frames.put_nowait)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.running.cancel()
        await asyncio.wait([self.running])

    async def __aiter__(self) -> AsyncIterator[Frame]:
        """Yields chat, event, gap, reset; joined where an outage was not recovered, error where a room was refused."""
        while (frame := await self.frames.get()) is not self.running:
            yield frame
        self.running.result()

    async def join(self, room: str, **options: Any) -> Frame:
        if room not in self.joins:
            self.joins[room] = Request(type="join", room=room, **options)
            self.outbox.put_nowait(self.joins[room])
        return await self.reply(self.joins[room])

    async def publish(self, room: str, **message: Any) -> Frame:
        """`content`, or `name` and `data`; with an `id`, unless a random one will do. Answers when the log has it."""
        await self.join(room)
        request = Request(type="event" if "name" in message else "chat", room=room, **{"id": uuid4().hex} | message)
        if len(json.dumps(request.frame, ensure_ascii=False, allow_nan=False).encode()) + 32 > self.limit:
            raise ParlorError("message_too_large", "The server's answer would not say which")
        self.unanswered[request.frame["ref"]] = request
        if room in self.joined:
            self.outbox.put_nowait(request)
        return await self.reply(request)

    async def reply(self, request: Request) -> Frame:
        await asyncio.wait([request, self.running], return_when=asyncio.FIRST_COMPLETED)
        return request.result() if request.done() else self.running.result()

    async def run(self) -> Any:
        while True:
            try:
                await self.connect()
            except InvalidStatus as refusal:
                if (status := refusal.response.status_code) < 500 and status != 429:
                    raise ParlorError(status, refusal.response.reason_phrase) from refusal
                self.pause += int(refusal.response.headers.get("Retry-After", 0))
            except (ConnectionClosed, InvalidHandshake, OSError) as loss:
                if (close := getattr(loss, "rcvd", None)) and 4500 <= close.code < 5000:
                    raise ParlorError(close.code, close.reason) from loss
            await asyncio.sleep(self.pause)
            self.pause = min(2 * self.pause + random.uniform(0, 1), 60)  # unless a welcome comes

    async def connect(self) -> None:
        url = f"{self.url}?session={quote(self.session)}"
        headers = {"Authorization": f"Bearer {await self.token()}"}
        async with connect(url, additional_headers=headers, **self.options) as socket:
            self.receive(json.loads(await socket.recv()))  # welcome
            sender = asyncio.create_task(self.send(socket))
            try:
                async for text in socket:
                    self.receive(json.loads(text))
            finally:
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)

    async def send(self, socket: ClientConnection) -> None:
        while request := await self.outbox.get():
            if request.sent and "id" in request.frame:
                when, user = request.sent
                if user != self.user:  # a resend would be another publication
                    self.unanswered.pop(request.frame["ref"], None)
                    request.fail("outcome_unknown", "Sent as another user")
                    continue
                request.frame["age"] = round(1000 * (time.clock_gettime(CLOCK) - when))
            await self.slots.acquire()
            request.sent = request.sent or (time.clock_gettime(CLOCK), self.user)
            self.unanswered[request.frame["ref"]] = request
            await socket.send(json.dumps(request.frame, ensure_ascii=False))

    def receive(self, frame: Frame) -> None:
        if request := self.unanswered.pop(frame.get("ref", ""), None):
            self.slots.release()
            if frame["type"] != "error" and not request.done():
                request.set_result(frame)
        match frame:
            case {"type": "welcome", "session": session, "user": user, "limits": limits, "reconnect": reconnect}:
                self.session, self.user, self.limit = session, user["id"], limits["message"]
                self.pause = (reconnect["after"] + random.uniform(0, reconnect["window"])) / 1000
                self.outbox, self.joined, self.slots = asyncio.Queue(), set(), asyncio.Semaphore(limits["pending"])
                for join in self.joins.values():
                    self.outbox.put_nowait(join)
            case {"type": "joined", "room": room, "position": position}:
                if "since" in self.joins[room].frame and not frame["recovered"]:
                    self.frames.put_nowait(frame)
                self.joins[room].frame["since"] = position
                self.joined.add(room)
                for publish in [it for it in self.unanswered.values() if it.frame.get("room") == room]:
                    self.outbox.put_nowait(publish)
            case {"type": "chat" | "event" | "gap" | "reset", "room": room}:
                held = self.joins[room].frame
                if "offset" in frame:
                    frame["position"] = held["since"] | {"offset": frame["offset"], "id": frame["id"]}
                held["since"] = frame.get("position", held["since"])
                self.frames.put_nowait(frame)
            case {"type": "drain", "reconnectAfter": milliseconds}:
                self.pause = milliseconds / 1000
            case {"type": "error", "code": "token_expiring"}:
                renewal = self.renewal = asyncio.create_task(self.token())
                renewal.add_done_callback(lambda it: self.outbox.put_nowait(Request(type="auth", token=it.result())))
            case {"type": "error", "retryable": True, "ref": ref, "code": code} if request:
                if code == "rate_limited" and "age" not in request.frame:
                    request.sent = None  # nothing was tried
                self.unanswered[ref] = request
                asyncio.get_running_loop().call_later(random.uniform(1, 2), self.outbox.put_nowait, request)
            case {"type": "error", "code": code, "message": message} if request:
                if request.frame["type"] == "join":
                    del self.joins[request.frame["room"]]
                    self.frames.put_nowait(frame)
                request.fail(code, message)
