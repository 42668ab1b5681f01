"""
Sluice's wire protocol for consumers in Python (docs/wire-protocol.md). Copy this folder beside your own code:

    import sluice

    def run(body, task): ...        # what one task does; whatever it raises is a failed attempt

    handler = sluice.consumer(run)  # the Lambda handler

It runs the tasks of a batch one after the other, holds the group's rate, tries again what may pass, sets aside what
never will with its reason, cools the group when the target says "too many", records each task done exactly once, and
reports to its job what became of it. Of a job that was placed on this pool it keeps the lease; `return task.pending()`
hands the work on to whoever has `task.lease`.

Left out: steps, permits, metrics, and stopping a task that runs too long, or without its lease (`task.is_lease_lost`): Lambda
ends it, and it counts as failed.
"""

import os
import time

from .batch import Batch
from .environment import Environment
from .rules import ConfigurationError, DataError, PermanentError, RateLimited, ResourceError, TaskError, TransientError
from .task import Task

__all__ = [
    "consumer",
    "ConfigurationError",
    "DataError",
    "PermanentError",
    "RateLimited",
    "ResourceError",
    "Task",
    "TaskError",
    "TransientError",
]


def consumer(run, classify=None):
    """The Lambda handler. `classify(error)` may return the name of a class or a RateLimited; None leaves it to Sluice."""
    born = time.monotonic()
    environment = None

    def handler(event, context):
        nonlocal environment
        records = event.get("Records", [])
        # An empty batch is how a release is proved: nothing else is there yet.
        if records:
            environment = environment or Environment(os.environ, born)
            return Batch(environment, run, classify, context).work_off(records)
        return {"batchItemFailures": []}

    return handler
