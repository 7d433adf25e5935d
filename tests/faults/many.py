# %% many small ones
import os
import time

for _ in range(20):
    if os.fork() == 0:
        own = bytearray(os.urandom(60 << 20))
        time.sleep(10_000)
time.sleep(10_000)
