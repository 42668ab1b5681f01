"""
What schemathesis needs to know of the stage: how requests are signed, and what is there, so that not every answer is a 404
or a 422. `FUZZ_STAGE` is JSON of the test's making, `FUZZ_ANSWERS` a file for it to read (schemathesis.ts).
"""

import json
import os
import re
import zlib

import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

stage = json.loads(os.environ["FUZZ_STAGE"])
credentials = Credentials(stage["accessKey"], stage["secretKey"])
real_id = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
callback_path = "/jobs/{id}/tasks/{taskId}/result"
# By path, the leases that are for it: a result or a failure ends one.
leases = {
    "/jobs/{id}/heartbeat": stage["leases"][:2],
    "/jobs/{id}/steps/{name}": stage["leases"][:2],
    "/jobs/{id}/result": stage["leases"][2:5],
    "/jobs/{id}/failure": stage["leases"][5:],
}


class Signed(requests.auth.AuthBase):
    """As the AWS SDK signs: last of all, when nothing of the request changes any more."""

    def __call__(self, prepared):
        prepared.headers.pop("Authorization", None)
        signed = AWSRequest(prepared.method, prepared.url, data=prepared.body, headers={"host": stage["host"]})
        SigV4Auth(credentials, "execute-api", stage["region"]).add_auth(signed)
        prepared.headers.update(signed.headers.items())
        return prepared


signed = schemathesis.auth.set_from_requests(Signed())
for token_path in [callback_path, *leases]:
    signed = signed.skip_for(path=token_path)


@schemathesis.hook
def before_call(context, case, kwargs):
    with_known_path(case)
    if case.path == callback_path:
        with_token(case)
    if case.path in leases:
        with_lease(case)
    if case.path == "/jobs" and isinstance(case.body, dict):
        if case.meta and case.meta.generation.mode.is_positive:
            within_the_stage(case.body)
        with_known_target(case.body)
        with_key_of_its_own(case)
    if case.method == "PATCH":
        replace(case.body.get("affinity") if isinstance(case.body, dict) else None, "pool", [stage["pool"]])
    with_short_wait(case)


@schemathesis.hook
def after_call(context, case, response):
    answer = {"method": case.method, "path": case.path, "status": response.status_code}
    with open(os.environ["FUZZ_ANSWERS"], "a") as answers:
        answers.write(json.dumps(answer) + "\n")


def spread(seed):
    """A number by what was generated: every run does the same."""
    return zlib.crc32(repr(seed).encode("utf-8", "surrogatepass"))


def is_left(seed):
    """One time in five it stays as it was generated."""
    return spread(seed) % 5 == 0


def replace(values, name, known):
    """A text by one that is known; what is no text was made to be refused."""
    value = values.get(name) if isinstance(values, dict) else None
    if isinstance(value, str) and not is_left(value):
        values[name] = known[spread(value) // 5 % len(known)]


def with_known_path(case):
    # Of those that take a job in one state only; the order of `jobs` is that of knownThings() in job-fuzz.test.ts.
    done, failed, delayed = stage["jobs"][:3]
    fitting = {
        ("PATCH", "/jobs/{id}"): stage["waiting"],
        ("POST", "/jobs/{id}/release"): stage["held"],
        ("POST", "/jobs/{id}/retry"): failed,
        ("POST", "/jobs/{id}/cancel"): delayed,
        ("GET", "/jobs/{id}/results"): done,
    }.get((case.method, case.path))
    # An id of an earlier answer is tried with everything, in whatever state its job is: once in a while that was all there was.
    if fitting and real_id.fullmatch(str((case.path_parameters or {}).get("id"))):
        case.path_parameters["id"] = fitting
    else:
        replace(case.path_parameters, "id", [fitting] if fitting else stage["jobs"])
    replace(case.path_parameters, "group", [stage["pool" if case.path.startswith("/pools/") else "group"]])


def with_token(case):
    """Of a task that is waited for."""
    if is_left(case.body):
        return
    task = stage["tasks"][spread(case.body) // 5 % len(stage["tasks"])]
    case.path_parameters = {"id": task["job"], "taskId": task["n"]}
    case.headers["Authorization"] = f"Bearer {task['token']}"


def with_lease(case):
    seed = (case.path_parameters, case.body)
    if is_left(seed):
        return
    lease = leases[case.path][spread(seed) // 5 % len(leases[case.path])]
    case.path_parameters["id"] = lease["job"]
    if case.method == "GET":
        replace(case.path_parameters, "name", [stage["step"]])
    case.headers["Authorization"] = f"Bearer {lease['token']}"


def with_known_target(body):
    """Which groups, functions and uploads there are."""
    replace(body, "taskGroup", [stage["group"]])
    replace(body, "function", [stage["function"]])
    replace(body.get("file"), "upload", [stage["upload"]])


def within_the_stage(body):
    """What the document cannot tell: that somebody must be named, and how much the stage allows."""
    if "body" in body:
        within_the_pools(body)
    elif "taskGroup" not in body and "function" not in body and not is_left(body):
        body["function" if "maxRetries" in body or "maxOutstanding" in body else "taskGroup"] = "any"
    for name in ("maxConcurrent", "batchSize", "maxOutstanding"):
        if name in body and not is_left(body[name]):
            body[name] = min(body[name], 100)
    if "webhook" in body and not is_left(body["webhook"]):
        del body["webhook"]


def within_the_pools(body):
    """What pools there are, and that nothing is over already."""
    for name in ("needs", "affinity", "inputs", "startBy"):
        if name in body and not is_left(body[name]):
            del body[name]
    body.setdefault("affinity", {"pool": stage["pool"], "required": True})


def with_key_of_its_own(case):
    """Else all would be repeats of the first, as the same few keys are generated again and again."""
    if case.headers.get("Idempotency-Key") and not is_left((case.headers["Idempotency-Key"], case.body)):
        case.headers["Idempotency-Key"] = f"fuzz-{spread(case.body)}"


def with_short_wait(case):
    """Nobody waits for 25 seconds here. The header goes over the query."""
    if case.query and str(case.query.get("async")).lower() == "false":
        case.headers["Prefer"] = "wait=1"
