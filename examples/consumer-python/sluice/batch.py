"""
One invocation: tasks one after the other, each at its turn, each failing alone.
"""

import json
import math
import random
import time
import traceback

from . import reports, rules
from .leases import Pending
from .rules import DataError, RateLimited, TaskError
from .task import read_task

LONGEST_HOLD_SECONDS = 30
TRY_SOON_SECONDS = 30
REPORT_AGAIN_SECONDS = 5
JOB_SILENT_SECONDS = 5


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
                seconds = self.within_lease(task, seconds)
                unfinished.append({"itemIdentifier": task.message_id})
                if self.environment.fifo:
                    blocked.add(task.message_group)
                self.environment.come_back(task, seconds)
        # Only so do `concurrency` environments together hold the rate, whatever the size of their batches.
        last_start_held = self.environment.next_start if self.started else 0.0
        pause_until(min(max(last_start_held, self.hold_until), self.deadline))
        return {"batchItemFailures": unfinished}

    def within_lease(self, task, seconds):
        """A task of a placed job comes back while its lease lasts. One that nobody began may let it run out: no attempt is spent."""
        if not task.lease or task.is_elsewhere:
            return seconds
        if task.receives > 1 and not task.lease.asked:
            task.lease.bridge()
        return min(seconds, task.lease.seconds // 3)

    def take(self, task):
        """None: finished with. Else the seconds after which it comes back."""
        try:
            if task.is_late():
                # It has failed, whoever's turn it is.
                return self.start(task)
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
        if task.has_unreadable_lease:
            task.log("ERROR", "not worked for its job: its lease cannot be read")
            return None
        # Asked before the claim: where there is no answer the task comes back as it was.
        cancelled = task.number is not None and environment.records.is_cancelled(task.job)
        held_for, record = environment.records.claim(task, self.end - time.monotonic())
        if held_for is not None:
            task.is_elsewhere = True
            return held_for
        if record and record["status"] in ("done", "dead"):
            return self.finish_ended(task, record)
        task.attempt, task.history, task.unrecorded = rules.open_attempt(record)
        ended, seconds = self.ends_unstarted(task, cancelled)
        if ended:
            return seconds
        state = task.lease.begin(environment.pipeline, lambda why: task.log("WARN", "no answer to a heartbeat", reason=why)) if task.lease else "held"
        if state == "silent":
            task.log("ERROR", "its job does not answer; comes back")
            environment.records.release(task, excused=1)
            return JOB_SILENT_SECONDS
        if state == "lost":
            return self.finish_lost(task)
        task.deadline = min(self.deadline, time.monotonic() + (task.deadline_at or math.inf) - time.time())
        self.started += 1
        started = time.monotonic()
        environment.next_start = started + environment.spacing
        try:
            return self.work(task)
        finally:
            self.longest = max(self.longest, time.monotonic() - started)
            if task.lease:
                task.lease.end()

    def work(self, task):
        try:
            value = self.run(self.body_of(task), task)
            handed_on = task.lease and isinstance(value, Pending)
            kept = {} if task.is_lease_lost or handed_on else self.kept(task, value)
        except Exception as error:
            return self.finish_lost(task) if task.is_lease_lost else self.settle(task, error)
        if task.is_lease_lost:
            return self.finish_lost(task)
        return self.hand_on(task, value.note) if handed_on else self.finish_done(task, kept)

    def ends_unstarted(self, task, cancelled):
        """Whether there is nothing to start any more, and then what becomes of it."""
        environment = self.environment
        if cancelled:
            task.log("INFO", "not run: its job was cancelled")
            environment.records.end(task, "done", cancelledAtMs=int(time.time() * 1_000))
            return True, None
        if task.unrecorded and (task.lease or task.attempt > environment.retry["maxRetries"] + 1):
            silent = task.unrecorded.pop()
            return True, self.set_aside(task, silent, silent["message"])
        for silent in task.unrecorded:
            self.told(task, reports.failed_report(task, "retrying", silent))
        if task.is_late():
            message = f"its deadline ({rules.iso(task.deadline_at)}) had passed before it could start"
            return True, self.set_aside(task, rules.failed_attempt(task.attempt, "RESOURCE", message, time.time()), message)
        return False, None

    def kept(self, task, value):
        """What is kept of the result of a job's task, for its report. A large one is in the bucket by then."""
        text, why = reports.result_of(value) if task.number is not None else (None, None)
        if why:
            task.log("WARN", "done, but its job gets no result of it", reason=why)
        if text is None:
            return {}
        if len(text.encode()) <= reports.INLINE_RESULT_BYTES:
            return {"result": text}
        key = reports.result_key(task)
        self.environment.put_result(key, text)
        return {"resultKey": key}

    def finish_done(self, task, kept):
        if self.environment.records.end(task, "done", **kept):
            return self.told(task, reports.done_report(task, task.attempt, kept))
        task.log("WARN", "done, but it had ended before: it ran twice")
        # What the other copy came to is to be reported, whatever becomes of that one.
        return None if task.number is None else REPORT_AGAIN_SECONDS

    def finish_lost(self, task):
        """Somebody else may have the job: what is said of it now would be refused."""
        task.log("WARN", "not worked for its job, or no longer: nothing of it is told", reason=task.lease.lost)
        self.environment.records.end(task, "done", cancelledAtMs=int(time.time() * 1_000))
        return None

    def hand_on(self, task, note):
        """First the record: from then on nobody runs it beside whoever got it."""
        if not self.environment.records.end(task, "done", handedOnAtMs=int(time.time() * 1_000)):
            return REPORT_AGAIN_SECONDS
        return self.say_handed_on(task, note)

    def say_handed_on(self, task, note=None):
        state = task.lease.hand_on(note)
        if state == "silent":
            return JOB_SILENT_SECONDS
        task.log("INFO" if state == "held" else "WARN", "handed on", note=note, lost=task.lease.lost)
        return None

    def told(self, task, report):
        """
        None: finished with. After the record, before the message is deleted: whoever gets the message of a report that
        could not be sent finds the record, and reports from it.
        """
        if task.number is None or report is None:
            return None
        try:
            self.environment.send_report(reports.leased_report(task.lease, report) if task.lease else report)
        except Exception as error:
            task.log("ERROR", "what became of it could not be reported", status=report["status"], reason=repr(error))
            return REPORT_AGAIN_SECONDS
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
        if task.lease or error_class not in rules.RETRIED or task.attempt > environment.retry["maxRetries"] or last_receive:
            return self.set_aside(task, failed, message, traceback.format_exc())
        seconds = rules.back_off_seconds(environment.retry, task.attempt, random.random())
        if rules.too_late(task.deadline_at, seconds, time.time()):
            late = f"{message} (not tried again: its deadline, {rules.iso(task.deadline_at)}, would have passed)"
            return self.set_aside(task, failed, late, traceback.format_exc())
        task.log("WARN", "failed; comes back", **{"class": error_class}, reason=message, seconds=seconds)
        environment.records.release(task, excused=0, failed=failed)
        self.told(task, reports.failed_report(task, "retrying", failed, message))
        return seconds

    def set_aside(self, task, failed, message, stack=None):
        """First the record, then the letter, the report, the message: a crash in between is mended by the next receive."""
        if not self.environment.records.end(task, "dead", failed):
            return TRY_SOON_SECONDS
        if task.lease:
            # Whoever hears of it decides whether it is tried again, here or elsewhere.
            task.log("WARN", "failed; its job is told", **{"class": failed["class"]}, reason=message, stack=stack)
            return self.told(task, reports.failed_report(task, "failed", failed, message))
        self.environment.send_letter(task, rules.letter_of(task, failed, message, stack))
        task.log("ERROR", "failed for good; set aside", **{"class": failed["class"]}, reason=message, stack=stack)
        return self.told(task, reports.failed_report(task, "failed", failed, message))

    def finish_ended(self, task, record):
        """Delivered again after its end: nothing is run. What may have got lost, a letter or a report, is sent now."""
        if task.lease and "handedOnAtMs" in record:
            return self.say_handed_on(task)
        if record["status"] == "dead" and "letteredAtMs" not in record and not task.lease:
            task.history = rules.plain_history(record)[:-1]
            failed = rules.last_failure(record)
            self.environment.send_letter(task, rules.letter_of(task, failed, failed["message"]))
        return self.told(task, reports.report_of_record(task, record))


def pause_until(moment):
    while (left := moment - time.monotonic()) > 0:
        time.sleep(left)
