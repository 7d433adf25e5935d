# %% will not stop
while True:
    try:
        while True:
            pass
    except BaseException:
        pass

# %% never runs
bad_version = 1
