"""What a lab may use. An exercise's manifest may set its own; every breach is a named outcome of a cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Limits:
    """Time in seconds of wall time, memory and disk in MiB, output in MiB of messages per cell.

    ``memory_mb`` bounds the notebook's own process; ``lab_memory_mb`` all of a lab's processes, the JVM included.
    ``processes`` counts tasks (threads too), of which an idle lab has about a hundred. ``open_files`` counts
    descriptors, those of sockets and pipes too, of which a lab has some 700: each may hold memory of the system.
    ``settle_seconds`` is how long a workspace may take to come to rest after the notebook, and after each thing that
    happens then: CPU time, and PATIENCE times as long in wall time (``lab_guest.cputime``).
    """

    cell_seconds: float = 60
    submission_seconds: float = 300
    memory_mb: float = 1536
    lab_memory_mb: float = 3072
    processes: float = 600
    open_files: float = 4096
    output_mb: float = 4
    disk_mb: float = 512
    files: float = 20_000
    settle_seconds: float = 60

    @property
    def message_bytes(self) -> int:
        """How much a notebook may send to the grader while one cell runs, on all channels together.

        Messages take more room than what they show: a line that is printed at once comes in some 700 bytes.
        """
        return int(16 * self.output_mb * (1 << 20))

    @classmethod
    def of(cls, settings: Mapping[str, float]) -> Limits:
        """The defaults, with a manifest's ``[limits]`` in their place. Raises ValueError for unknown names."""
        unknown = settings.keys() - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown limits: {', '.join(sorted(unknown))}")
        return cls(**settings)

    def for_guest(self, *, own_processes: bool) -> dict[str, float]:
        """As the lab's first process reads them; ``own_processes``: nothing but the lab runs under its user.

        The system's own limit of processes lies above the watch's: it holds a fork bomb until that ends it.
        """
        return asdict(self) | {"own_processes": own_processes, "processes": 1.25 * self.processes}
