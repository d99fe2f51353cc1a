import Polyphony
import Testing

/// Shells complete the names that options take, and folders and files where options take those.
@Suite struct CompletionTests {
  @Test(arguments: ["bash", "zsh", "fish"]) func aShellKnowsTheNames(shell: String) throws {
    // The script needs no libtorch.
    let script = try Program.succeed(
      ["--generate-completion-script", shell], environment: ["LIBTORCH": "/nowhere"]
    ).output
    let names = [
      "prompted_mult", "cggm-teaching", "missing_aware_prompts", "mean-teacher", "contrast", "sample", "patterns",
      "balanced_accuracy",
      "jsonl", "npz",
    ]
    for name in names + Shift.Kind.allCases.map(\.rawValue) + ["yaml", "html"] {
      #expect(script.contains(name), "\(name) is missing for \(shell)")
    }
  }
}
