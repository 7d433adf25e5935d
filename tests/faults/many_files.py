# %% a million files
import os

for number in range(1_000_000):
    if number % 1000 == 0:
        os.makedirs(f"d{number}")
    open(f"d{number // 1000 * 1000}/{number}", "w").close()
