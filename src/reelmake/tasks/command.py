"""doit's commands with our parts in them; a project names them in its pyproject.toml (see the package's docstring)."""

from __future__ import annotations

import os
import sys
from collections import ChainMap
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from doit import (
    cmd_clean,
    cmd_completion,
    cmd_forget,
    cmd_help,
    cmd_ignore,
    cmd_info,
    cmd_list,
    cmd_resetdep,
    cmd_run,
    doit_cmd,
)
from doit.cmd_base import Command, DoitCmdBase, opt_depfile
from doit.cmdparse import CmdParseError
from doit.exceptions import InvalidCommand, InvalidDodoFile, InvalidTask
from doit.reporter import ErrorOnlyReporter, ExecutedOnlyReporter, ZeroReporter
from doit.task import Stream, Task

from reelmake.core.logging import tell_mistake, write_json
from reelmake.plan.kinds import KINDS, VIDEO
from reelmake.tasks.progress import Progress
from reelmake.tasks.records import Records
from reelmake.tasks.runner import DEFAULT_POOL, INTERRUPTED, PoolRunner
from reelmake.tasks.selection import Control

FAILED = 1
BROKEN = 3  # doit's code for what could not start
UNUSED = {
    "backend": "dbm",
    "codec_cls": "json",
    "check_file_uptodate": "md5",
}  # doit asks for them, and we replace them
SILENT = (Progress, ExecutedOnlyReporter, ZeroReporter, ErrorOnlyReporter)  # of what is up to date


class WithRecords(DoitCmdBase):  # type: ignore[misc]  # doit is not typed
    """A command that uses our records."""

    base_options = (opt_depfile,)

    def execute(self, params: dict[str, Any], args: list[str]) -> int | None:
        """Run the command; returns the exit code."""
        refuse_variables()
        params.update(UNUSED)
        self._params = params
        try:
            result: int | None = super().execute(params, args)
        except KeyboardInterrupt:  # while tasks are loaded: nothing runs yet
            print("interrupted", file=sys.stderr)
            return INTERRUPTED
        except (CmdParseError, InvalidCommand, InvalidDodoFile, InvalidTask):
            raise
        except BrokenPipeError:  # `doit list | head`: the reader has read enough
            sys.stdout = None
            return FAILED
        except Exception:
            if self.pdb:
                raise
            tell_mistake()
            return BROKEN
        finally:
            if self.dep_manager:
                self.dep_manager.close()
        return result

    def get_checker_cls(self, check_file_uptodate: str) -> Any:
        """Open our records: doit asks this once it knows its settings, and makes its own records if there are none."""
        self.dep_manager = Records(self._params["dep_file"])
        return super().get_checker_cls(check_file_uptodate)


def refuse_variables() -> None:
    """Refuse arguments like `a=b`: doit takes them for variables of dodo.py, and would do what is left, perhaps all."""
    for name, value in doit_cmd._CMDLINE_VARS.items():  # noqa: SLF001 - doit has no name for all of them
        raise InvalidCommand(f"nothing is called '{name}={value}'; an option with a value begins with --")


class Help(WithRecords, cmd_help.Help):  # type: ignore[misc]
    """doit help."""


class TabCompletion(WithRecords, cmd_completion.TabCompletion):  # type: ignore[misc]
    """doit tabcompletion; what it writes asks `doit list` for the tasks, which change from script to script."""

    def execute(self, params: dict[str, Any], args: list[str]) -> int | None:
        """Write the script."""
        if params["hardcode_tasks"]:
            raise InvalidCommand("--hardcode-tasks is not there: without it, the tasks are those of the moment")
        return super().execute(params, args)


class Strace(Command):  # type: ignore[misc]
    """doit strace, which is switched off."""

    doc_purpose = "not there: steps of reelmake start no commands of their own"
    doc_usage = ""
    doc_description = None
    instead = "strace follows the commands of a task, and steps of reelmake are not commands"

    def execute(self, params: dict[str, Any], args: list[str]) -> int:
        """Refuse, and say what to type instead."""
        del params
        raise InvalidCommand(f"{self.instead}; 'doit info {args[0] if args else 'TASK'}' tells what a task reads")


class DumpDB(Strace):
    """doit dumpdb, which is switched off."""

    doc_purpose = "not there: reelmake keeps a database of its own"
    instead = "dumpdb reads doit's own database, and reelmake keeps another"


class List(WithRecords, cmd_list.List):  # type: ignore[misc]
    """doit list."""


class Clean(WithRecords, cmd_clean.Clean):  # type: ignore[misc]
    """doit clean; where it is to clean what plain doit builds, also what may have been made of a video."""

    sel_tasks: list[str] | None

    def _execute(
        self, dryrun: bool, cleandep: bool, cleanall: bool, cleanforget: bool, pos_args: list[str] | None = None
    ) -> None:
        built = self.sel_tasks or []
        if not pos_args and VIDEO in built:
            self.sel_tasks = [*built, *(name for name, kind in KINDS.items() if kind.is_after)]
        super()._execute(dryrun, cleandep, cleanall, cleanforget, pos_args)
        folders = {str(Path(target).parent) for task in self.task_list for target in task.targets}
        for folder in () if dryrun else sorted(folders, reverse=True):  # what is within others comes first
            with suppress(OSError):  # it holds something, or was not there
                Path(folder).rmdir()


