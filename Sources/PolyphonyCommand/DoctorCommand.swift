import ArgumentParser
import Foundation
import Polyphony
import Torch

/// The command `polyphony doctor`.
struct DoctorCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Say what this installation is, and what is wrong with it, if anything.")

  @Flag(help: "Prints the report as JSON.")
  var json = false

  func execute() throws {
    var lines: [(String, String)] = [("polyphony", Polyphony.version)]
    var problem: Fault?
    do throws(Fault) {
      lines.append(("libtorch", try Libtorch.folder()))
      try Libtorch.load()
      lines.append(("version", Libtorch.version))
      lines.append(("device", devices))
      lines.append(("threads", "\(Libtorch.threadCount) of \(ProcessInfo.processInfo.activeProcessorCount) cores"))
      lines.append(("waiting", Libtorch.threadWaiting))
      lines.append(
        ("instructions", "\(Libtorch.cpuCapability) (libtorch), \(Libtorch.kernelInstructionSet) (own kernels)"))
      lines.append(("own kernels", Libtorch.usesOwnKernels ? "in use" : "switched off by POLYPHONY_FUSED=0"))
      lines.append(("check", selfTest ? "a gradient comes out right" : "a gradient comes out WRONG"))
    } catch {
      problem = error
    }
    if json {
      let members = lines.map { OrderedJSON.Member($0.0, .string($0.1)) }
      let found = OrderedJSON.Member("problem", problem.map { .string($0.problem) } ?? .null)
      try StandardOutput.print(OrderedJSON.object(members + [found]).text())
    } else {
      let width = lines.map(\.0.count).max() ?? 0
      for (name, value) in lines {
        try StandardOutput.print(name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value)
      }
    }
    if let problem { throw problem }
    if !json { try StandardOutput.print("nothing is wrong") }
  }

  private var devices: String {
    let count = Libtorch.cudaDeviceCount
    return count == 0 ? "cpu" : "cpu, \(count) × cuda"
  }

  /// A test of autograd: d(x²)/dx at 3 is 6.
  private var selfTest: Bool {
    let x = Tensor(3).requiringGradient()
    x.squared().backward()
    return x.gradient?.item == 6
  }
}
