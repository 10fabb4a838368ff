package import Metrics
import Synchronization

/// Keeps what the service counts and shows it in the text format of Prometheus, version 0.0.4.
///
/// Counters end in `_total`; timers become histograms in seconds; recorders become histograms of
/// their values. The number of series is bounded: past the limit further ones go uncounted, and a
/// counter of its own says so.
package final class PrometheusRegistry: MetricsFactory {
  /// Most series kept; a label with many values would otherwise eat the memory.
  package static let seriesMax = 4096
  /// Upper bounds of the histogram buckets of timers, in seconds.
  static let secondsBounds = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]
  /// Upper bounds of the histogram buckets of recorders.
  static let valueBounds: [Double] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000, 100_000,
  ]

  private struct State {
    var series: [SeriesName: any Series] = [:]
    var refused: Int64 = 0
  }
  private let state = Mutex(State())

  /// Makes an empty registry.
  package init() {}

  /// The counter of a name and labels; the same one each time.
  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions) { CounterSeries() }
  }

  /// The gauge of a name and labels.
  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions) { GaugeSeries() }
  }

  /// The histogram of a name and labels; a gauge when values are not to be aggregated.
  package func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    if aggregate {
      series(label, dimensions) { HistogramSeries(bounds: PrometheusRegistry.valueBounds) }
    } else {
      series(label, dimensions) { GaugeSeries() }
    }
  }

  /// The histogram in seconds of a name and labels.
  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions) { HistogramSeries(bounds: PrometheusRegistry.secondsBounds) }
  }

  /// Series live as long as the process: a counter that came back at zero would look like a reset.
  package func destroyCounter(_ handler: any CounterHandler) {}
  /// Series live as long as the process.
  package func destroyMeter(_ handler: any MeterHandler) {}
  /// Series live as long as the process.
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  /// Series live as long as the process.
  package func destroyTimer(_ handler: any TimerHandler) {}

  private func series<S: Series>(
    _ label: String, _ dimensions: [(String, String)], _ make: () -> S
  ) -> S {
    let name = SeriesName(label: label, dimensions: dimensions)
    return state.withLock { state in
      if let known = state.series[name] as? S { return known }
      let fresh = make()
      // A name that is already of another kind, or one too many, is counted but not shown.
      if state.series[name] == nil, state.series.count < PrometheusRegistry.seriesMax {
        state.series[name] = fresh
      } else {
        state.refused += 1
      }
      return fresh
    }
  }

  /// Everything counted so far, in the text format of Prometheus.
  package func text() -> String {
    let (series, refused) = state.withLock { ($0.series, $0.refused) }
    var text = ""
    var lastFamily = ""
    for (name, value) in series.sorted(by: { $0.key < $1.key }) {
      let family = value.family(of: name.label)
      if family != lastFamily { text += "# TYPE \(family) \(value.kind)\n" }
      lastFamily = family
      value.write(family: family, labels: name.labels, to: &text)
    }
    text += "# TYPE kvytok_metrics_series_refused_total counter\n"
    text += "kvytok_metrics_series_refused_total \(refused)\n"
    return text
  }
}

/// A metric's name and labels, as Prometheus allows them.
private struct SeriesName: Hashable, Comparable {
  let label: String
  /// `endpoint="x",status="200"`, without braces.
  let labels: String

  init(label: String, dimensions: [(String, String)]) {
    self.label = SeriesName.allowed(label)
    labels = dimensions.map { name, value in
      let escaped = value.map { character in
        switch character {
        case "\\": "\\\\"
        case "\"": "\\\""
        case "\n": "\\n"
        default: String(character)
        }
      }
      return "\(SeriesName.allowed(name))=\"\(escaped.joined())\""
    }.joined(separator: ",")
  }

  static func < (left: SeriesName, right: SeriesName) -> Bool {
    (left.label, left.labels) < (right.label, right.labels)
  }

  private static func allowed(_ name: String) -> String {
    String(
      name.map { character in
        character.isASCII && (character.isLetter || character.isNumber || character == "_")
          ? character : "_"
      })
  }
}

private protocol Series: AnyObject, Sendable {
  /// The word of the TYPE line.
  var kind: String { get }
  func family(of label: String) -> String
  func write(family: String, labels: String, to text: inout String)
}

extension Series {
  func family(of label: String) -> String { label }
}

private final class CounterSeries: Series, CounterHandler {
  let kind = "counter"
  private let count = Atomic<Int64>(0)

  func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }
  func reset() { count.store(0, ordering: .relaxed) }

  func family(of label: String) -> String {
    label.hasSuffix("_total") ? label : label + "_total"
  }

  func write(family: String, labels: String, to text: inout String) {
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    text += "\(family)\(braces) \(count.load(ordering: .relaxed))\n"
  }
}

private final class GaugeSeries: Series, MeterHandler, RecorderHandler {
  let kind = "gauge"
  private let current = Mutex(0.0)

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { current.withLock { $0 = value } }
  func increment(by amount: Double) { current.withLock { $0 += amount } }
  func decrement(by amount: Double) { current.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }

  func write(family: String, labels: String, to text: inout String) {
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    text += "\(family)\(braces) \(number(current.withLock { $0 }))\n"
  }
}

private final class HistogramSeries: Series, TimerHandler, RecorderHandler {
  private struct State {
    var counts: [Int64]
    var sum = 0.0
  }
  let kind = "histogram"
  private let bounds: [Double]
  private let state: Mutex<State>

  init(bounds: [Double]) {
    self.bounds = bounds
    state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
  }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
    state.withLock { state in
      state.counts[bucket] += 1
      state.sum += value
    }
  }

  func write(family: String, labels: String, to text: inout String) {
    let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
    let comma = labels.isEmpty ? "" : ","
    var total: Int64 = 0
    for (index, count) in counts.enumerated() {
      total += count
      let bound = index < bounds.count ? number(bounds[index]) : "+Inf"
      text += "\(family)_bucket{\(labels)\(comma)le=\"\(bound)\"} \(total)\n"
    }
    let braces = labels.isEmpty ? "" : "{\(labels)}"
    text += "\(family)_sum\(braces) \(number(sum))\n\(family)_count\(braces) \(total)\n"
  }
}

/// A number without a needless `.0`.
private func number(_ value: Double) -> String {
  let text = value.description
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}
