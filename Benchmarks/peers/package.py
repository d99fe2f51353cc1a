"""Makes `import polyphony` find the package of this repository, whose modelling code the peers use."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
