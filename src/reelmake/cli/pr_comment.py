"""One comment on a pull request, which is updated and not repeated: on GitHub, and on what speaks like it, and GitLab.

The environment variables that these set for each job say where it is running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from reelmake.core.errors import BuildError, SetupError
from reelmake.core.logging import redact

if TYPE_CHECKING:
    import httpx


Variable = Callable[[str], str | None]
PER_PAGE: Final = 100
MOST_PAGES: Final = 100
MOST_CHARACTERS: Final = 65_000  # so long a comment may be on GitHub
SECONDS: Final = 30.0
MOST_ATTEMPTS: Final = 3
BOT: Final = "github-actions[bot]"  # the author of what a GitHub job writes: its token may not read /user


@dataclass(frozen=True, slots=True)
class Forge:
    """Where comments are.

    api       what all addresses begin with
    comments  the address of all comments
    comment   that of one, before its id
    update    by which method it is changed
    author    what a comment calls the one who wrote it, and by which name
    """

    api: str
    comments: str
    comment: str
    update: str
    author: tuple[str, str]
    headers: Mapping[str, str] = field(repr=False)


def forge(variable: Variable) -> Forge:
    """Return where the comments of the pull request are that this job is about; raises SetupError."""
    if variable("GITHUB_REPOSITORY"):
        api = variable("GITHUB_API_URL") or "https://api.github.com"
        found = re.fullmatch(r"refs/pull/(\d+)/\w+", variable("GITHUB_REF") or "")
        if not found or not variable("GITHUB_TOKEN"):
            lacking = "GITHUB_TOKEN is not set" if found else "this is no job of a pull request"
            raise SetupError(f"there is nothing to comment on: {lacking}", "see how to render on merge")
        issues = f"/repos/{variable('GITHUB_REPOSITORY')}/issues"
        headers = {"Authorization": f"Bearer {variable('GITHUB_TOKEN')}", "Accept": "application/vnd.github+json"}
        return Forge(api, f"{issues}/{found[1]}/comments", f"{issues}/comments", "PATCH", ("user", "login"), headers)
    if variable("CI_API_V4_URL"):
        names = ("CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "GITLAB_TOKEN")
        if missing := [name for name in names if not variable(name)]:
            raise SetupError(f"there is nothing to comment on: {missing[0]} is not set", "see how to render on merge")
        project, request, token = (str(variable(name)) for name in names)
        notes = f"/projects/{project}/merge_requests/{request}/notes"
        return Forge(
            str(variable("CI_API_V4_URL")), notes, notes, "PUT", ("author", "username"), {"PRIVATE-TOKEN": token}
        )
    raise SetupError("this is no job of GitHub's or GitLab's", "post the Markdown that `reelmake ci review` wrote")


class BusyError(BuildError):
    """A forge that is out of order for now, so that another attempt may succeed."""


def comment(where: Forge, text: str, mark: str, proxy: str | None, retry_seconds: float) -> str:
    """Write a comment that begins with a hidden mark, in place of our own last one; returns `created` or `updated`.

    Raises BuildError when the forge refuses, or is out of order for long: two more attempts follow, after
    `retry_seconds` and twice that. Comments of others are left alone, also those that begin with the mark.
    """
    from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential  # noqa: PLC0415

    retrying = Retrying(
        retry=retry_if_exception_type(BusyError),
        stop=stop_after_attempt(MOST_ATTEMPTS),
        wait=wait_exponential(retry_seconds, min=retry_seconds),
        reraise=True,
    )
    return retrying(_comment, where, text, mark, proxy)


def _comment(where: Forge, text: str, mark: str, proxy: str | None) -> str:
    """Do it once, from the start: a comment whose answer was lost is found by its mark."""
    import httpx  # noqa: PLC0415

    if len(text) > MOST_CHARACTERS:
        whole = text[:MOST_CHARACTERS].rpartition("\n")[0] or text[:MOST_CHARACTERS]  # rows, and not half of one
        text = f"{whole}\n\n… and more: see the job's own summary."
    with httpx.Client(
        base_url=where.api, headers=dict(where.headers), timeout=SECONDS, proxy=proxy, trust_env=False
    ) as client:
        me = _me(client, where)
        for existing in _comments(client, where):
            author = (existing.get(where.author[0]) or {}).get(where.author[1])
            if author == me and str(existing.get("body") or "").startswith(mark):
                _answer(client, where.update, f"{where.comment}/{existing['id']}", {"body": text})
                return "updated"
        _answer(client, "POST", where.comments, {"body": text})
    return "created"


def _me(client: httpx.Client, where: Forge) -> str:
    """Return who we are, by our own name."""
    try:
        user = _answer(client, "GET", "/user")
    except BusyError:
        raise
    except BuildError:
        return BOT
    return str(user.get(where.author[1], "")) if isinstance(user, dict) else BOT


def _comments(client: httpx.Client, where: Forge) -> Iterator[dict[str, Any]]:
    for page in range(1, MOST_PAGES + 1):
        found = _answer(client, "GET", f"{where.comments}?per_page={PER_PAGE}&page={page}")
        yield from (one for one in found if isinstance(one, dict))
        if len(found) < PER_PAGE:
            return


def _answer(client: httpx.Client, method: str, path: str, body: Mapping[str, str] | None = None) -> Any:
    import httpx  # noqa: PLC0415

    try:
        response = client.request(method, path, json=body)
        response.raise_for_status()
        return response.json()
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise BusyError(f"{client.base_url.host} is out of order: HTTP {status}", "try again later") from None
        raise BuildError(
            redact(f"{client.base_url.host} refused {method} {path}: HTTP {status}"),
            "may this job's token write comments?",
        ) from None
    except (httpx.HTTPError, ValueError) as error:
        raise BusyError(
            redact(f"{client.base_url.host} could not be reached for {path}: {error}"), "try again later"
        ) from None
