import Basics
import Intake
import Postgres
import Store
import Synchronization
import Tapping
import Testing
import Tracking

extension IntakeSuite {
  @Suite struct Positions {
    @Test func positionsAreKeptOnceWhateverTheirOrder() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        let positions = (0..<100).map { position(seconds: Int64($0) * -10) }
        let first = try await post(positions.shuffled(), from: validator, to: intake)
        #expect(first.accepted == 100)
        #expect(first.duplicates == 0)
        let again = try await post(positions + [position(seconds: 5)], from: validator, to: intake)
        #expect(again.accepted == 1)
        #expect(again.duplicates == 100)
        #expect(try await world.number("select count(*) from position") == 101)
        #expect(
          try await world.texts("select service_day::text from vehicle_day order by 1")
            == ["2026-11-22"])
      }
    }

    @Test func theServiceDayFollowsTheCitysClock() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        // 03:59 and 04:00 in the morning of the 22nd.
        let early = position(seconds: -8 * 3600 - 60)
        let late = position(seconds: -8 * 3600)
        _ = try await post([early, late], from: validator, to: intake)
        #expect(
          try await world.texts("select service_day::text from position order by at")
            == ["2026-11-21", "2026-11-22"])
      }
    }

    @Test func whatCannotBeTrueIsNamedAndTheRestKept() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        var nowhere = position(seconds: -1)
        nowhere.coordinate = Coordinate(latitude: 0, longitude: 0)
        let answer = try await post(
          [position(seconds: 0), nowhere, position(seconds: 86_400)], from: validator, to: intake)
        #expect(answer.accepted == 1)
        #expect(answer.rejected.map(\.index) == [1, 2])
        #expect(answer.rejected.map(\.code) == ["impossible_coordinate", "position_in_future"])
      }
    }

    /// A clock that fell back makes no days of years ago.
    @Test func aPositionIsNoOlderThanATapMayBe() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        let oldest = -AdmissionLimits().pastSecondsMax
        let answer = try await post(
          [position(seconds: oldest - 1), position(seconds: oldest)], from: validator, to: intake)
        #expect(answer.accepted == 1)
        #expect(answer.rejected.map(\.code) == ["position_too_old"])
        #expect(try await world.number("select count(*) from vehicle_day") == 1)
      }
    }

    /// A position of a clock that runs fast stands until the next report, and not until its own time.
    @Test func whereAVehicleIsNowIsNotHeldUpByAPositionFromAhead() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        let now =
          "select extract(epoch from at - '\(noon)'::timestamptz)::int::text from vehicle_now"
        let steps: [(at: Int64, received: Int64, stands: String)] = [
          (290, 0, "290"), (-3600, 5, "290"), (9, 10, "9"), (300, 11, "300"), (19, 20, "19"),
          (18, 21, "19"),
        ]
        for step in steps {
          let received = noon.adding(seconds: step.received)
          _ = try await post(
            [position(seconds: step.at)], sentAt: received, receivedAt: received, from: validator,
            to: intake)
          #expect(try await world.texts(now) == [step.stands], "\(step)")
        }
      }
    }

    /// As taps are: a clock that missed the change of the hour is proven to be ahead by its report.
    @Test func positionsOfAClockAnHourAheadAreKeptAtTheirTrueTimes() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        let positions = [-60, -30].map { position(seconds: 3600 + $0) }
        let ahead = try await post(
          positions, sentAt: noon.adding(seconds: 3604), from: validator, to: intake)
        #expect(ahead.accepted == 2 && ahead.rejected.isEmpty)
        let ages = try await world.texts(
          "select extract(epoch from '\(noon)'::timestamptz - at)::int::text from position order by at"
        )
        #expect(ages == ["60", "30"])
        // One that waited for ten minutes: how far its clock is ahead cannot be told.
        let late = try await post(
          [position(seconds: 3000)], sentAt: noon.adding(seconds: 3000), from: validator, to: intake
        )
        #expect(late.rejected.map(\.code) == ["position_in_future"])
      }
    }

    /// Of a run over the end of a day both days are worked out anew.
    @Test func aPositionNearTheEndOfADayIsLookedAtForBoth() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        let margin = VehicleDay.marginSeconds
        let start: Int64 = -8 * 3600
        _ = try await post([position(seconds: start - margin - 1)], from: validator, to: intake)
        let days = "select service_day::text from vehicle_day order by 1"
        #expect(try await world.texts(days) == ["2026-11-21"])
        _ = try await post([position(seconds: start - margin)], from: validator, to: intake)
        #expect(try await world.texts(days) == ["2026-11-21", "2026-11-22"])
        #expect(
          try await world.number("select count(*) from position where service_day = '2026-11-21'")
            == 2)
      }
    }

    @Test func aReportWithoutAProvenSenderOrShapeIsRefused() async throws {
      try await World.with { world in
        let intake = makeIntake(world)
        let validator = try await world.validator()
        let other = try await world.validator("V-0043")
        let body = report([position(seconds: 0)], from: validator)
        let cases: [([UInt8], Validator, [UInt8]?, String)] = [
          (body, validator, other.keys.sign(body), "signature_wrong"),
          (body, other, nil, "device_mismatch"),
          (Array(body.dropLast()), validator, nil, "malformed"),
          (body + [UInt8](repeating: 0x20, count: 1 << 20), validator, nil, "body_too_large"),
          (
            report((0...1000).map { position(seconds: -$0) }, from: validator), validator, nil,
            "report_too_large"
          ),
        ]
        for (body, sender, signature, code) in cases {
          let outcome = await intake.accept(
            body: body, deviceHeader: sender.id,
            signatureHeader: Base64.encode(signature ?? sender.keys.sign(body), .standard),
            receivedAt: noon)
          guard case .refusal(let refusal) = outcome else {
            Issue.record("\(code) was let in")
            continue
          }
          #expect(refusal.code == code)
        }
        #expect(try await world.number("select count(*) from position") == 0)
      }
    }

    /// A tracker that works out its speed may come to a number that is next to nothing.
    @Test func aSpeedNextToNothingIsKeptAsNone() async throws {
      try await World.with { world in
        let validator = try await world.validator("V-0042")
        let intake = makeIntake(world)
        var slow = position(seconds: -10)
        slow.speedMetresPerSecond = 1e-46
        slow.bearingDegrees = 1e-300
        #expect(try await post([slow], from: validator, to: intake).accepted == 1)
        #expect(try await post([slow], from: validator, to: intake).duplicates == 1)
        #expect(
          try await world.number(
            "select count(*) from position where speed_mps = 0 and bearing = 0")
            == 1)
      }
    }

    private final class Codes: Sendable {
      let all = Mutex<[String]>([])
    }

    /// One that floods waits with as many reports as it may have, and not with those of others.
    @Test func aTrackerHasItsShareOfTheWaitAndNoMore() async throws {
      try await World.with { world in
        var queue = CommitLimits()
        queue.perDeviceMax = 2
        let intake = makeIntake(world, queue: queue)
        let flooding = try await world.validator()
        let other = try await world.validator("V-0043")
        let codes = Codes()
        @Sendable func send(_ second: Int64, _ validator: Validator) -> Task<Void, any Error> {
          Task {
            do {
              let added = try await post(
                [position(seconds: -second)], from: validator, to: intake
              ).accepted
              codes.all.withLock { $0.append("\(validator.id) \(added)") }
            } catch let refused as IntakeOutcome.Refused {
              codes.all.withLock { $0.append(refused.refusal.code) }
            }
          }
        }
        let posts = try await world.pool.transaction { db in
          _ = try await db.execute("lock table position in exclusive mode")
          let posts = (0..<3).map { send($0, flooding) }
          // Nothing else can be answered while the table is locked.
          while codes.all.withLock({ $0.isEmpty }) {
            try await Task.sleep(for: .milliseconds(5))
          }
          #expect(codes.all.withLock { $0 } == ["too_many_requests"])
          return posts + [send(9, other)]
        }
        for post in posts { try await post.value }
        let rest = codes.all.withLock { $0.dropFirst().sorted() }
        #expect(rest == ["V-0042 1", "V-0042 1", "V-0043 1"])
      }
    }

    private func makeIntake(
      _ world: World, queue: CommitLimits = CommitLimits()
    ) -> PositionIntake {
      PositionIntake(
        store: world.store, gate: world.gate, queue: queue, log: quiet,
        fareDay: { CityClock(zone: .utc, fareDayStartSeconds: 4 * 3600).fareDay(of: $0) },
        now: { noon })
    }

    private func position(seconds: Int64) -> Position {
      Position(
        vehicle: "1603", at: noon.adding(seconds: seconds),
        coordinate: Coordinate(latitude: 56.95, longitude: 24.11), speedMetresPerSecond: 7)
    }

    private func report(
      _ positions: [Position], sentAt: Instant = noon, from validator: Validator
    ) -> [UInt8] {
      PositionReportJSON.encode(
        PositionReport(device: validator.id, sentAt: sentAt, positions: positions))
    }

    private func post(
      _ positions: [Position], sentAt: Instant = noon, receivedAt: Instant = noon,
      from validator: Validator, to intake: PositionIntake
    ) async throws -> PositionAnswer {
      let body = report(positions, sentAt: sentAt, from: validator)
      let outcome = await intake.accept(
        body: body, deviceHeader: validator.id,
        signatureHeader: Base64.encode(validator.keys.sign(body), .standard), receivedAt: receivedAt
      )
      switch outcome {
      case .answer(let answer): return answer
      case .refusal(let refusal): throw IntakeOutcome.Refused(refusal: refusal)
      }
    }
  }
}
