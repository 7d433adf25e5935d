# What processes share is not counted once for each of them.

# %% many that share
import os
import time

own = bytearray(os.urandom(300 << 20))
for _ in range(8):
    if os.fork() == 0:
        time.sleep(10_000)
time.sleep(3)
