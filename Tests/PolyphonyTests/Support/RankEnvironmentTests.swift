import Foundation
import Testing

@testable import PolyphonySupport

/// The processes of a group find each other by the variables of torchrun.
@Suite struct RankEnvironmentTests {
  @Test func everyProcessHasItsRank() {
    let group = RankEnvironment(processes: 3, port: 4321, restart: 2, threads: 5)
    #expect(
      group.variables(rank: 1, in: ["PATH": "/bin", "RANK": "7"]) == [
        "PATH": "/bin", "RANK": "1", "LOCAL_RANK": "1", "WORLD_SIZE": "3", "LOCAL_WORLD_SIZE": "3",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "4321", "TORCHELASTIC_RESTART_COUNT": "2", "OMP_NUM_THREADS": "5",
      ])
  }

  @Test func theAgentOfTorchrunHasNoStoreHere() {
    let variables = RankEnvironment(processes: 1, port: 1, threads: nil)
      .variables(rank: 0, in: ["TORCHELASTIC_USE_AGENT_STORE": "True"])
    #expect(variables["TORCHELASTIC_USE_AGENT_STORE"] == nil && variables["TORCHELASTIC_RESTART_COUNT"] == "0")
  }

  @Test func aChosenNumberOfThreadsStays() {
    let group = RankEnvironment(processes: 2, port: 1, threads: 4)
    #expect(group.variables(rank: 0, in: ["OMP_NUM_THREADS": "3"])["OMP_NUM_THREADS"] == "3")
    #expect(group.variables(rank: 0, in: ["OMP_NUM_THREADS": ""])["OMP_NUM_THREADS"] == "4")
    let silent = RankEnvironment(processes: 2, port: 1, threads: nil)
    #expect(silent.variables(rank: 0, in: [:])["OMP_NUM_THREADS"] == nil)
  }

  @Test(arguments: [(16, 2, 8), (16, 3, 5), (2, 4, 1), (1, 1, 1)])
  func theCoresAreShared(cores: Int, processes: Int, threads: Int) {
    #expect(RankEnvironment.threads(cores: cores, processes: processes) == threads)
  }

  @Test func aGroupIsKnownByItsVariables() {
    #expect(RankEnvironment.group(in: ["PATH": "/bin", "RANK": ""]) == nil)
    #expect(RankEnvironment.group(in: ["RANK": "0", "WORLD_SIZE": "2"])?.name == "RANK")
    let size = RankEnvironment.group(in: ["WORLD_SIZE": "2"])
    #expect(size?.name == "WORLD_SIZE" && size?.value == "2")
  }

  /// The numbers are those that Linux and macOS give for `exit(66)`, a kill, and an abort with a core file.
  @Test func theEndOfAProcessHasACode() {
    let ends = [0, 66 << 8, 9, 6 | 0x80].map { ProcessEnd(waited: $0) }
    #expect(ends == [.status(0), .status(66), .signal(9), .signal(6)])
    #expect(ends.map(\.code) == [0, 66, 137, 134])
    #expect(ends[1].description == "ended with status 66")
    #expect(ends[2].description.hasPrefix("was ended by signal 9 (Killed"))
  }
}
