"""
One invocation: tasks one after the other, each at its turn, each failing alone.
"""

import hashlib
import json
import math
import random
import time
import traceback

from . import rules
from .rules import DataError, RateLimited, TaskError
from .task import read_task

LONGEST_WAIT_SECONDS = 43_200 - 900
LONGEST_HOLD_SECONDS = 30
TRY_SOON_SECONDS = 30


class Environment:
    """What one execution environment keeps between invocations: settings, clients, when it may start the next task."""

    def __init__(self, variables, born):
        # Here rather than at the top: what only decides can be used without boto3.
        import boto3

        from .tables import Cooling, Records

        self.group = variables["SLUICE_TASK_GROUP"]
        queue_name = variables["SLUICE_QUEUE_NAME"]
        self.pipeline = queue_name.removesuffix(".fifo")
        self.fifo = queue_name.endswith(".fifo")
        self.retry = json.loads(variables["SLUICE_RETRY"])
        self.most_receives = int(variables["SLUICE_MAX_RECEIVE_COUNT"])
        self.spacing = rules.spacing_seconds(variables)
        # A fresh environment may have the place of one that died early, whose last start nobody knows.
        self.next_start = born + self.spacing
        self.sqs = boto3.client("sqs")
        self.queue_url = self.sqs.get_queue_url(QueueName=queue_name)["QueueUrl"]
        self.dead_letter_queue_url = self.sqs.get_queue_url(QueueName=variables["SLUICE_DEAD_LETTER_QUEUE_NAME"])["QueueUrl"]
        table = boto3.resource("dynamodb").Table(variables["SLUICE_TASKS_TABLE"])
        self.records = Records(table, self.pipeline)
        self.cooling = Cooling(table, self.pipeline, self.ask_for_a_look)
        self.hints_queue_url = variables["SLUICE_HINTS_QUEUE_URL"]

    def ask_for_a_look(self):
        """Has Sluice note a cooling in the group's status, and stop its mapping for a long one."""
        hint = {"kind": "group", "taskGroup": self.group, "class": "change", "hops": 0}
        self.sqs.send_message(QueueUrl=self.hints_queue_url, MessageBody=json.dumps(hint))

    def come_back(self, task, seconds):
        """By visibility, never by sending again: whole seconds, up to twelve hours from the receive."""
        seconds = min(LONGEST_WAIT_SECONDS, max(0, math.ceil(seconds)))
        try:
            self.sqs.change_message_visibility(QueueUrl=self.queue_url, ReceiptHandle=task.receipt_handle, VisibilityTimeout=seconds)
        except Exception as error:
            task.log("WARN", "visibility not changed: comes back after that of its queue", reason=str(error))

    def send_letter(self, task, letter):
        text = rules.letter_text(letter)
        with_letter = {**task.attributes, "sluice": {"DataType": "String", "StringValue": text}}
        fits = rules.fits_message(task.text, with_letter)
        group = {"MessageGroupId": task.message_group} if task.message_group else {}
        once = {"MessageDeduplicationId": f"{hashlib.sha256(task.id.encode()).hexdigest()}-{task.redrives}"}
        sent = self.sqs.send_message(
            QueueUrl=self.dead_letter_queue_url,
            MessageBody=task.text,
            MessageAttributes=with_letter if fits else task.attributes,
            **group,
            **(once if self.fifo else {}),
        )
        if not fits:
            self.records.keep_letter(task, text, sent["MessageId"])
        self.records.lettered(task)


