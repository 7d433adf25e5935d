# Changes the programs that the next lab will run.
# %% attack
import os
import lab_guest, mlflow, sys

written = []
for path in (lab_guest.__file__, mlflow.__file__, sys.executable, "/usr/lib/canary", "/opt/lab/canary", "/etc/canary"):
    try:
        open(path, "ab").close()
        written.append(path)
    except OSError:
        pass
raise RuntimeError(f"canary-written {written}" if written else "nothing written")
