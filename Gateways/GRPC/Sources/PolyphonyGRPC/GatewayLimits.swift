import GRPCNIOTransportHTTP2Posix

extension HTTP2ServerTransport.Posix.Config {
  /// The sizes and times of a gateway.
  static var gateway: Self {
    var config = Self.defaults
    // The transport cancels a call beyond its limit without a reason. So the gateway refuses a request before that.
    config.rpc.maxRequestPayloadSize = 2 * InferenceBody.mostBytes
    config.compression.enabledAlgorithms = .all
    // A window of 64 KiB, the default, would hold large tensors up on every network but loopback.
    config.http2.targetWindowSize = 1 << 20
    config.http2.maxConcurrentStreams = 128
    config.connection.maxIdleTime = .seconds(300)
    // A client that vanishes without a word is noticed, and clients may ask the same of the gateway.
    config.connection.keepalive.time = .seconds(60)
    config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(10)
    config.connection.keepalive.clientBehavior.allowWithoutCalls = true
    // A delay that gathers small writes would cost more than it saves, because an answer is one message.
    config.connection.flushCoalescing = nil
    return config
  }
}
