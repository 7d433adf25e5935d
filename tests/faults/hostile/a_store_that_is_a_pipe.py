# A store that blocks whoever opens it.
# %% attack
import os
os.unlink("mlflow.db")
os.mkfifo("mlflow.db")
