import Basics
import Clearing
import Postgres
import Store
import Tapping
import Tariff
import Testing

extension ClearingSuite {
  /// Fare days are rated anew by order: seen before, and above a limit by two people.
  @Suite struct ReratingTests {
    static let olena = Person(label: "Olena", tokenDigest: [1])
    static let petro = Person(label: "Petro", tokenDigest: [2])

    static let mended = testTariff.replacing("test-1", with: "test-2")
      .replacing("from: 2026-01-01", with: "from: 2026-11-22")
      .replacing("price: {adult: 8.00}", with: "price: {adult: 10.00}")

    static func source(_ text: String) -> TariffSource {
      TariffSource(folder: "test", files: [TariffFile(path: TariffSource.mainPath, text: text)])
    }

    static func rerating(_ house: House) -> Rerating {
      Rerating(store: house.store, city: house.city.current)
    }

    static var period: ClosedRange<Day> {
      Day(number: 20_779)...Day(number: 20_780)
    }

    /// Two riders, three rides on 22 November and one on the 23rd; 8.00 each.
    static func fill(_ house: House) async throws {
      try await house.journal([
        try tap(1, "08:00"), try tap(2, "12:00"), try tap(3, "12:00", card: "bohdan"),
        try tap(4, "08:00", card: "bohdan", day: 1),
      ])
      try await house.service.drain()
    }

    static func preview(
      _ house: House, _ tariff: TariffSource? = nil
    ) async throws -> RatingPreview {
      try await rerating(house).preview(period, tariff: tariff).get()
    }

    /// Asks for an order and lets the workers find out what it changes; nothing is rated.
    static func ask(
      _ house: House, _ tariff: TariffSource? = nil, by person: Person = olena
    ) async throws -> ReratingOrder {
      try await worked(
        try await rerating(house).ask(period, tariff: tariff, by: person, at: House.noon), house)
    }

    /// The order that came of a wish, once the workers are at nothing of it any more.
    static func worked(
      _ outcome: ReratingOutcome, _ house: House
    ) async throws -> ReratingOrder {
      guard case .ordered(let order) = outcome else {
        Issue.record("\(outcome)")
        throw CancellationError()
      }
      let pieces = ReratingPieces(store: house.store, city: house.city)
      while try await pieces.piece(at: House.noon) > 0 {}
      return try #require(try await rerating(house).find(order.id))
    }

    static func staleDays(_ house: House) async throws -> Int64 {
      try await house.number("select count(*) from fare_day where stale_since is not null")
    }

    @Test func aPreviewSaysWhatTheRatingThenBooks() async throws {
      try await House.with { house in
        try await Self.fill(house)
        #expect(try await Self.preview(house).ridesAdded == 0)
        let source = Self.source(Self.mended)
        let preview = try await Self.preview(house, source)
        #expect(preview.riders == 2 && preview.riderDays == 3)
        #expect(preview.changedRiders == 2 && preview.changedDays == 3)
        #expect(preview.ridesAdded == 4 && preview.ridesReversed == 4)
        #expect(preview.operators.map(\.beforeMinor) == [3200])
        #expect(preview.operators.map(\.afterMinor) == [4000])
        #expect(preview.changeMinor == 800)
        #expect(preview.largest.map { $0.afterMinor - $0.beforeMinor } == [400, 400])
        #expect(try await house.owed() == ["2190  3200"])
        let order = try await Self.ask(house, source)
        // 8.00 of change lie within the limit of one person.
        #expect(order.state == .done && !order.needsApproval && order.staleDays == 3)
        // The workers come to what a look at it shows.
        #expect(order.preview == String(decoding: preview.json, as: UTF8.self))
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  4000"])
        #expect(try await house.audit().isSound)
      }
    }

