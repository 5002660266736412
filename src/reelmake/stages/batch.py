"""Running the episodes of a batch, and answering each request as soon as its own is over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reelmake.documents import Document
from reelmake.errors import ReelmakeError
from reelmake.project import Project
from reelmake.stages.pipe import DONE, FAILED, INTERRUPTED, Answers, error_document
from reelmake.stages.report import Report
from reelmake.tasks import host
from reelmake.tasks.build import Build
from reelmake.tasks.kinds import PUBLISH

Result = Callable[[str, Build, Report], Document]


def run_batch(  # noqa: PLR0913, PLR0917 (what is run, for whom, and what is made of it)
    project: Project, kind: str, episodes: Iterable[str], names: Sequence[str], answers: Answers, result: Result
) -> int:
    """Run the step of a kind of all episodes; returns the exit code.

    Request `at` is about the episode `names[at]`. Its answer is what `result` returns, or the error that it raises.
    """
    builds: list[Build] = []
    steps = {name: f"{kind}:{name}" for name in episodes}

    def answer(name: str, told: Document) -> None:
        for at, of in enumerate(names):
            if of == name and not answers.is_given(at):
                answers.give(at, told)

    def done(name: str) -> None:
        try:
            answer(name, result(name, builds[0], report))
        except ReelmakeError as error:
            answer(name, error_document(error, name))

    def opened(build: Build) -> None:
        if kind == PUBLISH:
            build.publishing.targets(project.productions.values())
        builds.append(build)

    report = Report(steps, done, kind)
    code = host.run(project, steps.values(), report.finished, opened)
    for name in steps:
        answer(name, error_document(report.failure(name), name))
    return INTERRUPTED if code == INTERRUPTED else FAILED if answers.failed or code else DONE
