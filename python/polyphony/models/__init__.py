"""The backbones of Polyphony in PyTorch, under the tensor names of the published implementations."""
