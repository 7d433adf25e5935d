# Leaves results that never end.
# %% attack
import os
class Endless(list):
    def __iter__(self):
        while True:
            yield "x" * 1000

    def __len__(self):
        return 10**9


by_version = by_stage = by_alias = latest_version = tagged_versions = Endless()
