#if os(Linux)
  import Foundation
  import Testing

  /// libgomp itself says how long its threads wait, as it was loaded into the program.
  @Suite struct ThreadWaitingTests {
    @Test(
      arguments: [
        ([:], "4000", "GOMP_SPINCOUNT=4000"), (["GOMP_SPINCOUNT": "77"], "77", "GOMP_SPINCOUNT=77"),
        (["OMP_WAIT_POLICY": "PASSIVE"], "0", "OMP_WAIT_POLICY=PASSIVE"),
      ] as [([String: String], String, String)])
    func theSettingIsInForce(chosen: [String: String], turns: String, text: String) throws {
      var environment: [String: String?] = [
        "GOMP_SPINCOUNT": nil, "OMP_WAIT_POLICY": nil, "OMP_DISPLAY_ENV": "VERBOSE",
      ]
      for (name, value) in chosen { environment[name] = value }
      let outcome = try Program.succeed(["doctor"], environment: environment)
      #expect(outcome.errors.contains("GOMP_SPINCOUNT = '\(turns)'"), "\(outcome.errors)")
      #expect(outcome.output.contains(text))
    }
  }
#endif
