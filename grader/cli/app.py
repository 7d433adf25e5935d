"""The parser: which verbs there are. What a verb does stands in the file of its name."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from grader import __version__
from grader.cli import gradebook
from grader.cli.grade import Isolation, grade
from grader.cli.hint import hint
from grader.cli.listing import list_exercises
from grader.cli.report import report
from grader.cli.reset import reset
from grader.cli.show import show
from grader.cli.words import command, exercise_ids
from grader.seed import LARGEST

OVERVIEW = """\
Hands-on exercises for machine learning on Databricks, run in a real lab and judged from outside.

  {0} list         the exercises, and your best scores
  {0} show ex1     what exercise 1 asks for
  {0} ex1          grade your work, work/ex1_delta.py (made for you the first time)
  {0} hint ex1     a hint on the first check that did not pass
  {0} --help       everything else"""


class Strict(StrEnum):
    """Isolation where nothing is left to chance."""

    sandbox = "sandbox"
    process = "process"


class Verbs(TyperGroup):
    """A group in which a first word that is no verb is an exercise: ``grade ex1`` means ``grade run ex1``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        own = {option for param in self.get_params(ctx) for option in param.opts}
        if args and args[0].split("=")[0] not in own and args[0] not in self.commands:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        exercise = next(p for p in self.commands["run"].params if p.name == "exercise")
        return [*exercise.shell_complete(ctx, incomplete), *super().shell_complete(ctx, incomplete)]


app = typer.Typer(cls=Verbs, rich_markup_mode=None, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"lab-grader {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True, subcommand_metavar="EXERCISE | COMMAND ...")
def overview(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> int:
    """Hands-on exercises for machine learning on Databricks, run in a real lab and judged from outside.

    \b
      grade ex1               grade your work, work/ex1_delta.py
      grade ex1 mine.ipynb    grade another notebook
      grade ex1 --seed 7      in another lab, with other data
      grade hint ex1          what to try next

    The first time, grade ex1 makes work/ex1_delta.py from the starter. Edit it in whatever editor you like
    and grade it as often as you like: each run is a fresh lab. What more grading can do: grade ex1 --help
    """
    if ctx.invoked_subcommand is None:
        print(OVERVIEW.format(command()))
    return 0


app.command("run")(grade)
app.command("list")(list_exercises)
app.command("show")(show)
app.command("hint")(hint)
app.command("reset")(reset)
app.command("report")(report)
app.add_typer(gradebook.app, name="gradebook")


@app.command("verify")
def _verify(
    exercises: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EXERCISE",
            help="Which exercises; all without it.",
            autocompletion=exercise_ids,
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=LARGEST, metavar="N", help="Which lab.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, metavar="N", help="The number of labs at a time.")] = None,
    solutions: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the solutions lie, instead of solutions/.")
    ] = None,
    sealed: Annotated[
        bool, typer.Option("--sealed", help="Use only fresh, sealed labs, as learners get them. Takes longer.")
    ] = False,
) -> int:
    """Prove the suites: grade solutions whose result is known."""
    from grader.cli.verify import verify

    return verify(exercises or [], seed=seed, jobs=jobs, folder=solutions, sealed=sealed)


@app.command("lab")
def _lab(
    ctx: typer.Context,
    exercise: Annotated[
        str | None,
        typer.Argument(
            metavar="EXERCISE",
            help="Whose data and starter the lab has; without it the lab is empty.",
            autocompletion=exercise_ids,
            show_default=False,
        ),
    ] = None,
    shell: Annotated[bool, typer.Option("--shell", help="A Python prompt instead of notebooks.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, metavar="N", help="The notebook server's port; any without it.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=LARGEST, metavar="N", help="Which lab.")] = None,
    isolation: Annotated[
        Isolation, typer.Option(help="Where the lab runs; auto takes the sandbox if there is one.")
    ] = Isolation.auto,
) -> int:
    """Open a lab to explore: notebooks, Spark, MLflow's pages and a Databricks workspace."""
    from grader.cli.lab import open_lab

    verbs = list(getattr(ctx.find_root().command, "commands", {}))
    return open_lab(exercise, shell=shell, port=port, seed=seed, isolation=isolation.value, verbs=verbs)


@app.command("class")
def _class(
    submissions: Annotated[Path, typer.Argument(metavar="SUBMISSIONS", help="The folder that holds them.")],
    exercise: Annotated[
        list[str] | None,
        typer.Option("--exercise", metavar="EXERCISE", help="Which, more than once for several; all without it."),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The class as CSV, with a line of headings.")
    ] = None,
    gradebook: Annotated[
        str, typer.Option(metavar="PLACE", help="A file, or a database's URL.", envvar="GRADER_GRADEBOOK")
    ] = "gradebook.db",
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="So many submissions at a time; one a core without it.")
    ] = None,
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of a Dask scheduler, to grade there.")] = None,
    due: Annotated[str | None, typer.Option(metavar="TIME", help="When it was due, like 2026-03-01T23:59.")] = None,
    late_policy: Annotated[
        str | None, typer.Option(metavar="POLICY", help="What lateness costs: none, zero, 10%, 10%/day ...")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=LARGEST, metavar="N", help="Which lab.")] = None,
    isolation: Annotated[
        Strict, typer.Option(help="Where submissions run; process, without a sandbox, is written on every report.")
    ] = Strict.sandbox,
    force: Annotated[bool, typer.Option("--force", help="Grade again what has a result.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Grade again what could not be graded.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="LEARNER", help="This learner; more than once for several.")
    ] = None,
) -> int:
    """Grade a class: every submission in a folder, into a gradebook.

    Interrupted at any moment, it goes on where it stopped when it is called again.

    Exit status: 0 all were graded, 1 some could not be, 2 wrong input, 3 the grader failed, 130 interrupted.
    """
    from grader.cli.classroom import grade_class

    return grade_class(
        submissions,
        exercise or [],
        roster=roster,
        gradebook=gradebook,
        jobs=jobs,
        cluster=cluster,
        due=due,
        late_policy=late_policy,
        seed=seed,
        isolation=isolation.value,
        force=force,
        retry_failed=retry_failed,
        only=only or [],
    )


@app.command("alike")
def _alike(
    submissions: Annotated[Path, typer.Argument(metavar="SUBMISSIONS", help="The folder that holds them.")],
    exercise: Annotated[str, typer.Option("--exercise", metavar="EXERCISE", help="Which.")],
    roster: Annotated[Path | None, typer.Option(metavar="FILE", help="The class as CSV.")] = None,
) -> int:
    """Show pairs of submissions that may be copies, their lines side by side: a hint, never a mark."""
    from grader.cli.alike import alike

    return alike(submissions, exercise, roster=roster)


@app.command("release")
def _release(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new folder for it.")],
    exercises: Annotated[
        list[str] | None,
        typer.Option(
            "--exercise", "--exercises", metavar="EXERCISE", help="Which, more than once for several; all without it."
        ),
    ] = None,
) -> int:
    """Write what learners get: starters, briefs and pinned requirements, and no answer."""
    from grader.cli.release import release

    return release(folder, exercises or [])


@app.command("doctor")
def _doctor() -> int:
    """Check this machine, and say what each finding means."""
    from grader.cli.doctor import doctor

    return doctor()
