"""The vendors' own SDKs, pointed at the stand-ins: what the tests of the stand-ins ask with."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any, Literal, Self

import httpx
import httpx2
import openai
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from pydantic import BaseModel, ValidationError
from vendors.server import Vendors

PROMPT = "Write a script as JSON.\nTOPIC: why moths love lamps\nCAST: ada, max\nLINES: 3\n"
MESSAGES: Any = [{"role": "user", "content": PROMPT}]
ONCE: Any = {"max_retries": 0}


class Line(BaseModel):
    """A line, its speakers given as an enumeration."""

    character: Literal["max", "ada"]
    text: str
    image: str | None


class Script(BaseModel):
    """What is asked of a model that writes."""

    lines: list[Line]


class Clients:
    """The SDKs, without retries, and short ways to ask for one thing each."""

    def __init__(self, v: Vendors) -> None:
        self.v = v
        keys = v.env()
        # Certificates are not needed on loopback, and take a tenth of a second to load.
        self.http2 = httpx2.Client(verify=False)
        self.http = httpx.Client(verify=False)
        self.queue = httpx.Client(verify=False, headers={"Authorization": f"Key {keys['FAL_KEY']}"})
        self.openai = openai.OpenAI(
            api_key=keys["OPENAI_API_KEY"], base_url=v.openai_url, max_retries=0, http_client=self.http2
        )
        self.elevenlabs = ElevenLabs(
            api_key=keys["ELEVENLABS_API_KEY"], base_url=v.elevenlabs_url, httpx_client=self.http
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for client in (self.http2, self.http, self.queue):
            client.close()

    def write(self, **more: Any) -> Any:
        """Ask for a script, as the raw response."""
        asked: dict[str, Any] = {"model": "gpt-6-luna", "messages": MESSAGES, "response_format": Script, **more}
        return self.openai.chat.completions.with_raw_response.parse(**asked)

    def paint(self, prompt: str = "a moth", **more: Any) -> Any:
        """Ask OpenAI for a picture."""
        asked: dict[str, Any] = {
            "model": "gpt-image-2.5-flare",
            "size": "720x1280",
            "quality": "low",
            "moderation": "auto",
        }
        return self.openai.images.generate(prompt=prompt, **asked | more)

    def speak(self, text: str = "Hello moths", **more: Any) -> Any:
        """Ask for speech with its times, as the raw response."""
        asked: dict[str, Any] = {"model_id": "eleven_v4_turbo", "output_format": "wav_24000", **more}
        raw = self.elevenlabs.text_to_speech.with_raw_response
        return raw.convert_with_timestamps("voice-ada", text=text, request_options=ONCE, **asked)

    def submit(self, **more: Any) -> httpx.Response:
        """Ask fal for a picture."""
        asked = {"prompt": "a moth", "image_size": {"width": 720, "height": 1280}, **more}
        return self.queue.post(f"{self.v.fal_url}/fal-ai/z-image/turbo", json=asked)

    def outcome(self, what: str) -> str:
        """Ask for one thing, and say in a word what came of it: `ok`, a status with its code, or an exception."""
        ask = {
            "script": lambda: self.write().parse().choices[0].message.refusal or "ok",
            "openai/image": lambda: type(self.paint()).__name__.replace("ImagesResponse", "ok"),
            "voice": lambda: "ok" if self.speak().data.audio_base_64 else "no sound",
            "fal/image": self._picture_of_fal,
        }[what]
        try:
            return str(ask())
        except openai.APIStatusError as error:
            return f"{error.status_code} {error.code}"
        except ApiError as error:
            code = error.body["detail"]["code"] if isinstance(error.body, dict) else type(error.body).__name__
            return f"{error.status_code} {code}"
        except (openai.OpenAIError, httpx.HTTPError, ValidationError, JSONDecodeError, AttributeError) as error:
            return type(error).__name__

    def _picture_of_fal(self) -> str:
        answer = self.submit()
        if answer.status_code == 200:
            answer = self.queue.get(answer.json()["response_url"])
        return "ok" if answer.status_code == 200 else str(answer.status_code)