    @Test func aboveTheLimitASecondPersonDecides() async throws {
      try await House.with { house in
        try await Self.fill(house)
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: "799")
        }
        let source = Self.source(Self.mended)
        let rerating = Self.rerating(house)
        let order = try await Self.ask(house, source)
        #expect(order.state == .requested && order.needsApproval && order.changeMinor == 800)
        // Neither the one who asked, nor with another token of theirs.
        for person in [
          Self.olena, Person(label: "Olena", tokenDigest: [9]),
          Person(label: "O.", tokenDigest: [1]),
        ] {
          guard
            case .refused(let why) = try await rerating.approve(
              order.id, by: person, at: House.noon)
          else {
            Issue.record("approved by \(person)")
            return
          }
          #expect(why.contains("Olena"))
        }
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  3200"])
        let done = try await Self.worked(
          try await rerating.approve(order.id, by: Self.petro, at: House.noon), house)
        #expect(done.state == .done && done.decidedBy == Self.petro && done.staleDays == 3)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  4000"])
        // What is done is done once.
        guard case .refused = try await rerating.approve(order.id, by: Self.petro, at: House.noon),
          case .refused = try await rerating.refuse(order.id, by: Self.petro, at: House.noon)
        else {
          Issue.record("an order was decided twice")
          return
        }
        #expect(try await rerating.list().map(\.state) == [.done])
      }
    }

    /// Publishing a change to the past is such an order too: the same preview, the same limit.
    @Test(arguments: [(limit: "800", waits: false), (limit: "799", waits: true)])
    func aTariffOfThePastIsPublishedByTheSameOrder(
      _ row: (limit: String, waits: Bool)
    ) async throws {
      try await House.with { house in
        try await Self.fill(house)
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: row.limit)
        }
        let source = Self.source(Self.mended)
        let rerating = Self.rerating(house)
        guard
          case .ordered(let asked) = try await rerating.publish(
            source, by: Self.olena, at: House.noon)
        else {
          Issue.record("no order came of it")
          return
        }
        #expect(asked.state == .previewing && asked.share == 0)
        let order = try await Self.worked(.ordered(asked), house)
        let preview = try RatingPreview(kept: order.preview)
        #expect(preview.changedRiders == 2 && preview.changeMinor == 800)
        #expect(preview.operators.map(\.afterMinor) == [4000])
        #expect(order.needsApproval == row.waits)
        #expect(order.state == (row.waits ? .requested : .done))
        if row.waits {
          #expect(try await house.number("select count(*) from tariff_version") == 1)
          #expect(try await Self.staleDays(house) == 0)
          guard
            case .refused = try await rerating.approve(order.id, by: Self.olena, at: House.noon)
          else {
            Issue.record("a person approved their own order")
            return
          }
          let done = try await Self.worked(
            try await rerating.approve(order.id, by: Self.petro, at: House.noon), house)
          #expect(done.state == .done)
        }
        try await house.city.reload(from: house.store)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  4000"])
        #expect(try await house.audit().isSound)
      }
    }

    /// What it moves from one operator to another nobody knows before it is shared.
    @Test func anotherRuleOfSharingTakesASecondPersonThoughNoFareChanges() async throws {
      try await House.with { house in
        try await Self.fill(house)
        let shared = Self.mended.replacing("adult: 10.00", with: "adult: 8.00")
          .replacing("currency: UAH", with: "currency: UAH\napportionment: equal")
        let order = try await Self.ask(house, Self.source(shared))
        #expect(order.state == .requested && order.needsApproval && order.changeMinor == 0)
        #expect(try RatingPreview(kept: order.preview).ridesSharedAnew == 4)
        let done = try await Self.worked(
          try await Self.rerating(house).approve(order.id, by: Self.petro, at: House.noon), house)
        #expect(done.state == .done)
      }
    }

    @Test func aTariffThatLeavesDaysWithoutOneIsRefused() async throws {
      try await House.with { house in
        try await Self.fill(house)
        let short = Self.mended.replacing(
          "from: 2026-11-22", with: "from: 2026-11-22, until: 2026-11-22")
        let rerating = Self.rerating(house)
        for outcome in [
          try await rerating.publish(Self.source(short), by: Self.olena, at: House.noon),
          try await rerating.publish(
            Self.source(
              draft("test-3", from: "2026-12-24, until: 2026-12-24")), by: Self.olena,
            at: House.noon),
        ] {
          let text = "\(outcome)"
          #expect(text.contains("no tariff would be in force"), "\(text)")
        }
        #expect(try await rerating.list().isEmpty)
        let after = testTariff.replacing("test-1", with: "test-3")
          .replacing("from: 2026-01-01", with: "from: 2026-11-23")
        let order = try await Self.worked(
          try await rerating.ask(
            Self.period, tariff: Self.source(short + "\n---\n" + after), by: Self.olena,
            at: House.noon), house)
        #expect(order.state == .done && order.changeMinor == 600, "\(order)")
      }
    }

    @Test func aTariffThatChangesNoPastNeedsNoOrder() async throws {
      try await House.with { house in
        try await Self.fill(house)
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: "0")
        }
        let rerating = Self.rerating(house)
        for text in [draft("test-3", from: "2026-12-01"), testTariff] {
          guard
            case .plain(.published) = try await rerating.publish(
              Self.source(text), by: Self.olena, at: House.noon)
          else {
            Issue.record("an order came of it")
            return
          }
        }
        guard
          case .plain(.faulty) = try await rerating.publish(
            Self.source("tariff: x"), by: Self.olena, at: House.noon)
        else {
          Issue.record("faults were not told")
          return
        }
        #expect(try await rerating.list().isEmpty)
      }
    }

    @Test func theTableItselfHoldsThatNobodyApprovesTheirOwnOrder() async throws {
      try await House.with { house in
        _ = await #expect(throws: (any Error).self) {
          try await house.script(
            """
            insert into rerating_order (first_day, last_day, preview, change_minor, state,
              needs_approval, requested_by, requested_digest, requested_at, decided_by,
              decided_digest, decided_at)
            values ('2026-11-22', '2026-11-22', '{}', 1, 'approved', true, 'Olena', 'a', now(),
              'Olena', 'a', now())
            """)
        }
      }
    }

    @Test func aRefusedOrderChangesNothing() async throws {
      try await House.with { house in
        try await Self.fill(house)
        try await house.store.write { db in
          try await db.settings.set(Rerating.limitSetting, to: "0")
        }
        let source = Self.source(Self.mended)
        let rerating = Self.rerating(house)
        let order = try await Self.ask(house, source)
        guard
          case .ordered(let refused) = try await rerating.refuse(
            order.id, by: Self.petro, at: House.noon),
          case .refused = try await rerating.approve(order.id, by: Self.petro, at: House.noon),
          case .refused = try await rerating.approve(order.id + 1, by: Self.petro, at: House.noon)
        else {
          Issue.record("an order went another way")
          return
        }
        #expect(refused.state == .refused)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  3200"])
        #expect(try await house.number("select count(*) from tariff_version") == 1)
      }
    }

    @Test func aTariffThatWouldChangeDaysNotShownIsRefused() async throws {
      try await House.with { house in
        try await Self.fill(house)
        let early = Self.mended.replacing("from: 2026-11-22", with: "from: 2026-11-01")
        for (text, word) in [
          (early, "2026-11-01"), (testTariff, "published"), ("tariff: x", "faults"),
        ] {
          let result = try await Self.rerating(house).preview(
            Self.period, tariff: Self.source(text))
          guard case .failure(let refusal) = result,
            case .refused(let why) = try await Self.rerating(house).ask(
              Self.period, tariff: Self.source(text), by: Self.olena, at: House.noon)
          else {
            Issue.record("taken: \(text)")
            continue
          }
          #expect(refusal.description.contains(word), "\(refusal)")
          #expect(why == refusal.description)
        }
        #expect(try await Self.rerating(house).list().isEmpty)
      }
    }
  }
}
