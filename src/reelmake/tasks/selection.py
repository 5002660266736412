"""Selecting tasks by the words of the command line: names, patterns and files, also of tasks that do not exist yet.

Tasks of a delayed creator are made during the run. Which names and files a creator may make is in the `creates`
of its `DelayedLoader`: names (`video:moths`), beginnings of names (`voice:moths:`) and folders (`build/moths/`). A
word that only such a creator can satisfy is looked up once it has run, and not finding it is a failure, not a success.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from doit.control import ExecNode, TaskControl, TaskDispatcher
from doit.exceptions import BaseFail, InvalidCommand
from doit.loader import generate_tasks
from doit.task import DelayedLoader, Task

from reelmake.tasks.job import failure


class Wanted(Task):  # type: ignore[misc]  # doit is not typed
    """Placeholder of a word that only a delayed creator can satisfy; afterwards it depends on the tasks found."""

    def __init__(self, name: str, text: str, loader: DelayedLoader, found: list[str]) -> None:
        super().__init__(name, None, loader=loader)
        self.text = text
        self.found = found  # shared by all that stand for the same pattern
        self.looked = False

    def look(self, tasks: dict[str, Task], targets: dict[str, str]) -> None:
        """Depend on the tasks that the word names, or whose targets it names. The creator has run."""
        self.looked = True
        new = [name for name, task in tasks.items() if _matches(name, self.text) and not isinstance(task, Wanted)]
        new += [targets[self.text]] if self.text in targets else []
        self.task_dep.extend(new)
        self.found.extend(new)


class Dispatcher(TaskDispatcher):  # type: ignore[misc]
    """doit's dispatcher, which also resolves words that only delayed creators can satisfy.

    broken   names of placeholders -> why their creator failed
    """

    def __init__(self, control: Control) -> None:
        self.broken: dict[str, BaseFail] = {}
        self._control = control
        loaders: dict[int, tuple[DelayedLoader, list[str]]] = {}
        for task in control.tasks.values():
            if task.loader:
                loaders.setdefault(id(task.loader), (task.loader, []))[1].append(task.name)
        for loader, names in loaders.values():
            loader.creator = self._guarded(loader, names)
        super().__init__(control.tasks, control.targets, control.selected_tasks)

    def not_found(self) -> Iterator[tuple[Task, str]]:
        """Yield the placeholders whose word names nothing, with a message. Call it when all creators have run."""
        reported = set()
        for wanted in self._control.wanted:
            failed = wanted.looked and self.nodes[wanted.name].run_status == "failure"
            if wanted.looked and not failed and not wanted.found and wanted.text not in reported:
                reported.add(wanted.text)
                yield wanted, self._control.no_such(wanted.text)

    def _add_task(self, node: ExecNode) -> Any:
        task = node.task
        if isinstance(task, Wanted) and not task.loader and not task.looked:
            task.look(self.tasks, self.targets)
        return super()._add_task(node)

    def _guarded(self, loader: DelayedLoader, names: list[str]) -> Callable[..., Iterator[Task]]:
        """Keep a creator that fails from ending the whole run: it fails those that wait for its tasks.

        doit would also call it after the task that it waits for has failed or was left out. Then there is nothing to
        make tasks of, and what was made before must stay: its placeholders remain, and go the way of that task.
        """
        creator, before = loader.creator, loader.task_dep
        function = getattr(creator, "func", creator)
        whose = "" if function.__module__.startswith("reelmake.") else f"the task creator {function.__name__}"

        def create(*args: Any, **options: Any) -> Iterator[Task]:
            if before in self.nodes and self.nodes[before].run_status in {"failure", "ignore"}:
                return
            try:
                tasks = generate_tasks(names[0], creator(*args, **options), creator.__doc__)
            except Exception as error:  # noqa: BLE001
                self.broken.update(dict.fromkeys(names, failure(error, whose)))
                tasks = []
            yield from tasks

        return create


class Control(TaskControl):  # type: ignore[misc]
    """doit's table of tasks, with a stricter and more helpful way to choose from it."""

    def __init__(self, task_list: list[Task], commands: list[str]) -> None:
        self.wanted: list[Wanted] = []
        self._commands = commands
        super().__init__(task_list)

    def task_dispatcher(self) -> Dispatcher:
        """Return the dispatcher of the chosen tasks."""
        return Dispatcher(self)

    def no_such(self, text: str) -> str:
        """Say that nothing is called so, and what is called nearly so."""
        known = [name for name in self.tasks if not name.startswith("_") and not isinstance(self.tasks[name], Wanted)]
        known += [*self.targets, *self._commands]
        if "*" in text:
            return f"no task matches '{text}'; 'doit list --all' shows all tasks"
        video = f"video:{text}"
        close = [video] if video in self.tasks else difflib.get_close_matches(text, known, n=3)
        meant = f"did you mean {' or '.join(close)}?" if close else "'doit list --all' shows all tasks"
        return f"there is no task and no file to build called '{text}'; {meant}"

    def _filter_tasks(self, task_selection: list[str]) -> list[str]:
        words = [name for text in task_selection for name in self._resolve(text)]
        # doit reads the options of a task once, and stops reading the command line at a task that comes again.
        selection = [word for i, word in enumerate(words) if word not in self.tasks or word not in words[:i]]
        try:
            return list(super()._filter_tasks(selection))
        except InvalidCommand as error:
            if error.not_found:
                raise InvalidCommand(self.no_such(error.not_found)) from None
            raise

    def _resolve(self, text: str) -> list[str]:
        """Return the names that a word of the command line stands for; a word that is not for us is left alone."""
        if text in self.tasks or text.startswith("-"):
            return [text]
        if "*" in text:
            found = [name for name in self.tasks if fnmatchcase(name, text)]
            wanted = [self._want(f"_wanted:{len(self.wanted)}", text, maker, found) for maker in self._makers(text)]
            if not found and not wanted:
                raise InvalidCommand(self.no_such(text))
            return [*found, *wanted]
        path = os.path.relpath(text)
        if path in self.targets:
            return [self.targets[path]]
        for word in (text, path):
            for maker in self._makers(word)[:1]:
                return [self._want(word, word, maker, [])]
        return [text]

    def _want(self, name: str, text: str, maker: Task, found: list[str]) -> str:
        # doit loads through the task that has this name, and names what is made after it.
        maker.loader.basename = maker.loader.basename or maker.name
        wanted = Wanted(name, text, maker.loader, found)
        self.wanted.append(wanted)
        self.tasks[name] = wanted
        return name

    def _makers(self, text: str) -> list[Task]:
        """Return a placeholder for each delayed creator that may make what `text` names."""
        may = {id(task.loader): task for task in reversed(self.tasks.values()) if _may_make(task, text)}
        return list(reversed(may.values()))


def _matches(name: str, text: str) -> bool:
    return fnmatchcase(name, text) if "*" in text else name == text


def _may_make(placeholder: Task, text: str) -> bool:
    """Say whether a delayed creator may make a task or a file that is called, or matches, `text`."""
    if not placeholder.loader or isinstance(placeholder, Wanted):
        return False
    known = [*placeholder.loader.creates, f"{placeholder.name}:"]
    beginnings = tuple(entry for entry in known if entry.endswith((":", "/")))
    if "*" in text:
        return any(fnmatchcase(entry, text) for entry in known) or text.partition("*")[0].startswith(beginnings)
    return text in known or text.startswith(beginnings)
