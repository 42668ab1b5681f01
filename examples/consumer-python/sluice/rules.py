"""
What a consumer decides by Sluice's rules: classes of errors, back-off, spacing, attempts, letters. Calls nothing.
"""

import datetime
import email.utils
import errno
import json
import math
import re
import ssl
import time

RETRIED = ("TRANSIENT", "RESOURCE")
LETTER_BYTES = 4_096
MESSAGE_BYTES = 1_048_576
MOST_ATTRIBUTES = 10
LONGEST_TASK_ID = 1_024
MESSAGE_CHARACTERS = 1_000
HISTORY_MESSAGE_CHARACTERS = 300


class TaskError(Exception):
    """A failure of a known class; raise one of the classes below."""

    error_class = "TRANSIENT"


class TransientError(TaskError):
    """Passing: a network that fails, a target that is down. Tried again."""


class ResourceError(TaskError):
    """Out of something: memory, disk, time. Tried again."""

    error_class = "RESOURCE"


class ConfigurationError(TaskError):
    """Set up wrong: a key that is refused, a name nobody knows. Not tried again."""

    error_class = "CONFIGURATION"


class DataError(TaskError):
    """The task's own data is at fault. Not tried again."""

    error_class = "DATA"


class PermanentError(TaskError):
    """It will never work. Not tried again."""

    error_class = "PERMANENT"


class RateLimited(Exception):
    """The target says "too many". `retry_after`: seconds, or the text of a Retry-After header, or None."""

    def __init__(self, retry_after=None, message="rate-limited by the target"):
        super().__init__(message)
        self.retry_after_seconds = seconds_of(retry_after, time.time())


def back_off_seconds(retry, number, chance):
    """Whole seconds before retry `number` (1 for the first): half of base, 2 x base, 4 x base … cap for certain, half by chance."""
    full = min(retry["capSeconds"], retry["baseSeconds"] * 2 ** min(number - 1, 30))
    least = math.ceil(full / 2)
    return least + math.floor(chance * (full - least + 1))


def cooling_seconds(streak):
    """For the `streak`th refusal in a row that did not say how long: 5, 10, 20 … 300."""
    return min(300, 5 * 2 ** min(max(streak - 1, 0), 10))


def spacing_seconds(environment):
    """Least time between two starts of one environment: so `concurrency` of them together hold the rate without counting."""
    rate = environment.get("SLUICE_RATE_PER_SECOND")
    return int(environment["SLUICE_CONCURRENCY"]) / float(rate) if rate else 0.0


def reserve_seconds(remaining):
    """Kept back at the end of an invocation, for recording and handing back."""
    return min(3.0, max(0.3, remaining * 0.1), remaining / 2)


def open_attempt(before):
    """Number of this attempt, the failures on record, and (in a list) that of an attempt which ended without a word."""
    if not before:
        return 1, [], []
    spent = max(0, int(before.get("starts", 0)) - int(before.get("excused", 0)))
    if before["status"] != "running":
        return spent + 1, plain_history(before), []
    message = "the attempt ended without a word: out of memory, over its time, or an exit of its process"
    silent = failed_attempt(spent, "RESOURCE", message, int(before.get("startedAtMs", 0)) / 1_000)
    return spent + 1, plain_history(before), [silent]


def plain_history(record):
    """Of a record as boto3 reads it: its numbers are decimals."""
    return [{**failed, "attempt": int(failed["attempt"])} for failed in record.get("history", [])]


def last_failure(record):
    """Why a dead task is dead, as far as its record knows."""
    unknown = {"attempt": int(record.get("starts", 0)), "class": "PERMANENT", "message": "not recorded", "time": iso(time.time())}
    return (plain_history(record) or [unknown])[-1]


def too_late(deadline_at, seconds, now):
    """Whether an attempt that began in `seconds` would begin when the task must have ended."""
    return deadline_at is not None and now + seconds >= deadline_at


def failed_attempt(attempt, error_class, message, at):
    return {"attempt": attempt, "class": error_class, "message": message[:HISTORY_MESSAGE_CHARACTERS], "time": iso(at)}


HTTP_CLASSES = {
    **dict.fromkeys((400, 413, 414, 415, 422), "DATA"),
    **dict.fromkeys((401, 403, 407, 511), "CONFIGURATION"),
    **dict.fromkeys((408, 409, 421, 423, 424, 425), "TRANSIENT"),
    **dict.fromkeys((501, 505), "PERMANENT"),
    507: "RESOURCE",
}


def class_of_status(status):
    """Class of an HTTP status that is an error. 429 is none: it is the whole group's matter."""
    return HTTP_CLASSES.get(status) or ("TRANSIENT" if status >= 500 else "PERMANENT")


PASSING_CANCELLATIONS = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}

# The first that fits holds.
AWS_CODES = (
    ("Throttl|TooManyRequests|SlowDown|RequestLimitExceeded|ProvisionedThroughputExceeded", "TRANSIENT"),
    ("TransactionConflict|TransactionInProgress", "TRANSIENT"),
    ("LimitExceeded|QuotaExceeded|InsufficientCapacity", "RESOURCE"),
    ("ExpiredToken|RequestTimeout|RequestExpired|RequestTimeTooSkewed|ResourceInUse|ResourceConflict", "TRANSIENT"),
    ("AccessDenied|Unauthorized|UnrecognizedClient|SignatureDoesNotMatch|IncompleteSignature|MissingAuthenticationToken", "CONFIGURATION"),
    ("Invalid(Signature|ClientTokenId|AccessKeyId|Token)", "CONFIGURATION"),
    ("NoSuchBucket|ResourceNotFound|QueueDoesNotExist|ParameterNotFound", "CONFIGURATION"),
    ("Validation|Invalid|Malformed|EntityTooLarge", "DATA"),
    ("ConditionalCheckFailed", "PERMANENT"),
)


