import AcquirerSupport
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

/// An operation of which the house does a part before November is closed, and a part after it.
struct LateOperation<Place: Sendable>: Sendable, CustomTestStringConvertible {
  let name: String
  /// Entries that the second part books.
  let entries: Int
  private(set) var before: @Sendable (Place) async throws -> Void = { _ in }
  private(set) var after: @Sendable (Place) async throws -> Void = { _ in }

  init(_ name: String, entries: Int = 1) {
    self.name = name
    self.entries = entries
  }

  var testDescription: String { name }

  func prepared(_ body: @escaping @Sendable (Place) async throws -> Void) -> Self {
    var made = self
    made.before = body
    return made
  }

  func done(_ body: @escaping @Sendable (Place) async throws -> Void) -> Self {
    var made = self
    made.after = body
    return made
  }
}

extension ClearingSuite {
  /// A process whose clock stands in a closed November books in December, and names the day.
  @Suite struct BookingDateTests {
    /// The clock stands at noon of 23 November.
    static let deskOperations: [LateOperation<House>] = [
      LateOperation("top-up").prepared { try await $0.register("anna") }.done { house in
        try await house.topUp(house.rider("anna"), 5000, key: "k1")
      },
      LateOperation("refund of stored value").prepared(topUp).done { house in
        _ = try await house.wallets.refund(
          house.cash(1000, key: "k2"), to: house.rider("anna"), by: desk)
      },
      LateOperation("correction of stored value").prepared { house in
        try await topUp(house)
        _ = try await house.walletOrders.proposeCorrection(
          -1000, in: hryvnia, of: house.rider("anna"), reason: "test", by: "olena")
      }.done { house in
        _ = try await house.walletOrders.decide(1, isApproved: true, by: "taras")
      },
      // What is given up pays for the ride at once.
      LateOperation("write-off of stored value", entries: 2).prepared { house in
        try await house.register("anna")
        try await house.topUp(house.rider("anna"), 500, key: "k1")
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        _ = try await house.walletOrders.proposeWriteOff(
          in: hryvnia, of: house.rider("anna"), reason: "test", by: "olena")
      }.done { house in
        _ = try await house.walletOrders.decide(1, isApproved: true, by: "taras")
      },
      // The top-up pays for rides of before at once.
      LateOperation("debt paid by a top-up", entries: 2).prepared { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
      }.done { house in try await house.topUp(house.rider("anna"), 5000, key: "k1") },
      LateOperation("sale").prepared { try await $0.register("anna") }.done(sell),
      LateOperation("sale from stored value").prepared(topUp).done { house in
        var order = house.cash(nil, key: "s1")
        order.channel = .wallet
        order.place = nil
        _ = try await house.products.sell(
          "ten rides", to: house.rider("anna"), from: nil, for: order, by: desk)
      },
      LateOperation("return of a product").prepared { house in
        try await house.register("anna")
        try await sell(house)
        try await house.service.drain()
      }.done { house in
        _ = try await house.products.refund(
          1, of: house.rider("anna"), through: .cash, place: "desk 1", reference: "slip 1",
          by: desk)
      },
      LateOperation("recognition").prepared { house in
        try await house.register("anna")
        try await sell(house)
        try await house.journal([try tap(1, "13:00", day: 1)])
        try await house.service.drain()
      }.done { house in
        let day = try #require(Day("2026-11-23"))
        #expect(try await house.recognition.recognise(through: day, at: House.noon) == 1)
      },
      // The rides of the one are reversed, and what the account paid for them comes back.
      LateOperation("merge of riders", entries: 2).prepared { house in
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        try await topUp(house)
        try await house.register("olha")
      }.done { house in
        _ = try await house.riders.merge(
          house.rider("anna"), into: house.rider("olha"), by: desk)
      },
      LateOperation("payout to an operator").prepared(approvePayout).done { house in
        let payer = BankAccount(name: "Kvytok", iban: "DE89370400440532013000", bic: nil)
        _ = try await payouts(house).makeFile(
          currency: hryvnia, from: payer, executionDay: Day(number: 20_782), by: "taras")
        // What is on its way is not proposed again, though it is booked in the month to come.
        #expect(
          try await house.payoutsAfter.propose(through: Day(number: 20_780), by: "olena").orders
            == [])
      },
    ]

    private static func topUp(_ house: House) async throws {
      try await house.register("anna")
      try await house.topUp(house.rider("anna"), 9000, key: "k1")
    }

    private static func sell(_ house: House) async throws {
      _ = try await house.products.sell(
        "ten rides", to: house.rider("anna"), from: nil, for: house.cash(nil, key: "s1"),
        by: desk)
    }

    private static func payouts(_ house: House) -> PayoutDesk {
      PayoutDesk(store: house.store, city: house.city, now: { House.noon })
    }

