// Every throwing call of `Torch` throws a `Fault`, so `import Torch` exports that type too.
@_exported import PolyphonySupport
