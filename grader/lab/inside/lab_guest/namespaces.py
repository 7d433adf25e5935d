"""Keeps what runs in a lab out of further namespaces, in which it could mount memory that no limit counts.

A filter of system calls does it (Linux kernel documentation, "Seccomp BPF"): it is inherited, and can't be taken off.
It knows two kinds of machine; on others nothing is filtered.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_MODE_FILTER = 2
_CLONE_NEWUSER = 0x1000_0000
_ALLOW, _REFUSE = 0x7FFF_0000, 0x0005_0000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FLAGS = 0, 4, 16
"""Where struct seccomp_data has the call's number, the machine's kind and the low half of the first argument."""
_OTHER_TABLE = 0x4000_0000
"""From this number on x86-64 has another table of calls (x32)."""
_CALLS = {
    "x86_64": (0xC000_003E, {"clone": 56, "unshare": 272, "clone3": 435}),
    "aarch64": (0xC000_00B7, {"clone": 220, "unshare": 97, "clone3": 435}),
}


def forbid() -> None:
    """Refuse this process, and all that it starts, user namespaces from now on. Raises OSError if that is impossible.

    A user namespace is what every other kind takes for a process that is not privileged.
    """
    if sys.platform != "linux" or platform.machine() not in _CALLS:
        return
    rules = _rules(platform.machine())
    code = ctypes.create_string_buffer(b"".join(rules))
    program = struct.pack("HP", len(rules), ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    for request in ((_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (_PR_SET_SECCOMP, _MODE_FILTER, program, 0, 0)):
        if libc.prctl(*request) != 0:
            raise OSError(ctypes.get_errno(), "system calls can't be filtered")


def _rules(machine: str) -> list[bytes]:
    """The filter's instructions. A jump counts the instructions that it skips, if the test holds and if not."""
    kind, calls = _CALLS[machine]
    refuse, absent = _REFUSE | errno.EPERM, _REFUSE | errno.ENOSYS
    return [
        _rule(_LOAD, _MACHINE),
        _rule(_EQUAL, kind, 1, 0),
        _rule(_RETURN, absent),  # 32-bit programs have other numbers
        _rule(_LOAD, _NUMBER),
        _rule(_AT_LEAST, _OTHER_TABLE, 7, 0),
        _rule(_EQUAL, calls["clone3"], 6, 0),  # its flags are out of reach; the C library then calls clone
        _rule(_EQUAL, calls["unshare"], 2, 0),
        _rule(_EQUAL, calls["clone"], 1, 0),
        _rule(_RETURN, _ALLOW),
        _rule(_LOAD, _FLAGS),
        _rule(_ANY_BIT, _CLONE_NEWUSER, 2, 0),
        _rule(_RETURN, _ALLOW),
        _rule(_RETURN, absent),
        _rule(_RETURN, refuse),
    ]


def _rule(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
