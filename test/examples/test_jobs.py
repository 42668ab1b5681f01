"""What a job hears of the tasks that the Python helper runs: the same as of the library's (test/consumer/reports.test.ts)."""

import json
import os
import time
import types
import unittest

from fake_aws import ClientError, FakeAws

FAKE = FakeAws()
FAKE.install()

import sluice  # noqa: E402
from sluice import PermanentError, reports  # noqa: E402

ENVIRONMENT = {
    "SLUICE_TASK_GROUP": "acme",
    "SLUICE_QUEUE_NAME": "acme",
    "SLUICE_DEAD_LETTER_QUEUE_NAME": "acme-dlq",
    "SLUICE_TASKS_TABLE": "tasks",
    "SLUICE_DATA_BUCKET": "data",
    "SLUICE_HINTS_QUEUE_URL": "hints",
    "SLUICE_REPORTS_QUEUE_URL": "reports",
    "SLUICE_MAX_RECEIVE_COUNT": "1000",
    "SLUICE_RETRY": '{"maxRetries": 1, "baseSeconds": 2, "capSeconds": 3600}',
}
LAMBDA = types.SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)


def record(task="j/7/mine", job="j", receives=1, **attributes):
    texts = {"sluice.task": task, **({"sluice.job": job} if job else {}), **attributes}
    return {
        "messageId": "m",
        "receiptHandle": f"m/{receives}",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": str(receives), "SentTimestamp": "0"},
        "messageAttributes": {name: {"dataType": "String", "stringValue": text} for name, text in texts.items()},
    }


