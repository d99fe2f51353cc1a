"""What is measured: the rows of the table and the points of the curves."""

from dataclasses import dataclass, field, replace

FEATURES = (768, 74, 35)
MORE_FEATURES = (768, 74, 35, 64, 64, 64, 64)

# Dropouts and sizes as the published implementations set them.
CASP = {
    "width": 40,
    "heads": 8,
    "layers": 5,
    "dropout.attention": 0.1,
    "dropout.relu": 0.1,
    "dropout.residual": 0.1,
    "dropout.embedding": 0.25,
    "dropout.output": 0.0,
}
CGGM = {
    "width": 40,
    "heads": 5,
    "layers": 5,
    "dropout.attention": 0.15,
    "dropout.relu": 0.15,
    "dropout.residual": 0.1,
    "dropout.embedding": 0.2,
    "dropout.output": 0.1,
}
MPLMM = {
    "width": 30,
    "heads": 5,
    "layers": 5,
    "memory_layers": 5,
    "dropout.attention": 0.1,
    "dropout.relu": 0.1,
    "dropout.residual": 0.1,
    "dropout.embedding": 0.25,
    "dropout.output": 0.1,
}


@dataclass(frozen=True)
class Workload:
    title: str
    architecture: str
    step: str
    batch: int
    settings: dict = field(hash=False)
    length: int = 50
    features: tuple = FEATURES
    form: str = "grouped"  # of prompted_mult's peer
    bar: tuple = ()  # how many times faster than eager PyTorch: first bar, goal

    def arguments(self, repeats):
        """The command line that the program and its peer share."""
        settings = [part for key, value in self.settings.items() for part in ("--set", f"model.{key}={value}")]
        return [
            "--architecture",
            self.architecture,
            *settings,
            "--step",
            self.step,
            "--batch",
            str(self.batch),
            "--length",
            str(self.length),
            "--features",
            ",".join(map(str, self.features)),
            "--repeats",
            str(repeats),
            "--json",
        ]


LATE = Workload("late fusion, training", "late_fusion", "train", 24, CASP, bar=(3, 8))
PROMPTED = {**MPLMM, "prompt_length": 16}

ROWS = [
    LATE,
    Workload("late fusion, inference", "late_fusion", "infer", 24, CASP),
    Workload("early fusion, training", "early_fusion", "train", 24, CASP),
    Workload("CASP contrastive step, late fusion", "late_fusion", "contrast", 24, CASP, bar=(4, 10)),
    Workload("CASP online, predict and adapt, late fusion", "late_fusion", "online", 24, CASP),
    Workload("Wander step, late fusion", "late_fusion", "tune", 24, CASP),
    Workload("`mult`, training", "mult", "train", 64, MPLMM, bar=(3, 6)),
    Workload(
        "`prompted_mult`, training; peer: samples in a loop, as published",
        "prompted_mult",
        "prompt",
        64,
        PROMPTED,
        form="loop",
        bar=(4, 8),
    ),
    Workload("`prompted_mult`, training; peer: samples grouped by pattern", "prompted_mult", "prompt", 64, PROMPTED),
    Workload(
        "`prompted_mult`, inference; peer: samples in a loop, as published",
        "prompted_mult",
        "infer",
        64,
        PROMPTED,
        form="loop",
        bar=(4, 6),
    ),
    Workload("`prompted_mult`, inference; peer: samples grouped by pattern", "prompted_mult", "infer", 64, PROMPTED),
    Workload("encoder fusion, training", "encoder_fusion", "train", 64, CGGM, bar=(3, 6)),
    Workload(
        "CGGM step as published, encoder fusion", "encoder_fusion", "balance-published", 64, CGGM, bar=(3, 6)),
]

# Measured while other processes keep the processor busy.
BESIDE = replace(LATE, title="late fusion, training, beside two busy processes", bar=())

# CGGM at its defaults, whose classifiers have one layer and not two.
BALANCED = replace(ROWS[-1], step="balance", bar=())


def curve(key, values, change):
    return key, [(value, replace(LATE, title=f"{key} {value}", bar=(), **change(value))) for value in values]


CURVES = [
    curve("length", (20, 50, 100, 200, 400), lambda value: {"length": value}),
    curve("batch", (1, 4, 16, 64, 256), lambda value: {"batch": value}),
    curve("width", (32, 64, 128, 256), lambda value: {"settings": {**CASP, "width": value}}),
    curve("modalities", (2, 3, 4, 5, 6, 7), lambda value: {"features": MORE_FEATURES[:value]}),
]
