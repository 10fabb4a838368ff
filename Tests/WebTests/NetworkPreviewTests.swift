import Basics
import Clearing
import DatabaseSupport
import HTTPTypes
import Insight
import Store
import Tapping
import Testing
import Transit
import Web

/// What the import of a network changes is worked out in pieces, with the taps that it places anew.
@Suite(.enabled(if: LeasedDatabase.isAvailable, "skipped: no PostgreSQL"))
struct NetworkPreviewTests {
  private static func order(_ service: TestService) async throws -> ReratingOrder {
    try #require(
      try await service.store.read { db in try await db.reratingOrders.list() }.first)
  }

  /// A process that has just started, at the pieces of previews.
  private static func rating(_ service: TestService) -> ReratingPieces {
    ReratingPieces(store: service.store, city: CityHolder())
  }

  @Test func aRestartInTheMiddleGoesOnWhereItWas() async throws {
    try await NetworkOrderTests.withRide(limit: "1000000") { service, validator in
      let cards = (2...40).map { "card \($0)" }
      _ = try await validator.post(
        try cards.enumerated().map { try NetworkOrderTests.tap(Int64($0 + 2), $1) })
      try await NetworkOrderTests.settle(service)
      _ = try await NetworkOrderTests.bring(NetworkOrderTests.feed(zone: "2"), to: service)
      #expect(try await Self.rating(service).piece(at: service.clock.now) == 0)
      let placing = ImportPlacing(store: service.store, city: CityHolder())
      #expect(try await placing.piece() == 1)
      #expect(try await placing.piece() == 0)
      #expect(try await Self.rating(service).piece(at: service.clock.now) == 1)
      let halfway = try await Self.order(service)
      guard case .riders(let lane, _) = halfway.place else {
        Issue.record("\(halfway)")
        return
      }
      #expect((1..<Lane.count).contains(lane) && halfway.state == .previewing)
      let seen = try RatingPreview(kept: halfway.preview)
      #expect((1..<40).contains(seen.riders) && seen.changeMinor == Int64(seen.riders) * 400)
      #expect(
        try await NetworkOrderTests.texts(
          service, "select count(*)::text from fare_day where stale_since is not null") == ["0"])
      while try await Self.rating(service).piece(at: service.clock.now) > 0 {}
      let done = try await Self.order(service)
      #expect(done.state == .done && done.changeMinor == 40 * 400 && done.staleDays == 40)
      let all = try RatingPreview(kept: done.preview)
      #expect(all.riders == 40 && all.riderDays == 40 && all.ridesAdded == 40)
      #expect(all.operators.map(\.afterMinor) == [48000])
      #expect(all.days.map(\.beforeMinor) == [32000])
      #expect(all.largest.count == RatingPreview.largestMax)
      try await NetworkOrderTests.settle(service)
      #expect(try await NetworkOrderTests.fares(service) == Array(repeating: "t 1200", count: 40))
      #expect(try await NetworkOrderTests.audit(service).isSound)
    }
  }

  @Test func tapsThatArePlacedAnewAreInThePreview() async throws {
    try await NetworkOrderTests.withRide(limit: "399") { service, validator in
      // At the stop `a` by its place alone, once for 8.00; and once where the validator names `a`.
      var placed = try NetworkOrderTests.tap(2, "bohdan")
      placed.stop = nil
      placed.coordinate = Coordinate(latitude: 49.23, longitude: 28.46)
      _ = try await validator.post([placed])
      try await NetworkOrderTests.settle(service)
      #expect(
        try await NetworkOrderTests.texts(service, "select stop from boarding order by seq")
          == ["a", "a"])
      #expect(try await NetworkOrderTests.fares(service) == ["t 800", "t 800"])
      // The stops change their places: the one is now at `b` in zone 2, for 12.00.
      _ = try await NetworkOrderTests.bring(
        NetworkOrderTests.feed(zone: "1", isTurned: true), to: service)
      try await NetworkOrderTests.settle(service)
      let order = try await Self.order(service)
      let preview = try RatingPreview(kept: order.preview)
      #expect(preview.tapsPlacedAnew == 1)
      #expect(preview.placed.map(\.value) == [400] && preview.orderedMinor == 400)
      #expect(order.state == .requested && order.changeMinor == 400)
      #expect(try await NetworkOrderTests.fares(service) == ["t 800", "t 800"])
      _ = await service.send(
        .post, "/v1/rating/orders/1/approve", token: try await RatingTests.token("Petro", service))
      try await NetworkOrderTests.settle(service)
      #expect(
        try await NetworkOrderTests.texts(service, "select stop from boarding order by seq")
          == ["a", "b"])
      #expect(try await NetworkOrderTests.fares(service) == ["t 800", "t 1200"])
      #expect(
        try await NetworkOrderTests.texts(service, "select stop from tap_placed_anew").isEmpty)
      let audit = try await NetworkOrderTests.audit(service)
      #expect(audit.isSound, "\(audit.findings)")
    }
  }

  @Test func anOrderThatHasGrownMeanwhileWaitsAgain() async throws {
    try await NetworkOrderTests.withRide(limit: "399") { service, validator in
      // A rider who pays 4.00 more for one day and 4.00 less for the other: nothing in all.
      var later = try NetworkOrderTests.tap(3, "bohdan")
      later.at = later.at.adding(seconds: -86_400)
      later.stop = "b"
      _ = try await validator.post([try NetworkOrderTests.tap(2, "bohdan"), later])
      try await NetworkOrderTests.settle(service)
      _ = try await NetworkOrderTests.bring(
        NetworkOrderTests.feed(zone: "2", other: "1"), from: "2026-11-21", to: service)
      try await NetworkOrderTests.settle(service)
      #expect(try await Self.order(service).changeMinor == 400)
      // A late tap has the cheaper day rated by the new network: what is left of the order is dearer.
      var late = try NetworkOrderTests.tap(4, "bohdan")
      late.at = later.at.adding(seconds: 7200)
      late.stop = "b"
      _ = try await validator.post([late])
      try await NetworkOrderTests.settle(service)
      let petro = try await RatingTests.token("Petro", service)
      let path = "/v1/rating/orders/1/approve"
      #expect(await service.send(.post, path, token: petro).status == .ok)
      try await NetworkOrderTests.settle(service)
      let grown = try await Self.order(service)
      #expect(grown.state == .requested && grown.changeMinor == 800 && grown.decidedBy == nil)
      #expect(await service.send(.post, path, token: petro).status == .ok)
      try await NetworkOrderTests.settle(service)
      #expect(try await Self.order(service).state == .done)
      #expect(
        try await NetworkOrderTests.fares(service).sorted()
          == ["t 1200", "t 1200", "t 800", "t 800"])
      #expect(try await NetworkOrderTests.audit(service).isSound)
    }
  }

  @Test func noNetworkIsImportedWhileAnOrderIsCarriedOut() async throws {
    try await NetworkOrderTests.withRide(limit: "1000000") { service, validator in
      let cards = (2...40).map { "card \($0)" }
      _ = try await validator.post(
        try cards.enumerated().map { try NetworkOrderTests.tap(Int64($0 + 2), $1) })
      try await NetworkOrderTests.settle(service)
      _ = try await NetworkOrderTests.bring(NetworkOrderTests.feed(zone: "2"), to: service)
      let other = NetworkOrderTests.feed(zone: "1", routes: ["1", "2"])
      let placing = ImportPlacing(store: service.store, city: CityHolder())
      while try await placing.piece() > 0 {}
      while try await Self.order(service).staleDays == nil {
        #expect(try await Self.rating(service).piece(at: service.clock.now) > 0)
      }
      #expect(try await Self.order(service).state == .marking)
      let early = try await NetworkOrderTests.offer(other, to: service)
      #expect(
        early.status == .conflict && early.text.contains("order_under_way")
          && early.text.contains("Order 1 is being carried out"), "\(early.text)")
      while try await Self.rating(service).piece(at: service.clock.now) > 0 {}
      #expect(try await Self.order(service).state == .done)
      let waiting = try await NetworkOrderTests.offer(other, to: service)
      #expect(waiting.status == .conflict && waiting.text.contains("wait to be rated"))
      #expect(
        try await NetworkOrderTests.texts(service, "select count(*)::text from network_feed")
          == ["2"])
      try await NetworkOrderTests.settle(service)
      #expect(try await NetworkOrderTests.fares(service) == Array(repeating: "t 1200", count: 40))
      _ = try await NetworkOrderTests.bring(other, to: service)
      try await NetworkOrderTests.settle(service)
      #expect(try await NetworkOrderTests.fares(service) == Array(repeating: "t 800", count: 40))
      #expect(try await Self.order(service).changeMinor == 40 * 400)
      #expect(try await NetworkOrderTests.audit(service).isSound)
    }
  }

  @Test func importsOfOnePersonCountTogether() async throws {
    try await NetworkOrderTests.withRide(limit: "799") { service, _ in
      _ = try await NetworkOrderTests.bring(NetworkOrderTests.feed(zone: "2"), to: service)
      try await NetworkOrderTests.settle(service)
      #expect(try await Self.order(service).state == .done)
      _ = try await NetworkOrderTests.bring(
        NetworkOrderTests.feed(zone: "1", routes: ["1", "2"]), to: service)
      try await NetworkOrderTests.settle(service)
      let second = try await Self.order(service)
      #expect(second.state == .requested && second.changeMinor == 400)
      #expect(try await NetworkOrderTests.fares(service) == ["t 1200"])
    }
  }

  @Test(arguments: [
    ReratingPlace.vehicles(lane: 0, after: nil),
    .vehicles(lane: 3, after: VehicleDay(vehicle: "", day: Day(number: 20_000))),
    .vehicles(lane: 15, after: VehicleDay(vehicle: "bus 7 a", day: Day(number: 20_000))),
    .riders(lane: 0, after: nil), .riders(lane: 15, after: RiderID(high: 1, low: 15)),
  ]) func aPlaceIsReadAsItWasWritten(_ place: ReratingPlace) {
    #expect(ReratingPlace(text: place.text) == place)
    for text in ["", "riders", "riders x", "riders 1 x", "vehicles 1 2026-01-01", "trams 1"] {
      #expect(ReratingPlace(text: text) == nil, "\(text)")
    }
  }
}
