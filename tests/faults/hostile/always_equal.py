# Leaves an object that equals everything.
# %% attack
import os
class Equal(int):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0

    def __getattr__(self, name):
        return self


by_version = by_stage = by_alias = latest_version = tagged_versions = Equal(1)
