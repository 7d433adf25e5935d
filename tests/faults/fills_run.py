# Beside the lab's own folder there is one for its sockets; it is no place to hide in.

# %% fills the other folder
import sys
from pathlib import Path

for number in range(1000):
    (Path(sys.argv[-1]).parent / f"{number}.bin").write_bytes(b"x" * (64 << 20))
