import Foundation
import Polyphony
import Testing

@testable import PolyphonyExport

/// One file of Python code from the modules of a package.
@Suite struct PythonBundleTests {
  private static func package(_ modules: [String: String], in folder: String) throws {
    for (name, text) in modules {
      let path = "\(folder)/\(name).py"
      try FileManager.default.createDirectory(atPath: path.parentFolder, withIntermediateDirectories: true)
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
  }

  @Test func modulesFollowThoseThatTheyImport() throws {
    try withTemporaryFolder { folder in
      let errors = "\"\"\"Errors.\n\nfrom .nothing import x\n\"\"\"\n\nimport json\n\n\ndef fault(): ...\n"
      try Self.package(
        [
          "errors": errors,
          "parts/one":
            "from __future__ import annotations\n\nfrom typing import Any, cast\n\nfrom ..errors import fault\n\nONE = 1\n",
          "folders": """
          from __future__ import annotations

          import json
          from typing import TYPE_CHECKING, Any

          from .parts.one import (
              ONE,
          )

          if TYPE_CHECKING:
              from .errors import fault


          def load(): return ONE

          """,
        ], in: folder)
      let text = try PythonBundle(of: folder).text
      let start = try #require(text.range(of: "from __future__ import annotations\n\nimport json\n"))
      #expect(
        text[start.lowerBound...] == """
          from __future__ import annotations

          import json
          from typing import Any, cast


          # errors.py

          \"""Errors.

          from .nothing import x
          \"""


          def fault(): ...


          # parts/one.py

          ONE = 1


          # folders.py

          def load(): return ONE

          """)
      #expect(text.hasPrefix(PythonBundle.opening))
    }
  }

  @Test(arguments: [
    ("from . import errors\n", "from . import errors"), ("from .errors import fault as f\n", "as f"),
    ("def load():\n    from .errors import fault\n", "from .errors"),
    ("def fault(): ...\nfrom .errors import x\n", "fault"),
    ("from .nothing import x\n", "nothing.py"),
  ])
  func otherFormsAreRefused(text: String, mention: String) throws {
    try withTemporaryFolder { folder in
      try Self.package(["errors": "def fault(): ...\n", "folders": text], in: folder)
      let fault = #expect(throws: Fault.self) { try PythonBundle(of: folder) }
      #expect("\(fault as Any)".contains(mention))
    }
  }

  /// The Python tests compare the package's names with the program's. Here they only need to be found.
  @Test func thePackageFitsIntoOneFile() throws {
    let bundle = try PythonBundle(of: try EmbeddedData.pythonPackage())
    for name in ["late_fusion", "deeplab_v3plus", "wander", "prompts", "casp"] { #expect(bundle.quotes(name)) }
    #expect(!bundle.quotes("gated_fusion"))
    let lines = bundle.text.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("from .") || $0.contains("numpy") }.isEmpty)
    #expect(lines.filter { $0.hasPrefix("from __future__") }.count == 1)
    #expect(lines.contains { $0.hasPrefix("def load(folder") })
  }
}
