import Basics
import Ledger
import Testing

/// Books with some entries in them, linked as they would be in a database.
private func books(seed: UInt64, count: Int) throws -> [RecordedEntry] {
  var chance = SeededGenerator(seed: seed)
  var head = LedgerHead.empty
  var number: Int64 = 0
  return try (0..<count).map { _ in
    // A database leaves numbers out when a transaction fails.
    number += Int64(chance.integer(in: 1...3))
    let amounts = (0..<chance.integer(in: 1...4)).map { _ in chance.integer(in: 1...5000) }
    let lines = amounts.flatMap { ["1200 \($0) |", "2100/op\($0 % 3) | \($0)"] }
    let recorded = RecordedEntry(
      try entry(lines, fareDay: "2026-11-1\(chance.integer(in: 0...9))"), number: number,
      after: head)
    head = head.adding(number: number, digest: recorded.digest)
    return recorded
  }
}

@Suite struct LedgerProofTests {
  @Test(arguments: 1...5) func soundBooksAreProven(_ seed: UInt64) throws {
    let books = try books(seed: seed, count: 60)
    #expect(LedgerProof.verify(books) == nil)
    var proof = LedgerProof()
    for entry in books { try proof.check(entry) }
    #expect(proof.head.hash == books.last?.chainHash)
    for total in try proof.balance.totals() { #expect(total.sums.differenceMinor == 0) }
  }

  /// Everything that can be changed in a row, each by itself, in each of the entries.
  private static let changes: [@Sendable (inout RecordedEntry) -> Void] = [
    { $0.postings[0].debitMinor += 1 },
    { $0.postings[1].creditMinor -= 1 },
    {
      $0.postings[0].debitMinor += 1
      $0.postings[1].creditMinor += 1
    },
    { $0.postings[1].operatorID = "other" },
    { $0.postings[0].category = "free" },
    { $0.postings[0].account = AccountCode.bank },
    { $0.postings.swapAt(0, 1) },
    { $0.postings.removeAll() },
    { $0.postings.append(contentsOf: $0.postings) },
    { $0.memo += " " },
    { $0.runID = nil },
    { $0.kind = "payout" },
    { $0.kind = "gift" },
    { $0.accountingDate = $0.accountingDate.adding(days: 1) },
    { $0.fareDay = nil },
    { $0.currency = Currency("EUR") ?? $0.currency },
    { $0.digest[31] ^= 1 },
    { $0.chainHash?[0] ^= 1 },
    { $0.number += 1 },
  ]

  @Test(arguments: changes.indices) func anyChangeIsFoundAndNamed(_ index: Int) throws {
    let sound = try books(seed: 11, count: 12)
    for place in sound.indices {
      var forged = sound
      Self.changes[index](&forged[place])
      #expect(LedgerProof.verify(forged)?.number == forged[place].number)
    }
  }

  /// Someone who also writes the digest and the chain anew leaves no trace in the books alone; the
  /// head that was written down elsewhere finds them.
  @Test func aForgedChainIsFoundByAKnownHead() throws {
    let sound = try books(seed: 3, count: 20)
    let heads = sound.map { LedgerHead(number: $0.number, hash: $0.chainHash ?? []) }
    var head = LedgerHead.empty
    var forged: [RecordedEntry] = []
    for (place, recorded) in sound.enumerated() {
      var postings = recorded.postings
      if place == 5 {
        postings[0].debitMinor += 1
        postings[1].creditMinor += 1
      }
      let entry = try Entry(
        kind: .fares, runID: recorded.runID, accountingDate: recorded.accountingDate,
        fareDay: recorded.fareDay, currency: recorded.currency, memo: recorded.memo,
        postings: postings)
      forged.append(RecordedEntry(entry, number: recorded.number, after: head))
      head = head.adding(number: recorded.number, digest: entry.digest)
    }
    #expect(LedgerProof.verify(forged) == nil)
    #expect(LedgerProof.verify(sound, known: heads) == nil)
    let finding = LedgerProof.verify(forged, known: [heads[4], heads[9], heads[19]])
    #expect(finding?.number == heads[9].number)
    #expect(finding?.cause == .otherHead)
  }

  @Test func anEntryTakenOutPutInOrMovedIsFound() throws {
    let sound = try books(seed: 4, count: 20)
    let last = try #require(sound.last)
    let head = LedgerHead(number: last.number, hash: last.chainHash ?? [])
    for place in 0..<19 {
      var without = sound
      without.remove(at: place)
      #expect(LedgerProof.verify(without)?.cause == .brokenChain)
      // Also where no chain is kept beside the entries, a known head is enough.
      let bare = without.map { entry in
        var entry = entry
        entry.chainHash = nil
        return entry
      }
      #expect(LedgerProof.verify(bare) == nil)
      #expect(LedgerProof.verify(bare, known: [head])?.cause == .otherHead)
      var swapped = sound
      swapped.swapAt(place, place + 1)
      #expect(LedgerProof.verify(swapped) != nil)
      var twice = sound
      twice.insert(sound[place], at: place)
      #expect(LedgerProof.verify(twice)?.cause == .outOfOrder)
    }
    #expect(LedgerProof.verify(sound.dropLast(), known: [head])?.number == head.number)
  }

  @Test func aProofCanGoOnFromAHead() throws {
    let sound = try books(seed: 5, count: 20)
    let head = LedgerHead(number: sound[9].number, hash: try #require(sound[9].chainHash))
    var proof = LedgerProof(after: head, known: [head])
    for entry in sound[10...] { try proof.check(entry) }
    try proof.finish()
    #expect(proof.head.number == sound[19].number)
  }
}

@Suite struct TrialBalanceTests {
  @Test func aBalancePutTogetherOfSumsIsThatOfThePostings() throws {
    let booked = try TrialBalance([entry(["1200 500 |", "2100/tram | 300", "2100/bus | 200"])])
    var kept = TrialBalance()
    let currency = try Currency.of("UAH")
    func key(_ account: String, _ operatorID: String?) -> TrialBalance.Key {
      TrialBalance.Key(currency: currency, account: account, operatorID: operatorID)
    }
    try kept.add(SideSums(debitMinor: 500, creditMinor: 0), to: key("1200", nil))
    try kept.add(SideSums(debitMinor: 0, creditMinor: 200), to: key("2100", "bus"))
    #expect(booked.rows != kept.rows)
    try kept.add(SideSums(debitMinor: 0, creditMinor: 300), to: key("2100", "tram"))
    #expect(booked.rows == kept.rows)
    try kept.add(SideSums(debitMinor: 1, creditMinor: 0), to: key("1200", nil))
    #expect(booked.rows != kept.rows)
  }
}

@Suite struct AccountingPeriodTests {
  @Test func aPeriodTakesItsDaysUntilItIsClosed() throws {
    var period = try #require(AccountingPeriod(year: 2026, month: 12))
    #expect(period.name == "2026-12")
    let days = try ["2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01"].map(Day.of)
    #expect(days.map(period.takes) == [false, true, true, false])
    try period.beginClosing()
    #expect(!period.takes(days[1]))
    try period.reopen()
    #expect(period.takes(days[1]))
    #expect(throws: AccountingPeriod.Fault.order(from: .open, to: .closed)) {
      try period.close(TrialBalance())
    }
    try period.beginClosing()
    var uneven = TrialBalance()
    try uneven.add(
      SideSums(debitMinor: 1, creditMinor: 0),
      to: TrialBalance.Key(currency: .of("UAH"), account: "1200", operatorID: nil))
    #expect(throws: AccountingPeriod.Fault.notBalanced) { try period.close(uneven) }
    try period.close(TrialBalance([entry(["1200 500 |", "2190 | 500"])]))
    #expect(period.state == .closed)
    #expect(throws: AccountingPeriod.Fault.order(from: .closed, to: .open)) {
      try period.reopen()
    }
    #expect(AccountingPeriod(year: 2026, month: 13) == nil)
  }
}
