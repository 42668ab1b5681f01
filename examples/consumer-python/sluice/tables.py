"""
What a consumer remembers in Sluice's tasks table: who has a task, what it went through, and until when its group cools.
"""

import contextlib
import re
import time
import uuid

from botocore.exceptions import ClientError

from . import rules
from .leases import PLACED_PIPELINE

CLOCK_SKEW_MS = 5_000
KEEP_SECONDS = 15 * 86_400
# A refusal this long after the last cooling ended is the first of a new row.
ROW_ENDS_SECONDS = 60
APPENDED = "#history = list_append(if_not_exists(#history, :none), :new)"


class Records:
    """One item per task and life of it: a task put back from the dead-letter queue starts with a new one."""

    def __init__(self, table, pipeline):
        self.table, self.pipeline = table, pipeline

    def key(self, task, kind="attempts"):
        pipeline = PLACED_PIPELINE if task.lease else self.pipeline
        return {"pk": f"task#{pipeline}#{task.id}", "sk": f"{kind}#{task.redrives}"}

    def claim(self, task, remaining_seconds):
        """
        Takes the task and counts a start: (None, record from before). Or, where somebody who may be alive has it,
        (seconds to wait, None). Of a task that has ended the record, unclaimed.
        """
        now = now_ms()
        task.holder = uuid.uuid4().hex
        try:
            answer = update_item(
                self.table,
                self.key(task),
                "SET #status = :running, holder = :holder, aliveUntilMs = :alive, startedAtMs = :now, "
                "firstClaimedAtMs = if_not_exists(firstClaimedAtMs, :now), expiresAt = :expires ADD starts :one",
                "attribute_not_exists(#status) OR "
                "(#status IN (:running, :waiting) AND (attribute_not_exists(aliveUntilMs) OR aliveUntilMs < :now))",
                {
                    ":running": "running",
                    ":waiting": "waiting",
                    ":holder": task.holder,
                    # Lambda ends us then: nobody runs this task for us after it.
                    ":alive": now + int(remaining_seconds * 1_000) + CLOCK_SKEW_MS,
                    ":now": now,
                    ":expires": expiry(),
                    ":one": 1,
                },
                ReturnValues="ALL_OLD",
            )
        except Refused:
            record = self.record_of(task)
            if record.get("deadMessageId", task.message_id) != task.message_id:
                # A dead task's own message may come again; any other is its letter, put back: its next life.
                task.more_redrives += 1
                return self.claim(task, remaining_seconds)
            if record.get("status") in ("done", "dead"):
                return None, record
            if record.get("holder") == task.holder:
                # The first answer was lost and the SDK asked again: this start is counted already.
                return None, {**record, "starts": record["starts"] - 1, "status": "waiting"}
            return max(1, (int(record.get("aliveUntilMs", 0)) - now_ms()) / 1_000), None
        return None, answer.get("Attributes")

    def release(self, task, excused, failed=None):
        """The attempt is over and the task comes back: failed, which counts, or excused, which does not."""
        new = [*task.unrecorded, *([failed] if failed else [])]
        with contextlib.suppress(Refused):
            update_item(
                self.table,
                self.key(task),
                f"SET #status = :waiting, expiresAt = :expires, {APPENDED} REMOVE holder, aliveUntilMs ADD excused :excused",
                "holder = :holder",
                {":waiting": "waiting", ":expires": expiry(), ":holder": task.holder, ":none": [], ":new": new, ":excused": excused},
            )

    def end(self, task, status, failed=None, **more):
        """
        Done or dead for good, once: False where it had ended before, or somebody else has it. `more`: its result, or where
        that is; or since when its job is cancelled, its lease lost, or somebody else goes on with it.
        """
        new = [*task.unrecorded, *([failed] if failed else [])]
        write = uuid.uuid4().hex
        try:
            update_item(
                self.table,
                self.key(task),
                f"SET #status = :status, writeId = :write, endedAtMs = :now, expiresAt = :expires, {APPENDED}"
                f"{''.join(f', #{name} = :{name}' for name in more)} REMOVE holder, aliveUntilMs",
                "holder = :holder",
                {
                    ":status": status,
                    ":write": write,
                    ":now": now_ms(),
                    ":expires": expiry(),
                    ":holder": task.holder,
                    ":none": [],
                    ":new": new,
                    **{f":{name}": value for name, value in more.items()},
                },
            )
        except Refused:
            # The first answer was lost and the SDK asked again: it was this very write that ended it.
            return self.record_of(task).get("writeId") == write
        return True

    def is_cancelled(self, job):
        """Whether the job's tasks may no longer start: as it is now."""
        return "Item" in self.table.get_item(Key={"pk": f"job#{job}", "sk": "state"}, ConsistentRead=True)

    def record_of(self, task):
        return self.table.get_item(Key=self.key(task), ConsistentRead=True).get("Item", {})

    def lettered(self, task):
        """The letter of a dead task is on its queue: it need not be sent again."""
        self.table.update_item(
            Key=self.key(task),
            UpdateExpression="SET letteredAtMs = :now, deadMessageId = :message",
            ExpressionAttributeValues={":now": now_ms(), ":message": task.message_id},
        )

    def keep_letter(self, task, text, message_id):
        """Of the dead letter `message_id`, which has no room for it."""
        self.table.put_item(Item={**self.key(task, "letter"), "json": text, "messageId": message_id, "expiresAt": expiry()})


