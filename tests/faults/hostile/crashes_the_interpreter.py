# Takes the interpreter down by a wild address.
# %% attack
import os
import ctypes

ctypes.string_at(0)
