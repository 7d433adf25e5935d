# Sends messages in the kernel's name, with its key.
# %% attack
import os
from IPython import get_ipython

kernel = get_ipython().kernel
for kind, content in (
    ("status", {"execution_state": "idle"}),
    ("execute_reply", {"status": "ok", "execution_count": 99}),
    ("error", {"ename": "x" * 10_000, "evalue": ["no text"], "traceback": "lab-error:{"}),
    ("stream", {"name": 7, "text": None}),
    ("display_data", "no object"),
):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
raise RuntimeError("and goes on")
