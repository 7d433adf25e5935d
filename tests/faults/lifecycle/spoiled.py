# Bytes in the middle of the workspace's database overwritten once all else is done.
# base: hangs.py

# %% Task 91: spoils the database
with open(f"{root}/workspace.db", "r+b") as file:
    file.seek(4096)
    file.write(os.urandom(1 << 18))
with open(f"{root}/workspace.db-wal", "r+b") as file:
    file.write(os.urandom(1 << 16))
