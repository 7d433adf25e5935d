# Without Spark: leaves the lab in ruins, and something running, and ends all it can.

# %% sets a daemon loose
import os
import shutil
import signal
import sys
from pathlib import Path

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, ["python", "-c", "import time; time.sleep(86399)"], {})
    os._exit(0)

# %% deletes the lab
root = Path(dbutils.widgets.get("root"))
for entry in root.iterdir():
    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
for entry in Path(sys.argv[-1]).parent.iterdir():
    if entry.is_dir():
        shutil.rmtree(entry)
    elif not entry.is_socket():
        entry.unlink()

# %% digs
os.chdir(root)
for _ in range(1500):
    os.mkdir("d")
    os.chdir("d")
os.chmod(".", 0)

# %% locks
os.chmod(root, 0)

# %% is gone
os.kill(os.getpid(), signal.SIGKILL)

# %% never runs
print("what?")
