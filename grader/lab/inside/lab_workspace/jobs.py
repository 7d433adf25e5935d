"""Jobs. What follows is what webhooks need of them; the workspace has none yet.

The module's interface, by which the rest of the workspace knows it:

- ``routes(services)``: endpoints by method and path;
- ``run(services)``: a coroutine that the server runs from its start to its end;
- ``status(services)``: how many runs are not over, for whoever waits until all is done;
- ``check(services, job_id)``: raises NoSuchJob when there is no such job;
- ``start_job(services, job_id, parameters, key)``: starts a run as ``jobs/run-now`` does and returns its id at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .services import Services
from .wire import ApiError, Routes


class NoSuchJob(ApiError):
    """There is no job of this id; code and message as Databricks publishes them."""

    def __init__(self, job_id: str) -> None:
        super().__init__("INVALID_PARAMETER_VALUE", f"Job {job_id} does not exist.")


def routes(services: Services) -> Routes:
    """The endpoints for jobs."""
    return {}


async def run(services: Services) -> None:
    """Look after running jobs; cancelled when the server ends."""


def status(services: Services) -> dict[str, int]:
    """Part of what ``GET /lab/status`` tells."""
    return {"active_runs": 0}


def check(services: Services, job_id: str) -> None:
    """Raises NoSuchJob when there is no such job."""
    raise NoSuchJob(job_id)


def start_job(services: Services, job_id: str, parameters: Mapping[str, Any], key: str) -> int:
    """Start a run of a job and return the run's id, without waiting for the run.

    ``parameters`` are those of ``jobs/run-now`` for every kind of task (``notebook_params``, ``python_params``, ...).
    ``key`` is an idempotency token: when asked again with the same one, the run that it started is meant. The run must
    have been committed on return. Raises ApiError as ``jobs/run-now`` answers; NoSuchJob when there is none.
    """
    raise NoSuchJob(job_id)
