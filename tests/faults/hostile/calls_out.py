# Talks to the network.
# %% attack
import os
import socket

reached = []
for host, port in (("1.1.1.1", 53), ("8.8.8.8", 443), ("169.254.169.254", 80), ("10.0.0.1", 80)):
    try:
        socket.create_connection((host, port), timeout=1).close()
        reached.append(host)
    except OSError:
        pass
try:
    reached.append(socket.getaddrinfo("example.com", 80))
except OSError:
    pass
raise RuntimeError(f"canary-reached {reached}" if reached else "no way out")
