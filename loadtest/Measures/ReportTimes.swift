import Basics

/// What a run of `loadtest reports` measured.
package struct ReportTimes: Sendable, Equatable {
  /// One report's answers.
  package struct Answers: Sendable, Equatable {
    package let name: String
    /// Until each answer was whole, in the order of asking.
    package var seconds: [Double] = []
    /// Size of an answer.
    package var bytes = 0
  }

  /// Rides in the sums that were reported on.
  package var rides = 0
  /// Charge windows that were reported on.
  package var windows = 0
  /// In the order in which they were first asked for.
  package private(set) var reports: [Answers] = []

  /// Starts at nothing.
  package init() {}

  /// Notes an answer.
  package mutating func note(_ name: String, seconds: Double, bytes: Int) {
    let place = reports.firstIndex { $0.name == name } ?? reports.endIndex
    if place == reports.endIndex { reports.append(Answers(name: name)) }
    reports[place].seconds.append(seconds)
    reports[place].bytes = bytes
  }

  /// The longest that any answer took.
  package var longestSeconds: Double { reports.flatMap(\.seconds).max() ?? 0 }

  /// One JSON object.
  package var json: [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("rides", rides)
    writer.member("windows", windows)
    writer.member("longest_seconds", longestSeconds)
    writer.key("reports")
    writer.beginArray()
    for report in reports {
      writer.beginObject()
      writer.member("name", report.name)
      writer.member("first_seconds", report.seconds.first ?? 0)
      writer.member("longest_later_seconds", report.longestLaterSeconds)
      writer.member("bytes", report.bytes)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// A table for people.
  package var text: String {
    let lines =
      [
        "rides \(rides), windows \(windows)",
        Self.line("report", "first s", "later s, at most", "bytes"),
      ]
      + reports.map {
        Self.line(
          $0.name, ReportNumber.text($0.seconds.first ?? 0),
          ReportNumber.text($0.longestLaterSeconds), String($0.bytes))
      }
    return lines.joined(separator: "\n")
  }

  private static func line(_ name: String, _ numbers: String...) -> String {
    ([name] + numbers).map { $0 + String(repeating: " ", count: max(1, 22 - $0.count)) }.joined()
  }
}

extension ReportTimes.Answers {
  /// The longest that an answer after the first took; 0 without any.
  package var longestLaterSeconds: Double { seconds.dropFirst().max() ?? 0 }
}