class Jobs(unittest.TestCase):
    def setUp(self):
        os.environ.update(ENVIRONMENT)
        FAKE.__init__()
        FAKE.install()
        self.runs = []

    def deliver(self, run, *records):
        """The ids that come back."""

        def counted(body, task):
            self.runs.append(task.id)
            return run(body, task)

        answer = sluice.consumer(counted)({"Records": list(records)}, LAMBDA)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def reported(self):
        sent = [json.loads(message["MessageBody"]) for url, message in FAKE.sqs.sent if url == "reports"]
        return [{name: value for name, value in report.items() if name != "atMs"} for report in sent]

    def letters(self):
        return [message for url, message in FAKE.sqs.sent if url == "acme-dlq"]

    about = {"v": 1, "job": "j", "task": "j/7/mine", "redrives": 0, "attempt": 1, "deadLettered": False}

    def test_done(self):
        self.assertEqual(self.deliver(lambda body, task: {"sum": 42}, record()), [])
        self.assertEqual(self.reported(), [{**self.about, "status": "done", "result": '{"sum":42}'}])

    def test_done_again_is_told_from_its_record(self):
        for receives in (1, 2):
            self.assertEqual(self.deliver(lambda body, task: len(self.runs), record(receives=receives)), [])
        self.assertEqual(self.reported(), [{**self.about, "status": "done", "result": "1"}] * 2)
        self.assertEqual(len(self.runs), 1)

    def test_a_large_result_goes_by_the_bucket(self):
        large = "x" * reports.INLINE_RESULT_BYTES
        self.deliver(lambda body, task: large, record())
        self.assertEqual(self.reported(), [{**self.about, "status": "done", "resultKey": "results/j/7-0.json"}])
        self.assertEqual(FAKE.s3.objects, {"results/j/7-0.json": json.dumps(large).encode()})

    def test_no_result(self):
        for task, result in enumerate([None, {1, 2}, float("nan"), "x" * reports.LARGEST_RESULT_BYTES], 1):
            with self.subTest(result=str(result)[:20]):
                self.deliver(lambda body, task, result=result: result, record(task=f"j/{task}"))
                self.assertEqual(self.reported()[-1], {**self.about, "task": f"j/{task}", "status": "done"})

    def test_no_job_no_report(self):
        for task, job in [("t", None), ("order 7", "j"), ("i/7", "j")]:
            self.deliver(lambda body, task: 1, record(task, job))
        self.assertEqual(self.reported(), [])
        self.assertEqual(len(self.runs), 3)

    def fail(self, body, task):
        raise RuntimeError("down")

    def test_failed(self):
        self.assertEqual(self.deliver(self.fail, record()), ["m"])
        why = {"class": "TRANSIENT", "message": "RuntimeError: down"}
        self.assertEqual(self.reported(), [{**self.about, **why, "status": "retrying"}])
        self.assertEqual(self.deliver(self.fail, record(receives=2)), [])
        end = {**self.about, **why, "status": "failed", "attempt": 2, "deadLettered": True}
        self.assertEqual(self.reported()[1:], [end])
        self.assertEqual(self.deliver(self.fail, record(receives=3)), [])
        self.assertEqual(self.reported()[2:], [end])
        self.assertEqual(len(self.letters()), 1)

    def test_a_report_that_cannot_be_sent(self):
        def bad(body, task):
            raise PermanentError("no")

        for task, run, status in [("j/1", lambda body, task: 1, "done"), ("j/2", bad, "failed")]:
            with self.subTest(status=status):
                FAKE.sqs.deaf["reports"] = 1
                self.assertEqual(self.deliver(run, record(task)), ["m"])
                self.assertEqual(FAKE.sqs.hidden.pop(), ("m/1", 5))
                self.assertEqual(self.deliver(run, record(task, receives=2)), [])
                self.assertEqual(self.reported()[-1]["status"], status)
        self.assertEqual(self.runs, ["j/1", "j/2"])
        self.assertEqual(len(self.letters()), 1)

    def test_no_queue_yet(self):
        del os.environ["SLUICE_REPORTS_QUEUE_URL"]
        self.assertEqual(self.deliver(lambda body, task: 1, record()), ["m"])
        os.environ.update(ENVIRONMENT)
        self.assertEqual(self.deliver(lambda body, task: 2, record(receives=2)), [])
        self.assertEqual([report["result"] for report in self.reported()], ["1"])

    def test_ended_without_a_word(self):
        now = int(time.time() * 1_000)
        FAKE.table.put_item({"pk": "task#acme#j/7/mine", "sk": "attempts#0", "status": "running", "starts": 1, "startedAtMs": now - 9, "aliveUntilMs": now - 1})
        self.deliver(lambda body, task: 1, record(receives=2))
        self.assertEqual([(report["status"], report["attempt"]) for report in self.reported()], [("retrying", 1), ("done", 2)])

    def cancel(self):
        FAKE.table.put_item({"pk": "job#j", "sk": "state", "cancelledAtMs": 1, "expiresAt": 1})

    def test_cancelled(self):
        self.deliver(lambda body, task: 1, record("j/1"))
        self.cancel()
        self.assertEqual(self.deliver(lambda body, task: 1, record("j/2"), record("j/2", receives=2), record("j/1", receives=2)), [])
        self.assertEqual(self.runs, ["j/1"])
        # The one that ran is told again, the others never.
        self.assertEqual([report["task"] for report in self.reported()], ["j/1", "j/1"])

    def test_nobody_can_say_whether_it_is_cancelled(self):
        get_item = FAKE.table.get_item

        def silent(Key, **options):
            if Key["pk"] == "job#j":
                raise ClientError("InternalServerError")
            return get_item(Key, **options)

        FAKE.table.get_item = silent
        self.assertEqual(self.deliver(lambda body, task: 1, record()), ["m"])
        FAKE.table.get_item = get_item
        self.deliver(lambda body, task: task.attempt, record(receives=2))
        self.assertEqual(self.reported(), [{**self.about, "status": "done", "result": "1"}])

    def in_seconds(self, seconds):
        return {"sluice.deadline": str(int((time.time() + seconds) * 1_000))}

    def test_late(self):
        self.assertEqual(self.deliver(lambda body, task: 1, record(**self.in_seconds(-1))), [])
        [report] = self.reported()
        self.assertEqual((report["status"], report["class"], report["deadLettered"]), ("failed", "RESOURCE", True))
        self.assertIn("had passed before it could start", report["message"])
        [letter] = self.letters()
        self.assertEqual(sorted(letter["MessageAttributes"]), ["sluice", "sluice.job", "sluice.task"])
        self.assertEqual(self.runs, [])

    def test_late_after_it_was_done(self):
        self.deliver(lambda body, task: 1, record(**self.in_seconds(60)))
        self.deliver(lambda body, task: 1, record(receives=2, **self.in_seconds(-1)))
        self.assertEqual([report["status"] for report in self.reported()], ["done", "done"])

    def test_a_retry_past_the_deadline(self):
        self.assertEqual(self.deliver(self.fail, record(**self.in_seconds(0.9))), [])
        [report] = self.reported()
        self.assertEqual((report["status"], report["class"], report["attempt"]), ("failed", "TRANSIENT", 1))
        self.assertIn("not tried again: its deadline", report["message"])

    def test_the_task_knows_its_deadline(self):
        self.deliver(lambda body, task: task.remaining_seconds(), record(**self.in_seconds(5)))
        self.assertLess(float(self.reported()[0]["result"]), 5)
        self.deliver(lambda body, task: task.remaining_seconds(), record("j/8", **{"sluice.deadline": "soon"}))
        self.assertGreater(float(self.reported()[1]["result"]), 20)


if __name__ == "__main__":
    unittest.main()
