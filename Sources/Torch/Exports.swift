// Every call of Torch that can fail throws a `Fault`, so `import Torch` brings it along.
@_exported import PolyphonySupport
