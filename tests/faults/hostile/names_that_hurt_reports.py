# Names with line ends, quotes, formulas and scripts.
# %% attack
import os
from mlflow import MlflowClient

client = MlflowClient()
for name in ('=HYPERLINK("http://x","y")', "<script>alert(1)</script>", "a\nb\r\nc", "'; DROP TABLE attempts; --", "\u202egnp"):
    try:
        client.create_registered_model(name)
        client.set_registered_model_tag(name, "k", name)
    except Exception:
        pass
raise RuntimeError("=1+1\n<img src=x onerror=alert(1)>\x1b[31m\x00\ud800")
