import Foundation
import Polyphony
import Testing

@Suite struct ZZ {
  @Test func zz() throws {
    for (n, f) in [("compare", false), ("hostile", true)] {
      let p = "/tmp/report/runs/\(n)";
      try FileManager.default.createDirectory(atPath: p, withIntermediateDirectories: true)
      var x = ComparisonFixture()
      if f {
        x.data = ["<script>alert(1)</script>", String(repeating: "long", count: 40)]
        x.methods[1].name = String(repeating: "a very long name of a method ", count: 8)
        x.methods[2].name = String(repeating: "🎻", count: 40)
        x.modalities = ["<img src=http://example.invalid/x>", String(repeating: "x", count: 200)]
      }
      try x.write(to: p)
    }
  }
}
