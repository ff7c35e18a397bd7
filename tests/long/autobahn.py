"""Runs Autobahn's cases against the echo at argv[1] and prints, as JSON, what became of each.

Groups 12 and 13 are about compression, which is not negotiated.
A binary message gets no echo by design, and for that echo some cases wait up to 1000 s: here 10 s at most. They fail either way.
"""

import asyncio
import json
import sys

from kosoku import FailureError, run_fuzzingclient
from kosoku.cases import CASES

EXCLUDED = ["12.*", "13.*"]
BINARY = ("9.2.", "9.4.", "9.6.", "9.8.")
PATIENCE = 10
PARALLEL = 8


def shorten(case):
    begin = case.onOpen

    def on_open(self):
        self.WAITSECS = min(self.WAITSECS, PATIENCE)
        begin(self)

    case.onOpen = on_open


async def main(url):
    for case in [case for case_id, case in CASES.items() if case_id.startswith(BINARY)]:
        shorten(case)
    try:
        results = await run_fuzzingclient(url, None, EXCLUDED, concurrency=PARALLEL)
    except FailureError as failure:
        results = failure.results
    verdicts = {
        result.case_id: {
            "behavior": result.behavior.value,
            "close": result.behavior_close.value,
            "code": result.remote_close_code,
        }
        for result in results
    }
    json.dump(verdicts, sys.stdout)


asyncio.run(main(sys.argv[1]))
