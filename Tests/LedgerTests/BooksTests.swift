import Basics
import Ledger
import Testing

extension Currency {
  static func of(_ code: String) throws -> Currency { try #require(Currency(code)) }
}

extension Day {
  static func of(_ text: String) throws -> Day { try #require(Day(text)) }
}

/// Makes an entry of lines such as `1200 5.00 |`, `2100/tram | 5.00`.
func entry(_ lines: [String], fareDay: String = "2026-11-20") throws -> Entry {
  let postings = try lines.map { line in
    let sides = line.split(separator: "|", omittingEmptySubsequences: false)
    let words = sides[0].split(separator: " ")
    let account = words[0].split(separator: "/")
    return Posting(
      account: String(account[0]), operatorID: account.count > 1 ? String(account[1]) : nil,
      debitMinor: words.count > 1 ? try #require(Int64(words[1])) : 0,
      creditMinor: sides[1].isEmpty ? 0 : try #require(Int64(sides[1].filter { $0 != " " })))
  }
  return try Entry(
    kind: .fares, runID: 7, accountingDate: .of("2026-11-22"), fareDay: .of(fareDay),
    currency: .of("UAH"), memo: "test", postings: postings)
}

@Suite struct ChartTests {
  @Test func theStandardChartHasEveryCodeThatRulesUse() {
    let codes = [
      AccountCode.bank, AccountCode.cash, AccountCode.acquirer, AccountCode.riders,
      AccountCode.disputed, AccountCode.concessions, AccountCode.operators,
      AccountCode.payoutsOnTheirWay, AccountCode.unknownOperator, AccountCode.storedValue,
      AccountCode.deferredRevenue, AccountCode.refunds, AccountCode.unmatchedReceipts,
      AccountCode.rounding, AccountCode.fees, AccountCode.writeOffs, AccountCode.chargebackLosses,
    ]
    #expect(ChartOfAccounts.standard.accounts.map(\.code) == codes)
    #expect(ChartOfAccounts.standard.find(AccountCode.riders)?.kind.normalSide == .debit)
    #expect(ChartOfAccounts.standard.find(AccountCode.operators)?.kind.normalSide == .credit)
    #expect(ChartOfAccounts.standard.find("9999") == nil)
  }

  @Test(arguments: [
    ("1200 | a | b | asset", "line 1: there should be 5 cells, here are 4"),
    ("\n120 | a | b | asset | -", "line 2: a code has 4 digits"),
    ("1200 | a | b | asset | -\n1200 | a | b | asset | -", "line 2: account 1200 stands twice"),
    ("1200 | | b | asset | -", "line 1: both names are needed"),
    ("1200 | a | b | equity | -", "line 1: the kind is asset, liability, income or expense"),
    ("1200 | a | b | asset | rider", "line 1: sub-accounts is operator or -"),
  ]) func aWrongChartNamesItsLine(_ table: String, _ message: String) {
    let fault = #expect(throws: ChartFault.self) { try ChartOfAccounts(table: table) }
    #expect(fault?.description == "chart of accounts, " + message)
  }
}

@Suite struct EntryTests {
  @Test(arguments: [
    (["1200 500 |", "2100/tram | 500"], nil),
    (["1200 500 |", "2100/tram | 300", "2190 | 200"], nil),
    (["1200 500 |"], EntryFault.tooFewPostings),
    (["1200 500 |", "2100/tram | 499"], .unbalanced(debitMinor: 500, creditMinor: 499)),
    (["1200 500 |", "2100 | 500"], .operatorMissing(line: 2, code: "2100")),
    (["1200/tram 500 |", "2190 | 500"], .operatorNotExpected(line: 1, code: "1200")),
    (["1200 500 |", "2101 | 500"], .unknownAccount(line: 2, code: "2101")),
    (["1200 500 |", "2190 | 500", "2190 0 | 0"], .amount(line: 3)),
    (["1200 500 | 500", "2190 1 | 1"], .amount(line: 1)),
    (["1200 -500 |", "2190 | -500"], .amount(line: 1)),
    (["1200 \(Int64.max) |", "1100 1 |", "2190 | 1"], .overflow),
  ]) func anEntryBalancesOrIsNone(_ lines: [String], _ fault: EntryFault?) {
    guard let fault else {
      #expect(throws: Never.self) { try entry(lines) }
      return
    }
    #expect(throws: fault) { try entry(lines) }
  }

  @Test func anEntryHasALimit() throws {
    let pair = ["1200 1 |", "2190 | 1"]
    let full = Array(repeating: pair, count: Entry.postingsMax / 2).flatMap { $0 }
    #expect(try entry(full).postings.count == Entry.postingsMax)
    #expect(throws: EntryFault.tooManyPostings) { try entry(full + pair) }
  }
}

/// What an accountant reads: a week's work of a clearing house, by hand.
@Suite struct BookingDifferenceTests {
  private func difference(
    _ operatorID: String?, _ day: String, _ category: String, _ minor: Int64,
    currency: String = "UAH"
  ) throws -> FareDifference {
    FareDifference(
      operatorID: operatorID, currency: try .of(currency), fareDay: try .of(day),
      category: category, minor: minor)
  }

  private func table(_ entries: [Entry]) -> [String] {
    entries.flatMap { entry in
      ["\(entry.accountingDate) fares of \(entry.fareDay?.description ?? "-")"]
        + entry.postings.map { line in
          let account = line.account + (line.operatorID.map { "/" + $0 } ?? "")
          let debit = line.debitMinor == 0 ? "-" : String(line.debitMinor)
          let credit = line.creditMinor == 0 ? "-" : String(line.creditMinor)
          return "\(account) \(line.category ?? "-") \(debit) \(credit) \(entry.currency)"
        }
    }
  }

  @Test func ridersOweAndOperatorsAreOwed() throws {
    let entries = try BookingDifference.entries(
      runID: 1, accountingDate: .of("2026-11-22"),
      differences: [
        difference("tram", "2026-11-22", "full", 800),
        difference("bus", "2026-11-22", "student", 400),
        difference("tram", "2026-11-22", "full", 800),
        difference(nil, "2026-11-22", "full", 800),
        difference("bus", "2026-11-22", "pensioner", 0),
      ])
    #expect(
      table(entries) == [
        "2026-11-22 fares of 2026-11-22",
        "1200 student 400 - UAH",
        "2100/bus student - 400 UAH",
        "1200 full 1600 - UAH",
        "2100/tram full - 1600 UAH",
        "1200 full 800 - UAH",
        "2190 full - 800 UAH",
      ])
  }

  /// On the 22nd a late tap of the 20th comes in, and a cap is reached earlier.
  ///
  /// The rider's second ride that day becomes cheaper. Nothing of the 20th is touched; the
  /// difference is booked now.
  @Test func aLateTapBooksOnlyTheDifference() throws {
    let entries = try BookingDifference.entries(
      runID: 2, accountingDate: .of("2026-11-22"),
      differences: [
        difference("tram", "2026-11-20", "full", -800),
        difference("tram", "2026-11-20", "full", 300),
        difference("bus", "2026-11-20", "full", 800),
        difference("bus", "2026-11-21", "full", 115, currency: "EUR"),
      ])
    #expect(
      table(entries) == [
        "2026-11-22 fares of 2026-11-21",
        "1200 full 115 - EUR",
        "2100/bus full - 115 EUR",
        "2026-11-22 fares of 2026-11-20",
        "1200 full 800 - UAH",
        "2100/bus full - 800 UAH",
        "1200 full - 500 UAH",
        "2100/tram full 500 - UAH",
      ])
    let balance = try TrialBalance(entries)
    #expect(
      try balance.lines(in: .english) == [
        ["1200", "Owed by riders for rides", "", "EUR", "1.15", "0.00"],
        ["2100", "Owed to operators", "bus", "EUR", "0.00", "1.15"],
        ["1200", "Owed by riders for rides", "", "UAH", "8.00", "5.00"],
        ["2100", "Owed to operators", "bus", "UAH", "0.00", "8.00"],
        ["2100", "Owed to operators", "tram", "UAH", "5.00", "0.00"],
        ["", "Total", "", "EUR", "1.15", "1.15"],
        ["", "Total", "", "UAH", "13.00", "13.00"],
      ])
    #expect(balance.rows[2].balanceMinor(of: .asset) == 300)
    #expect(balance.rows[4].balanceMinor(of: .liability) == -500)
  }

