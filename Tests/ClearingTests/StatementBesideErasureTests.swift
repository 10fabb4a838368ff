import BankSupport
import Basics
import Clearing
import Postgres
import Store
import Testing
import Wallet

extension ClearingSuite {
  /// An erasure and a statement at the same moment: whoever comes second waits, and the name does not stay.
  @Suite struct StatementBesideErasureTests {
    /// Anna paid 25.00 by transfer, and is to have it back by transfer: nothing is owed to her purse.
    private static func paid(
      _ body: @Sendable (_ house: House, _ anna: RiderID, _ day: Day) async throws -> Void
    ) async throws {
      try await House.with(connectionsMax: 8) { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        let anna = try await house.register("anna")
        var order = house.cash(2500, key: "k1")
        (order.channel, order.reference) = (.bank, "INV-7")
        _ = try await house.wallets.topUp(order, to: anna, by: desk)
        var back = house.cash(nil, key: "k2")
        (back.channel, back.reference) = (.bank, "OUT-1")
        _ = try await house.wallets.refund(back, to: anna, by: desk)
        try await body(house, anna, house.city.current.clock.zone.local(House.noon).day)
        try await house.expectSound()
      }
    }

    private static func erase(_ rider: RiderID, _ house: House) async throws -> RiderID {
      try await house.riders.erase(
        rider, by: desk, randomBytes: { count in (0..<count).map { UInt8($0 * 7 + 1) } })
    }

    private static func words(_ house: House) async throws -> [String] {
      try await house.texts(
        "select concat_ws(', ', counterparty, remittance) from statement_line order by line_id")
    }

    /// The erasure took the name off all lines that it saw, and stands before its last words.
    @Test func aStatementThatComesDuringAnErasureNamesNobody() async throws {
      try await Self.paid { house, anna, day in
        let file = StatementFile(
          "1", opening: 0, from: day, to: day,
          [StatementFile.Entry("E1", 2500, on: day, "I. Petrenko INV-7")])
        let (erasing, taking) = try await house.pool.transaction { db in
          try await db.execute("lock table access_token in share mode")
          let erasing = Task { try await Self.erase(anna, house) }
          #expect(try await house.isWaited())
          let taking = Task { try await house.take(file) }
          #expect(try await house.isWaited(for: 2))
          return (erasing, taking)
        }
        _ = try await erasing.value
        #expect(try await taking.value == "1 receipt")
        #expect(try await Self.words(house) == ["erased"])
      }
    }

    /// The line of the first statement is written, and the second statement of the file stands before its entry.
    @Test func anErasureThatComesDuringAStatementLeavesNoName() async throws {
      try await Self.paid { house, anna, day in
        let files = [
          StatementFile(
            "1", opening: 0, from: day, to: day,
            [StatementFile.Entry("E1", 2500, on: day, "I. Petrenko INV-7")]),
          StatementFile(
            "2", opening: 2500, from: day, to: day,
            [StatementFile.Entry("E2", 100, on: day, "O. Koval")]),
        ]
        let (taking, erasing) = try await house.pool.transaction { db in
          try await db.execute("lock table entry in share mode")
          let taking = Task { try await house.take(StatementFile.together(files)) }
          #expect(try await house.isWaited())
          let erasing = Task { try await Self.erase(anna, house) }
          #expect(try await house.isWaited(for: 2))
          return (taking, erasing)
        }
        #expect(try await taking.value == "1 receipt; 1 unknown")
        _ = try await erasing.value
        #expect(try await Self.words(house) == ["erased", "Some one, O. Koval"])
      }
    }
  }
}
