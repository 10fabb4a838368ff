package import Basics

/// Where an impossible tap stands.
package enum QuarantineState: String, Sendable, CaseIterable {
  /// Waits for a person.
  case held
  /// Let through by a person: it makes a fare like a tap that came late.
  case released
  /// Turned down by a person: it stays visible with the reason.
  case discarded
}

/// What a person sets right about a tap that is let through.
package struct TapCorrection: Hashable, Sendable {
  /// When it really was; nil leaves the device's time.
  package var at: Instant?
  /// How many really rode; nil leaves the device's number.
  package var riders: Int?

  /// Makes a correction.
  package init(at: Instant? = nil, riders: Int? = nil) {
    self.at = at
    self.riders = riders
  }
}

/// Why a tap in quarantine cannot be released or discarded.
package struct QuarantineRefusal: Error, Hashable, Sendable {
  /// A word for programs.
  package let code: String
  /// What is wrong, and what to do.
  package let message: String

  init(_ code: String, _ message: String) {
    self.code = code
    self.message = message
  }

  /// There is no such tap.
  package static let unknown = QuarantineRefusal(
    "not_in_quarantine", "no tap of this device, epoch and number is in quarantine")
}

/// Decides whether a person may let an impossible tap through, or turn it down; pure.
package enum QuarantineDecision {
  /// Most bytes of a reason.
  package static let reasonBytesMax = 1000

  /// Why a tap may not be released; nil when it may.
  ///
  /// What made it impossible must be set right, or be of a kind that may be left out (a direction,
  /// a place): a released tap is rated like any other. `code` names the first thing that is impossible;
  /// `riders` is what the tap itself says, which may be impossible beside it. `isReadable` says whether the
  /// journal gives the tap out: one that is released is never given back, and could not be sorted.
  package static func refusesRelease(
    _ state: QuarantineState?, code: String, riders: Int?, correction: TapCorrection,
    reason: String, isReadable: Bool = true, now: Instant,
    limits: AdmissionLimits = AdmissionLimits()
  ) -> QuarantineRefusal? {
    if let refusal = refuses(state, reason: reason) { return refusal }
    guard isReadable else {
      return QuarantineRefusal(
        "batch_unreadable",
        "the batch that holds the tap cannot be read: the journal is damaged, or a newer program "
          + "wrote it")
    }
    if let at = correction.at {
      if at > now {
        return QuarantineRefusal(
          "time_in_future", "the corrected time \(at) is later than now, \(now)")
      }
      if at < limits.oldest {
        return QuarantineRefusal(
          "time_too_old", "the corrected time \(at) is before \(limits.oldest)")
      }
    }
    if let riders = correction.riders, !(1...limits.ridersMax).contains(riders) {
      return QuarantineRefusal(
        "riders_out_of_range", "1 to \(limits.ridersMax) riders may ride on one tap")
    }
    let code = QuarantineCode(rawValue: code)
    if code == .tapInFuture || code == .tapTooOld, correction.at == nil {
      return QuarantineRefusal(
        "time_needed",
        "the tap's time is impossible (\(code?.rawValue ?? "")): say when it really was")
    }
    let isCountImpossible =
      code == .ridersOutOfRange || riders.map { !(1...limits.ridersMax).contains($0) } ?? false
    if isCountImpossible, correction.riders == nil {
      return QuarantineRefusal(
        "riders_needed", "the tap's number of riders is impossible: say how many rode")
    }
    return nil
  }

  /// Why a tap may not be discarded; nil when it may.
  package static func refusesDiscard(
    _ state: QuarantineState?, reason: String
  ) -> QuarantineRefusal? { refuses(state, reason: reason) }

  private static func refuses(_ state: QuarantineState?, reason: String) -> QuarantineRefusal? {
    switch state {
    case nil: return .unknown
    case .released:
      return QuarantineRefusal("released_before", "the tap was released before; it stays so")
    case .discarded:
      return QuarantineRefusal("discarded_before", "the tap was discarded before; it stays so")
    case .held: break
    }
    guard !reason.allSatisfy(\.isWhitespace) else {
      return QuarantineRefusal("reason_missing", "say why: the decision is kept with its reason")
    }
    guard reason.utf8.count <= reasonBytesMax else {
      return QuarantineRefusal(
        "reason_too_long", "a reason has at most \(reasonBytesMax) bytes")
    }
    return nil
  }
}

extension Tap {
  /// The tap as a person let it through: with what was set right, and without what is impossible
  /// and may be missing.
  package func released(
    _ correction: TapCorrection, limits: AdmissionLimits = AdmissionLimits()
  ) -> Tap {
    var tap = self
    if let riders = correction.riders { tap.riders = riders }
    tap.riders = min(max(tap.riders, 1), limits.ridersMax)
    if let direction = tap.direction, !(0...1).contains(direction) { tap.direction = nil }
    if let place = tap.coordinate, abs(place.latitude) > 90 || abs(place.longitude) > 180 {
      tap.coordinate = nil
    }
    return tap
  }
}
