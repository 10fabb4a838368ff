import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Insight
import Logging
import Store
import Tapping
import Testing
import Web

/// A network holds from a fare day on; the days before it are rated, placed and shown by the one of then.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct NetworkFromADayTests {
  private typealias Orders = NetworkOrderTests

  /// A tap of the day before, whose stop is found by its place alone.
  private static func placed(_ seq: Int64, _ card: String, daysBefore: Int64 = 1) throws -> Tap {
    var tap = try Orders.tap(seq, card, daysBefore: daysBefore)
    tap.stop = nil
    tap.coordinate = Coordinate(latitude: 49.23, longitude: 28.46)
    return tap
  }

  /// What stands of each fare day: the operator, the fare, and the network by which it was rated.
  private static func fares(_ service: TestService) async throws -> [String] {
    try await Orders.texts(
      service,
      """
      select concat_ws(' ', r.fare_day, coalesce(r.operator_id, '-'), r.charged_minor, f.feed_id)
      from ride r join fare_day f using (lane, rider_id, fare_day)
      where r.reversed_run_id is null order by r.seq
      """)
  }

  @Test func theDaysBeforeANetworkKeepTheirFaresOperatorsAndStops() async throws {
    try await Orders.withRide(limit: "0") { service, validator in
      // The ride of today is by then; two of yesterday: at a stop, and at a place.
      _ = try await validator.post([
        try Orders.tap(2, "bohdan", daysBefore: 1), try Self.placed(3, "vira"),
      ])
      try await Orders.settle(service)
      // From today on another operator drives, both zones are dear, and the stops have changed places.
      let answer = try await Orders.bring(
        Orders.feed(zone: "2", isTurned: true, agency: "u"), to: service)
      #expect(answer.text.contains(#""from":"2026-11-22""#), "\(answer.text)")
      #expect(answer.text.contains(#""order":1,"from":"2026-11-22","to":"2026-11-22""#))
      try await Orders.settle(service)
      let petro = try await RatingTests.token("Petro", service)
      _ = await service.send(.post, "/v1/rating/orders/1/approve", token: petro)
      // A late tap of yesterday, on the vehicle whose taps are then placed anew; and one of today.
      _ = try await validator.post([
        try Self.placed(4, "hryhorii"), try Self.placed(5, "ivan", daysBefore: 0),
      ])
      try await Orders.settle(service)
      #expect(
        try await Self.fares(service) == [
          "2026-11-22 u 1200 2", "2026-11-21 t 800 1", "2026-11-21 t 800 1", "2026-11-21 t 800 1",
          "2026-11-22 u 1200 2",
        ])
      #expect(
        try await Orders.texts(service, "select stop from boarding order by seq")
          == ["a", "a", "a", "a", "b"])
      let audit = try await Orders.audit(service)
      #expect(audit.isSound, "\(audit.findings)")
      let desk = service.services.insight
      let yesterday = try await desk.routes(on: Day(number: 20_778)).routes.map(\.operatorID)
      let today = try await desk.routes(on: Day(number: 20_779)).routes.map(\.operatorID)
      #expect(yesterday == ["t"] && today == ["u"])
    }
  }

  @Test func aDayOfBeforeIsRatedAnewByTheNetworkOfThenWhoeverAsks() async throws {
    try await Orders.withRide(limit: "0") { service, validator in
      _ = try await validator.post([try Orders.tap(2, "bohdan", daysBefore: 1)])
      try await Orders.settle(service)
      let next = try await Orders.bring(Orders.feed(zone: "2"), to: service)
      #expect(next.text.contains(#""from":"2026-11-22","to":"2026-11-22""#))
      try await Orders.settle(service)
      let desk = Rerating(store: service.store, city: service.services.city.current)
      let yesterday = Day(number: 20_778)
      let preview = try await desk.preview(yesterday...yesterday).get()
      #expect(preview.riderDays == 1 && preview.ridesAdded == 0)
      // A corrected stop is one of the network of then: `b` is in zone 2 of both.
      let row = try await StopCorrectionDesk(
        store: service.store, city: service.services.city,
        log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
      ).correct(
        TapName(device: validator.id, epoch: 1, seq: 2), to: "b", reason: "told us",
        by: Person(label: "Olena", tokenDigest: [1]), at: service.clock.now)
      #expect(row.changeMinor == 400)
    }
  }

  @Test func aMendedNetworkIsImportedFromADayOfThePast() async throws {
    try await Orders.withRide(limit: "1000") { service, validator in
      _ = try await validator.post([
        try Orders.tap(2, "bohdan", daysBefore: 1), try Orders.tap(3, "vira", daysBefore: 2),
      ])
      try await Orders.settle(service)
      let late = try await Orders.offer(Orders.feed(zone: "2"), from: "2026-11-23", to: service)
      #expect(late.status == .conflict && late.text.contains("day_to_come"), "\(late.text)")
      let wrong = try await Orders.offer(Orders.feed(zone: "2"), from: "soon", to: service)
      #expect(wrong.status == .badRequest)
      let answer = try await Orders.bring(
        Orders.feed(zone: "2"), from: "2026-11-21", to: service)
      #expect(answer.text.contains(#""from":"2026-11-21","to":"2026-11-22""#), "\(answer.text)")
      try await Orders.settle(service)
      #expect(
        try await Self.fares(service) == [
          "2026-11-22 t 1200 2", "2026-11-21 t 1200 2", "2026-11-20 t 800 1",
        ])
      #expect(try await Orders.audit(service).isSound)
    }
  }

  @Test func theOrderOfANetworkStaysForTheDaysThatTheNextOneLeavesIt() async throws {
    try await Orders.withRide(limit: "0") { service, validator in
      _ = try await validator.post([try Orders.tap(2, "bohdan", daysBefore: 1)])
      try await Orders.settle(service)
      _ = try await Orders.bring(Orders.feed(zone: "2"), from: "2026-11-21", to: service)
      try await Orders.settle(service)
      _ = try await Orders.bring(
        Orders.feed(zone: "2", routes: ["1", "3"]), to: service)
      try await Orders.settle(service)
      let petro = try await RatingTests.token("Petro", service)
      func approve(_ order: Int) async throws {
        let answer = await service.send(
          .post, "/v1/rating/orders/\(order)/approve", token: petro)
        #expect(answer.status == .ok, "\(answer.text)")
        try await Orders.settle(service)
      }
      try await approve(1)
      #expect(
        try await Self.fares(service) == ["2026-11-22 t 800 1", "2026-11-21 t 1200 2"])
      #expect(try await Orders.orders(service).contains(#""from":"2026-11-21","to":"2026-11-21""#))
      try await approve(2)
      #expect(
        try await Self.fares(service) == ["2026-11-22 t 1200 3", "2026-11-21 t 1200 2"])
      #expect(try await Orders.audit(service).isSound)
    }
  }
}
