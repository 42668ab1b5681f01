"""
The lease of a job that was placed on this pool: asked for before its task starts, kept by heartbeats beside it, handed on.
"""

import json
import threading
import time
import urllib.error
import urllib.request

# In place of the pipeline in keys of the tasks table: another pool goes on where this one stopped.
PLACED_PIPELINE = "@placed"
# By the clock of whoever counts it, a lease may be over earlier.
CLOCK_SKEW_SECONDS = 5
ANSWER_SECONDS = 5
TRIES = 3
HOLDER_CHARACTERS = 256
# The job or its lease is gone, or the token is that of an older one.
LOST_STATUSES = (401, 404, 409, 410)


class Lost(Exception):
    """The lease is not ours, and never will be again."""


class Pending:
    """What `task.pending()` gives, to be returned by `run`: the work goes on elsewhere, under `task.lease`."""

    def __init__(self, note):
        self.note = note


def read_lease(text):
    """None: it cannot be read."""
    try:
        lease = json.loads(text)
        sound = lease["v"] == 1 and all(isinstance(lease[name], str) for name in ("url", "token"))
        sound = sound and all(isinstance(lease[name], (int, float)) for name in ("fence", "leaseSeconds"))
        return JobLease(lease) if sound and lease["leaseSeconds"] > 0 else None
    except (ValueError, KeyError, TypeError):
        return None


class JobLease:
    """`token`, `url`, `fence` and `seconds` are for whoever does the work."""

    def __init__(self, given):
        self.token, self.url, self.fence, self.seconds = given["token"], given["url"], int(given["fence"]), given["leaseSeconds"]
        # Attempts that failed under earlier leases.
        self.failures = int(given.get("failures", 0))
        # Why it is not ours any more.
        self.lost = None
        self.asked = False
        self.ended = threading.Event()

    def begin(self, holder, warn):
        """
        "held", "lost", or "silent" where nobody could say. `holder` is the pool, whichever of its environments has the
        task: a lease has one holder at a time.
        """
        began = time.monotonic()
        state = self.insist({"holder": holder})
        if state == "held":
            threading.Thread(target=self.keep, args=(holder, warn, began), daemon=True).start()
        return state

    def hand_on(self, note=None):
        """The work goes on elsewhere. `note`: who does it, which may be said only of one that was handed on."""
        self.end()
        state = self.insist({"pending": True})
        if state == "held" and note:
            self.bridge({"holder": note[:HOLDER_CHARACTERS]})
        return state

    def bridge(self, word=None):
        """Its task comes back soon, and the lease must be there then. Where it is not, the next receive is told."""
        try:
            self.say(word or {})
        except Exception:  # noqa: BLE001
            pass

    def end(self):
        self.ended.set()

    def insist(self, word):
        for tried in range(TRIES):
            try:
                self.say(word)
                return "held"
            except Lost as error:
                self.lost = str(error)
                return "lost"
            except Exception:  # noqa: BLE001
                time.sleep(0.5 * (tried + 1) if tried + 1 < TRIES else 0)
        return "silent"

    def keep(self, holder, warn, asked):
        """A heartbeat each third; where none is answered it is tried each twelfth, and given up before others may have the job."""
        length = self.seconds - min(CLOCK_SKEW_SECONDS, self.seconds / 3)
        tried = asked
        while True:
            lose = asked + length - min(3, length / 10)
            due = min(max(asked + length / 3, tried + length / 12), lose)
            if self.ended.wait(max(0, due - time.monotonic())):
                return
            tried = time.monotonic()
            if tried >= lose:
                self.lost = "no heartbeat of it was answered in time"
                return
            try:
                self.say({"holder": holder}, min(ANSWER_SECONDS, lose - tried))
                asked = tried
            except Lost as error:
                self.lost = str(error)
                return
            except Exception as error:  # noqa: BLE001
                warn(repr(error))

    def say(self, word, seconds=ANSWER_SECONDS):
        self.asked = True
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/heartbeat", json.dumps(word).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=seconds) as response:
                response.read()
        except urllib.error.HTTPError as error:
            with error:
                if error.code in LOST_STATUSES:
                    raise Lost(f"HTTP {error.code} {error.read(300).decode(errors='replace')}") from error
            raise
