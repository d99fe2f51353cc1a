"""The one exception of the package, in the form of the program's messages."""

from __future__ import annotations

KINDS = {64: "usage", 65: "data", 66: "missing input", 73: "output", 70: "failure"}


class PolyphonyError(Exception):
    """A fault of a file, a setting or a run, with the exit code that the program ends with for the same fault.

    `problem` is one sentence. `file`, `key`, `found`, `expected` and `remedy` are None where nothing is known.
    """

    def __init__(
        self,
        problem: str,
        *,
        exit_code: int = 70,
        file: object = None,
        key: str | None = None,
        found: object = None,
        expected: object = None,
        remedy: str | None = None,
    ):
        self.problem, self.exit_code, self.key, self.remedy = problem, exit_code, key, remedy
        self.file, self.found, self.expected = (None if it is None else str(it) for it in (file, found, expected))
        details = zip(
            ("file:", "key:", "found:", "expected:", "help:"),
            (self.file, self.key, self.found, self.expected, self.remedy),
        )
        super().__init__("\n".join([problem] + [f"  {label:<10}{text}" for label, text in details if text is not None]))

    @property
    def kind(self) -> str:
        """`usage`, `data`, `missing input`, `output` or `failure`."""
        return KINDS.get(self.exit_code, "failure")

    @classmethod
    def from_program(cls, text: str, exit_code: int) -> PolyphonyError:
        """Reads the last message that the program wrote on standard error."""
        lines = text.replace("\r", "\n").splitlines()
        starts = [index for index, line in enumerate(lines) if line.lower().startswith("error:")]
        if not starts:
            told = [line for line in lines if line.strip()]
            return cls(told[-1] if told else f"the program ended with the code {exit_code}", exit_code=exit_code)
        problem, *rest = lines[starts[-1] :]
        names = {"file:": "file", "key:": "key", "found:": "found", "expected:": "expected", "help:": "remedy"}
        details: dict[str, str] = {}
        last = ""
        for line in rest:
            label, _, value = line.strip().partition(" ")
            if line.startswith("  ") and not line.startswith("   ") and label in names:
                last = names[label]
                details[last] = value.strip()
            elif last and line.startswith("   "):
                details[last] += "\n" + line.strip()
        return cls(problem.partition(":")[2].strip(), exit_code=exit_code, **details)  # type: ignore[arg-type]


def usage(problem: str, **details: object) -> PolyphonyError:
    """A fault of the caller."""
    return PolyphonyError(problem, exit_code=64, **details)  # type: ignore[arg-type]


def bad_data(problem: str, **details: object) -> PolyphonyError:
    """A fault in a file."""
    return PolyphonyError(problem, exit_code=65, **details)  # type: ignore[arg-type]
