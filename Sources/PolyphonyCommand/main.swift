import Torch
try Libtorch.load()
print(Libtorch.version, Libtorch.cpuCapability, Libtorch.threadCount)
let a = Tensor([1.0, 2, 3] as [Float]).requiringGradient()
let y = (a * a).sum()
y.backward()
print(a.gradient!.floats)
