import Metrics
import Synchronization

/// Counts answers by endpoint and status, and times them by endpoint.
///
/// The series are made once and kept here: looking a series up by its labels costs more than the
/// count itself.
final class RequestMeter: Sendable {
  private struct Key: Hashable {
    let endpoint: Endpoint?
    let status: Int
  }
  private let factory: any MetricsFactory
  private let timers: [Endpoint?: Timer]
  private let counters = Mutex<[Key: Counter]>([:])

  init(factory: any MetricsFactory) {
    self.factory = factory
    var timers: [Endpoint?: Timer] = [:]
    for endpoint in [nil] + Endpoint.allCases.map(Optional.some) {
      timers[endpoint] = Timer(
        label: "kvytok_http_request_seconds", dimensions: [("endpoint", Self.name(endpoint))],
        factory: factory)
    }
    self.timers = timers
  }

  func count(endpoint: Endpoint?, status: Int, nanoseconds: Int64) {
    timers[endpoint]?.recordNanoseconds(nanoseconds)
    let key = Key(endpoint: endpoint, status: status)
    let counter = counters.withLock { counters in
      if let known = counters[key] { return known }
      let fresh = Counter(
        label: "kvytok_http_requests",
        dimensions: [("endpoint", Self.name(endpoint)), ("status", String(status))],
        factory: factory)
      counters[key] = fresh
      return fresh
    }
    counter.increment()
  }

  private static func name(_ endpoint: Endpoint?) -> String {
    endpoint.map { String(describing: $0) } ?? "none"
  }
}
