"""One comment on a pull request, however often it is written: against stand-ins of GitHub's and GitLab's APIs."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import pytest

from reelmake.cli import ci
from reelmake.cli.plan import MARK as MARK_OF_PLANS
from reelmake.cli.pr_comment import BOT, PER_PAGE, comment, forge
from reelmake.core.errors import BuildError, SetupError

MARK = "<!-- mark -->"
TOKEN = "a-token-of-loopback"


class Api:
    """Comments of one pull request; `me` is who the token is, None when it may not ask."""

    def __init__(self, author: tuple[str, str], me: str | None) -> None:
        self.author, self.me = author, me
        self.comments: list[dict[str, Any]] = []
        self.asked: list[tuple[str, str]] = []
        self.refused = False
        self.broken: list[str] = []  # methods whose next answer is lost
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else {}
                token = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers["PRIVATE-TOKEN"]
                status, told = api.answer(self.command, self.path, body) if token == TOKEN else (401, {})
                if self.command in api.broken:
                    api.broken.remove(self.command)
                    status, told = 502, {}
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_PUT = do  # noqa: N815 (the base class's names)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class says so)
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def write(self, who: str, text: str) -> None:
        """Let somebody comment."""
        self.comments.append({"id": len(self.comments) + 1, "body": text, self.author[0]: {self.author[1]: who}})

    def answer(self, method: str, path: str, body: dict[str, str]) -> tuple[int, Any]:
        place = urlsplit(path)
        self.asked.append((method, place.path))
        if place.path.endswith("/user"):
            return (200, {self.author[1]: self.me}) if self.me else (403, {})
        if self.refused and method != "GET":
            return 403, {}
        if method == "GET":
            page = int(parse_qs(place.query)["page"][0])
            return 200, self.comments[(page - 1) * PER_PAGE : page * PER_PAGE]
        if method == "POST":
            self.write(self.me or BOT, body["body"])
            return 201, self.comments[-1]
        one = next(told for told in self.comments if str(told["id"]) == place.path.rpartition("/")[2])
        one["body"] = body["body"]
        return 200, one

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def github(url: str) -> dict[str, str]:
    where = {"GITHUB_REPOSITORY": "team/shorts", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_API_URL": url}
    return {**where, "GITHUB_TOKEN": TOKEN}


def gitlab(url: str) -> dict[str, str]:
    where = {"CI_API_V4_URL": f"{url}/api/v4", "CI_PROJECT_ID": "3", "CI_MERGE_REQUEST_IID": "7"}
    return {**where, "GITLAB_TOKEN": TOKEN}


FORGES = {"github": (github, ("user", "login"), None), "gitlab": (gitlab, ("author", "username"), "render-bot")}


@pytest.fixture(params=FORGES)
def where(request: pytest.FixtureRequest) -> Iterator[tuple[Api, dict[str, str]]]:
    variables, author, me = FORGES[request.param]
    with Api(author, me) as api:
        yield api, variables(api.url)


def test_the_second_comment_takes_the_place_of_the_first(where: tuple[Api, dict[str, str]]) -> None:
    """Also when it is far back, and though somebody else has written one that looks like it."""
    api, variables = where
    api.write("mallory", f"{MARK} I am the plan, too")
    assert comment(forge(variables.get), f"{MARK}\nfirst", MARK, None, 0) == "created"
    for number in range(2 * PER_PAGE):
        api.write("tess", f"comment {number}")
    assert comment(forge(variables.get), f"{MARK}\nsecond", MARK, None, 0) == "updated"
    ours = [told["body"] for told in api.comments if told["body"].startswith(MARK)]
    assert ours == [f"{MARK} I am the plan, too", f"{MARK}\nsecond"]


def test_a_comment_whose_answer_is_lost_is_not_written_twice(where: tuple[Api, dict[str, str]]) -> None:
    api, variables = where
    api.broken = ["GET", "POST"]
    assert comment(forge(variables.get), f"{MARK}\nfirst", MARK, None, 0) == "updated"
    assert [told["body"] for told in api.comments] == [f"{MARK}\nfirst"]
    api.broken = ["GET"] * 3
    with pytest.raises(BuildError, match="out of order: HTTP 502; try again later"):
        comment(forge(variables.get), f"{MARK}\nsecond", MARK, None, 0)
    assert api.broken == []


def test_two_projects_of_a_repository_have_a_comment_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: tuple[Api, dict[str, str]]
) -> None:
    api, variables = where
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for project in (".", "kids", "shows/late", "kids"):
        (tmp_path / project).mkdir(parents=True, exist_ok=True)
        (tmp_path / project / "pyproject.toml").write_text("[tool.reelmake]\n")
        (tmp_path / project / "review.md").write_text(f"{MARK_OF_PLANS}\nthe plan of {project}\n")
        monkeypatch.chdir(tmp_path / project)
        ci._comment(Path("review.md"))
    assert [told["body"].partition("\n")[2] for told in api.comments] == [
        *("the plan of .\n", "the plan of kids\n", "the plan of shows/late\n")
    ]


def test_a_plan_that_is_too_long_is_cut(where: tuple[Api, dict[str, str]]) -> None:
    api, variables = where
    row = "| a | row |"
    for text in (f"{MARK}{'x' * 100_000}", f"{MARK}\n" + f"{row}\n" * 20_000):
        comment(forge(variables.get), text, MARK, None, 0)
        body = api.comments[0]["body"]
        assert 64_000 < len(body) < 65_536
        assert body.endswith("see the job's own summary.")
    assert {line for line in body.splitlines()[1:-1] if line} == {row}, "no row is cut in two"


def test_a_token_that_may_not_comment_is_told_and_not_shown(where: tuple[Api, dict[str, str]]) -> None:
    api, variables = where
    api.refused = True
    with pytest.raises(BuildError, match=r"HTTP 403; may this job's token write comments\?") as told:
        comment(forge(variables.get), MARK, MARK, None, 0)
    assert TOKEN not in str(told.value)


@pytest.mark.parametrize("gone", ["GITHUB_TOKEN", "GITHUB_REF", "GITLAB_TOKEN", "CI_MERGE_REQUEST_IID"])
def test_without_what_a_job_is_told_there_is_nothing_to_comment_on(gone: str) -> None:
    variables = (github if gone.startswith("GITHUB") else gitlab)("http://127.0.0.1:1")
    del variables[gone]
    with pytest.raises(SetupError, match="there is nothing to comment on"):
        forge(variables.get)
    with pytest.raises(SetupError, match="no job"):
        forge(lambda _: None)


def test_a_server_that_is_gone_is_told(where: tuple[Api, dict[str, str]]) -> None:
    variables = {**where[1], "GITHUB_API_URL": "http://127.0.0.1:1", "CI_API_V4_URL": "http://127.0.0.1:1"}
    with pytest.raises(BuildError, match=r"127\.0\.0\.1 could not be reached"):
        comment(forge(variables.get), MARK, MARK, None, 0)


def test_a_jobs_summary_takes_no_more_than_its_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "summary.md"
    monkeypatch.setenv(ci.JOB_SUMMARY, str(file))
    for _ in range(3):
        ci._show("| a row |\n" * 60_000)
    assert 900_000 < file.stat().st_size < 1 << 20
    lines = file.read_text("utf-8").splitlines()
    assert {line for line in lines if line} == {"| a row |", "There is more: see the job's log."}
    assert capsys.readouterr().out.count("| a row |") == 180_000
