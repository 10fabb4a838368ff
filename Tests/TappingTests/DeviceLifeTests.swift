import Basics
import Tapping
import Testing
import Transit

@Suite struct DeviceLifeTests {
  /// Where a device can stand, and what comes of each event there: `→` goes on, `=` is so already.
  private static let table: [(DeviceLife?, DeviceEvent, DeviceKeyKnowledge, String)] = [
    (nil, .enroll, .fresh, "→ enrolled: makeSecret"),
    (nil, .suspend, .fresh, "device_unknown"), (nil, .activate, .fresh, "device_unknown"),
    (.init(.enrolled), .enroll, .fresh, "→ enrolled: makeSecret"),
    (.init(.enrolled), .activate, .fresh, "→ active: takeKey"),
    (.init(.enrolled), .activate, .earlier, "key_used_before"),
    (.init(.enrolled), .assign, .fresh, "→ enrolled: writeAssignment"),
    (.init(.enrolled), .suspend, .fresh, "device_not_active"),
    (.init(.enrolled), .resume, .fresh, "device_not_suspended"),
    (.init(.enrolled), .rotate, .fresh, "device_not_active"),
    (.init(.enrolled), .orderRotation, .fresh, "device_not_active"),
    (.init(.enrolled), .orderReplacement, .fresh, "device_not_active"),
    (.init(.enrolled), .endOldKeys, .fresh, "device_not_active"),
    (.init(.enrolled), .revoke, .fresh, "→ revoked: endAllKeys"),
    (.init(.active), .enroll, .fresh, "device_is_active"),
    (.init(.active), .activate, .current, "="),
    (.init(.active), .activate, .fresh, "secret_used"),
    (.init(.active), .activate, .earlier, "secret_used"),
    (.init(.active), .suspend, .fresh, "→ suspended: "),
    (.init(.active), .resume, .fresh, "="),
    (.init(.active), .orderRotation, .fresh, "→ active owes key: "),
    (.init(.active), .rotate, .fresh, "→ active: overlapOldKeys takeKey"),
    (.init(.active), .rotate, .current, "="),
    (.init(.active), .rotate, .earlier, "key_used_before"),
    (.init(.active, owesKey: true), .rotate, .fresh, "→ active: overlapOldKeys takeKey"),
    (.init(.active), .orderReplacement, .fresh, "→ active replacing: makeSecret"),
    (.init(.active), .endOldKeys, .fresh, "→ active: endOldKeys"),
    (.init(.active), .cancelReplacement, .fresh, "="),
    (.init(.active, isReplacing: true), .cancelReplacement, .fresh, "→ active: dropSecret"),
    (.init(.suspended, isReplacing: true), .cancelReplacement, .fresh, "→ suspended: dropSecret"),
    (.init(.enrolled), .cancelReplacement, .fresh, "device_not_active"),
    (.init(.revoked), .cancelReplacement, .fresh, "device_revoked"),
    (
      .init(.active, isReplacing: true), .activate, .fresh,
      "→ active: confineOldKeys takeKey"
    ),
    (.init(.active, isReplacing: true), .activate, .current, "key_used_before"),
    (
      .init(.active, isReplacing: true), .rotate, .fresh,
      "→ active replacing: overlapOldKeys takeKey"
    ),
    (.init(.active, isReplacing: true), .activate, .earlier, "key_used_before"),
    (.init(.active), .revoke, .fresh, "→ revoked: endAllKeys"),
    (.init(.suspended), .enroll, .fresh, "device_is_active"),
    (.init(.suspended), .activate, .current, "device_suspended"),
    (.init(.suspended), .suspend, .fresh, "="),
    (.init(.suspended), .resume, .fresh, "→ active: "),
    (.init(.suspended), .rotate, .fresh, "device_suspended"),
    (.init(.suspended, isReplacing: true), .resume, .fresh, "→ active replacing: "),
    (.init(.suspended), .revoke, .fresh, "→ revoked: endAllKeys"),
    (.init(.revoked), .enroll, .fresh, "→ enrolled: makeSecret"),
    (.init(.revoked), .activate, .fresh, "device_revoked"),
    (.init(.revoked), .assign, .fresh, "device_revoked"),
    (.init(.revoked), .suspend, .fresh, "device_revoked"),
    (.init(.revoked), .resume, .fresh, "device_revoked"),
    (.init(.revoked), .rotate, .fresh, "device_revoked"),
    (.init(.revoked), .orderRotation, .fresh, "device_revoked"),
    (.init(.revoked), .orderReplacement, .fresh, "device_revoked"),
    (.init(.revoked), .revoke, .fresh, "="), (.init(.revoked), .endOldKeys, .fresh, "="),
  ]

