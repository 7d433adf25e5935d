# Prints without end.
# %% attack
import os
while True:
    print("x" * 100_000)
