# Leaves a process that changes the lab later.
# %% attack
import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import time

        while True:
            time.sleep(0.05)
            with open("later", "a") as file:
                file.write("x")
    os._exit(0)