  @Test func eachEventDoesWhatTheTableSays() {
    for (life, event, key, expected) in Self.table {
      let outcome = Self.text(DeviceLife.decide(event, on: life, key: key))
      #expect(outcome == expected, "\(event) on \(String(describing: life)) with \(key)")
    }
  }

  @Test func noEventLeavesARevokedDeviceWithAKeyToTake() {
    for event in DeviceEvent.allCases {
      for key in DeviceKeyKnowledge.allCases {
        guard
          case .step(_, let actions) = DeviceLife.decide(event, on: .init(.revoked), key: key)
        else { continue }
        #expect(event == .enroll && actions == [.makeSecret])
      }
    }
  }

  @Test func aKeyThatWasThereBeforeNeverComesBack() {
    for state in DeviceState.allCases {
      for (isReplacing, event) in [
        (false, DeviceEvent.activate), (true, .activate), (false, .rotate),
      ] {
        let outcome = DeviceLife.decide(
          event, on: .init(state, isReplacing: isReplacing), key: .earlier)
        guard case .refused = outcome else {
          Issue.record("\(event) on \(state) took an old key")
          continue
        }
      }
    }
  }

  private static func text(_ outcome: DeviceLife.Outcome) -> String {
    switch outcome {
    case .already: "="
    case .refused(let refusal): refusal.rawValue
    case .step(let life, let actions):
      "→ \(life.state.rawValue)\(life.isReplacing ? " replacing" : "")"
        + "\(life.owesKey ? " owes key" : ""): "
        + actions.map { "\($0)" }.sorted().joined(separator: " ")
    }
  }
}

@Suite struct DeviceAssignmentsTests {
  private static func at(_ hour: Int64) -> Instant { World.morning.adding(seconds: hour * 3600) }

  private static func text(_ assignments: DeviceAssignments) -> String {
    assignments.entries.map { entry in
      let hour = { (moment: Instant) in (moment.seconds - World.morning.seconds) / 3600 }
      let name = entry.place.vehicle ?? entry.place.stop ?? ""
      return "\(name) \(hour(entry.from))-\(entry.to.map { "\(hour($0))" } ?? "")"
    }.joined(separator: ", ")
  }

  @Test(
    arguments: [
      ("a", 0, nil, "a 0-"), ("b", 5, nil, "a 0-5, b 5-"), ("b", 2, 4, "a 0-2, b 2-4, a 4-"),
      ("b", -3, 0, "b -3-0, a 0-"), ("a", 2, 4, "a 0-"), (nil, 3, 6, "a 0-3, a 6-"),
      ("b", 4, 4, "a 0-"), ("b", -2, nil, "b -2-"),
    ] as [(String?, Int64, Int64?, String)])
  func aPlaceCutsWhatHeldBefore(
    _ name: String?, _ from: Int64, _ to: Int64?, _ expected: String
  ) {
    var assignments = DeviceAssignments()
    assignments.assign(.vehicle("a"), from: Self.at(0))
    assignments.assign(name.map(DevicePlace.vehicle), from: Self.at(from), to: to.map(Self.at))
    #expect(Self.text(assignments) == expected)
  }

  @Test func atAnyMomentTheNewestWordHolds() {
    var chance = SeededGenerator(seed: 3)
    for _ in 0..<200 {
      var assignments = DeviceAssignments()
      var hours: [String?] = Array(repeating: nil, count: 30)
      for step in 0..<8 {
        let from = chance.integer(in: 0...25)
        let to = chance.chance(0.2) ? nil : from + chance.integer(in: 0...8)
        let name = chance.chance(0.2) ? nil : "v\(step % 3)"
        assignments.assign(
          name.map(DevicePlace.vehicle), from: Self.at(Int64(from)),
          to: to.map { Self.at(Int64($0)) })
        for hour in from..<min(to ?? 30, 30) where hour < 30 { hours[hour] = name }
      }
      for hour in 0..<30 {
        #expect(assignments.place(at: Self.at(Int64(hour)))?.vehicle == hours[hour])
      }
      for (earlier, later) in zip(assignments.entries, assignments.entries.dropFirst()) {
        #expect(earlier.to.map { $0 <= later.from } == true)
      }
    }
  }
}

@Suite struct QuarantineDecisionTests {
  private static let now = World.morning

