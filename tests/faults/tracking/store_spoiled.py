# Task 1 done, then bytes in the middle of the tracking store overwritten.
# base: by_hand.py

# %% Task 91: spoils the store
with open(f"{root}/mlflow.db", "r+b") as file:
    file.seek(4096)
    file.write(os.urandom(1 << 19))
