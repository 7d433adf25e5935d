# %% binds a result
bad_version = -1

# %% breaks
import jupyter_client.session

kernel = get_ipython().kernel
kernel.session.unpack = lambda text: {"passed": True}
kernel.session.msg_header = lambda kind: {"msg_type": kind}

# %% may never run
bad_version = -2
