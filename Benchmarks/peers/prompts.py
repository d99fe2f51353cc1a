"""`prompted_mult` that completes one sample at a time, as the published implementation does."""

import torch

from polyphony.models.cross_modal import PromptedMult
from polyphony.models.stages import Context, Inputs, Method, Tokens


def row(inputs, index):
    presence = None if inputs.presence is None else inputs.presence[index : index + 1]
    return Inputs([x[index : index + 1] for x in inputs.values], [None] * len(inputs.values), presence)


def stacked(rows):
    """The sequences of all samples from those of each."""
    return [Tokens(torch.cat([tokens.values for tokens in modality])) for modality in zip(*rows)]


class OneByOne(Method):
    """Prompts that see one sample at a time."""

    handles_missing = makes_up_missing = True

    def __init__(self, prompts):
        super().__init__()
        self.prompts = prompts

    def embedded(self, tokens, context):
        return stacked(
            [
                self.prompts.embedded(
                    [Tokens(part.values[index : index + 1]) for part in tokens], Context(row(context.inputs, index))
                )
                for index in range(len(tokens[0].values))
            ]
        )

    def encoded(self, tokens, context):
        return self.prompts.encoded(tokens, context)


class LoopedMult(PromptedMult):
    """The same model in the published form of its computation."""

    def __init__(self, config):
        super().__init__(config)
        # A list, so that the parameters keep their one name.
        self.one_by_one = [OneByOne(self.prompts)]

    def own_methods(self):
        return self.one_by_one

    def embed(self, inputs):
        return stacked([super(LoopedMult, self).embed(row(inputs, index)) for index in range(len(inputs.values[0]))])