def judge(error, classify=None):
    """A class's name, or a RateLimited."""
    if isinstance(error, RateLimited):
        return error
    if isinstance(error, TaskError):
        return error.error_class
    said = classify(error) if classify else None
    return said or judge_status(error) or judge_aws(error) or judge_kind(error)


def judge_status(error):
    """`code` and `headers` of urllib's HTTPError, `response.status_code` of requests' and httpx's."""
    response = getattr(error, "response", None)
    status = getattr(response, "status_code", None) or getattr(error, "code", None)
    if not isinstance(status, int) or not 400 <= status < 600:
        return None
    headers = getattr(response, "headers", None) or getattr(error, "headers", None) or {}
    return RateLimited(headers.get("Retry-After"), str(error)) if status == 429 else class_of_status(status)


def judge_aws(error):
    """botocore's ClientError."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return None
    code = response.get("Error", {}).get("Code", "")
    if code == "TransactionCanceledException":
        codes = {reason.get("Code") for reason in response.get("CancellationReasons", [])}
        return "TRANSIENT" if codes & PASSING_CANCELLATIONS else "PERMANENT"
    for pattern, error_class in AWS_CODES:
        if re.search(pattern, code):
            return error_class
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
    # 429 is throttling: the target here is AWS, not what the group's rate is for.
    return "TRANSIENT" if status == 429 or status < 400 else class_of_status(status)


def judge_kind(error):
    number = getattr(error, "errno", None)
    if isinstance(error, MemoryError) or number in (errno.ENOMEM, errno.EMFILE, errno.ENOSPC):
        return "RESOURCE"
    if number in (errno.EPERM, errno.ENOENT, errno.EACCES) or isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError):
        return "CONFIGURATION"
    if isinstance(error, json.JSONDecodeError):
        # Somebody's answer, such as an outage page: the task's own body was parsed before `run` began.
        return "TRANSIENT"
    if type(error).__name__ == "ValidationError" or isinstance(error, UnicodeError):
        return "DATA"
    if isinstance(error, (TypeError, LookupError, NameError, AttributeError, ImportError, AssertionError)):
        return "PERMANENT"
    # Nothing known speaks against trying again, and the retries are counted.
    return "TRANSIENT"


def seconds_of(retry_after, now):
    if retry_after is None or isinstance(retry_after, (int, float)):
        return None if retry_after is None else max(0.0, float(retry_after))
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", retry_after):
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - now)
    except ValueError:
        return None


def letter_of(task, failed, message, stack=None):
    """Why a task is dead: what the attribute `sluice` of a dead letter says. `failed`: its last attempt."""
    letter = {
        "v": 1,
        "task": task.id,
        "group": task.group,
        "class": failed["class"],
        "message": message[:MESSAGE_CHARACTERS],
        "attempt": failed["attempt"],
        "time": failed["time"],
        "sentAt": task.sent_at,
        "redrives": task.redrives,
        "history": task.letter.get("history", []) + task.history + task.unrecorded,
        "by": "sluice",
    }
    return {**letter, **({"job": task.job} if task.job else {}), **({"stack": stack} if stack else {})}


def read_letter(text):
    """Of a task that was put back; nothing where there is none, or none of ours."""
    try:
        letter = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    sound = isinstance(letter, dict) and letter.get("v") == 1 and is_id(letter.get("task")) and isinstance(letter.get("redrives", 0), int)
    return letter if sound else {}


def is_id(text):
    """An id no key can hold counts as none."""
    return isinstance(text, str) and 0 < len(text.encode()) <= LONGEST_TASK_ID


def fits_message(body, attributes):
    """Names, types and values count."""
    values = [name + value["DataType"] + value.get("StringValue", "") for name, value in attributes.items()]
    binary = sum(len(value.get("BinaryValue", b"")) for value in attributes.values())
    return len(attributes) <= MOST_ATTRIBUTES and len(("".join(values) + body).encode()) + binary <= MESSAGE_BYTES


def letter_text(letter):
    """As JSON that fits into the attribute: stack, then history from the oldest on, then message are cut."""
    letter = {**letter, **({"stack": letter["stack"][:LETTER_BYTES]} if letter.get("stack") else {})}
    while True:
        text = wire_text(letter)
        over = len(text.encode()) - LETTER_BYTES
        # A character is up to six bytes.
        cut = over // 6 + 1
        if over <= 0:
            return text
        if letter.get("stack"):
            letter["stack"] = letter["stack"][:-cut]
        elif letter["history"]:
            letter["history"] = letter["history"][1:]
        elif letter["message"]:
            letter["message"] = letter["message"][:-cut]
        else:
            return text


def wire_text(value):
    """JSON in characters that SQS takes, which are those of XML 1.0: JSON leaves some raw that are none."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[\ud800-\udfff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def iso(at):
    text = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
