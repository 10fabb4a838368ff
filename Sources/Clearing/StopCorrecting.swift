import Basics
import Store
import Transit

/// Why the stop of a tap is not corrected, and what would be right.
package struct StopCorrectionRefusal: Error, Hashable, Sendable {
  /// A word for programs.
  package let code: String
  /// What is wrong, and what to do.
  package let message: String

  init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }

  /// No tap of the name has reached a rider.
  package static let tapUnknown = StopCorrectionRefusal(
    "tap_unknown",
    "no tap of this device, epoch and number has reached its rider; it may be in quarantine, or on "
      + "its way")

  /// Another correction of the tap waits for a second person.
  static let waits = StopCorrectionRefusal(
    "correction_waits",
    "another correction of this tap waits for a second person; have it approved or refused first")

  static func unknown(_ id: Int64) -> StopCorrectionRefusal {
    StopCorrectionRefusal("correction_unknown", "there is no correction \(id)")
  }

  static func decided(_ id: Int64, _ state: StopCorrectionState) -> StopCorrectionRefusal {
    StopCorrectionRefusal(
      "correction_decided",
      "correction \(id) is \(state.rawValue) already; only one that waits is decided")
  }

  static func ownRequest(_ id: Int64) -> StopCorrectionRefusal {
    StopCorrectionRefusal(
      "own_correction",
      "correction \(id) changes more than one person may: somebody else has to approve it")
  }

  static func changesOtherwise(
    _ id: Int64, shown: Int64, now: Int64
  ) -> StopCorrectionRefusal {
    StopCorrectionRefusal(
      "correction_changed",
      "correction \(id) changed fares by \(shown) minor units when it was asked for, and would by "
        + "\(now) now; refuse it, and ask for it anew")
  }
}

/// Whether a person may say that a tap was at a stop.
struct StopCorrecting {
  /// Most bytes of a reason.
  static let reasonBytesMax = 1000

  let network: Network

  /// Throws when the stop of a tap must not be corrected this way.
  ///
  /// `standing` is what was corrected before; no stop withdraws that.
  func check(
    _ found: CorrectableTap, standing: String?, to stop: String?, isOffRoute: Bool,
    reason: String
  ) throws(StopCorrectionRefusal) {
    guard !reason.allSatisfy(\.isWhitespace) else {
      throw StopCorrectionRefusal(
        "reason_missing", "say why: the correction is kept with its reason")
    }
    guard reason.utf8.count <= Self.reasonBytesMax else {
      throw StopCorrectionRefusal(
        "reason_too_long", "a reason has at most \(Self.reasonBytesMax) bytes")
    }
    guard !found.isErased else {
      throw StopCorrectionRefusal(
        "rider_erased",
        "the rider was erased: nobody is left to pay or to be paid what would change")
    }
    guard found.isAccepted else {
      throw StopCorrectionRefusal(
        "tap_denied", "the validator let nobody in at this tap: it makes no ride")
    }
    guard let stop else {
      guard standing != nil else {
        throw StopCorrectionRefusal(
          "not_corrected", "the stop of this tap was not corrected: there is nothing to withdraw")
      }
      return
    }
    guard let index = network.stopIndex(id: stop),
      ![.entrance, .node].contains(network.stops[index].kind)
    else {
      throw StopCorrectionRefusal("stop_unknown", "the network has no stop \(stop)")
    }
    guard stop != standing ?? found.tap.stop else {
      throw StopCorrectionRefusal("nothing_changes", "the tap counts at \(stop) already")
    }
    guard isOffRoute || serves(index, found.tap) else {
      throw StopCorrectionRefusal(
        "stop_off_route",
        "the line of this tap does not call at \(stop); if the vehicle was diverted, say so "
          + "(off route)")
    }
  }

  /// Whether the trip that a tap names calls at a stop, or else any trip of its route; a tap of a line
  /// that the network does not know may be anywhere.
  private func serves(_ stop: Int, _ tap: TapRow) -> Bool {
    func isThere(_ called: Int) -> Bool {
      // A gate belongs to the station, and the trip calls at a platform of it.
      called == stop || network.stops[called].parentIndex == stop
        || network.stops[stop].parentIndex == called
    }
    if let trip = tap.trip.flatMap({ network.tripIndex(id: $0) }) {
      return network.stopTimes(ofTrip: trip).contains { isThere(Int($0.stopIndex)) }
    }
    guard let route = tap.route.flatMap({ network.resolveRoute($0) }) else { return true }
    return network.patterns(ofRoute: route).contains { pattern in
      network.patterns[pattern].stopIndexes.contains { isThere(Int($0)) }
    }
  }
}
