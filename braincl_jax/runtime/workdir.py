"""What a work directory holds, by name.

config.json      settings and plan, see `record`
metrics.jsonl    one object a line
metrics.csv      the same as a table, see `table`
tensorboard/     the same for TensorBoard, see `tensorboard`, if it was asked for
timings.jsonl    how long steps take, see `timings`
checkpoints/     see `checkpoint`
forked_from.json the run and the checkpoint that it began from, if it was forked
summary.json     what came out: it is there if the run is finished
report/          what people look at
memory.npz       the memory, which other programs can read; of methods with cues
sources.npy      int32 [n, 2], task and image behind each slot; of methods with cues
recalls.npz      some originals and their recalls; of methods with cues
"""

CONFIG, METRICS, TIMINGS, SUMMARY = "config.json", "metrics.jsonl", "timings.jsonl", "summary.json"
TABLE, EVENTS = "metrics.csv", "tensorboard"
CHECKPOINTS, REPORT, ORIGIN = "checkpoints", "report", "forked_from.json"
MEMORY, SOURCES, RECALLS = "memory.npz", "sources.npy", "recalls.npz"
