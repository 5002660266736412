"""Plays fal's queue: submit, status, result, and the files that results name.

A submitted request runs to its end whether anyone asks for it or not, and is billed then, once.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vendors.faults import Fault
from vendors.house import FAL_KEY, House
from vendors.pictures import colour_of, picture
from vendors.records import GATEWAY_PAGE, Answer, Hit, in_json

APPS = {  # dollars of a megapixel, and the format of its pictures
    "/fal-ai/z-image/turbo": ("0.005", "png"),
    "/fal-ai/flux/schnell": ("0.003", "jpeg"),
    "/fal-ai/flux/dev": ("0.025", "jpeg"),
}
SIZES = {
    "square_hd": (1024, 1024),
    "square": (512, 512),
    "portrait_4_3": (768, 1024),
    "portrait_16_9": (576, 1024),
    "landscape_4_3": (1024, 768),
    "landscape_16_9": (1024, 576),
}
REQUEST = re.compile(r"(/[^/]+/[^/]+)/requests/([^/]+)(/status)?")
FILE = re.compile(r"/files/([^/]+)/(\d+)\.\w+")
MEGAPIXEL = 1_000_000
LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
UNSTARTED = "Request timed out before processing started"
UNSAFE = "The content could not be processed because it contained material flagged by a content checker."


@dataclass
class Job:
    """A request in the queue; `runs` and `ends` are when it starts and stops running."""

    id: str
    hit: Hit
    runs: float
    ends: float
    refused: bool = False
    billed: bool = False

    def status(self) -> str:
        now = time.monotonic()
        return "COMPLETED" if now >= self.ends else "IN_PROGRESS" if now >= self.runs else "IN_QUEUE"

    @property
    def size(self) -> tuple[int, int]:
        asked = self.hit.body.get("image_size", "landscape_4_3")
        return SIZES[asked] if isinstance(asked, str) else (asked["width"], asked["height"])

    @property
    def form(self) -> str:
        return str(self.hit.body.get("output_format") or APPS[self.hit.path][1])

    @property
    def count(self) -> int:
        return int(self.hit.body.get("num_images") or 1)

    @property
    def units(self) -> int:
        """Return the megapixels, each picture's rounded up."""
        width, height = self.size
        return self.count * -(-width * height // MEGAPIXEL)

    @property
    def seed(self) -> int:
        return int(self.hit.body.get("seed") or int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:4]))

    def file(self) -> bytes:
        return picture(colour_of(self.hit.body["prompt"]), self.size, self.form)


