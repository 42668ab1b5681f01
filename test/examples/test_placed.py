"""Placed jobs in the Python helper's hands: the same as in the library's (test/consumer/placed.test.ts), over real heartbeats."""

import http.server
import json
import os
import threading
import time
import types
import unittest

from fake_aws import FakeAws

FAKE = FakeAws()
FAKE.install()

import sluice  # noqa: E402
from sluice import DataError, RateLimited  # noqa: E402
from test_jobs import ENVIRONMENT  # noqa: E402


class Api(http.server.BaseHTTPRequestHandler):
    """Answers heartbeats by what the test says: a status for each, 200 when none is left."""

    heard, answers = [], []

    def do_POST(self):
        word = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Api.heard.append((self.path, self.headers["Authorization"], word))
        status = Api.answers.pop(0) if Api.answers else 200
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"title":"said"}')

    def log_message(self, *_):
        pass


SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{SERVER.server_port}/jobs/j"


def lease_text(fence=1, seconds=300, failures=0):
    return json.dumps({"v": 1, "url": URL, "token": f"t{fence}", "fence": fence, "leaseSeconds": seconds, "failures": failures})


def record(lease=None, receives=1, job="j"):
    texts = {"sluice.task": "j/1", "sluice.lease": lease or lease_text(), **({"sluice.job": job} if job else {})}
    return {
        "messageId": "m",
        "receiptHandle": f"m/{receives}",
        "body": "{}",
        "attributes": {"ApproximateReceiveCount": str(receives), "SentTimestamp": "0"},
        "messageAttributes": {name: {"dataType": "String", "stringValue": text} for name, text in texts.items()},
    }


