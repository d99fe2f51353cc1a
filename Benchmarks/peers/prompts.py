"""Prompts for missing modalities on `mult` (arXiv 2407.05374), for three modalities, in two forms.

`loop` completes one sample at a time, as the published implementation does; `grouped` completes all samples of a
pattern together. Both compute the same.
"""

import torch
from torch import nn
from torch.nn import functional as F

from models import Mult


class Convolution(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, 1)

    def forward(self, x):
        return F.gelu(self.conv(x))


class PromptedMult(Mult):
    def __init__(self, config, form="grouped"):
        super().__init__(config)
        self.form = form
        width, steps = self.width, config["prompt_length"]
        features = dict(zip(self.short, self.features))
        length = {short: modality["length"] for short, modality in zip(self.short, config["modalities"])}
        self.generative_prompt = nn.Parameter(torch.randn(3, width, steps) * 0.02)
        self.missing_type_prompt = nn.Parameter(torch.randn(3, steps, width) * 0.02)
        for one in self.short:
            for other in self.others(one):
                setattr(self, f"{other}2{one}", Convolution(features[other], width))
            for present in self.present_sets(one):
                total = steps + sum(length[other] for other in present)
                setattr(self, self.generator(one, present), Convolution(total, length[one]))
            setattr(self, f"prompt{one}_m", nn.Parameter(torch.randn(width, length[one]) * 0.02))
            setattr(self, f"prompt{one}_nm", nn.Parameter(torch.randn(width, length[one]) * 0.02))
            setattr(self, f"m_{one}", nn.Parameter(torch.zeros(length[one], 2 * width)))

    def present_sets(self, one):
        return [[other] for other in self.others(one)] + [self.others(one)]

    @staticmethod
    def generator(one, present):
        """The published name of the time map: `l_avp`, `a_lvp`, but `v_alp`."""
        return f"{one}_{''.join(sorted(present))}p"

    def prompt_parameters(self):
        """What is trained on a frozen backbone: prompts, projections and the last layer."""
        frozen = ("trans_", "proj1", "proj2")
        return [parameter for name, parameter in self.named_parameters() if not name.startswith(frozen)]

    def complete(self, x, pattern):
        """Embeds samples that share a pattern: `x[m]` `[n, features, L]`, to `[n, width, L]`."""
        present = [short for short, here in zip(self.short, pattern) if here]
        result = {}
        for index, one in enumerate(self.short):
            if pattern[index]:
                result[one] = getattr(self, f"proj_{one}")(x[one]) + getattr(self, f"prompt{one}_nm")
            else:
                parts = [self.generative_prompt[index].expand(len(x[one]), -1, -1)]
                parts += [getattr(self, f"{other}2{one}")(x[other]) for other in present]
                generate = getattr(self, self.generator(one, present))
                sequence = generate(torch.cat(parts, dim=2).transpose(1, 2)).transpose(1, 2)
                result[one] = sequence + getattr(self, f"prompt{one}_m")
        return result

    def type_prompts(self, pattern):
        """`[3, P, 2 width]` for one pattern."""
        parts = []
        for index, one in enumerate(self.short):
            signal = getattr(self, f"prompt{one}_{'nm' if pattern[index] else 'm'}")
            parts.append(signal @ getattr(self, f"m_{one}"))
        return self.missing_type_prompt @ sum(parts)

    def embed_loop(self, x, patterns):
        rows = [
            self.complete({short: x[short][row : row + 1] for short in self.short}, pattern)
            for row, pattern in enumerate(patterns)
        ]
        types = {pattern: self.type_prompts(pattern) for pattern in sorted(set(patterns))}
        embedded = {short: torch.cat([row[short] for row in rows]) for short in self.short}
        return embedded, torch.stack([types[pattern] for pattern in patterns])

    def embed_grouped(self, x, patterns):
        groups = {}
        for row, pattern in enumerate(patterns):
            groups.setdefault(pattern, []).append(row)
        order = torch.tensor([row for rows in groups.values() for row in rows])
        back = torch.argsort(order)
        parts, types = [], []
        for pattern, rows in groups.items():
            chosen = torch.tensor(rows)
            parts.append(self.complete({short: x[short][chosen] for short in self.short}, pattern))
            types.append(self.type_prompts(pattern).expand(len(rows), -1, -1, -1))
        embedded = {short: torch.cat([part[short] for part in parts])[back] for short in self.short}
        return embedded, torch.cat(types)[back]

    def forward(self, inputs, presence):
        x = {short: value.transpose(1, 2) for short, value in self.dropped_text(inputs).items()}
        patterns = [tuple(row) for row in presence.bool().tolist()]
        embed = self.embed_loop if self.form == "loop" else self.embed_grouped
        embedded, types = embed(x, patterns)
        sequences = {short: value.transpose(1, 2) for short, value in embedded.items()}
        return self.fuse(sequences, {short: types[:, index] for index, short in enumerate(self.short)})
