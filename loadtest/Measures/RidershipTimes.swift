import Basics

/// What planners ask in `loadtest ridership`.
package enum RidershipKind: String, Sendable, CaseIterable {
  /// The load of a route in a direction on a day, and in two hours of it.
  case load = "route-load"
  case loadOfHours = "route-load of two hours"
  /// Riders from stop to stop: of a route on a day, of a route in a week, of all routes on a day.
  case pairs = "od of a route"
  case pairsOfWeek = "od of a route in a week"
  case pairsOfCity = "od of all routes"
  /// Boardings and alightings by stop, of the same.
  case stops = "stops of a route"
  case stopsOfWeek = "stops of a route in a week"
  case stopsOfCity = "stops of all routes"

  /// Of twenty questions, how many are of this kind.
  package var shareOfTwenty: Int {
    switch self {
    case .load: 10
    case .loadOfHours: 4
    default: 1
    }
  }

  /// Twenty questions as they follow one another.
  package static let mix = allCases.flatMap { kind in
    [RidershipKind](repeating: kind, count: kind.shareOfTwenty)
  }
}

/// What a run of `loadtest ridership` measured.
package struct RidershipTimes: Sendable, Equatable {
  package var boardings = 0
  package var days = 0
  package var lines = 0
  /// How long filling took.
  package var fillSeconds = 0.0
  /// The question whose answer took longest.
  package private(set) var slowest = ""
  /// The summary of all answers, and of those of each kind that was asked.
  package private(set) var all: LatencySummary?
  package private(set) var kinds: [KindTimes] = []

  /// How long answers of a kind took.
  package struct KindTimes: Sendable, Equatable {
    package let kind: RidershipKind
    package let latency: LatencySummary
  }

  /// Starts at nothing.
  package init() {}

  /// Sums up answers: of each question its kind, its path and the microseconds until it was whole.
  package init(_ answers: [(kind: RidershipKind, path: String, microseconds: Int64)]) {
    var whole = LatencyHistogram()
    var byKind: [RidershipKind: LatencyHistogram] = [:]
    for answer in answers {
      whole.note(microseconds: answer.microseconds)
      byKind[answer.kind, default: LatencyHistogram()].note(microseconds: answer.microseconds)
    }
    all = LatencySummary(whole)
    kinds = RidershipKind.allCases.compactMap { kind in
      byKind[kind].flatMap { LatencySummary($0) }.map { KindTimes(kind: kind, latency: $0) }
    }
    slowest = answers.max { $0.microseconds < $1.microseconds }?.path ?? ""
  }

  /// Questions that were asked.
  package var questions: Int { all?.count ?? 0 }

  private func times(_ kind: RidershipKind) -> LatencySummary? {
    kinds.first { $0.kind == kind }?.latency
  }

  private var numbers: [(key: String, value: Double?)] {
    [
      ("p50_ms", all?.p50Milliseconds), ("p95_ms", all?.p95Milliseconds),
      ("p99_ms", all?.p99Milliseconds), ("slowest_ms", all?.longestMilliseconds),
      ("route_load_p50_ms", times(.load)?.p50Milliseconds),
      ("route_load_p95_ms", times(.load)?.p95Milliseconds), ("fill_seconds", fillSeconds),
    ]
  }

  private var counts: [(key: String, value: Int?)] {
    [("questions", questions), ("boardings", boardings), ("days", days), ("lines", lines)]
  }

  /// One JSON object.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    ReportRows.write(numbers, counts, to: &writer)
    writer.member("slowest", slowest)
    writer.member("kinds", objects: kinds) { writer, times in
      writer.member("name", times.kind.rawValue)
      writer.member("questions", times.latency.count)
      writer.member("p50_ms", times.latency.p50Milliseconds)
      writer.member("p95_ms", times.latency.p95Milliseconds)
      writer.member("slowest_ms", times.latency.longestMilliseconds)
    }
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String {
    let rows =
      [Self.line("question", "asked", "p50 ms", "p95 ms", "slowest ms")]
      + kinds.map { times in
        Self.line(
          times.kind.rawValue, String(times.latency.count),
          ReportNumber.text(times.latency.p50Milliseconds),
          ReportNumber.text(times.latency.p95Milliseconds),
          ReportNumber.text(times.latency.longestMilliseconds))
      }
    return (ReportRows.lines(numbers, counts) + ["slowest: \(slowest)", ""] + rows)
      .joined(separator: "\n")
  }

  private static func line(_ name: String, _ numbers: String...) -> String {
    name + String(repeating: " ", count: max(1, 28 - name.count))
      + numbers.map { $0 + String(repeating: " ", count: max(1, 12 - $0.count)) }.joined()
  }
}
