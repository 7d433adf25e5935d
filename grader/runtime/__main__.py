"""``python -m grader.runtime``: prepare what a lab needs; progress on standard output, trouble on error."""

from __future__ import annotations

import sys

from grader.errors import BadInput
from grader.runtime import prepare


def main() -> int:
    try:
        prepare(lambda line: print(line, flush=True))
    except BadInput as why:
        print(why, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