class Batch:
    """One invocation."""

    def __init__(self, environment, run, classify, context):
        self.environment, self.run, self.classify = environment, run, classify
        remaining = context.get_remaining_time_in_millis() / 1_000
        self.end = time.monotonic() + remaining
        self.deadline = self.end - rules.reserve_seconds(remaining)
        self.longest = 0.0
        self.started = 0
        self.hold_until = 0.0

    def work_off(self, records):
        """Runs what fits, and tells Lambda which messages are not finished with."""
        unfinished, blocked = [], set()
        for record in records:
            task = read_task(record, self.environment.group)
            # In a FIFO queue nothing may overtake a task that comes back.
            seconds = 0 if task.message_group in blocked else self.take(task)
            if seconds is not None:
                unfinished.append({"itemIdentifier": task.message_id})
                if self.environment.fifo:
                    blocked.add(task.message_group)
                self.environment.come_back(task, seconds)
        # Only so do `concurrency` environments together hold the rate, whatever the size of their batches.
        last_start_held = self.environment.next_start if self.started else 0.0
        pause_until(min(max(last_start_held, self.hold_until), self.deadline))
        return {"batchItemFailures": unfinished}

    def take(self, task):
        """None: finished with. Else the seconds after which it comes back."""
        try:
            cooling = self.environment.cooling.seconds_left()
            start = max(time.monotonic() + cooling, self.environment.next_start)
            if not self.fits(start):
                # A cooling group is not left at once: its poller would bring the next batch only to put it back.
                self.hold_until = min(start, time.monotonic() + LONGEST_HOLD_SECONDS)
                return cooling
            pause_until(start)
            return self.start(task)
        except Exception as error:
            # Of AWS, not of the task: whatever was not recorded is seen at the next receive.
            task.log("ERROR", "could not be taken; comes back", reason=repr(error), stack=traceback.format_exc())
            return self.environment.retry["baseSeconds"]

    def fits(self, start):
        """The first task that need not wait always does: a long one would else be handed back for ever."""
        first = self.started == 0 and start <= time.monotonic()
        return start + self.environment.spacing <= self.deadline and (first or start + self.longest < self.deadline)

    def start(self, task):
        environment = self.environment
        held_for, record = environment.records.claim(task, self.end - time.monotonic())
        if held_for is not None:
            return held_for
        if record and record["status"] in ("done", "dead"):
            return self.finish_ended(task, record)
        task.attempt, task.history, task.unrecorded = rules.open_attempt(record)
        task.deadline = self.deadline
        if task.unrecorded and task.attempt > environment.retry["maxRetries"] + 1:
            silent = task.unrecorded.pop()
            return self.set_aside(task, silent, silent["message"])
        self.started += 1
        started = time.monotonic()
        environment.next_start = started + environment.spacing
        try:
            self.run(self.body_of(task), task)
        except Exception as error:
            return self.settle(task, error)
        finally:
            self.longest = max(self.longest, time.monotonic() - started)
        if not environment.records.end(task, "done"):
            task.log("WARN", "done, but it had ended before: it ran twice")
        return None

    def body_of(self, task):
        try:
            return json.loads(task.text)
        except json.JSONDecodeError as error:
            raise DataError(f"body: is not JSON ({error})") from error

    def settle(self, task, error):
        environment = self.environment
        verdict = rules.judge(error, self.classify)
        last_receive = task.receives >= environment.most_receives
        if isinstance(verdict, RateLimited) and not last_receive:
            seconds = environment.cooling.cool(verdict.retry_after_seconds, str(verdict))
            task.log("INFO", "rate-limited; its group cools", reason=str(error), seconds=seconds)
            environment.records.release(task, excused=1)
            return seconds
        error_class = "TRANSIENT" if isinstance(verdict, RateLimited) else verdict
        message = str(error) if isinstance(error, TaskError) else f"{type(error).__name__}: {error}"
        failed = rules.failed_attempt(task.attempt, error_class, message, time.time())
        if error_class not in rules.RETRIED or task.attempt > environment.retry["maxRetries"] or last_receive:
            return self.set_aside(task, failed, message, traceback.format_exc())
        seconds = rules.back_off_seconds(environment.retry, task.attempt, random.random())
        task.log("WARN", "failed; comes back", **{"class": error_class}, reason=message, seconds=seconds)
        environment.records.release(task, excused=0, failed=failed)
        return seconds

    def set_aside(self, task, failed, message, stack=None):
        """First the record, then the letter, then the message: a crash in between is mended by the next receive."""
        if not self.environment.records.end(task, "dead", failed):
            return TRY_SOON_SECONDS
        self.environment.send_letter(task, rules.letter_of(task, failed, message, stack))
        task.log("ERROR", "failed for good; set aside", **{"class": failed["class"]}, reason=message, stack=stack)
        return None

    def finish_ended(self, task, record):
        """Delivered again after its end: nothing is run. A dead one whose letter was never sent is sent now."""
        if record["status"] == "dead" and "letteredAtMs" not in record:
            *task.history, failed = rules.plain_history(record)
            self.environment.send_letter(task, rules.letter_of(task, failed, failed["message"]))
        return None


def pause_until(moment):
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)
