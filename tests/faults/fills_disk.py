# %% fills the disk
for number in range(1000):
    with open(f"{number}.bin", "wb") as file:
        for _ in range(64):
            file.write(b"x" * (1 << 20))
