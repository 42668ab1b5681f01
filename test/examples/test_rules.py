"""The Python helper decides as the library does: the same table of cases (cases.json), and what only Python has."""

import errno
import io
import json
import pathlib
import unittest
import urllib.error
from datetime import datetime
from email.message import Message

from sluice import reports, rules
from sluice.rules import DataError, RateLimited

CASES = json.loads(pathlib.Path(__file__).with_name("cases.json").read_text())


class SameAsTheLibrary(unittest.TestCase):
    def each(self, name):
        for case in CASES[name]:
            with self.subTest(name, **case):
                yield case

    def test_back_off(self):
        for case in self.each("backOff"):
            self.assertEqual(rules.back_off_seconds(case["retry"], case["number"], case["random"]), case["seconds"])

    def test_cooling(self):
        for case in self.each("cooling"):
            self.assertEqual(rules.cooling_seconds(case["streak"]), case["seconds"])

    def test_spacing(self):
        for case in self.each("spacing"):
            variables = {"SLUICE_RATE_PER_SECOND": case["ratePerSecond"], "SLUICE_CONCURRENCY": case["concurrency"]}
            self.assertAlmostEqual(rules.spacing_seconds(variables), case["seconds"])
        self.assertEqual(rules.spacing_seconds({}), 0)

    def test_reserve(self):
        for case in self.each("reserve"):
            self.assertAlmostEqual(rules.reserve_seconds(case["remaining"]), case["seconds"])

    def test_statuses(self):
        for case in self.each("statuses"):
            self.assertEqual(rules.class_of_status(case["status"]), case["class"])

    def test_aws_errors(self):
        for case in self.each("awsErrors"):
            self.assertEqual(rules.judge(AwsError(case["code"], case["status"], case.get("reasons"))), case["class"])

    def test_answers_that_are_no_json(self):
        for case in self.each("answersThatAreNoJson"):
            with self.assertRaises(json.JSONDecodeError) as caught:
                json.loads(case["text"])
            self.assertEqual(rules.judge(caught.exception), case["class"])

    def test_retry_after(self):
        now = datetime.fromisoformat(CASES["retryAfterNow"]).timestamp()
        for case in self.each("retryAfter"):
            self.assertEqual(rules.seconds_of(case["text"], now), case["seconds"])

    def test_attempts(self):
        for case in self.each("attempts"):
            attempt, _, silent = rules.open_attempt(case["before"])
            self.assertEqual(attempt, case["attempt"])
            self.assertEqual([{**case["silent"], "message": silent[0]["message"]}] if case["silent"] else [], silent)

    def test_task_numbers(self):
        for case in self.each("taskNumbers"):
            self.assertEqual(reports.number_of(case["job"], case["task"]), case["n"])


def http_error(status, headers=()):
    message = Message()
    for name, value in headers:
        message[name] = value
    return urllib.error.HTTPError("https://api.example.com", status, "said no", message, io.BytesIO())


class AwsError(Exception):
    """As botocore's ClientError."""

    def __init__(self, code, status=400, reasons=None):
        super().__init__(code)
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        if reasons is not None:
            self.response["CancellationReasons"] = [{"Code": reason} for reason in reasons]


class Classes(unittest.TestCase):
    def test_errors(self):
        for error, expected in [
            (DataError("bad"), "DATA"),
            (http_error(503), "TRANSIENT"),
            (http_error(422), "DATA"),
            (urllib.error.URLError(ConnectionRefusedError()), "TRANSIENT"),
            (TimeoutError(), "TRANSIENT"),
            (AwsError("ThrottlingException"), "TRANSIENT"),
            (AwsError("AccessDeniedException"), "CONFIGURATION"),
            (AwsError("ValidationException"), "DATA"),
            (AwsError("InternalError", 500), "TRANSIENT"),
            (MemoryError(), "RESOURCE"),
            (OSError(errno.ENOSPC, "no space"), "RESOURCE"),
            (OSError(errno.ENOENT, "no such file"), "CONFIGURATION"),
            (KeyError("id"), "PERMANENT"),
            (TypeError("no"), "PERMANENT"),
            (Exception("unheard of"), "TRANSIENT"),
        ]:
            with self.subTest(error=repr(error)):
                self.assertEqual(rules.judge(error), expected)

    def test_too_many(self):
        limited = rules.judge(http_error(429, [("Retry-After", "12")]))
        self.assertIsInstance(limited, RateLimited)
        self.assertEqual(limited.retry_after_seconds, 12)

    def test_the_authors_word_comes_before_what_it_looks_like(self):
        self.assertEqual(rules.judge(http_error(503), lambda error: "PERMANENT"), "PERMANENT")
        self.assertEqual(rules.judge(http_error(503), lambda error: None), "TRANSIENT")
        self.assertEqual(rules.judge(DataError("bad"), lambda error: "PERMANENT"), "DATA")


class Messages(unittest.TestCase):
    def test_a_letter_needs_room_on_its_message(self):
        attribute = {"DataType": "String", "StringValue": "x"}
        self.assertTrue(rules.fits_message("x" * 1_000_000, {str(i): attribute for i in range(10)}))
        self.assertFalse(rules.fits_message("x", {str(i): attribute for i in range(11)}))
        self.assertFalse(rules.fits_message("é" * 524_288, {"a": attribute}))

    def test_what_is_no_letter_of_ours_is_not_read(self):
        self.assertEqual(rules.read_letter('{"v": 1, "task": "t", "redrives": 2}')["redrives"], 2)
        for text in [None, "", "hello", "[]", "{}", '{"v": 2, "task": "t"}', '{"v": 1, "task": ""}', '{"v": 1, "task": "t", "redrives": "x"}']:
            with self.subTest(text=text):
                self.assertEqual(rules.read_letter(text), {})


if __name__ == "__main__":
    unittest.main()
