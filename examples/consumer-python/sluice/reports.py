"""
What a job hears of its tasks: reports, and the results in them. Calls nothing.
"""

import re
import time

from . import rules

INLINE_RESULT_BYTES = 32_768
LARGEST_RESULT_BYTES = 5 * 1_048_576


def number_of(job, task):
    """A task's number in its job; None for a task that no job counts: `sluice.job` alone is a label of its sender's."""
    if not job or not task.startswith(f"{job}/"):
        return None
    found = re.match(r"([1-9][0-9]{0,11})(/|\Z)", task[len(job) + 1 :])
    return int(found[1]) if found else None


def result_of(value):
    """JSON of what a task returned, and why there is none where there should be. None is nothing."""
    if value is None:
        return None, None
    try:
        text = rules.wire_text(value)
    except (TypeError, ValueError, RecursionError) as error:
        return None, f"it is not JSON ({error})"
    size = len(text.encode())
    return (text, None) if size <= LARGEST_RESULT_BYTES else (None, f"it is {size} bytes of JSON, and {LARGEST_RESULT_BYTES} at most are kept")


def result_key(task):
    """Of a result that has no room in its report, in the data bucket."""
    return f"results/{task.job}/{task.number}-{task.redrives}.json"


def done_report(task, attempt, kept):
    """`kept`: `result` as JSON, or `resultKey`, or neither."""
    return {**about(task), "status": "done", "attempt": attempt, **kept}


def failed_report(task, status, failed, message=None):
    """`status`: `retrying`, or `failed` where it is in the dead-letter queue."""
    step = {"step": failed["step"]} if failed.get("step") else {}
    why = {"class": failed["class"], "message": (message or failed["message"])[: rules.MESSAGE_CHARACTERS], **step}
    return {**about(task), "status": status, "attempt": failed["attempt"], **why, "deadLettered": status == "failed"}


def report_of_record(task, record):
    """Of a task that is delivered again after its end: what was said first. None of one that was never run."""
    if "cancelledAtMs" in record or "handedOnAtMs" in record:
        return None
    if record["status"] == "done":
        kept = {name: record[name] for name in ("result", "resultKey") if name in record}
        return done_report(task, max(1, int(record.get("starts", 0)) - int(record.get("excused", 0))), kept)
    return failed_report(task, "failed", rules.last_failure(record))


def leased_report(lease, report):
    """
    Of a placed job: under its lease, attempts of earlier leases counted in. Nothing is set aside: whoever counts decides
    whether it is tried again.
    """
    return {**report, "redrives": 0, "attempt": report["attempt"] + lease.failures, "lease": lease.token, "deadLettered": False}


def about(task):
    return {"v": 1, "job": task.job, "task": task.id, "redrives": task.redrives, "deadLettered": False, "atMs": int(time.time() * 1_000)}
