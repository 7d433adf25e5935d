# Connects to abstract Unix sockets, which are no files.
# %% attack
import os
import socket

reached = []
for line in open("/proc/net/unix").read().splitlines()[1:]:
    name = line.split()[-1]
    if name.startswith("@"):
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect("\0" + name[1:])
                reached.append(client.recv(100))
        except OSError:
            pass
raise RuntimeError(str(reached))
