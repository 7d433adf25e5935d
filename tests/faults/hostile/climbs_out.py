# Asks the system for more rights, another root and new mounts.
# %% attack
import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
asked = {
    "setuid": lambda: libc.setuid(0),
    "unshare": lambda: libc.unshare(0x10000000 | 0x00020000),
    "mount": lambda: libc.mount(b"none", b"/usr", b"tmpfs", 0, 0),
    "chroot": lambda: libc.chroot(b"/proc/1/root"),
    "setns": lambda: libc.setns(os.open("/proc/1/ns/net", os.O_RDONLY), 0),
    "reboot": lambda: libc.reboot(0x01234567),
}
allowed = []
for name, call in asked.items():
    try:
        if call() == 0:
            allowed.append(name)
    except OSError:
        pass
raise RuntimeError(f"allowed: {allowed}, user {os.getuid()}")