  @Test(
    arguments: [
      (nil, "tap_in_future", nil, nil, "why", "not_in_quarantine"),
      (.released, "tap_in_future", -60, nil, "why", "released_before"),
      (.discarded, "tap_in_future", -60, nil, "why", "discarded_before"),
      (.held, "tap_in_future", nil, nil, "why", "time_needed"),
      (.held, "tap_too_old", nil, nil, "why", "time_needed"),
      (.held, "tap_in_future", -60, nil, "why", nil),
      (.held, "tap_in_future", 60, nil, "why", "time_in_future"),
      (.held, "tap_too_old", -1_000_000_000, nil, "why", "time_too_old"),
      (.held, "riders_out_of_range", nil, nil, "why", "riders_needed"),
      (.held, "riders_out_of_range", nil, 0, "why", "riders_out_of_range"),
      (.held, "riders_out_of_range", nil, 100, "why", "riders_out_of_range"),
      (.held, "riders_out_of_range", nil, 2, "why", nil),
      (.held, "direction_out_of_range", nil, nil, "why", nil),
      (.held, "coordinate_impossible", nil, nil, "why", nil),
      (.held, "coordinate_impossible", nil, nil, " \n", "reason_missing"),
      (
        .held, "coordinate_impossible", nil, nil, String(repeating: "x", count: 1001),
        "reason_too_long"
      ),
    ] as [(QuarantineState?, String, Int64?, Int?, String, String?)])
  func aReleaseIsRefusedWithItsReason(
    _ state: QuarantineState?, _ code: String, _ seconds: Int64?, _ riders: Int?,
    _ reason: String, _ expected: String?
  ) {
    let correction = TapCorrection(
      at: seconds.map { Self.now.adding(seconds: $0) }, riders: riders)
    let refusal = QuarantineDecision.refusesRelease(
      state, code: code, riders: 1, correction: correction, reason: reason, now: Self.now)
    #expect(refusal?.code == expected)
  }

  /// Only the first thing that is impossible is named, and all have to be set right.
  @Test(
    arguments: [
      (5000, nil, "riders_needed"), (0, nil, "riders_needed"), (-1, nil, "riders_needed"),
      (5000, 2, nil), (99, nil, nil), (nil, nil, nil),
    ] as [(Int?, Int?, String?)])
  func nobodyRidesWhomNoPersonCounted(_ riders: Int?, _ corrected: Int?, _ expected: String?) {
    let correction = TapCorrection(at: Self.now.adding(seconds: -60), riders: corrected)
    let refusal = QuarantineDecision.refusesRelease(
      .held, code: "tap_too_old", riders: riders, correction: correction, reason: "why",
      now: Self.now)
    #expect(refusal?.code == expected)
  }

  @Test func aTapThatTheJournalDoesNotGiveOutIsNotReleased() {
    func refusal(_ state: QuarantineState) -> String? {
      QuarantineDecision.refusesRelease(
        state, code: "coordinate_impossible", riders: 1, correction: TapCorrection(), reason: "why",
        isReadable: false, now: Self.now)?.code
    }
    #expect(refusal(.held) == "batch_unreadable")
    #expect(refusal(.discarded) == "discarded_before")
  }

  @Test func nothingIsDiscardedTwice() {
    #expect(QuarantineDecision.refusesDiscard(.held, reason: "test ride") == nil)
    for state in [QuarantineState.released, .discarded, nil] {
      #expect(QuarantineDecision.refusesDiscard(state, reason: "test ride") != nil)
    }
    #expect(QuarantineDecision.refusesDiscard(.held, reason: "")?.code == "reason_missing")
  }

  @Test func aReleasedTapLosesWhatIsImpossible() {
    var tap = Tap(
      seq: 1, at: Self.now, kind: .single, medium: .card, token: [1], riders: 500, direction: 7,
      coordinate: Coordinate(latitude: 95, longitude: 24))
    tap = tap.released(TapCorrection(riders: 3))
    #expect(tap.riders == 3 && tap.direction == nil && tap.coordinate == nil)
  }
}

@Suite struct ClockOffsetTableTests {
  /// Seconds from sending to receipt, and what is taken off the device's times.
  @Test(
    arguments: [
      (0, 0), (5, 0), (36_000, 0), (-60, 0), (-449, 0), (-450, 900), (-900, 900), (-1349, 900),
      (-1350, 1800), (-3600, 3600), (-93_600, 93_600), (-94_049, 93_600), (-94_051, 0),
      (-31_536_000, 0),
    ] as [(Int64, Int64)])
  func onlyAClockThatIsProvenAheadIsCorrected(_ delay: Int64, _ correction: Int64) {
    let received = World.morning
    let offset = ClockOffset(
      sentAt: received.adding(seconds: -delay), receivedAt: received)
    #expect(offset.microseconds == delay * 1_000_000)
    #expect(offset.correctionSeconds == correction)
    #expect(offset.corrected(received) == received.adding(seconds: -correction))
  }
}
