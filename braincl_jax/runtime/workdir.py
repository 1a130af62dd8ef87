"""What a work directory holds, by name.

config.json      what makes the run this one, see `record`; it marks the folder as that of a run
launches.jsonl   one object for each process that began the run or went on with it: its command, code, hardware
metrics.jsonl    one object a line
metrics.csv      the same as a table, see `table`
tensorboard/     the same for TensorBoard, see `tensorboard`, if it was asked for
timings.jsonl    how long steps take, see `timings`
checkpoints/     see `checkpoint`
summary.json     what came out: it is there if the run is finished
report/          what people look at; contents.json there names its files
.report/         what is being drawn of it
memory.npz       the memory, which other programs can read; of methods with cues
sources.npy      int32 [n, 2], task and image behind each slot; of methods with cues
recalls.npz      some originals and their recalls; of methods with cues
.lock            held by the process that writes, while it does
"""

CONFIG, LAUNCHES, METRICS, TIMINGS = (
    "config.json",
    "launches.jsonl",
    "metrics.jsonl",
    "timings.jsonl",
)
CHECKPOINTS, REPORT, DRAFT, SUMMARY = "checkpoints", "report", ".report", "summary.json"
TABLE, EVENTS = "metrics.csv", "tensorboard"
MEMORY, SOURCES, RECALLS, LOCK = "memory.npz", "sources.npy", "recalls.npz", ".lock"
