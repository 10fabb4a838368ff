import Logging
import Store

/// What failed in a pass: it is logged with its place at once, and thrown when all else had its turn.
///
/// One lane that cannot be worked on, for one row that is damaged, holds up no other.
struct PassFaults {
  private let log: Logger
  private var first: (any Error)?
  private var lanes: [LanePurpose: Set<Int16>] = [:]

  init(log: Logger) { self.log = log }

  var isEmpty: Bool { first == nil }

  /// Those of some lanes on which the work did not fail in this pass.
  func sound(_ waiting: [Int16], for purpose: LanePurpose) -> [Int16] {
    guard let failed = lanes[purpose] else { return waiting }
    return waiting.filter { !failed.contains($0) }
  }

  /// Notes what failed on a lane; throws what is of no lane.
  mutating func note(_ fault: any Error, on lane: Int16, of purpose: LanePurpose) throws {
    try note(fault, at: ["lane": "\(lane)", "work": "\(purpose)"])
    lanes[purpose, default: []].insert(lane)
  }

  /// Notes what failed of the released taps of a device; throws what is of no device.
  mutating func note(_ fault: any Error, ofDevice device: String) throws {
    try note(fault, at: ["device": "\(device)", "work": "released taps"])
  }

  private mutating func note(_ fault: any Error, at place: Logger.Metadata) throws {
    // Who is told to end has no fault to tell of.
    guard !Self.isOfAll(fault), !Task.isCancelled else { throw fault }
    log.error(
      "a part of clearing is interrupted",
      metadata: place.merging(["fault": "\(fault)"]) { place, _ in place })
    first = first ?? fault
  }

  /// Throws what failed first, if anything did.
  func throwFirst() throws {
    if let first { throw first }
  }

  /// Whether the same would happen anywhere: the pass was cancelled, or the database is away.
  ///
  /// Where the server itself said something, it was about a statement.
  static func isOfAll(_ fault: any Error) -> Bool {
    if fault is CancellationError { return true }
    guard let fault = fault as? StoreFault else { return false }
    return fault.kind == .unavailable && fault.sqlState == nil
  }
}
