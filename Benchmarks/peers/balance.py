"""CGGM (arXiv 2411.01409): a classifier per modality, whose progress scales the encoders' gradients."""

import torch
from torch import nn
from torch.nn import functional as F

import package  # noqa: F401
from polyphony.models.layers import encoder
from polyphony.models.stages import Tokens


def encode(model, inputs):
    """The encoded modalities, `[B, L, width]` each."""
    return [tokens.values for tokens in model.encode(model.embed(model.gather(inputs)))]


def fuse(model, encoded):
    """The prediction and what the last linear layer reads."""
    last = model.head_features(model.represent(model.fuse([Tokens(h) for h in encoded])))
    return model.out_layer(last), last


class Classifier(nn.Module):
    def __init__(self, config):
        super().__init__()
        width = config["width"]
        self.bone = encoder(config, layers=config.get("classifier_layers", 2))
        self.proj1 = nn.Linear(width, width)
        self.out_layer = nn.Linear(width, config["task"].get("classes", 1))

    def forward(self, encoded):
        """Returns the prediction and what the last layer reads; `proj1` is applied twice, as published."""
        last = F.relu(self.proj1(self.proj1(self.bone(encoded)[:, 0])))
        return self.out_layer(last), last


class Classifiers(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.classifers = nn.ModuleList([Classifier(config) for _ in config["modalities"]])

    def forward(self, encoded):
        return [classify(h) for classify, h in zip(self.classifers, encoded)]


def score(prediction, target):
    """Accuracy; of the sign for regression."""
    if target.is_floating_point():
        return ((prediction > 0) == (target > 0)).float().mean()
    return (prediction.argmax(-1) == target).float().mean()


def residual(prediction, target):
    """The derivative of the mean loss by the prediction, in closed form."""
    if target.is_floating_point():
        return (prediction - target).sign() / prediction.numel()
    return (prediction.softmax(-1) - F.one_hot(target, prediction.shape[-1])) / len(target)


def head_gradient(prediction, last, target):
    """The gradient of a linear head's weight, differentiable in the model: sum over the batch of residual x input."""
    return residual(prediction, target).T @ last


class BalancedStep:
    """One CGGM step: magnitude (scaled encoder gradients) and direction (cosine of the heads' gradients)."""

    def __init__(self, model, config, loss, encode=encode, fuse=fuse, rho=1.3, weight=0.2, largest=5.0):
        self.model, self.loss, self.encode, self.fuse = model, loss, encode, fuse
        self.rho, self.weight, self.largest = rho, weight, largest
        self.classifiers = Classifiers(config)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        self.classifier_optimizer = torch.optim.Adam(self.classifiers.parameters(), lr=5e-4)
        self.scores = torch.zeros(len(config["modalities"]))

    def coefficients(self, scores):
        change = scores - self.scores
        self.scores = scores
        total = change.sum()
        if total.abs() < 1e-4:
            return torch.full_like(change, self.rho * (len(change) - 1) / len(change))
        return (self.rho * (total - change) / total).clamp(0, self.largest)

    def __call__(self, inputs, target):
        model, classifiers = self.model, self.classifiers
        self.optimizer.zero_grad()
        self.classifier_optimizer.zero_grad()

        encoded = self.encode(model, inputs)
        prediction, last = self.fuse(model, encoded)
        answers = classifiers([h.detach() for h in encoded])
        sum(self.loss(answer, target) for answer, _ in answers).backward()
        self.classifier_optimizer.step()

        with torch.no_grad():
            scores = torch.stack([score(answer, target) for answer, _ in answers])
            coefficients = self.coefficients(scores)
            own = torch.stack([head_gradient(answer, inner, target).flatten() for answer, inner in answers])
        fused = head_gradient(prediction, last, target).flatten()
        cosines = F.cosine_similarity(own, fused[None], dim=1)
        direction = (coefficients.abs() - coefficients * cosines).mean()
        loss = self.loss(prediction, target)
        (loss + self.weight * direction).backward()

        for encode, proj, coefficient in zip(model.encoders, model.proj, coefficients.tolist()):
            gradients = [parameter.grad for part in (encode, proj) for parameter in part.parameters()]
            torch._foreach_mul_(gradients, coefficient)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.8)
        self.optimizer.step()
        return loss.detach()
