/// The variables by which the processes of one machine find each other. Their names are those of torchrun.
///
/// ```
/// RANK, LOCAL_RANK               the process's number, from 0
/// WORLD_SIZE, LOCAL_WORLD_SIZE   how many processes there are
/// MASTER_ADDR, MASTER_PORT       where the process of rank 0 listens
/// TORCHELASTIC_RESTART_COUNT     how often all of them were started again
/// OMP_NUM_THREADS                the threads of one operation
/// ```
package struct RankEnvironment: Sendable {
  /// The address of rank 0, which is this machine.
  package static let address = "127.0.0.1"

  /// The number of processes.
  package let processes: Int
  /// The port on which rank 0 listens.
  package let port: UInt16
  /// The number of earlier starts.
  package let restart: Int
  /// The threads of one operation in each process. Nil if the command itself says how many.
  package let threads: Int?

  package init(processes: Int, port: UInt16, restart: Int = 0, threads: Int?) {
    (self.processes, self.port, self.restart, self.threads) = (processes, port, restart, threads)
  }

  /// The environment of a process: the given one, with the variables of the group.
  ///
  /// A number of threads in the given environment stays. The store of torchrun's agent does not: nobody listens there.
  package func variables(rank: Int, in given: [String: String]) -> [String: String] {
    var variables = given
    variables["TORCHELASTIC_USE_AGENT_STORE"] = nil
    for name in ["RANK", "LOCAL_RANK"] { variables[name] = "\(rank)" }
    for name in ["WORLD_SIZE", "LOCAL_WORLD_SIZE"] { variables[name] = "\(processes)" }
    (variables["MASTER_ADDR"], variables["MASTER_PORT"]) = (Self.address, "\(port)")
    variables["TORCHELASTIC_RESTART_COUNT"] = "\(restart)"
    if let threads, given["OMP_NUM_THREADS"] ?? "" == "" { variables["OMP_NUM_THREADS"] = "\(threads)" }
    return variables
  }

  /// The share of a process in the cores, which is 1 or more.
  package static func threads(cores: Int, processes: Int) -> Int { max(1, cores / processes) }

  /// The variable by which an environment says that its process is in a group already.
  package static func group(in environment: [String: String]) -> (name: String, value: String)? {
    for name in ["RANK", "WORLD_SIZE"] {
      if let value = environment[name], !value.isEmpty { return (name, value) }
    }
    return nil
  }
}
