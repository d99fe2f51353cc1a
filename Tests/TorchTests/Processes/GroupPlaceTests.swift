import Testing
import Torch

@Suite struct GroupPlaceTests {
  private static let meeting = ["MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"]

  private static func place(_ variables: [String: String]) throws -> GroupPlace? {
    try GroupPlace(environment: meeting.merging(variables) { $1 })
  }

  @Test(arguments: [
    ["RANK": "1", "WORLD_SIZE": "4"], ["SLURM_PROCID": "1", "SLURM_NTASKS": "4"],
    ["OMPI_COMM_WORLD_RANK": "1", "OMPI_COMM_WORLD_SIZE": "4"], ["PMI_RANK": "1", "PMI_SIZE": "4"],
  ]) func launchersHaveTheirOwnNames(variables: [String: String]) throws {
    let place = try #require(try Self.place(variables))
    #expect((place.rank, place.size, place.address, place.port) == (1, 4, "10.0.0.1", 29500))
    #expect(!place.hostsStore && place.attempt == 0 && place.timeout == 600)
  }

  @Test func theAgentOfTorchrunHostsTheStore() throws {
    var variables = ["RANK": "0", "WORLD_SIZE": "2", "TORCHELASTIC_RESTART_COUNT": "3"]
    #expect(try Self.place(variables)?.hostsStore == true)
    variables["TORCHELASTIC_USE_AGENT_STORE"] = "True"
    let place = try Self.place(variables)
    #expect(place?.hostsStore == false && place?.attempt == 3)
  }

  @Test func oneProcessIsNoGroup() throws {
    #expect(try GroupPlace(environment: ["RANK": "0", "WORLD_SIZE": "2"]) == nil)
    #expect(try Self.place(["RANK": "0", "WORLD_SIZE": "1"]) == nil)
  }

  @Test(arguments: [
    (["WORLD_SIZE": "2"], "RANK"), (["RANK": "0"], "WORLD_SIZE"), (["RANK": "2", "WORLD_SIZE": "2"], "RANK"),
    (["RANK": "0", "WORLD_SIZE": "two"], "WORLD_SIZE"), (["RANK": "0", "WORLD_SIZE": "0"], "WORLD_SIZE"),
    (["RANK": "0", "WORLD_SIZE": "2", "MASTER_PORT": "70000"], "MASTER_PORT"),
    (["RANK": "0", "WORLD_SIZE": "2", "POLYPHONY_GROUP_TIMEOUT": "0"], "POLYPHONY_GROUP_TIMEOUT"),
  ]) func wrongVariablesAreNamed(variables: [String: String], key: String) {
    let fault = #expect(throws: Fault.self) { try Self.place(variables) }
    #expect(fault?.kind == .usage && fault?.key == key && fault?.remedy != nil)
  }
}