    private static func approvePayout(_ house: House) async throws {
      let day = Day(number: 20_780)
      let entry = try Entry(
        kind: .fares, accountingDate: day, currency: hryvnia, memo: "fares",
        postings: [
          Posting(.debit, account: AccountCode.cash, minor: 5000),
          Posting(.credit, account: AccountCode.operators, operatorID: "tram", minor: 5000),
        ])
      try await house.store.write { db in try await db.books.add([entry], at: House.noon) }
      try await payouts(house).setAccount(
        BankAccount(name: "Tram", iban: "UA903052992990004149123456789", bic: nil), of: "tram",
        by: "olena")
      let order = try #require(
        try await house.payoutsAfter.propose(through: day, by: "olena").orders.first)
      _ = try await payouts(house).decide(order.id, isApproved: true, by: "taras")
    }

    @Test(arguments: deskOperations)
    func whatADeskBooksInAClosedMonthGoesToTheOpenOneAndNamesItsDay(
      _ operation: LateOperation<House>
    ) async throws {
      try await House.with(tariff: productTariff) { house in
        try await operation.before(house)
        try await Self.closeNovember(house)
        let last = try await house.number("select coalesce(max(entry_id), 0) from entry")
        try await operation.after(house)
        try await Self.expectMoved(house, after: last, entries: operation.entries)
        #expect(
          try await house.texts(
            """
            select distinct m.movement_id || ' is dated ' || m.accounting_date
            from wallet_movement m join entry e using (entry_id)
            where m.accounting_date <> e.accounting_date
            """) == [])
      }
    }

    /// The clock stands at 20:00 of 23 November; a card paid 8.00 for a ride of the day before.
    static let cardOperations: [LateOperation<CardHouse>] = [
      LateOperation("capture").done { house in
        try await house.house.journal(
          [try bankTap(2, "09:00", day: 1)], receivedAt: house.clock.now)
        try await house.clearing.drain()
        let rated = try await house.house.number("select max(entry_id) from entry")
        try await house.nextDay()
        // The ride's own entry is the first of them.
        #expect(try await house.house.number("select max(entry_id) from entry") > rated)
      },
      LateOperation("chargeback by message").done { house in
        let reference = try await reference(house)
        let message =
          #"{"id":"M1","type":"chargeback","case":"CB1","reference":"\#(reference)","#
          + #""amount_minor":800,"currency":"UAH","stage":"opened"}"#
        #expect(try await house.messages.take(Array(message.utf8)) == .applied)
      },
      // The money of the file, and the dispute itself.
      LateOperation("chargeback by file", entries: 2).done { house in
        try await take(
          [.chargeback(caseID: "CB1", stage: .opened)], house, number: 1)
      },
      LateOperation("funding file").done { house in
        try await take([.capture], house, number: 1)
      },
      LateOperation("declined answer that comes late").done { house in
        let window = try await house.window()
        let message = #"{"id":"M1","type":"declined","key":"w\#(window)-1","code":"51"}"#
        #expect(try await house.messages.take(Array(message.utf8)) == .applied)
      },
      LateOperation("payment of a debt at the desk").prepared { house in
        let window = try await house.window()
        let message = #"{"id":"M1","type":"declined","key":"w\#(window)-1","code":"51"}"#
        #expect(try await house.messages.take(Array(message.utf8)) == .applied)
      }.done { house in
        _ = try await house.debts.pay(
          try await house.window(), minor: nil, channel: .cash, by: "olena")
      },
      LateOperation("refund by order").prepared { house in
        _ = try await house.debts.proposeRefund(
          try await house.window(), minor: 300, reason: "test", by: "olena")
      }.done { house in _ = try await house.debts.decide(1, isApproved: true, by: "taras") },
    ]

    private static func reference(_ house: CardHouse) async throws -> String {
      try #require(house.acquirer.books.withLock { $0.allPayments.first }).reference
    }

    private static func take(
      _ kinds: [FundingRecord.Kind], _ house: CardHouse, number: Int64
    ) async throws {
      let day = try #require(Day("2026-11-23"))
      let name = try await reference(house)
      let records = kinds.enumerated().map { index, kind in
        FundingRecord(
          line: index + 2, kind: kind, reference: name, key: nil, grossMinor: 800, feeMinor: 0,
          currency: hryvnia, valueDate: day)
      }
      let file = FundingFile(
        number: number, date: day, merchant: "city", currency: hryvnia, records: records)
      guard case .taken = try await house.funding.take(file.bytes, name: "a.csv") else {
        Issue.record("the file was not taken")
        return
      }
    }

    @Test(arguments: cardOperations)
    func whatACardsMoneyDoesInAClosedMonthGoesToTheOpenOneAndNamesItsDay(
      _ operation: LateOperation<CardHouse>
    ) async throws {
      try await CardHouse.with { house in
        try await house.house.journal([try bankTap(1, "08:00")], receivedAt: house.clock.now)
        try await house.work()
        try await house.nextDay()
        try await operation.before(house)
        try await Self.closeNovember(house.house)
        let last = try await house.house.number("select max(entry_id) from entry")
        try await operation.after(house)
        try await Self.expectMoved(house.house, after: last, entries: operation.entries)
      }
    }

    private static func closeNovember(_ house: House) async throws {
      let outcome = try await house.close()
      guard case .closed = outcome else {
        Issue.record("November was not closed: \(outcome)")
        return
      }
    }

    /// All entries after one are of December, name a day of November, and the books prove.
    private static func expectMoved(
      _ house: House, after last: Int64, entries: Int
    ) async throws {
      let booked = try await house.texts(
        """
        select concat_ws(' ', accounting_date, kind, fare_day, description) from entry
        where entry_id > \(last) order by entry_id
        """)
      #expect(booked.count >= entries, "\(booked)")
      for entry in booked {
        #expect(entry.hasPrefix("2026-12-01 "), "\(entry)")
        #expect(entry.contains("2026-11-2"), "\(entry)")
      }
      let audit = try await house.fullAudit()
      #expect(audit.isSound && audit.periods == 1, "\(audit.findings)")
    }
  }
}
