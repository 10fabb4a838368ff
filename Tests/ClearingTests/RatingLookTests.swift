import Basics
import Clearing
import Store
import Tapping
import Tariff
import Testing

extension ClearingSuite {
  /// Previews that order nothing: worked out in pieces, told, and never carried out.
  @Suite struct RatingLookTests {
    private static let olena = ReratingTests.olena
    private static let petro = ReratingTests.petro

    /// Forty riders with a ride of 8.00 each, and a tariff by which they come to 10.00.
    private static func withRiders(
      _ body: @Sendable (House, TariffSource) async throws -> Void
    ) async throws {
      try await House.with { house in
        try await house.journal(
          try (1...40).map { try tap(Int64($0), "08:00", card: "card \($0)") })
        try await house.service.drain()
        try await body(house, ReratingTests.source(ReratingTests.mended))
      }
    }

    private static func look(_ house: House, _ source: TariffSource) async throws -> ReratingOrder {
      let outcome = try await ReratingTests.rerating(house).look(
        ReratingTests.period, tariff: source, by: olena, at: House.noon)
      guard case .ordered(let order) = outcome else {
        Issue.record("\(outcome)")
        throw CancellationError()
      }
      return order
    }

    @Test func whatOrdersNothingIsWorkedOutInPiecesAndNothingComesOfIt() async throws {
      try await Self.withRiders { house, source in
        let whole = try await ReratingTests.preview(house, source)
        let asked = try await Self.look(house, source)
        #expect(asked.state == .looking && asked.share == 0)
        let pieces = ReratingPieces(store: house.store, city: CityHolder())
        #expect(try await pieces.piece(at: House.noon) == 1)
        let halfway = try #require(try await ReratingTests.rerating(house).find(asked.id))
        let share = try #require(halfway.share)
        #expect(halfway.state == .looking && share > 0 && share < 1)
        // A restart goes on where it was.
        let done = try await ReratingTests.worked(.ordered(asked), house)
        #expect(done.state == .previewed && done.share == nil && done.changeMinor == 8000)
        #expect(done.preview == String(decoding: whole.json, as: UTF8.self))
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  32000"])
        #expect(try await house.number("select count(*) from tariff_version") == 1)
        guard
          case .refused(let why) = try await ReratingTests.rerating(house).approve(
            done.id, by: Self.petro, at: House.noon)
        else {
          Issue.record("a preview was approved")
          return
        }
        #expect(why.contains("only shows"))
      }
    }

    @Test func whatWasOnlyLookedAtCountsInNoLimitAndWaitsForOrders() async throws {
      try await Self.withRiders { house, source in
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: "8000")
        }
        let look = try await Self.look(house, source)
        #expect(try await ReratingTests.worked(.ordered(look), house).changeMinor == 8000)
        let second = try await Self.look(house, source)
        guard
          case .ordered(let order) = try await ReratingTests.rerating(house).ask(
            ReratingTests.period, tariff: source, by: Self.olena, at: House.noon)
        else {
          Issue.record("no order came of it")
          return
        }
        let pieces = ReratingPieces(store: house.store, city: house.city)
        #expect(try await pieces.piece(at: House.noon) == 1)
        let rerating = ReratingTests.rerating(house)
        #expect(try await rerating.find(second.id)?.share == 0)
        #expect(try #require(try await rerating.find(order.id)?.share) > 0)
        // The limit holds what the order changes, and not what was looked at before.
        let done = try await ReratingTests.worked(.ordered(order), house)
        #expect(done.state == .done && !done.needsApproval)
      }
    }

    @Test func aFewPreviewsAtOnceAreEnough() async throws {
      try await House.with { house in
        let source = ReratingTests.source(ReratingTests.mended)
        var looks: [ReratingOrder] = []
        for _ in 0..<Rerating.looksAtOnceMax {
          looks.append(try await Self.look(house, source))
        }
        let rerating = ReratingTests.rerating(house)
        guard
          case .refused = try await rerating.look(
            ReratingTests.period, tariff: source, by: Self.olena, at: House.noon)
        else {
          Issue.record("there was no limit")
          return
        }
        guard
          case .ordered(let taken) = try await rerating.refuse(
            looks[0].id, by: Self.olena, at: House.noon), taken.state == .refused
        else {
          Issue.record("a preview cannot be taken back")
          return
        }
        #expect(try await Self.look(house, source).state == .looking)
      }
    }

    @Test func anOldPreviewThatOrderedNothingGoesAndTheBooksProve() async throws {
      try await Self.withRiders { house, source in
        let old = try await ReratingTests.worked(
          .ordered(try await Self.look(house, source)), house)
        #expect(old.state == .previewed)
        let rerating = ReratingTests.rerating(house)
        func look(after days: Int64) async throws -> [Int64] {
          let outcome = try await rerating.look(
            ReratingTests.period, tariff: source, by: Self.olena,
            at: House.noon.adding(seconds: days * 86_400 + 1))
          guard case .ordered(let order) = outcome else {
            Issue.record("\(outcome)")
            return []
          }
          _ = try await ReratingTests.worked(.ordered(order), house)
          return try await house.texts(
            "select order_id::text from rerating_order order by order_id"
          )
          .compactMap { Int64($0) }
        }
        let kept = try await look(after: Rerating.previewDaysKept - 1)
        #expect(kept == [1, 2])
        // An order that a person refused is no preview that nobody looks at any more: it stays.
        guard
          case .ordered(let asked) = try await rerating.ask(
            ReratingTests.period, tariff: source, by: Self.olena, at: House.noon),
          case .ordered = try await rerating.refuse(asked.id, by: Self.olena, at: House.noon)
        else {
          Issue.record("there is no order to refuse")
          return
        }
        let left = try await look(after: Rerating.previewDaysKept)
        #expect(left == [2, 3, 4])
        try await house.expectSound()
      }
    }

    @Test func whatIsTooMuchForARequestIsRefusedAndSaysWhatToDo() async throws {
      try await Self.withRiders { house, source in
        let rerating = ReratingTests.rerating(house)
        func preview(_ riderDays: Int) async throws -> Result<RatingPreview, ReratingRefusal> {
          try await rerating.preview(
            ReratingTests.period, tariff: source,
            within: RatingPreviewer.Bound(riderDaysMax: riderDays, ridersPerPageMax: 7))
        }
        let whole = try await rerating.preview(ReratingTests.period, tariff: source).get()
        #expect(try await preview(40).get() == whole && whole.riders == 40)
        guard case .failure(let refusal) = try await preview(39) else {
          Issue.record("39 rider-days were no bound")
          return
        }
        #expect(refusal.isTooMuch && refusal.description.contains("Order a preview"))
        // However many riders there are: what did not happen costs nothing.
        let quiet = ReratingTests.period.upperBound.adding(days: 30)
        #expect(
          try await rerating.preview(
            quiet...quiet, within: RatingPreviewer.Bound(riderDaysMax: 1, ridersPerPageMax: 7)
          ).get().riders == 0)
      }
    }
  }
}
