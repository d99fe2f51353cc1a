/// The place of a process in a group, and the address where the group meets.
///
/// Launchers tell it in environment variables. torchrun and `polyphony launch` set `RANK`, `WORLD_SIZE`, `MASTER_ADDR`
/// and `MASTER_PORT`. For srun and mpirun, which have other names for the first two, the user sets the last two.
public struct GroupPlace: Equatable, Sendable {
  /// The seconds that members wait for each other, unless the environment says otherwise.
  public static let usualTimeout = 600.0
  /// The variable with another number of seconds.
  public static let timeoutVariable = "POLYPHONY_GROUP_TIMEOUT"
  /// The most processes of a group.
  static let mostProcesses = 1 << 16

  /// The number of this process, from 0.
  public var rank: Int
  /// The number of processes.
  public var size: Int
  /// The host of the store.
  public var address: String
  /// The port of the store.
  public var port: Int
  /// True if this process hosts the store. Under torchrun its agent does.
  public var hostsStore: Bool
  /// How often a launcher has started the group before.
  public var attempt = 0
  /// The seconds that members wait for each other.
  public var timeout = usualTimeout

  /// Describes a place. The process 0 hosts the store.
  public init(rank: Int, size: Int, address: String = "127.0.0.1", port: Int, timeout: Double = usualTimeout) {
    (self.rank, self.size, self.address, self.port) = (rank, size, address, port)
    (hostsStore, self.timeout) = (rank == 0, timeout)
  }

  private static let ranks = ["RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"]
  private static let sizes = ["WORLD_SIZE", "SLURM_NTASKS", "OMPI_COMM_WORLD_SIZE", "PMI_SIZE"]

  /// Reads the variables of a launcher. It is nil if they are not there, and for a group of one process.
  /// - Throws: `Fault(.usage)` with the variable that lacks or has a wrong value.
  public init?(environment: [String: String]) throws(Fault) {
    guard environment["MASTER_ADDR"] != nil || environment["MASTER_PORT"] != nil else { return nil }
    func value(_ names: [String]) throws(Fault) -> (name: String, text: String) {
      for name in names { if let text = environment[name] { return (name, text) } }
      throw Fault(
        .usage, "a variable of the group of processes is missing", key: names[0],
        found: (Self.ranks + Self.sizes + ["MASTER_ADDR", "MASTER_PORT"]).filter { environment[$0] != nil }
          .joined(separator: ", "),
        expected: names.joined(separator: ", or "),
        remedy: "start the program with «polyphony launch» or torchrun, or unset MASTER_ADDR and MASTER_PORT")
    }
    func number(_ names: [String], in range: ClosedRange<Int>) throws(Fault) -> Int {
      let (name, text) = try value(names)
      guard let number = Int(text), range.contains(number) else {
        throw Fault(
          .usage, "a variable of the group of processes has a wrong value", key: name, found: text,
          expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
          remedy: "start the program with «polyphony launch» or torchrun")
      }
      return number
    }
    size = try number(Self.sizes, in: 1...Self.mostProcesses)
    rank = try number(Self.ranks, in: 0...size - 1)
    address = try value(["MASTER_ADDR"]).text
    port = try number(["MASTER_PORT"], in: 1...65535)
    hostsStore = rank == 0 && environment["TORCHELASTIC_USE_AGENT_STORE"] != "True"
    if environment["TORCHELASTIC_RESTART_COUNT"] != nil {
      attempt = try number(["TORCHELASTIC_RESTART_COUNT"], in: 0...1_000_000)
    }
    if environment[Self.timeoutVariable] != nil {
      timeout = Double(try number([Self.timeoutVariable], in: 1...1_000_000))
    }
    if size == 1 { return nil }
  }

  /// The prefix of the group's keys, so that a new attempt does not read those of the last one.
  var prefix: String { "polyphony/\(attempt)" }

  /// The reason why a process has not joined.
  func fault(_ message: String) -> Fault {
    let place = "\(address), port \(port)"
    if let missing = message.range(of: "missing ranks: ") {
      return Fault(
        .failure, "processes of the group have not come", key: "rank \(rank) of \(size)",
        found: "no rank \(Self.short(String(message[missing.upperBound...])))",
        expected: "\(size) processes within \(Int(timeout)) s",
        remedy: "see why they have not started; \(Self.timeoutVariable) sets another time")
    }
    if message.contains("EADDRINUSE") || message.contains("in use") {
      return Fault(
        .failure, "another program has the port of the group", key: "MASTER_PORT", found: place,
        expected: "a free port", remedy: "choose another MASTER_PORT")
    }
    return Fault(
      .failure, "the group of processes cannot meet", key: "MASTER_ADDR", found: "\(place): \(Self.short(message))",
      expected: "the host of rank 0, which every process reaches", remedy: "set MASTER_ADDR and MASTER_PORT")
  }

  /// The first line of libtorch's message, without the place in its sources.
  static func short(_ message: String) -> String {
    let line = message.prefix { $0 != "\n" }
    let text = line.hasPrefix("[") ? line.drop { $0 != "]" }.dropFirst() : line
    return String(text.drop { $0 == " " }.prefix(200))
  }
}
