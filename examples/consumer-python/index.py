"""
The demo's consumer in Python, on the helper in `sluice`: calls the customer's service once per task. It says what one
task does; rate, retries, dead letters and cooling are the helper's.
"""

import os
import urllib.request

import sluice


def run(body, task):
    request = urllib.request.Request(f"{os.environ['PARTNER_URL']}/{body['customer']}/{body['id']}", method="POST")
    # Raises for every answer but 2xx. The helper knows what an HTTP error means: a 429 cools the whole group for as long
    # as its Retry-After says, a 5xx is tried again, a 400 is the task's own fault and goes to the dead-letter queue.
    with urllib.request.urlopen(request, timeout=task.remaining_seconds()) as response:
        response.read()
    task.log("INFO", "task done", customer=body["customer"], id=body["id"])


handler = sluice.consumer(run)
