"""
A plain consumer: an ordinary Lambda handler for an SQS batch. It calls the customer's service once per task.
It knows nothing of limits: how many of it run at once is the config item's business.
"""

import json
import os
import urllib.request

PARTNER_URL = os.environ["PARTNER_URL"]


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            run_task(json.loads(record["body"]))
        except Exception as error:
            print(json.dumps({"message": "task failed, will be tried again", "id": record["messageId"], "error": str(error)}))
            failed.append(record["messageId"])
    # Only what failed goes back to the queue.
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def run_task(task):
    request = urllib.request.Request(f"{PARTNER_URL}/{task['customer']}/{task['id']}", method="POST")
    # Raises for every answer but 2xx, a 429 too.
    with urllib.request.urlopen(request) as response:
        response.read()
    print(json.dumps({"message": "task done", "customer": task["customer"], "id": task["id"]}))
