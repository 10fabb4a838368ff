/// Something wrong with a feed, and where.
package struct FeedFault: Error, Hashable, Sendable {
  /// File of the feed: `stop_times.txt`; empty when it is the archive itself.
  package let file: String
  /// Line of the file, from 1; nil when it is the whole file.
  package let line: Int?
  /// What kind of fault it is, for counting: `unknown_stop`.
  package let code: String
  /// What is wrong and what to do.
  package let message: String
  /// Whether no network could be made.
  package let isFatal: Bool

  /// Makes a fault.
  package init(file: String, line: Int?, code: String, message: String, isFatal: Bool = false) {
    self.file = file
    self.line = line
    self.code = code
    self.message = message
    self.isFatal = isFatal
  }
}

extension FeedFault: CustomStringConvertible {
  /// The fault as `stops.txt:17: …`.
  package var description: String {
    let place = [file, line.map(String.init) ?? ""].filter { !$0.isEmpty }.joined(separator: ":")
    return place.isEmpty ? message : "\(place): \(message)"
  }
}

/// How often a kind of fault occurred in a file.
package struct FeedFaultCount: Hashable, Sendable {
  package let file: String
  package let code: String
  package var count: Int
}

/// What reading a feed gave.
package struct FeedReading: Sendable {
  package let network: Network
  /// The first faults of each kind in each file, in the order in which they were found.
  package let faults: [FeedFault]
  /// Number of all faults, by file and kind, those not listed included.
  package let faultCounts: [FeedFaultCount]
  /// Rows read from each file, bad ones included, in the order of reading.
  package let rowCounts: [FeedRowCount]
  /// Files of the archive that are not read, by name.
  package let unreadFiles: [String]

  /// Number of all faults.
  package var faultCount: Int { faultCounts.reduce(0) { $0 + $1.count } }
}

/// Rows of a file of a feed.
package struct FeedRowCount: Hashable, Sendable {
  package let file: String
  package let count: Int
}

/// Collects faults: lists the first of each kind, counts all.
struct FaultLog {
  /// Most faults listed of one kind in one file.
  static let listedPerKindMax = 20

  private struct Kind: Hashable {
    var file: String
    var code: String
  }

  private(set) var faults: [FeedFault] = []
  private(set) var counts: [FeedFaultCount] = []
  private var places: [Kind: Int] = [:]

  mutating func add(
    _ file: String, _ line: Int?, _ code: String, _ message: @autoclosure () -> String
  ) {
    let kind = Kind(file: file, code: code)
    let place = places[kind] ?? counts.count
    if place == counts.count {
      places[kind] = place
      counts.append(FeedFaultCount(file: file, code: code, count: 0))
    }
    counts[place].count += 1
    guard counts[place].count <= FaultLog.listedPerKindMax else { return }
    faults.append(FeedFault(file: file, line: line, code: code, message: message()))
  }
}
