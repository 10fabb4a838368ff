import BankSupport
import Basics
import Charging
import Clearing
import Postgres
import Store
import Testing
import Wallet

extension ClearingSuite {
  /// Whatever is booked, matched, missing or late: the remainders come to the difference between 1100 and
  /// the bank, on each day.
  @Suite struct StatementProperties {
    @Test(arguments: [UInt64(3), 17, 2026])
    func theRemaindersAlwaysComeToTheDifference(seed: UInt64) async throws {
      let last = try #require(Day("2026-11-23"))
      try await House.with { house in
        try await house.bank.addAccount(StatementFile.iban, in: hryvnia, by: "olena")
        var bank = SimulatedBank(seed: seed, from: last.adding(days: -9))
        let anna = try await house.register("anna")
        try await house.topUp(anna, 90_000, key: "cash")
        let message = try await house.sendPayout()
        var isConfirmed = false
        for step in 0..<10 {
          if step.isMultiple(of: 2) {
            var order = house.cash(Int64(100 + step), key: "k\(step)")
            (order.channel, order.reference) = (.bank, "INV-\(step)")
            _ = try await house.wallets.topUp(order, to: anna, by: desk)
          }
          if !isConfirmed, bank.chance(4) {
            isConfirmed = true
            _ = try? await house.payouts.confirm(message, isPaid: true, by: "olena")
          }
          for file in bank.day() {
            let outcome = try await house.take(file)
            #expect(!outcome.hasPrefix("refused"), "SEED=\(seed): \(outcome)")
          }
          for line in try await house.store.read({ try await $0.statements.lines(openOnly: true) })
          {
            let kind: StatementSubject = line.line.minor == -10_000 ? .payout : .cash
            guard bank.chance(3) else { continue }
            try? await house.bank.match(line.id, to: kind, kind == .payout ? 1 : nil, by: "taras")
          }
        }
        for file in bank.late() { _ = try await house.take(file) }
        let days = (-9...0).map { last.adding(days: $0) }
        for day in days { try await expectExplained(house, day, seed) }
        try await expectSettlingChangesNothing(house, days, seed)
        #expect(
          try await house.number("select count(*) from statement_line where subject <> 'unknown'")
            > 5)
        try await house.expectSound("SEED=\(seed)")
      }
    }

    /// What is settled is not read again, and each day is told as before; also when it is settled twice, and
    /// when a line of which nothing was known is matched afterwards.
    private func expectSettlingChangesNothing(
      _ house: House, _ days: [Day], _ seed: UInt64
    ) async throws {
      func told() async throws -> [[String]] {
        var told: [[String]] = []
        for day in days {
          told.append(
            try await house.bankRemainders(day)
              + house.bankSteps(day).map { "\($0.key) \($0.value)" }.sorted())
        }
        return told
      }
      let before = try await told()
      for day in [days[2], days[2], days[5]] {
        try await house.store.write { db in try await db.statements.settle(through: day) }
        #expect(try await told() == before, "SEED=\(seed) \(day)")
      }
      #expect(
        try await house.number(
          "select count(*) from statement_line where settled_on is not null") > 0)
      // A settled line is known, and what it says is in the books: the next match is another one's.
      for line in try await house.store.read({ try await $0.statements.lines(openOnly: true) }) {
        try? await house.bank.match(line.id, to: .cash, nil, by: "taras")
        try? await house.bank.match(line.id, to: .payout, 1, by: "taras")
      }
      for day in days { try await expectExplained(house, day, seed) }
      let after = try await told()
      try await house.store.write { db in try await db.statements.settle(through: days[8]) }
      #expect(try await told() == after, "SEED=\(seed)")
    }

    /// Worked out from the rows in another way than the report does.
    private func expectExplained(_ house: House, _ day: Day, _ seed: UInt64) async throws {
      let difference = try await house.number(
        """
        select (coalesce((select sum(debit_minor - credit_minor) from posting
            join entry using (entry_id) where account = '1100' and accounting_date <= '\(day)'), 0)
          - coalesce((select closing_minor from bank_statement where closing_day <= '\(day)'
            order by closing_day desc, statement_id desc limit 1), 0))::int8
        """)
      let taken = try await house.number(
        "select count(*) from bank_statement where closing_day <= '\(day)'")
      guard taken > 0 else { return }
      let rests = try await house.bankRemainders(day)
      let sum = rests.compactMap { $0.split(separator: " ").last.flatMap { Int64($0) } }.reduce(
        0, +)
      #expect(sum == difference, "SEED=\(seed) \(day): \(rests)")
      let steps = try await house.bankSteps(day)
      #expect(steps["unexplained"] == 0 && steps["difference"] == difference, "SEED=\(seed) \(day)")
    }
  }
}

/// A bank that writes a statement a day, of which one gets lost and comes late.
private struct SimulatedBank {
  private var generator: SeededGenerator
  private var balance: Int64 = 5_000
  private var next: Day
  private var number = 0
  private var hasPaid = false
  private var lost: StatementFile?

  init(seed: UInt64, from day: Day) {
    generator = SeededGenerator(seed: seed)
    next = day
  }

  /// True once in so many times.
  mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }

  /// What of the bank arrives on the next day.
  mutating func day() -> [StatementFile] {
    number += 1
    var entries: [StatementFile.Entry] = []
    for index in 0..<Int.random(in: 0...4, using: &generator) {
      let minor = Int64.random(in: 1...900, using: &generator)
      let texts = ["KVYTOK-CASH", "?", "INV-\(number - 1)", "KVYTOK-C9"]
      let place = Int.random(in: 0..<texts.count, using: &generator)
      let size = place == 2 ? Int64(99 + number) : minor
      entries.append(
        StatementFile.Entry(
          "E\(number)-\(index)", place == 1 && chance(2) ? -size : size, on: next, texts[place]))
    }
    if !hasPaid, chance(3) {
      hasPaid = true
      let text = chance(2) ? "KVYTOK-P1" : "tram"
      entries.append(StatementFile.Entry("P", -10_000, on: next, text))
    }
    let file = StatementFile("S\(number)", opening: balance, from: next, to: next, entries)
    balance = file.closingMinor
    next = next.adding(days: 1)
    guard number != 4 else {
      lost = file
      return []
    }
    return [file]
  }

  /// The one that got lost; every other time it never comes.
  mutating func late() -> [StatementFile] {
    guard let lost, chance(2) else { return [] }
    return [lost]
  }
}
