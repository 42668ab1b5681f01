"""
The AWS a consumer in Python talks to, in memory: queues, a bucket, and as much of a table as the helper's own updates use.
Takes the place of boto3; nothing of the helper is replaced.
"""

import re
import sys
import types


class ClientError(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class Table:
    def __init__(self):
        self.items = {}

    def key(self, key):
        return key["pk"], key["sk"]

    def get_item(self, Key, ConsistentRead=False):
        item = self.items.get(self.key(Key))
        return {} if item is None else {"Item": dict(item)}

    def put_item(self, Item):
        self.items[self.key(Item)] = dict(Item)

    def update_item(self, Key, UpdateExpression, ExpressionAttributeValues, ConditionExpression=None, ExpressionAttributeNames=None, **_):
        values, names = ExpressionAttributeValues, ExpressionAttributeNames or {}
        before = self.items.get(self.key(Key))
        item = dict(before or Key)
        if ConditionExpression and not holds(ConditionExpression, item, values):
            raise ClientError("ConditionalCheckFailedException")
        for kind, text in re.findall(r"(SET|REMOVE|ADD) (.*?)(?= REMOVE| ADD|$)", UpdateExpression):
            for part in re.split(r", (?![^(]*\))", text):
                apply(kind, part, item, names, values)
        self.items[self.key(Key)] = item
        return {} if before is None else {"Attributes": before}


def holds(condition, item, values):
    """The helper's conditions: those of a claim, that of whoever holds it, and that of a cooling."""
    if condition == "holder = :holder":
        return item.get("holder") == values[":holder"]
    if condition.startswith("attribute_not_exists(#status)"):
        free = item.get("aliveUntilMs", 0) < values[":now"]
        return "status" not in item or (item["status"] in ("running", "waiting") and free)
    if condition == "attribute_not_exists(untilMs) OR untilMs < :until":
        return item.get("untilMs", 0) < values[":until"]
    raise AssertionError(condition)


def apply(kind, part, item, names, values):
    if kind == "REMOVE":
        item.pop(part.strip(), None)
    elif kind == "ADD":
        name, value = part.split()
        item[name] = item.get(name, 0) + values[value]
    else:
        name, value = part.split(" = ", 1)
        name = names.get(name, name)
        if value.startswith("if_not_exists"):
            item.setdefault(name, values[value[value.index(":") : -1]])
        elif value.startswith("list_append"):
            item[name] = [*item.get(name, []), *values[":new"]]
        else:
            item[name] = values[value]


class Sqs:
    def __init__(self):
        self.sent = []
        self.hidden = []
        # Sends to it that are still to fail, by queue.
        self.deaf = {}

    def get_queue_url(self, QueueName):
        return {"QueueUrl": QueueName}

    def send_message(self, QueueUrl, **message):
        if self.deaf.get(QueueUrl, 0) > 0:
            self.deaf[QueueUrl] -= 1
            raise ClientError("ServiceUnavailable")
        self.sent.append((QueueUrl, message))
        return {"MessageId": f"sent-{len(self.sent)}"}

    def change_message_visibility(self, QueueUrl, ReceiptHandle, VisibilityTimeout):
        self.hidden.append((ReceiptHandle, VisibilityTimeout))


class S3:
    def __init__(self):
        self.objects = {}

    def put_object(self, Bucket, Key, Body, **_):
        self.objects[Key] = Body


class FakeAws:
    def __init__(self):
        self.table, self.sqs, self.s3 = Table(), Sqs(), S3()

    def install(self):
        """From here on `import boto3` gives this."""
        boto3, botocore, exceptions = (types.ModuleType(name) for name in ("boto3", "botocore", "botocore.exceptions"))
        boto3.client = lambda name: {"sqs": self.sqs, "s3": self.s3}[name]
        boto3.resource = lambda name: types.SimpleNamespace(Table=lambda _name: self.table)
        exceptions.ClientError = ClientError
        sys.modules.update({"boto3": boto3, "botocore": botocore, "botocore.exceptions": exceptions})