  @Test func nothingChangedBooksNothing() throws {
    let entries = try BookingDifference.entries(
      runID: 3, accountingDate: .of("2026-11-22"),
      differences: [
        difference("tram", "2026-11-20", "full", -800),
        difference("tram", "2026-11-20", "full", 800),
      ])
    #expect(entries.isEmpty)
  }

  @Test func aSumThatDoesNotFitIsRefused() throws {
    for minors in [[Int64.max, 1], [.min], [.min + 1, -1]] {
      let differences = try minors.map { try difference("tram", "2026-11-20", "full", $0) }
      let day = try Day.of("2026-11-22")
      #expect(throws: EntryFault.overflow) {
        try BookingDifference.entries(runID: 1, accountingDate: day, differences: differences)
      }
    }
  }

  /// Whatever a run changes, in whatever order: the books balance, and what is owed to each operator
  /// is the sum of its rides.
  @Test(arguments: 1...40) func theBooksBalanceAndAgreeWithTheRides(_ seed: UInt64) throws {
    var chance = SeededGenerator(seed: seed)
    var balance = TrialBalance()
    var expected: [String: Int64] = [:]
    for run in 1...Int64(chance.integer(in: 1...8)) {
      let differences = try (0..<chance.integer(in: 0...60)).map { _ in
        let operatorID = ["tram", "bus", "metro", nil].randomElement(using: &chance) ?? nil
        return try difference(
          operatorID, "2026-11-1\(chance.integer(in: 0...9))",
          ["full", "student"].randomElement(using: &chance) ?? "full",
          Int64(chance.integer(in: -2000...3000)))
      }
      for difference in differences {
        expected[difference.operatorID ?? "", default: 0] += difference.minor
      }
      let day = try Day.of("2026-11-22")
      let entries = try BookingDifference.entries(
        runID: run, accountingDate: day, differences: differences)
      let shuffled = try BookingDifference.entries(
        runID: run, accountingDate: day, differences: differences.shuffled(using: &chance))
      #expect(entries == shuffled)
      for entry in entries {
        let debits = entry.postings.reduce(0) { $0 + $1.debitMinor }
        #expect(debits == entry.postings.reduce(0) { $0 + $1.creditMinor })
        try balance.add(entry)
      }
    }
    for total in try balance.totals() { #expect(total.sums.differenceMinor == 0) }
    for row in balance.rows where row.key.account != AccountCode.riders {
      #expect(row.balanceMinor(of: .liability) == expected[row.key.operatorID ?? ""])
    }
    let riders = balance.rows.first { $0.key.account == AccountCode.riders }
    #expect(riders?.balanceMinor(of: .asset) ?? 0 == expected.values.reduce(0, +))
  }
}

@Suite struct AccountAgainstRowsTests {
  @Test(
    arguments: [
      ("1120", nil, 800, 800, nil),
      (
        "1250", nil, 800, 700,
        "account 1250 in UAH stands at 800 minor units, disputes that are not decided come to 700"
      ),
      (
        "2150", "tram", -500, 0,
        "account 2150 of tram in UAH stands at 500 minor units, payouts on their way come to 0"
      ),
      ("9999", nil, -1, 0, "account 9999 in UAH stands at -1 minor units, its rows come to 0"),
    ] as [(String, String?, Int64, Int64, String?)])
  func anAccountThatIsNotItsRowsIsToldOnTheSideOnWhichItGrows(
    _ account: String, _ operatorID: String?, _ booked: Int64, _ rows: Int64, _ finding: String?
  ) throws {
    let compared = AccountAgainstRows(
      key: TrialBalance.Key(currency: try .of("UAH"), account: account, operatorID: operatorID),
      bookedMinor: booked, rowsMinor: rows)
    #expect(compared.finding() == finding)
  }
}
