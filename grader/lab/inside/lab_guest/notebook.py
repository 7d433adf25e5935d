"""The kernel as a Databricks notebook: ``spark``, ``dbutils``, ``display``, SQL cells and errors told plainly."""

from __future__ import annotations

import builtins
import contextlib
import json
import logging
import signal
import sys
import threading
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import capture, errors, parity, sql
from .dbutils import DBUtils, NotebookExit

# Of the lab's own, so that a cell that patches json cannot change how the lab reports.
_json = types.SimpleNamespace(dumps=json.dumps, loads=json.loads, JSONDecodeError=json.JSONDecodeError)
_dumps = _json.dumps


def make_kernel(config: dict[str, Any], arguments: list[str]) -> Any:
    """An initialised IPKernelApp whose namespace offers what a Databricks notebook has, but for ``spark``."""
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelapp import IPKernelApp
    from jupyter_client import session

    session.json = _json

    class Kernel(IPythonKernel):  # type: ignore[misc]
        """Stops what Spark is at with the cell, and says so only when it has. Each cell is answered for."""

        def pre_handler_hook(self) -> None:
            """An interrupt is ignored, but while a cell's code runs: ipykernel's own hook would lose the answer."""

        post_handler_hook = pre_handler_hook

        async def do_execute(self, *args: Any, **settings: Any) -> dict[str, Any]:
            try:
                try:
                    signal.signal(signal.SIGINT, signal.default_int_handler)
                    reply: dict[str, Any] = await super().do_execute(*args, **settings)
                finally:
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
            except KeyboardInterrupt:
                # It came when the code had ended and its answer was being made.
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                reply = {"status": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}
            return reply

        async def interrupt_request(self, stream: Any, ident: Any, parent: Any) -> None:
            # To the thread that runs cells: a call that waits there would not be woken by one to another.
            main = threading.main_thread().ident
            if main is not None:
                signal.pthread_kill(main, signal.SIGINT)
            capture.cancel_jobs()
            self.session.send(stream, "interrupt_reply", {"status": "ok"}, parent, ident=ident)

    app = IPKernelApp.instance(kernel_class=Kernel, outstream_class="lab_guest.stream.Stream")
    app.initialize([*arguments, "--HistoryManager.enabled=False", "--InteractiveShell.colors=nocolor"])
    if config["limits"]:
        app.session.pack = _sendable(app.session.pack, 2 * int(config["limits"]["output_mb"]) << 20)
    shell = app.shell
    dbutils = DBUtils(Path(config["root"]), config["widgets"])
    shell.user_ns.update(
        dbutils=dbutils,
        display=display,
        displayHTML=display_html,
        exit=leave,
        quit=leave,
        getArgument=dbutils.widgets.get,
    )
    builtins.exit = builtins.quit = leave  # type: ignore[assignment]
    shell.register_magic_function(lambda line, cell: sql.run(shell, line, cell), "cell", "sql")
    if config["results_file"]:
        results = Path(config["results_file"])
        shell.register_magic_function(
            lambda line: capture.write(shell.user_ns, config["results"], results, _dumps), "line", "lab_capture"
        )
        _tell_errors_plainly(shell)
    shell.register_magic_function(lambda line: pip(line), "line", "pip")
    _keep_quiet()
    parity.settle()
    return app


def _sendable(pack: Callable[[Any], bytes], longest: int) -> Callable[[Any], bytes]:
    """``pack`` for messages of any size (more than the grader reads is cut) and any text (half characters)."""

    def cut(value: Any) -> Any:
        if isinstance(value, str):
            return value[:longest].encode(errors="replace").decode()
        if isinstance(value, dict):
            return {key: cut(item) for key, item in value.items()}
        return [cut(item) for item in value] if isinstance(value, list | tuple) else value

    def packed(content: Any) -> bytes:
        with contextlib.suppress(UnicodeEncodeError):
            data = pack(content)
            if len(data) <= longest:
                return data
        return pack(cut(content))

    return packed


def offer_spark(shell: Any, spark: Any) -> None:
    """Put the session where a Databricks notebook has it, and keep it open whatever a cell does."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    def stop(self: Any) -> None:
        print("The lab keeps its Spark session open, as a Databricks cluster does: stop() did nothing.")

    SparkSession.stop = stop  # type: ignore[method-assign]
    SparkContext.stop = stop  # type: ignore[method-assign]
    shell.user_ns.update(spark=spark, sc=spark.sparkContext, sqlContext=None, table=spark.table)
    del shell.user_ns["sqlContext"]
    module = types.ModuleType("pyspark.dbutils", "DBUtils as Databricks Runtime offers it.")
    dbutils = shell.user_ns["dbutils"]
    module.DBUtils = lambda *_: dbutils  # type: ignore[attr-defined]
    sys.modules["pyspark.dbutils"] = module


def display(value: Any = None, *_: Any, **__: Any) -> None:
    """Show a Spark or pandas DataFrame, or anything IPython can show. At most 1,000 rows, as on Databricks."""
    from IPython.display import display as show

    show(value.limit(1000).toPandas() if hasattr(value, "toPandas") else value)


def display_html(html: str) -> None:
    """Show HTML (the notebook global ``displayHTML``)."""
    from IPython.display import HTML
    from IPython.display import display as show

    show(HTML(html))


def leave(value: object = None) -> None:
    """``exit()`` and ``quit()`` end the notebook as ``dbutils.notebook.exit`` does, and keep its results."""
    raise NotebookExit("" if value is None else str(value))


def pip(line: str) -> None:
    """``%pip`` is accepted and does nothing: the lab's packages are fixed and it has no network."""
    print(f"The lab's packages are fixed: '%pip {line}' did nothing.")


def _tell_errors_plainly(shell: Any) -> None:
    """Send each error as one JSON line with the learner's own line, instead of a coloured traceback."""

    def structured(etype: Any, value: Any = None, tb: Any = None, *_: Any, **__: Any) -> list[str]:
        if isinstance(etype, BaseException):
            etype, value, tb = type(etype), etype, etype.__traceback__
        return [errors.MARK + _dumps(errors.describe(value, tb))]

    shell.InteractiveTB.structured_traceback = structured
    shell.SyntaxTB.structured_traceback = structured

    def exception_only(etype: Any, value: Any) -> list[str]:
        return structured(etype, value)

    shell.InteractiveTB.get_exception_only = exception_only


def _keep_quiet() -> None:
    """Silence what is of no use to a learner; a real warning of their own code still shows."""
    # PySpark logs each failed query as a page of JSON, besides raising it.
    for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger", "py4j"):
        logging.getLogger(name).disabled = True
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(?!__main__)")
    for beginning in (
        "IProgress not found",  # tqdm would rather draw a widget
        "`y_pred` was renamed to `y_proba`",  # said to MLflow's autologging, by scikit-learn
    ):
        warnings.filterwarnings("ignore", message=beginning)
