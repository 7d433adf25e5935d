# Mounts memory that belongs to no process, in a namespace of its own.
# %% attack
import subprocess

script = "mount -t tmpfs -o size=1g x /opt && head -c 500000000 /dev/zero > /opt/1 && echo mounted"
done = subprocess.run(["unshare", "--map-root-user", "--mount", "sh", "-c", script], capture_output=True, text=True)
raise RuntimeError(done.stdout + done.stderr)
