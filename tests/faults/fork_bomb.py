# Of fixed size, so that no machine is lost should the watch fail: the limit is far below it.

# %% multiplies
import mmap
import os
import socket
import time

assert socket.gethostname() == "lab", "this is no sandbox"
count = mmap.mmap(-1, 8)
while int.from_bytes(count[:8], "little") < 2500:
    try:
        count[:8] = (int.from_bytes(count[:8], "little") + 1).to_bytes(8, "little")
        os.fork()
    except OSError:
        pass
time.sleep(10_000)

# %% never runs
bad_version = 1
