"""
What one execution environment keeps between invocations, and what it asks of its queues.
"""

import hashlib
import json
import math

from . import rules
from .rules import ConfigurationError

LONGEST_WAIT_SECONDS = 43_200 - 900


class Environment:
    """Settings, clients, when it may start the next task."""

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
        # Sluice sets it with its next look at the group, where the stage has only now learned of jobs.
        self.reports_queue_url = variables.get("SLUICE_REPORTS_QUEUE_URL")
        self.data_bucket = variables["SLUICE_DATA_BUCKET"]
        self.client = boto3.client

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

    def put_result(self, key, text):
        """Few tasks return that much: the client of S3 is made for those."""
        self.client("s3").put_object(Bucket=self.data_bucket, Key=key, Body=text.encode(), ContentType="application/json")

    def send_report(self, report):
        if not self.reports_queue_url:
            raise ConfigurationError("SLUICE_REPORTS_QUEUE_URL is not set: Sluice sets it with its next look at the group")
        self.sqs.send_message(QueueUrl=self.reports_queue_url, MessageBody=rules.wire_text(report))

    def send_letter(self, task, letter):
        text = rules.letter_text(letter)
        # Put back with the deadline it missed, it would be dead at once.
        own = {name: value for name, value in task.attributes.items() if name != "sluice.deadline"}
        with_letter = {**own, "sluice": {"DataType": "String", "StringValue": text}}
        fits = rules.fits_message(task.text, with_letter)
        group = {"MessageGroupId": task.message_group} if task.message_group else {}
        once = {"MessageDeduplicationId": f"{hashlib.sha256(task.id.encode()).hexdigest()}-{task.redrives}"}
        sent = self.sqs.send_message(
            QueueUrl=self.dead_letter_queue_url,
            MessageBody=task.text,
            MessageAttributes=with_letter if fits else own,
            **group,
            **(once if self.fifo else {}),
        )
        if not fits:
            self.records.keep_letter(task, text, sent["MessageId"])
        self.records.lettered(task)
