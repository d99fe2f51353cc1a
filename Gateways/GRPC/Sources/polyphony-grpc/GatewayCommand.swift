import ArgumentParser
import Foundation
import PolyphonyGRPC

/// The program `polyphony-grpc`.
@main
struct GatewayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "polyphony-grpc",
    abstract: "Answer calls of the Open Inference Protocol over gRPC with what `polyphony serve` says over HTTP.",
    discussion: """
      The gRPC clients of Triton and KServe work as they are. Each call becomes a request of the service, and a token in \
      the metadata (authorization) goes along.

      Example: polyphony-grpc --service http://127.0.0.1:8080 --port 8001

      The gateway listens on this machine alone, unless --host says otherwise. It has no encryption of its own.
      """)

  @Option(help: ArgumentHelp("The address of the service.", valueName: "address"))
  var service = "http://127.0.0.1:8080"

  @Option(help: ArgumentHelp("The number of the address to listen on.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("The port to listen on; 0 for a free one.", valueName: "number"))
  var port: UInt16 = 8001

  @Option(
    help: ArgumentHelp(
      "A file with a token on each line, one of which every call must have; without it the service alone decides.",
      valueName: "file"),
    completion: .file())
  var tokenFile: String?

  func run() async throws {
    guard let address = ServiceAddress(service) else {
      throw ValidationError("--service needs an address such as http://127.0.0.1:8080, not \(service).")
    }
    var options = Gateway.Options(service: address)
    (options.host, options.port) = (host == "localhost" ? "127.0.0.1" : host, Int(port))
    if let tokenFile {
      do {
        options.tokens = try AccessTokens(file: tokenFile)
      } catch {
        throw ValidationError("--token-file: \(error)")
      }
    }
    let stop = StopSignal()
    let gateway = Gateway(options)
    let isOpen = tokenFile == nil && !["localhost", "::1"].contains(host) && !host.hasPrefix("127.")
    do {
      let isWhole = try await gateway.run { place in
        Self.note("serving \(address) over gRPC at \(place)")
        if isOpen {
          Self.note("note: everybody who reaches this address can ask the service; --token-file asks for a token")
        }
      } until: {
        await stop.wait()
      }
      if !isWhole { Self.note("note: some calls took too long and got no answer") }
    } catch {
      let place = "--host \(host) --port \(port)"
      Self.note("error: \(place): the gateway cannot listen here: \(error)")
      throw ExitCode(70)
    }
  }

  private static func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
}
