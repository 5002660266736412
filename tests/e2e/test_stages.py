"""The two stages as other programs use them: through pipes, one document or many, with everything that goes wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nursery
import pytest
from footage import small_video
from jsonschema import Draft202012Validator
from standin_server import Standin
from workspace import Workspace

from reelmake.api.jsonl import Answers, free_name, received
from reelmake.project.schemas import schema_of

BIN = Path(sys.executable).parent
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Stage:
    """One run of a stage."""

    def __init__(self, project: Workspace, name: str, text: str, *arguments: str) -> None:
        code = f"import sys; from reelmake.api import {name}; sys.exit({name}())"
        with nursery.start(["-c", code, *arguments], project.root, project.env, subprocess.PIPE) as process:
            out, self.err = process.communicate(text, timeout=300)
        self.code = process.returncode
        self.answers: list[dict[str, Any]] = [json.loads(row) for row in out.splitlines()]
        for answer in self.answers:
            name = answer["schema"].partition("/")[2].partition("@")[0]
            assert list(Draft202012Validator(schema_of(name)).iter_errors(answer)) == []

    @property
    def answer(self) -> dict[str, Any]:
        (one,) = self.answers
        return one


def written(project: Workspace, **request: Any) -> dict[str, Any]:
    """Return the dialogue that stage one makes of a request."""
    stage = Stage(project, "dialogue_api", json.dumps({"topic": "rain", "lines": 3, **request}))
    assert stage.code == 0, stage.err
    return stage.answer


def filmed(project: Workspace, *dialogues: dict[str, Any]) -> Stage:
    return Stage(project, "video_from_dialogue_api", "\n".join(map(json.dumps, dialogues)))


def dialogue(*texts: str, name: str = "rain") -> dict[str, Any]:
    """Return a small dialogue, written by hand."""
    lines = [{"character": "ada", "text": text} for text in texts]
    characters = {"ada": {"name": "Ada", "sprites": {"telling": PIXEL}}}
    return {"schema": "reelmake/dialogue@1", "name": name, "title": name, "characters": characters, "lines": lines}


@pytest.mark.slow
def test_a_topic_becomes_a_video_in_one_pipe_and_the_second_time_costs_nothing(
    project: Workspace, vendor: Standin
) -> None:
    command = "set -o pipefail; dialogue_api < request.json | video_from_dialogue_api > result.json"
    project.write("request.json", '{"schema": "reelmake/request@1", "topic": "rain", "lines": 2}')
    results = []
    for _ in range(2):
        env = {**project.env, "PATH": f"{BIN}:{project.env['PATH']}"}
        subprocess.run(["bash", "-c", command], cwd=project.root, env=env, check=True, capture_output=True)
        results.append(json.loads((project.root / "result.json").read_text("utf-8")))
    first, second = results
    assert (project.root / first["video"]).is_file()
    assert first["made"]["voice"] == first["made"]["image"] == 2
    assert (first["cost"]["usd"], second["cost"]["usd"]) == ("0.04", "0")
    assert second["made"] == {}
    assert second["cost"]["saved_usd"] == "0.04"
    assert first["sha256"] == second["sha256"]
    assert vendor.count() == 5


@pytest.mark.slow
def test_a_program_in_between_may_edit_add_and_move_lines_and_pays_for_those_only(
    project: Workspace, vendor: Standin, tmp_path: Path
) -> None:
    told = written(project)
    elsewhere = Workspace(tmp_path / "elsewhere", vendor.url)
    for name in ("ada", "max"):  # stage two knows nobody
        (elsewhere.root / f"characters/{name}.yaml").unlink()
    assert filmed(elsewhere, told).code == 0
    paid = vendor.count()
    told["lines"].reverse()
    assert filmed(elsewhere, told).answer["cost"]["usd"] == "0"
    told["lines"][0]["text"] = "Rain falls, and falls, and falls."
    told["lines"].append({"character": "max", "text": "That is all.", "image": told["lines"][1]["image"]})
    result = filmed(elsewhere, told).answer
    assert vendor.count("image") == 3
    assert vendor.count() == paid + 2
    assert result["cost"] == {"usd": "0.02", "by_kind": {"voice": "0.02"}, "saved_usd": result["cost"]["saved_usd"]}


@pytest.mark.slow
def test_of_a_batch_one_that_fails_stops_no_other_and_answers_keep_their_order(
    project: Workspace, vendor: Standin
) -> None:
    vendor.refuse.add(("voice", "thunder"))
    batch = [dialogue("Sun.", name="sun"), dialogue("thunder", name="storm"), dialogue("Rain.", name="rain")]
    stage = filmed(project, batch[0], batch[1], batch[2], batch[0])
    assert stage.code == 1
    assert [answer.get("name", answer.get("error", {}).get("where")) for answer in stage.answers] == [
        "sun", "storm", "rain", "sun",
    ]  # fmt: skip
    assert "line 1 of the script of storm" in stage.answers[1]["error"]["message"]
    assert stage.answers[0] == stage.answers[3]


@pytest.mark.slow
def test_two_hundred_requests_in_one_batch(project: Workspace, vendor: Standin) -> None:
    rows = "\n".join(json.dumps({"topic": f"topic {number}", "lines": 1}) for number in range(200))
    stage = Stage(project, "dialogue_api", rows)
    assert stage.code == 0
    assert [answer["title"] for answer in stage.answers] == [f"topic {number}" for number in range(200)]
    assert vendor.count("script") == 200


def test_all_requests_are_looked_at_before_any_is_run(project: Workspace, vendor: Standin) -> None:
    stage = Stage(
        project, "dialogue_api", '{"topic": "rain"}\n{"topic": "sun", "lines": 0, "colour": "red"}\n{"lines": true}'
    )
    assert stage.code == 2
    assert [answer["error"]["type"] for answer in stage.answers] == ["NotRun", "InputError", "InputError"]
    assert "unknown name 'colour'" in stage.answers[1]["error"]["message"]
    assert "lines: '0' is less than 1" in stage.answers[1]["error"]["message"]
    assert stage.answers[1]["error"]["where"] == "line 2"
    assert "lines: true is not a number" in stage.answers[2]["error"]["message"]
    assert vendor.count() == 0


@pytest.mark.parametrize("stage", ["dialogue_api", "video_from_dialogue_api"])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is nothing on stdin"),
        ("nope", "not JSON"),
        ('{"topic": ', "not JSON"),
        ("[1]", "not a JSON object"),
        ('{"schema": "reelmake/dialogue@9"}', "the schema 'reelmake/dialogue@9' is not known here"),
        ('{"words": 1}', "unknown name 'words'"),
        ('{"topic": "a\\u0007", "lines": [{"text": "\\ud83d"}]}', "lines.1.text: holds U+D83D"),
        ('{"topic": "rain"}\r\n{nope}', "line 2 is not JSON: Expecting property name"),
    ],
)
def test_what_cannot_be_read_is_told_as_a_document(project: Workspace, stage: str, text: str, told: str) -> None:
    ran = Stage(project, stage, text)
    assert ran.code == 2
    assert told in ran.answer["error"]["message"]
    assert "Traceback" not in ran.err


def test_a_row_ends_at_a_line_feed_and_nowhere_else() -> None:
    text = '{"topic": "a\u2028b"}\r\n{"topic": "c\x85d"}\n'  # both are plain JSON
    told = received(text)
    assert [(one.where, one.data["topic"]) for one in told] == [("line 1", "a\u2028b"), ("line 2", "c\x85d")]
    ours, theirs = os.pipe()
    Answers(theirs).give(0, told[0].data)
    assert os.read(ours, 99) == b'{"topic": "a\\u2028b"}\n', "readers that are not ours would end a row there"


def test_the_same_twice_in_a_batch_has_one_name() -> None:
    taken: dict[str, str] = {}
    assert [free_name("n" * 64, content, taken)[56:] for content in ("a", "b", "a", "c", "b")] == [
        "n" * 8, "--2", "n" * 8, "--3", "--2",
    ]  # fmt: skip


def test_a_command_that_is_called_wrongly_says_so_as_a_document(project: Workspace) -> None:
    stage = Stage(project, "video_from_dialogue_api", "", "--nope")
    assert (stage.code, stage.answer["error"]["type"]) == (2, "SetupError")
    assert "No such option: --nope" in stage.err


def test_streams_that_are_closed_are_no_mistake_of_ours(project: Workspace, vendor: Standin) -> None:
    request = """echo '{"topic": "rain"}' | """
    commands = {"dialogue_api <&- 2>err.txt": 2, f"{request} dialogue_api >&- 2>err.txt": 2}
    for command, code in commands.items():
        env = {**project.env, "PATH": f"{BIN}:{project.env['PATH']}"}
        told = subprocess.run(["bash", "-c", command], cwd=project.root, env=env, capture_output=True, check=False)
        assert told.returncode == code
        assert "Traceback" not in (project.root / "err.txt").read_text("utf-8")
        assert (b"nothing on stdin" in told.stdout) == command.startswith("dialogue_api")
    assert vendor.count() == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lines": [{"character": "bob", "text": "Hello."}]}, "line 1 is spoken by 'bob', who is not in the cast"),
        ({"lines": [{"character": "ada", "text": "\U0001f389"}]}, "there is nothing to click for"),
        ({"lines": [{"character": "ada", "text": "x" * 10_000}]}, "shorten it, or split it into two lines"),
        ({"background": {"file": "assets/none.mp4"}}, "there is no file assets/none.mp4"),
        (
            {"characters": {"ada": {"name": "Ada", "sprites": {"telling": "ada.png"}}}},
            "is not a picture in the document",
        ),
        ({"providers": {"voice": {"provider": "nobody"}}}, "there is no voice provider named 'nobody'"),
    ],
)
def test_what_is_wrong_with_a_dialogue_is_told_before_anything_is_spent(
    project: Workspace, vendor: Standin, change: dict[str, Any], told: str
) -> None:
    stage = filmed(project, {**dialogue("Hello."), **change})
    assert stage.code == 2
    assert told in stage.answer["error"]["message"]
    assert vendor.count() == 0


def test_an_error_of_the_stage_before_goes_through_as_it_is(project: Workspace) -> None:
    error = {"schema": "reelmake/error@1", "error": {"type": "BuildError", "message": "no", "where": "rain"}}
    stage = filmed(project, error)
    assert (stage.code, stage.answer) == (1, error)


def test_a_mistake_in_a_file_is_told_with_its_place(project: Workspace) -> None:
    """Where the document itself is wrong, `where` has the place."""
    project.write("episodes/sun.yaml", "title: Sun\nscript:\n  - ada: Hi there\n    tak: 2\n")
    stage = Stage(project, "dialogue_api", "", "--episode", "episodes/sun.yaml")
    wrong = {"type": "InputError", "message": "episodes/sun.yaml:4: unknown name 'tak'; did you mean 'take'?"}
    assert stage.answer["error"] == {**wrong, "where": "episodes/sun.yaml"}
    stage = Stage(project, "dialogue_api", '{"topic": "rain", "name": "Rain"}')
    told = "name: 'Rain' cannot be an episode's name; write lower-case letters, digits, - and _"
    assert stage.answer["error"] == {"type": "InputError", "message": told, "where": "stdin"}


@pytest.mark.slow
def test_an_episode_file_becomes_a_dialogue_with_all_it_asks_for(project: Workspace) -> None:
    project.episode("sun", "ada: The sun is hot. | a sun", style="ink", reel={"fps": 24})
    stage = Stage(project, "dialogue_api", "", "--episode", "episodes/sun.yaml")
    assert stage.code == 0
    assert (stage.answer["name"], stage.answer["style"], stage.answer["reel"]) == ("sun", "ink", {"fps": 24})
    assert filmed(project, stage.answer).answer["made"]["voice"] == 1
    made = json.loads((project.root / "build/sun/video.json").read_text("utf-8"))["video"]
    assert (made["width"], made["fps"]) == (144, 24), "the rest is as the settings here say"


def test_a_reader_that_goes_away_costs_nothing_and_shows_no_traceback(project: Workspace, vendor: Standin) -> None:
    command = "dialogue_api 2>err.txt | true; echo ${PIPESTATUS[0]}"
    env = {**project.env, "PATH": f"{BIN}:{project.env['PATH']}"}
    told = subprocess.run(
        ["bash", "-c", command], cwd=project.root, env=env, input=b'{"topic": "rain"}', capture_output=True, check=True
    )
    assert told.stdout.decode().strip() in {"0", "1"}
    assert "Traceback" not in (project.root / "err.txt").read_text("utf-8")
    assert vendor.count("script") == 1
    assert written(project, lines=8)["cost"]["usd"] == "0"


@pytest.mark.slow
def test_sigterm_finishes_what_is_running_and_answers(project: Workspace, vendor: Standin) -> None:
    vendor.seconds["script"] = 1.0
    rows = "\n".join(json.dumps({"topic": f"topic {number}", "lines": 1}) for number in range(12))
    with subprocess.Popen(
        [BIN / "dialogue_api"], cwd=project.root, env=project.env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as stage:  # fmt: skip
        assert stage.stdin
        stage.stdin.write(rows.encode())
        stage.stdin.close()
        stage.stdin = None
        while not vendor.running["script"]:
            time.sleep(0.02)
        stage.send_signal(signal.SIGTERM)
        told, _ = stage.communicate(timeout=60)
    answers = [json.loads(row) for row in told.splitlines()]
    assert stage.returncode == 130
    assert len(answers) == 12
    done = [answer for answer in answers if answer["schema"] == "reelmake/dialogue@2"]
    assert 0 < len(done) == vendor.count("script") < 12


def test_what_the_machine_refuses_is_told_to_every_request(project: Workspace, vendor: Standin) -> None:
    project.write(".reelmake", "in the way")
    stage = Stage(project, "dialogue_api", '{"topic": "rain"}\n{"topic": "sun"}\n')
    assert stage.code == 2
    assert [answer["error"]["type"] for answer in stage.answers] == ["SetupError", "SetupError"]
    assert "Traceback" not in stage.err
    assert vendor.count() == 0


def test_half_a_character_goes_through(project: Workspace) -> None:
    text = '{"schema": "reelmake/error@1", "error": {"type": "E", "message": "\\ud83d", "where": ""}}'
    assert Stage(project, "video_from_dialogue_api", text).code == 1


def test_shots_travel_from_one_stage_to_the_other(project: Workspace, vendor: Standin) -> None:
    """What is made of the document is what is made of the episode: nothing of a line is lost on the way."""
    small_video(project.root / "assets/clip.mp4", seconds=2)
    clip = {"file": "assets/clip.mp4", "from": 0.5, "fill": "loop", "focus": [0.2, 0.3], "at": "everybody"}
    shots = ["a white moon", {"prompt": "a red barn", "motion": "up", "at": "there"}, {**clip, "transition": "whip"}]
    script = [{"ada": "Hello there, everybody.", "shots": shots}, {"max": "And goodbye.", "image": "none"}]
    script.append({"ada": "So long.", "image": {"file": "assets/clip.mp4"}, "motion": "left", "transition": "cut"})
    project.episode("one", script=script)
    project.run("segment:one")
    calls = vendor.count()
    stage = Stage(project, "dialogue_api", "", "--episode", "episodes/one.yaml")
    assert stage.code == 0, stage.err
    assert stage.answer["schema"] == "reelmake/dialogue@2"
    assert stage.answer["lines"][0]["shots"][2]["from"] == 0.5
    made = filmed(project, {**stage.answer, "name": "two"})
    assert made.code == 0, made.err
    assert vendor.count() == calls
    assert made.answer["made"].get("segment", 0) == 0, "the same segments, by their keys"