class Cooling:
    """The group's cooling: read at most once a second, made by whoever is refused."""

    def __init__(self, table, pipeline, ask_for_a_look):
        self.table, self.ask_for_a_look = table, ask_for_a_look
        self.pk = f"group#{pipeline}"
        self.record = {}
        self.read_at = float("-inf")
        self.asked_until = 0

    def seconds_left(self):
        if time.monotonic() - self.read_at > 1:
            self.record = self.table.get_item(Key={"pk": self.pk, "sk": "cooling"}).get("Item", {})
            self.read_at = time.monotonic()
        return max(0.0, (int(self.record.get("untilMs", 0)) - now_ms()) / 1_000)

    def cool(self, seconds, message):
        """Cools the whole group and counts the refusal; returns the seconds for which it cools now."""
        now = now_ms()
        in_row = now < int(self.record.get("untilMs", 0)) + ROW_ENDS_SECONDS * 1_000
        streak = 0 if seconds is not None else int(self.record.get("streak", 0) if in_row else 0) + 1
        # "Come again at once" would come again at once until SQS gives the task up.
        wished = now + int(1_000 * max(1, seconds if seconds is not None else rules.cooling_seconds(streak)))
        expires = wished // 1_000 + KEEP_SECONDS
        try:
            update_item(
                self.table,
                {"pk": self.pk, "sk": "cooling"},
                "SET untilMs = :until, lastLimitedAtMs = :now, #message = :message, streak = :streak, expiresAt = :expires",
                # Nobody shortens what somebody else was told.
                "attribute_not_exists(untilMs) OR untilMs < :until",
                {":until": wished, ":now": now, ":message": message[:1_000], ":streak": streak, ":expires": expires},
            )
        except Refused:
            pass
        self.table.update_item(
            Key={"pk": self.pk, "sk": f"limited#{rules.iso(now / 1_000)[:10]}"},
            UpdateExpression="SET lastLimitedAtMs = :now, expiresAt = :expires ADD #count :one",
            ExpressionAttributeNames={"#count": "count"},
            ExpressionAttributeValues={":now": now, ":expires": expires, ":one": 1},
        )
        # Not for every refusal of a burst.
        if wished - self.asked_until > 5_000:
            self.ask_for_a_look()
            self.asked_until = wished
        self.read_at = float("-inf")
        return self.seconds_left()


class Refused(Exception):
    """The condition of a write does not hold."""


def update_item(table, key, update, condition, values, **options):
    # Words of DynamoDB's own are told as names.
    names = {f"#{name}": name for name in re.findall(r"#(\w+)", update)}
    try:
        return table.update_item(
            Key=key,
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues=values,
            ExpressionAttributeNames=names,
            **options,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise Refused from error
        raise


def expiry():
    """For the table's TTL."""
    return now_ms() // 1_000 + KEEP_SECONDS


def now_ms():
    return int(time.time() * 1_000)