class Placed(unittest.TestCase):
    def setUp(self):
        os.environ.update(ENVIRONMENT)
        FAKE.__init__()
        FAKE.install()
        self.runs = []
        Api.heard[:], Api.answers[:] = [], []

    def deliver(self, run, *records):
        def counted(body, task):
            self.runs.append(task.lease and task.lease.token)
            return run(body, task)

        answer = sluice.consumer(counted)({"Records": list(records)}, types.SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000))
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def sent(self, queue):
        return [json.loads(message["MessageBody"]) for url, message in FAKE.sqs.sent if url == queue]

    def reported(self):
        return [{name: value for name, value in report.items() if name != "atMs"} for report in self.sent("reports")]

    def words(self):
        return [word for _path, _token, word in Api.heard]

    about = {"v": 1, "job": "j", "task": "j/1", "redrives": 0, "attempt": 1, "deadLettered": False, "lease": "t1"}

    def test_done_and_told_again(self):
        for receives in (1, 2):
            self.assertEqual(self.deliver(lambda body, task: len(self.runs), record(receives=receives)), [])
        self.assertEqual(self.reported(), [{**self.about, "status": "done", "result": "1"}] * 2)
        self.assertEqual(Api.heard, [("/jobs/j/heartbeat", "Bearer t1", {"holder": "acme"})])
        self.assertIn(("task#@placed#j/1", "attempts#1"), FAKE.table.items)

    def test_failed_is_told_at_once(self):
        def fail(error):
            def run(body, task):
                raise error

            return run

        for fence, (error, why) in enumerate([(RuntimeError("down"), ("TRANSIENT", "RuntimeError: down")), (DataError("bad"), ("DATA", "bad"))], 1):
            lease = lease_text(fence, failures=fence - 1)
            for receives in (1, 2):
                self.assertEqual(self.deliver(fail(error), record(lease, receives)), [])
                expected = {**self.about, "status": "failed", "class": why[0], "message": why[1], "attempt": fence, "lease": f"t{fence}"}
                self.assertEqual(self.reported()[-1], expected)
        self.assertEqual(self.runs, ["t1", "t2"])
        self.assertEqual(self.sent("acme-dlq"), [])

    def test_ended_without_a_word(self):
        now = int(time.time() * 1_000)
        FAKE.table.put_item({"pk": "task#@placed#j/1", "sk": "attempts#1", "status": "running", "starts": 1, "startedAtMs": now - 9, "aliveUntilMs": now - 1})
        self.assertEqual(self.deliver(lambda body, task: 1, record(receives=2)), [])
        self.assertEqual([(report["status"], report["class"]) for report in self.reported()], [("failed", "RESOURCE")])
        self.assertEqual(self.runs, [])

    def test_lost_before_it_starts(self):
        for fence, status in enumerate((401, 404, 409, 410), 1):
            Api.answers[:] = [status]
            self.assertEqual(self.deliver(lambda body, task: 1, record(lease_text(fence))), [])
            self.assertEqual(self.deliver(lambda body, task: 1, record(lease_text(fence), receives=2)), [])
        self.assertEqual((self.runs, self.reported()), ([], []))

    def test_nobody_answers(self):
        Api.answers[:] = [500, 503, 429]
        self.assertEqual(self.deliver(lambda body, task: 1, record()), ["m"])
        self.assertEqual((self.runs, FAKE.sqs.hidden), ([], [("m/1", 5)]))
        self.assertEqual(self.deliver(lambda body, task: task.attempt, record(receives=2)), [])
        self.assertEqual([report["result"] for report in self.reported()], ["1"])

    def test_unreadable(self):
        for lease in ("{", "[]", '{"v":2}', '{"v":1}'):
            self.assertEqual(self.deliver(lambda body, task: 1, record(lease)), [])
        self.assertEqual(self.deliver(lambda body, task: 1, record(job=None)), [])
        self.assertEqual((self.runs, self.reported(), self.sent("acme-dlq")), ([], [], []))

    def test_kept_while_it_runs(self):
        def until_heard(body, task):
            while len(Api.heard) < 3:
                time.sleep(0.01)
            return "kept"

        self.deliver(until_heard, record(lease_text(seconds=0.6)))
        self.assertEqual(self.reported()[0]["result"], '"kept"')
        # One that was under way at the end may be heard only now.
        time.sleep(0.2)
        heard = len(Api.heard)
        time.sleep(0.4)
        self.assertEqual(len(Api.heard), heard)

    def test_lost_while_it_runs(self):
        def until_lost(body, task):
            while not task.is_lease_lost:
                time.sleep(0.01)
            return "in vain"

        for fence, answers in enumerate(([200, 409], [200, *[500] * 20]), 1):
            Api.answers[:] = answers
            self.assertEqual(self.deliver(until_lost, record(lease_text(fence, seconds=0.6))), [])
        self.assertEqual((len(self.runs), self.reported()), (2, []))

    def test_handed_on(self):
        for receives in (1, 2):
            self.assertEqual(self.deliver(lambda body, task: task.pending("ecs 7"), record(receives=receives)), [])
        self.assertEqual(self.words(), [{"holder": "acme"}, {"pending": True}, {"holder": "ecs 7"}, {"pending": True}])
        self.assertEqual((self.runs, self.reported()), (["t1"], []))

    def test_handed_on_is_said_until_it_is_heard(self):
        Api.answers[:] = [200, 500, 500, 500]
        self.assertEqual(self.deliver(lambda body, task: task.pending(), record()), ["m"])
        self.assertEqual(self.deliver(lambda body, task: task.pending(), record(receives=2)), [])
        self.assertEqual(self.words()[-1], {"pending": True})
        self.assertEqual((self.runs, self.reported()), (["t1"], []))

    def test_only_a_placed_one_can_be_handed_on(self):
        plain = record()
        del plain["messageAttributes"]["sluice.lease"]
        self.deliver(lambda body, task: task.pending(), plain)
        self.assertEqual([(report["class"], report["deadLettered"]) for report in self.reported()], [("PERMANENT", True)])

    def test_comes_back_while_its_lease_lasts(self):
        def limited(body, task):
            raise RateLimited(1_000)

        self.assertEqual(self.deliver(limited, record()), ["m"])
        FAKE.table.items = {key: {**item, "untilMs": 0} if key[1] == "cooling" else item for key, item in FAKE.table.items.items()}
        self.assertEqual(FAKE.sqs.hidden, [("m/1", 100)])
        self.deliver(lambda body, task: task.attempt, record(receives=2))
        self.assertEqual([report["result"] for report in self.reported()], ["1"])


if __name__ == "__main__":
    unittest.main()
