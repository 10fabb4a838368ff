import AcquirerSupport
import BankSupport
import Basics
import Charging
import Clearing
import Ledger
import SimulatedAcquirer
import Store
import Synchronization
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  @Suite struct ErasureTests {
    private func erase(
      _ house: House, _ rider: RiderID, forfeiting isForfeited: Bool = false,
      by act: RiderAct = desk
    ) async throws -> RiderID {
      try await house.riders.erase(
        rider, forfeiting: isForfeited, by: act,
        randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
    }

    @Test func nothingLeadsToAnErasedRiderAndTheBooksProveAsBefore() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 8000, key: "k1")
        _ = try await house.products.sell(
          "ten rides", to: anna, from: Day(year: 2026, month: 11, day: 24),
          for: MoneyOrder(minor: nil, currency: hryvnia, channel: .wallet, key: "s1"), by: desk)
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: Day(number: 20_701)),
          kind: "card", number: "AB 1234", note: "seen", of: anna, isReplacing: false, by: desk)
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "10:00"), try tap(3, "10:00", day: 1),
        ])
        try await house.service.drain()
        let books = try await house.accounts()
        let fares = try await house.texts(
          "select fare_day || ' ' || charged_minor || ' ' || reason from ride order by started_at")
        let left = Money(minor: -1400, currency: hryvnia)
        await #expect(throws: RiderRefusal.moneyLeft(left)) { try await erase(house, anna) }
        try await house.topUp(anna, 2400, key: "k2")
        await #expect(throws: RiderRefusal.moneyLeft(Money(minor: 1000, currency: hryvnia))) {
          try await erase(house, anna)
        }
        _ = try await house.wallets.refund(house.cash(nil, key: "r1"), to: anna, by: desk)
        // The carnet begins tomorrow.
        let unused = RiderRefusal.productsLeft(count: 1, [Money(minor: 7000, currency: hryvnia)])
        await #expect(throws: unused) { try await erase(house, anna) }
        let nobody = try await erase(house, anna, forfeiting: true)
        #expect(Lane.of(nobody) == Lane.of(anna))
        #expect(try await Self.traces(of: anna, house).isEmpty)
        #expect(try await house.number("select count(*) from medium") == 0)
        #expect(
          try await house.number("select count(*) from tap where rider_id = '\(nobody)'") == 3)
        #expect(
          try await house.texts(
            "select fare_day || ' ' || charged_minor || ' ' || reason from ride order by started_at"
          )
            == fares)
        #expect(books["2190"] == (try await house.accounts()["2190"]))
        try await house.expectSound()
        // A late tap of the card founds a rider who has nothing to do with the one before.
        try await house.journal([try tap(4, "12:00")])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from rider") == 2)
        #expect(try await house.number("select count(*) from tap where rider_id = '\(anna)'") == 1)
        try await house.expectSound()
        // Nobody takes money, and a rating anew changes nothing of theirs.
        await #expect(throws: RiderRefusal.erased) {
          try await house.topUp(nobody, 100, key: "k3")
        }
        await #expect(throws: RiderRefusal.erased) { try await erase(house, nobody) }
        try await house.script("update fare_day set stale_since = now()")
        try await house.service.drain()
        try await house.expectSound()
      }
    }

    /// The card is another rider's after the erasure, and its signed taps of before are nobody's.
    @Test func aCardThatRidesOnAfterItsErasureProvesFromTheSignedTaps() async throws {
      try await House.with { house in
        let atErasure = House.noon.adding(seconds: 3600)
        try await house.journalSigned([try tap(1, "08:00")])
        try await house.service.drain()
        try await house.topUp(house.rider("anna"), 800, key: "k1")
        let nobody = try await house.riders.erase(
          house.rider("anna"),
          by: RiderAct(actor: "desk", reason: "asked", at: atErasure),
          randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
        try await house.journalSigned(
          [try tap(2, "11:00")], receivedAt: atErasure.adding(seconds: 1))
        try await house.service.drain()
        let sound = try await house.fullAudit(.journal)
        #expect(sound.isSound && sound.taps == 2, "\(sound.findings)")
        // Nor may a tap of afterwards be laid upon nobody.
        try await house.script(
          House.forging(
            "update tap set rider_id = '\(nobody)', lane = \(Lane.of(nobody)) where seq = 2"))
        #expect(try await !house.fullAudit(.journal).isSound)
      }
    }

    @Test func aPassThatIsForfeitedIsEarnedWhenTheDayEnds() async throws {
      try await House.with(tariff: productTariff) { house in
        let anna = try await house.register("anna")
        for (product, key) in [("month from first ride", "s1"), ("month", "s2")] {
          _ = try await house.products.sell(
            product, to: anna, from: nil,
            for: MoneyOrder(
              minor: nil, currency: hryvnia, channel: .cash, place: "desk 1", reference: key,
              key: key), by: desk)
        }
        try await house.service.drain()
        let today = house.city.current.clock.fareDay(of: desk.at)
        // One of the thirty days of the one is over with today, and none of the other.
        let left = RiderRefusal.productsLeft(count: 2, [Money(minor: 59_000, currency: hryvnia)])
        await #expect(throws: left) { try await erase(house, anna) }
        #expect(left.code == "products_left")
        #expect(left.description.contains("590.00"))
        _ = try await erase(house, anna, forfeiting: true)
        #expect(try await house.accounts() == ["1110": 60_000, "2210": 60_000])
        try await house.expectSound()
        #expect(try await house.recognition.recognise(through: today, at: House.noon) == 1)
        #expect(try await house.accounts() == ["1110": 60_000, "2190": 60_000])
        #expect(
          try await house.texts("select shared_by from product_recognition") == [
            "no rides", "no rides",
          ])
        let later = try await house.recognition.recognise(
          through: today.adding(days: 40), at: House.noon)
        #expect(later == 40)
        #expect(try await house.accounts() == ["1110": 60_000, "2190": 60_000])
        try await house.expectSound()
      }
    }

    @Test func whoOwesForRidesOnACardWithoutMoneyIsNotErased() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00")])
        try await house.service.drain()
        let anna = house.rider("anna")
        await #expect(throws: RiderRefusal.moneyLeft(Money(minor: -1600, currency: hryvnia))) {
          try await erase(house, anna)
        }
        try await house.topUp(anna, 1600, key: "k1")
        _ = try await erase(house, anna)
        try await house.expectSound()
      }
    }

    @Test func nothingComesOntoTheAccountOfAnErasedRider() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 500, key: "k1")
        let order = try await house.walletOrders.proposeCorrection(
          300, in: hryvnia, of: anna, reason: "x", by: "olena")
        _ = try await house.wallets.refund(house.cash(nil, key: "r1"), to: anna, by: desk)
        _ = try await erase(house, anna)
        await #expect(throws: MoneyRefusal.unfit("account 1 is nobody's: its rider was erased")) {
          _ = try await house.walletOrders.decide(order, isApproved: true, by: "taras")
        }
        _ = try await house.walletOrders.decide(order, isApproved: false, by: "taras")
        #expect(try await house.accounts() == [:])
        try await house.expectSound()
      }
    }

    /// What an order to rate anew would change most, a wish to count products anew, and what people wrote.
    @Test func neitherTheNumberNorWordsStayInOrdersAndCounts() async throws {
      try await House.with(tariff: productTariff) { house in
        let (anna, olha) = (house.rider("anna"), try await house.register("olha"))
        try await house.register("anna")
        try await house.journal([try tap(1, "08:00"), try tap(2, "12:00")])
        try await house.service.drain()
        try await house.topUp(anna, 1600, key: "k1")
        let day = Day(number: 20_779)
        let order = try await house.store.write { db in
          try await db.reratingOrders.add(
            Rerating.asked(
              day...day, by: Person(label: "Olena", tokenDigest: [1]), at: House.noon))
        }
        let changes = #"{"largest_changes":[{"rider":"\#(anna)"},{"rider":"\#(olha)"}]}"#
        try await house.script(
          House.forging(
            """
            update rerating_order set state = 'done', preview = '\(changes)',
              compared = '\(changes)', preview_place = null where order_id = \(order);
            insert into product_recount values ('\(anna)');
            """))
        let wish = try await house.walletOrders.proposeCorrection(
          300, in: hryvnia, of: anna, reason: "I. Petrenko complained", by: "olena")
        _ = try await house.walletOrders.decide(wish, isApproved: false, by: "taras")
        let nobody = try await erase(
          house, anna, by: RiderAct(actor: "desk 1", reason: "I. Petrenko, 067", at: House.noon))
        #expect(try await Self.traces(of: anna, house).isEmpty)
        let left = changes.replacing("\(anna)", with: "\(nobody)")
        #expect(
          try await house.texts(
            "select preview from rerating_order union select compared from rerating_order")
            == [left])
        #expect(
          try await house.texts("select rider_id::text from product_recount") == ["\(nobody)"])
        #expect(try await house.texts("select reason from money_order") == ["erased"])
        #expect(
          try await house.number(
            "select count(*) from rider_event where reason like '%Petrenko%'") == 0)
      }
    }

    /// The file is made again of the taps of its cards: after an erasure it would hold up all later ones.
    @Test func nobodyIsErasedWhileAClearingFileWithTheirRefundIsNotGivenOut() async throws {
      try await CardHouse.with(byFile: true) { cards in
        let house = cards.house
        try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let window = try await cards.window()
        let reference = try #require(
          try await house.texts("select reference from charge_window").first)
        let files = ClearingFileDesk(service: cards.charging, merchant: "city")
        _ = try #require(try await files.make())
        #expect(try await files.giveOut { _ in }.count == 1)
        #expect(
          try await cards.fund(1, [line(.capture, reference, 800, key: "w\(window)-1")])
            == [.matched: 1])
        let order = try await cards.debts.proposeRefund(
          window, minor: 300, reason: "the bus broke down", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: true, by: "taras")
        _ = try #require(try await files.make())
        let rider = try #require(
          RiderID(try await house.texts("select rider_id::text from charge_window")[0]))
        await #expect(throws: RiderRefusal.refundsOwed(refunds: 1)) {
          _ = try await erase(house, rider)
        }
        #expect(try await files.giveOut { _ in }.count == 1)
        _ = try await erase(house, rider)
        #expect(try await files.giveOut { _ in }.isEmpty)
        try await house.expectSound()
      }
    }

    @Test func whatWasWrittenBesideChargesGoesWithTheRider() async throws {
      try await CardHouse.with { cards in
        let house = cards.house
        try await house.journal([try bankTap(1, "08:00")], receivedAt: cards.clock.now)
        try await cards.work()
        try await cards.nextDay()
        let window = try await cards.window()
        let order = try await cards.debts.proposeRefund(
          window, minor: 300, reason: "I. Petrenko complained", by: "olena")
        _ = try await cards.debts.decide(order, isApproved: false, by: "taras")
        _ = try await cards.funding.take(cards.fundingFile(), name: "paid.csv")
        let rider = try #require(
          RiderID(try await house.texts("select rider_id::text from charge_window")[0]))
        _ = try await erase(house, rider)
        #expect(
          try await house.texts(
            """
            select detail from charge_event where kind = 'refund_proposed'
            union all select reason from money_order
            """) == ["erased", "erased"])
        try await house.expectSound()
        await #expect(throws: (any Error).self) {
          try await house.script(
            "update charge_event set detail = 'erased' where kind = 'captured'")
        }
      }
    }

    /// Anna and Olha paid by transfer, and Anna's money goes back by transfer after she is erased.
    @Test func theBankNamesNobodyWhoIsErasedAlsoInAStatementThatComesLater() async throws {
      try await House.with { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        let anna = try await house.register("anna")
        for (rider, reference) in [(anna, "INV-7"), (try await house.register("olha"), "INV-8")] {
          var order = house.cash(2500, key: reference)
          (order.channel, order.reference) = (.bank, reference)
          _ = try await house.wallets.topUp(order, to: rider, by: desk)
        }
        let day = house.city.current.clock.zone.local(House.noon).day
        func file(_ number: String, opening: Int64, _ lines: [(Int64, String)]) -> StatementFile {
          StatementFile(
            number, opening: opening, from: day, to: day,
            lines.map { StatementFile.Entry("E\($0.1)", $0.0, on: day, "I. Petrenko \($0.1)") })
        }
        let first = file("1", opening: 0, [(2500, "INV-7"), (2500, "INV-8")])
        #expect(try await house.take(first) == "2 receipt")
        let lines = try await house.statementLines()
        var order = house.cash(nil, key: "OUT-1")
        (order.channel, order.reference) = (.bank, "OUT-1")
        _ = try await house.wallets.refund(order, to: anna, by: desk)
        _ = try await erase(house, anna)
        let words = """
          select concat_ws(', ', counterparty, remittance) from statement_line order by line_id
          """
        let left = ["erased", "Some one, I. Petrenko INV-8"]
        #expect(try await house.texts(words) == left)
        #expect(try await house.statementLines() == lines)
        try await house.expectSound()
        let second = file("2", opening: 5000, [(-2500, "OUT-1")])
        #expect(try await house.take(second) == "1 transfer")
        #expect(try await house.texts(words) == left + ["erased"])
        try await house.expectSound()
      }
    }

    /// Two people paid out what Anna was owed: the line of it is hers as the transfer itself would be.
    @Test(arguments: [false, true])
    func theBankNamesNobodyWhoIsErasedWhereAnAdjustmentPaid(isErasedBefore: Bool) async throws {
      try await House.with { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        let anna = try await house.register("anna")
        try await house.topUp(anna, 2500, key: "k1")
        var order = house.cash(nil, key: "OUT-1")
        (order.channel, order.reference) = (.bank, "OUT-1")
        _ = try await house.wallets.refund(order, to: anna, by: desk)
        let owed = try await house.number(
          "select movement_id from wallet_movement where kind = 'refund'")
        let adjusting = Adjusting(store: house.store, city: house.city)
        let asked = try await adjusting.request(
          [
            Posting(.debit, account: "2220", minor: 2500),
            Posting(.credit, account: "2290", minor: 2500),
          ], pays: ["KVYTOK-T\(owed)"], currency: hryvnia, reason: "paid by hand", by: "olena",
          at: House.noon)
        #expect(asked == .requested(1))
        _ = try await adjusting.decide(1, isApproved: true, by: "taras", at: House.noon)
        if isErasedBefore { _ = try await erase(house, anna) }
        let day = house.city.current.clock.zone.local(House.noon).day
        let file = StatementFile(
          "1", opening: 0, from: day, to: day,
          [StatementFile.Entry("E1", -2500, on: day, "I. Petrenko by hand")])
        #expect(try await house.take(file) == "1 unknown")
        try await house.bank.match(1, to: .adjustment, 1, by: "olena")
        if !isErasedBefore { _ = try await erase(house, anna) }
        #expect(
          try await house.texts(
            "select concat_ws(', ', counterparty, remittance) from statement_line") == ["erased"])
        try await house.expectSound()
      }
    }

    @Test func thoseWhoWereMergedIntoAnErasedRiderGoToo() async throws {
      try await House.with { house in
        try await house.journal([
          try tap(1, "08:00", card: "anna"), try tap(2, "10:00", card: "olha"),
        ])
        try await house.service.drain()
        let (anna, olha) = (house.rider("anna"), house.rider("olha"))
        for (rider, key) in [(anna, "k1"), (olha, "k2")] {
          try await house.topUp(rider, 800, key: key)
        }
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        try await house.service.drain()
        _ = try await erase(house, anna)
        for rider in [anna, olha] {
          #expect(try await Self.traces(of: rider, house).isEmpty)
        }
        try await house.expectSound()
      }
    }

    @Test func chargesOfABankCardAreSettledBeforeAnErasure() async throws {
      try await House.with { house in
        var ride = try tap(1, "08:00", card: "plastic")
        ride.medium = .bank
        try await house.journal([ride])
        try await house.service.drain()
        let medium = house.medium("plastic", .bank)
        let rider = RiderID(high: medium.high, low: medium.low)
        try await house.script(
          """
          insert into charge_window (lane, rider_id, medium_id, fare_day, number, currency, state,
            amount_minor, due_minor, closed_at)
          values (\(Lane.of(rider)), '\(rider)', '\(medium)', '2026-11-22', 0, 'UAH', 'debt', 800,
            800, now());
          insert into charge_event (medium_id, at, kind, actor)
          values ('\(medium)', now(), 'checked', 'clock');
          """)
        await #expect(throws: RiderRefusal.chargesOpen(windows: 1)) {
          try await erase(house, rider)
        }
        try await house.script(
          """
          update charge_window set state = 'settled', due_minor = 0, captured_minor = 800,
            settled_minor = 800
          """)
        _ = try await erase(house, rider)
        #expect(try await Self.traces(of: rider, house).isEmpty)
        #expect(try await house.number("select count(*) from charge_event") == 1)
      }
    }

    /// While it is worked out what a network changes, taps that it would place anew are kept by rider.
    @Test(arguments: [true, false])
    func whatAPreviewKeepsOfARiderGoesWithThem(_ isErased: Bool) async throws {
      try await House.with { house in
        try await house.journal([
          try tap(1, "08:00"), try tap(2, "10:00", card: "olha"),
        ])
        try await house.service.drain()
        let (anna, olha) = (house.rider("anna"), house.rider("olha"))
        try await house.topUp(anna, 800, key: "k1")
        let day = Day(number: 20_779)
        let order = try await house.store.write { db in
          try await db.reratingOrders.add(
            Rerating.asked(
              day...day, feedID: 1, by: Person(label: "Olena", tokenDigest: [1]), at: House.noon))
        }
        try await house.script(
          """
          insert into tap_placed_anew (order_id, rider_id, fare_day, device_id, epoch, seq, stop)
          select \(order), rider_id, fare_day, device_id, epoch, seq, 'HILL' from tap
          """)
        var heir = olha
        if isErased {
          heir = try await erase(house, anna)
        } else {
          _ = try await house.riders.merge(anna, into: olha, by: desk)
        }
        #expect(
          try await house.texts("select rider_id::text from tap_placed_anew order by seq")
            == [heir.description, olha.description])
        if isErased { #expect(try await Self.traces(of: anna, house).isEmpty) }
      }
    }

    /// Columns of any table in which a rider's number still stands.
    private static func traces(of rider: RiderID, _ house: House) async throws -> [String] {
      let columns = try await house.texts(
        """
        select table_name || ' ' || column_name from information_schema.columns
        where table_schema = 'public'
          and data_type in ('uuid', 'text', 'json', 'jsonb', 'bytea', 'ARRAY')
        """)
      #expect(columns.count > 100)
      let digits = "\(rider)".replacing("-", with: "")
      var found: [String] = []
      for column in columns {
        let parts = column.split(separator: " ")
        // Bytes are written in hexadecimal digits.
        let text = "n.\(parts[1])::text"
        let count = try await house.number(
          """
          select count(*) from \(parts[0]) n
          where strpos(\(text), '\(rider)') > 0 or strpos(\(text), '\(digits)') > 0
          """)
        if count > 0 { found.append(column) }
      }
      return found
    }
  }
}
