"""Uses examples/python-client as python-client.test.ts says. argv: the address of /ws, a secret to sign tokens with,
how many seconds a token lasts and how many lie between two pings, and a room. A line of input is how many messages to
publish; a line of output is what happened, in JSON. It ends with its input, or with the client.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "python-client"))
from parlor_client import Parlor, ParlorError

url, secret, lifetime, ping, room = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]), sys.argv[5]


def say(happened: str, **details: object) -> None:
    print(json.dumps({"happened": happened} | details), flush=True)


async def token() -> str:
    say("token")
    claims = {"sub": "python", "exp": time.time() + lifetime}
    parts = [base64.urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=") for it in ({"alg": "HS256"}, claims)]
    signature = hmac.digest(secret.encode(), b".".join(parts), hashlib.sha256)
    return b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


async def publish(parlor: Parlor, content: str) -> None:
    try:
        say("acknowledged", content=content, ack=await parlor.publish(room, content=content))
    except ParlorError as refusal:
        say("refused", content=content, reason=refusal.args)


async def obey(parlor: Parlor) -> None:
    with contextlib.suppress(ParlorError):  # `listen` hears of it
        say("joined", frame=await parlor.join(room), session=parlor.session)
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        published = itertools.count(1)
        async with asyncio.TaskGroup() as publishing:
            async for count in commands:
                for number in itertools.islice(published, int(count)):
                    publishing.create_task(publish(parlor, f"python {number}"))


async def listen(parlor: Parlor) -> None:
    try:
        async for frame in parlor:
            say("received", frame=frame)
    except ParlorError as end:
        say("ended", code=end.args[0], reason=end.args[1])


async def main() -> None:
    # The only proxy is the test's own.
    options = {"proxy": None, "ping_interval": ping, "ping_timeout": ping, "close_timeout": ping}
    async with Parlor(url, token, **options) as parlor:
        listening, obeying = asyncio.create_task(listen(parlor)), asyncio.create_task(obey(parlor))
        await asyncio.wait([listening, obeying], return_when=asyncio.FIRST_COMPLETED)
        if parlor.running.done():
            await listening


asyncio.run(main())
