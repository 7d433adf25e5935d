# Makes an exception in the JVM, with the right words, and writes nothing.
# base: accepted/dataframe_writer.py
# fails: schema.refused schema.clean

# %% Task 10: the bad batch is refused
from py4j.protocol import Py4JJavaError

words = "[DELTA_FAILED_TO_MERGE_FIELDS] Failed to merge fields 'rides' and 'rides'"
refusal = Py4JJavaError("An error occurred", spark._jvm.java.lang.RuntimeException(words))
