"""
A task as its message carries it, and what its function is told of it.
"""

import base64
import json
import math
import re
import time
from dataclasses import dataclass, field

from . import reports, rules
from .leases import JobLease, Pending, read_lease


@dataclass
class Task:
    """What `run` is told of a task besides its body."""

    id: str
    group: str
    job: str | None
    text: str
    message_id: str
    message_group: str | None
    receipt_handle: str
    receives: int
    sent_at: str
    # The author's own message attributes and Sluice's, as SQS takes them.
    attributes: dict
    # What it went through before it was last put back from the dead-letter queue, if ever.
    letter: dict
    # When it must have ended, as time.time(); None: nobody said.
    deadline_at: float | None = None
    # 1 for the first; rate-limited and handed-back attempts do not count.
    attempt: int = 1
    # When `run` should have ended, as time.monotonic().
    deadline: float = math.inf
    # Who has claimed it: us.
    holder: str = ""
    history: list = field(default_factory=list)
    # The attempt before, where it ended without a word: not recorded yet.
    unrecorded: list = field(default_factory=list)

    # Of a job that was placed on this pool: `token`, `url`, `fence` and `seconds`, for whoever does the work.
    lease: JobLease | None = None
    # It says that it is such a one, and not how to work for it.
    has_unreadable_lease: bool = False
    # Another copy of it may still run.
    is_elsewhere: bool = False

    # Lives it had beyond those its letter tells of: it was put back by other means than `sluice redrive`.
    more_redrives: int = 0

    @property
    def redrives(self):
        if self.lease:
            return self.lease.fence
        return self.letter.get("redrives", 0) + self.more_redrives

    @property
    def number(self):
        """In its job. None: no job counts it, nothing is reported."""
        return reports.number_of(self.job, self.id)

    def is_late(self):
        return rules.too_late(self.deadline_at, 0, time.time())

    @property
    def is_lease_lost(self):
        """Whoever runs without it works beside somebody else: look now and then, and stop."""
        return self.lease is not None and self.lease.lost is not None

    def pending(self, note=None):
        """
        For a job that was placed: `return task.pending()` says that the work goes on elsewhere, and whoever does it has
        `task.lease`. The lease stays, nothing is reported. `note`: who does it.
        """
        if not self.lease:
            raise rules.PermanentError("pending: only a task of a job that was placed on a pool can be handed on; this one has no lease")
        return Pending(note)

    def remaining_seconds(self):
        """Give it as timeout to whatever you call."""
        return max(0.0, self.deadline - time.monotonic())

    def log(self, level, message, **fields):
        job = {"job": self.job} if self.job else {}
        ids = {"group": self.group, "taskId": self.id, **job, "attempt": self.attempt, "messageId": self.message_id}
        print(json.dumps({"level": level, "message": message, "timestamp": rules.iso(time.time()), **fields, **ids}))


def read_task(record, group):
    """An SQS record as Lambda hands it over. The id is the sender's, or else the first message's, whatever happens to it."""
    attributes = record.get("messageAttributes", {})
    texts = {name: value["stringValue"] for name, value in attributes.items() if value.get("stringValue") is not None}
    letter = rules.read_letter(texts.get("sluice"))
    task_id = letter.get("task") or (texts["sluice.task"] if rules.is_id(texts.get("sluice.task")) else record["messageId"])
    job = letter.get("job") or texts.get("sluice.job")
    # Of a task that no job counts there is nobody to whom it could be told.
    lease = read_lease(texts.get("sluice.lease", "")) if reports.number_of(job, task_id) is not None else None
    return Task(
        id=task_id,
        group=group,
        job=job,
        text=record["body"],
        message_id=record["messageId"],
        message_group=record["attributes"].get("MessageGroupId"),
        receipt_handle=record["receiptHandle"],
        receives=int(record["attributes"]["ApproximateReceiveCount"]),
        sent_at=letter.get("sentAt") or rules.iso(int(record["attributes"]["SentTimestamp"]) / 1_000),
        attributes={name: sendable(value) for name, value in attributes.items()},
        letter=letter,
        deadline_at=moment(texts.get("sluice.deadline")),
        lease=lease,
        has_unreadable_lease="sluice.lease" in texts and lease is None,
    )


def moment(text):
    """Milliseconds since 1970. What is no moment counts as none."""
    return int(text) / 1_000 if text and re.fullmatch("[0-9]{1,15}", text) else None


def sendable(value):
    if value.get("binaryValue") is not None:
        return {"DataType": value["dataType"], "BinaryValue": base64.b64decode(value["binaryValue"])}
    return {"DataType": value["dataType"], "StringValue": value["stringValue"]}
