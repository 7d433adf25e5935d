# Never to be run without a sandbox.

# %% multiplies
import os
import socket

assert socket.gethostname() == "lab", "this is no sandbox"
while True:
    try:
        os.fork()
    except OSError:
        pass

# %% never runs
bad_version = 1