class Forget(WithRecords, cmd_forget.Forget):  # type: ignore[misc]
    """doit forget."""


class Ignore(WithRecords, cmd_ignore.Ignore):  # type: ignore[misc]
    """doit ignore."""


class ResetDep(WithRecords, cmd_resetdep.ResetDep):  # type: ignore[misc]
    """doit reset-dep."""


class Info(WithRecords, cmd_info.Info):  # type: ignore[misc]
    """doit info."""

    def _execute(self, pos_args: list[str], hide_status: bool = False) -> int:
        control = Control(self.task_list, [])
        for name in pos_args:
            if name not in control.tasks:
                raise InvalidCommand(control.no_such(name))
        return int(super()._execute(pos_args, hide_status))

    @staticmethod
    def get_reasons(reasons: Mapping[str, Any]) -> str:
        """Return why a task is not up to date."""
        lines = [cmd_info.Info.get_reasons(reasons), *(f" * {why}" for why in reasons["step"])]
        if reasons["changed_target"]:
            lines += [" * The following targets are not as the task made them:"]
            lines += [f"    - {path}" for path in reasons["changed_target"]]
        return "\n".join(filter(None, lines))


class Run(WithRecords, cmd_run.Run):  # type: ignore[misc]
    """doit run, which is plain doit.

    The loader may have `pools`, a mapping from the name of a pool to its limit; it is read again whenever something
    could start. Without it there is one pool, `cpu`.
    """

    cmd_options = (
        cmd_run.opt_always,
        {**cmd_run.opt_continue, "default": True},
        cmd_run.opt_verbosity,
        {**cmd_run.opt_reporter, "default": "progress"},
        cmd_run.opt_outfile,
        {**cmd_run.opt_num_process, "default": None, "help": "refused: [tool.reelmake.limits] has the limits of pools"},
        {**cmd_run.opt_parallel_type, "default": None, "help": "refused, like -n"},
        {"name": "log_json", "long": "log-json", "type": bool, "default": False, "help": "write logs as JSON"},
        cmd_run.opt_pdb,
        cmd_run.opt_single,
        cmd_run.opt_report_failure_verbosity,
    )

    def execute(self, params: dict[str, Any], args: list[str]) -> int | None:
        """Run the tasks; returns the exit code."""
        if params["num_process"] is not None or params["par_type"] is not None:
            raise InvalidCommand("-n and -P do nothing here: set the limits of pools in [tool.reelmake.limits] instead")
        if params["log_json"]:
            write_json()
        return super().execute(params, args)

    @property
    def may_leave_out(self) -> bool:
        """Say whether up-to-date steps may be left out: nothing is done with them, and their names are not shown."""
        reporter = self._params["reporter"]
        shown = self.reporters.get(reporter) if isinstance(reporter, str) else reporter
        return shown in SILENT and not self._params["always"] and not self._params["single"]

    def get_reporters(self) -> dict[str, Any]:
        """Return all reporters by name: ours, doit's, and those of plugins."""
        reporters: dict[str, Any] = {"progress": Progress, **super().get_reporters()}
        self.cmdparser["reporter"].choices = {name: reporter.desc for name, reporter in reporters.items()}
        return reporters

    def _execute(  # noqa: PLR0913, PLR0917 - doit passes the options by these names
        self,
        outfile: str | TextIO,
        verbosity: int | None,
        always: bool,
        continue_: bool,
        reporter: Any,
        single: bool,
        force_verbosity: bool,
        failure_verbosity: int,
    ) -> int:
        control = Control(self.task_list, self.loader.cmd_names)
        control.process(self.sel_tasks)
        if single:
            _leave_out_dependencies(control)
        dispatcher = control.task_dispatcher()
        limits = ChainMap(getattr(self.loader, "pools", {}), {DEFAULT_POOL: os.cpu_count() or 1})
        reporter_class = self.reporters[reporter] if isinstance(reporter, str) else reporter
        options = {
            "limits": limits,
            "budget": getattr(self.loader, "budget", None),
            "current": getattr(self.loader, "current", {}),
        }
        stream = Stream(verbosity, force_verbosity)
        out = open(outfile, "w", encoding="utf-8") if isinstance(outfile, str) else outfile  # noqa: PTH123, SIM115
        try:
            reporter = reporter_class(out, {**options, "failure_verbosity": failure_verbosity})
            runner = PoolRunner(
                self.dep_manager,
                reporter,
                stream,
                limits=limits,
                always_execute=always,
                keep_going=continue_,
                on_stop=getattr(self.loader, "stop", lambda: None),
                at_end=getattr(self.loader, "finish", lambda: False),
            )
            code = runner.run_all(dispatcher)
            if code != INTERRUPTED:
                getattr(self.loader, "keep_fingerprints", lambda _: None)(dispatcher.nodes)
            return code
        finally:
            if out is not outfile:
                out.close()


def _leave_out_dependencies(control: Control) -> None:
    """Make the chosen tasks, or the members of chosen groups, depend on nothing (`doit -s`)."""
    for task in map(control.tasks.__getitem__, control.selected_tasks):
        members: list[Task] = [control.tasks[name] for name in task.task_dep] if task.has_subtask else [task]
        for member in members:
            member.task_dep = []