class Fal:
    """The vendor; `url` is where it is reached, for the addresses in its answers."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.url = ""
        self.jobs: dict[str, Job] = {}

    def kind(self, method: str, path: str) -> str:
        if method == "GET" and FILE.fullmatch(path):
            return "file"
        if found := REQUEST.fullmatch(path):
            return ("status" if found[3] else "result") if method == "GET" else "unknown"
        return "image" if method == "POST" and path in APPS else "unknown"

    def known_caller(self, hit: Hit) -> bool:
        return hit.kind == "file" or hit.headers.get("authorization") == f"Key {FAL_KEY}"

    def refuse(self, hit: Hit, fault: Fault) -> Answer | None:
        said = {
            "busy": (429, "Too many requests. Please try again later."),
            "too_many": (429, "Too many concurrent requests."),
            "wrong_key": (401, f'Cannot access application "{hit.path[1:]}". Authentication is required.'),
            "quota": (403, LOCKED),
            "server_error": (fault.status, "Internal Server Error"),
        }
        if fault.name == "html":
            return GATEWAY_PAGE
        if fault.name == "unstarted":
            return in_json(504, {"detail": UNSTARTED, "error_type": "request_timeout"})
        if fault.name == "refusal" and hit.kind != "image":
            return in_json(422, {"detail": [unsafe(None)]})
        if fault.name not in said:
            return None
        status, detail = said[fault.name]
        headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
        return in_json(status, {"detail": detail}, headers)

    def answer(self, hit: Hit, fault: Fault | None) -> Answer:
        self.settle()
        match hit.kind:
            case "image":
                return self._submit(hit, fault)
            case "file":
                return self._file(hit)
            case "status" | "result":
                found = REQUEST.fullmatch(hit.path)
                job = self.jobs.get(found[2]) if found else None
                if job is None or app_of(job) != (found and found[1]):
                    return in_json(404, {"detail": "Request not found"})
                return self._status(job) if hit.kind == "status" else self._result(job)
        return in_json(404, {"detail": f'Application "{hit.path[1:]}" not found'})

    def settle(self) -> None:
        """Bill what came to its end."""
        with self.house.lock:
            for job in self.jobs.values():
                if job.status() == "COMPLETED" and not (job.billed or job.refused):
                    job.billed = True
                    usd = job.units * Decimal(APPS[job.hit.path][0])
                    self.house.charge(job.hit, usd, job.units, job.id)

    def unfinished(self) -> bool:
        """Tell whether anything still waits or runs."""
        with self.house.lock:
            return any(job.status() != "COMPLETED" for job in self.jobs.values())

    def _submit(self, hit: Hit, fault: Fault | None) -> Answer:
        seconds, now = self.house.seconds, time.monotonic()
        runs = now + seconds.get("queue", 0)
        number = self.house.next_id("fal")
        job = Job(f"0b1d{number:04d}-5af2-4c11-8e0d-{number:012d}", hit, runs, runs + seconds.get("image", 0))
        job.refused = bool(fault and fault.name == "refusal") or wrong_input(hit.body) is not None
        with self.house.lock:
            self.jobs[job.id] = job
            self.house.note_running("image", sum(one.status() != "COMPLETED" for one in self.jobs.values()) or 1)
        self.settle()
        return in_json(200, {"status": "IN_QUEUE", "queue_position": 0, **self._addresses(job)})

    def _addresses(self, job: Job) -> dict[str, str]:
        base = f"{self.url}{app_of(job)}/requests/{job.id}"
        return {
            "request_id": job.id,
            "response_url": base,
            "status_url": f"{base}/status",
            "cancel_url": f"{base}/cancel",
        }

    def _status(self, job: Job) -> Answer:
        state = job.status()
        body: dict[str, Any] = {"status": state, **self._addresses(job)}
        if state == "IN_QUEUE":
            body["queue_position"] = 0
        elif state == "IN_PROGRESS":
            body["logs"] = None
        else:
            body |= {"logs": None, "metrics": {"inference_time": job.ends - job.runs}}
        return in_json(200 if state == "COMPLETED" else 202, body)

    def _result(self, job: Job) -> Answer:
        if job.status() != "COMPLETED":
            return in_json(400, {"detail": "Request is still in progress"})
        if wrong := wrong_input(job.hit.body):
            return in_json(422, {"detail": [wrong]})
        if job.refused:
            return in_json(422, {"detail": [unsafe(job.hit.body)]}, {"x-fal-billable-units": "0"})
        width, height = job.size
        kind = f"image/{job.form}"
        files = [self._place(job, at) for at in range(job.count)]
        body = {
            "images": [{"url": url, "width": width, "height": height, "content_type": kind} for url in files],
            "timings": {"inference": job.ends - job.runs},
            "seed": job.seed,
            "has_nsfw_concepts": [False] * job.count,
            "prompt": job.hit.body["prompt"],
        }
        return in_json(200, body, {"x-fal-billable-units": str(job.units), "x-fal-request-id": job.id})

    def _place(self, job: Job, at: int) -> str:
        if job.hit.body.get("sync_mode"):
            return f"data:image/{job.form};base64,{base64.b64encode(job.file()).decode()}"
        return f"{self.url}/files/{job.id}/{at}.{job.form}"

    def _file(self, hit: Hit) -> Answer:
        found = FILE.fullmatch(hit.path)
        job = self.jobs.get(found[1]) if found else None
        if job is None or job.status() != "COMPLETED" or job.refused:
            return in_json(404, {"detail": "Not Found"})
        return Answer(200, job.file(), f"image/{job.form}")


def app_of(job: Job) -> str:
    """Return the path of a request's addresses: owner and name, without what follows."""
    return "/" + "/".join(job.hit.path.split("/")[1:3])


def unsafe(body: Any) -> dict[str, Any]:
    """Return what a content checker says."""
    return {"loc": ["body", "prompt"], "msg": UNSAFE, "type": "content_policy_violation", "input": body}


def wrong_input(body: Any) -> dict[str, Any] | None:
    """Return what is wrong with what a model was given; None if nothing is."""
    if not isinstance(body, dict) or not isinstance(body.get("prompt"), str):
        return {"loc": ["body", "prompt"], "msg": "Field required", "type": "missing", "input": body}
    size = body.get("image_size", "square")
    known = size in SIZES if isinstance(size, str) else isinstance(size, dict) and {"width", "height"} <= set(size)
    if not known:
        return {"loc": ["body", "image_size"], "msg": "Input should be a size", "type": "enum", "input": size}
    return None
