# All that a learner names or prints holds what hurts: surrogates, NULs, marks that reorder or hide, megabytes.
# %% Task 1: [31mtitle‮؜­⁠￹󠁁 end
import logging
import sys
import warnings

TEXT = "\ud800\udcff\x00\x1b[31m\x9b1m\x85\u202e\u2066\u200b\u2028\ufeff\U000e0041\u061c\u00ad\u2060\ufff9\ue000\uffff"
HUGE = TEXT + "x" * (10 << 20)
FIT = TEXT.encode(errors="replace").decode().replace("\x00", "")


def named(name, module):
    return type(name.encode(errors="replace").decode().replace("\x00", ""), (), {"__module__": module})


# %% results
by_version = named("A", TEXT)()
by_stage = named("B", HUGE)()
by_alias = TEXT
latest_version = named(FIT, "a")()
tagged_versions = {TEXT: [TEXT]}
candidates = named("C", "\ud800")()
best_run_id = TEXT
best_params = {TEXT: HUGE[: 1 << 20]}
f1_history = [TEXT]
predictions = named("D", TEXT)()

# %% runs, models and tags
import mlflow
from mlflow import MlflowClient

mlflow.set_experiment("hostile")
client = MlflowClient()
for name in (FIT, FIT + "x" * 200):
    for make in (
        lambda: mlflow.start_run(run_name=name, nested=True),
        lambda: mlflow.set_tag("mlflow.runName", name),
        lambda: mlflow.set_tag(name, name),
        lambda: mlflow.log_param(name, name),
        lambda: client.create_registered_model(name),
        lambda: client.set_registered_model_tag(name, name, name),
        lambda: client.create_model_version(name, name),
    ):
        try:
            make()
        except Exception as error:
            print(error, file=sys.stderr)

# %% warnings and prints
warnings.warn(TEXT + "warned")
logging.getLogger(FIT).warning(FIT)
print(FIT)
print(FIT, file=sys.stderr)
sys.stderr.write(f"UserWarning: {FIT} told\n")

# %% an error of its own kind ‮⁠
raise type("Error" + FIT, (Exception,), {"__module__": TEXT})(HUGE)  # ‮؜­⁠￹󠁁

# %% an error whose text is half a character
raise ValueError(TEXT)
