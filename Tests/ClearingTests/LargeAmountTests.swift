import Basics
import Charging
import Clearing
import Ledger
import Store
import Tapping
import Testing

extension ClearingSuite {
  /// Amounts that leave no room for others: nothing is booked, and the service goes on.
  @Suite struct LargeAmounts {
    private let uah: Currency
    private let day: Day

    init() throws {
      uah = try #require(Currency("UAH"))
      day = try #require(Day("2026-11-22"))
    }

    @Test func aFundingFileOfTheLargestAmountsIsRefusedAndTheNextIsTaken() async throws {
      try await CardHouse.with { house in
        let most = Int64.max
        let body = Array(
          "H,KVYTOK-FUNDING,1,1,2026-11-22,city,UAH\nB,x,,\(most),\(most),UAH,2026-11-22\n".utf8)
        let file =
          body + Array("T,1,\(most),\(most),\(hexText(FileDigest.of(body)))\n".utf8)
        guard case .refused(let why) = try await house.funding.take(file, name: "large.csv") else {
          Issue.record("it was taken")
          return
        }
        #expect(why.hasPrefix("line 2: gross and fee are at most"), "\(why)")
        #expect(try await house.house.number("select count(*) from acquirer_file_refused") == 1)
        // As large as a line may be: gross and fee are on one account.
        let limit = Money.outsideMinorMax
        let record = FundingRecord(
          line: 2, kind: .billing, reference: "x", key: nil, grossMinor: limit, feeMinor: limit,
          currency: uah, valueDate: day)
        let large = FundingFile(
          number: 1, date: day, merchant: "city", currency: uah, records: [record])
        #expect(
          try await house.funding.take(large.bytes, name: "b.csv")
            == .taken(number: 1, categories: [.unknown: 1]))
        #expect(
          try await house.balances() == [
            "1100 -\(2 * limit)", "2290 \(limit)", "7100 \(limit)",
          ])
        try await house.house.expectSound()
      }
    }

    @Test(arguments: [ConcessionRate.rideMinorMax + 1, .max - 1, .max])
    func aRateThatNoRideCostsIsRefused(minor: Int64) async throws {
      try await House.with { house in
        let desk = SubsidyDesk(store: house.store, city: house.city, now: { House.noon })
        func rate(_ minor: Int64) -> ConcessionRate {
          ConcessionRate(
            category: "pensioner", operatorID: nil, from: day, to: nil, currency: uah,
            rideMinor: minor)
        }
        await #expect(throws: MoneyRefusal.unfit("a rate is at most 10000000.00 UAH")) {
          try await desk.set(rate(minor), by: "olena")
        }
        try await desk.set(rate(ConcessionRate.rideMinorMax), by: "olena")
      }
    }

    @Test(arguments: [Money.outsideMinorMax + 1, .max - 1, .max])
    func anAdjustmentThatLeavesNoRoomIsRefused(minor: Int64) async throws {
      try await House.with { house in
        let desk = Adjusting(store: house.store, city: house.city)
        func ask(_ minor: Int64) async throws -> AdjustmentOutcome {
          try await desk.request(
            [
              Posting(.debit, account: "1110", minor: minor),
              Posting(.credit, account: "2290", minor: minor),
            ], currency: uah, reason: "test", by: "olena", at: House.noon)
        }
        let refused = try await ask(minor)
        #expect(refused == .faulty(.aboveLimit))
        let taken = try await ask(Money.outsideMinorMax)
        #expect(taken == .requested(1))
      }
    }

    @Test(arguments: ["", "a\0", String(repeating: "x", count: 256)])
    func anOperatorsNameThatNoIndexHoldsIsRefused(_ name: String) async throws {
      try await House.with { house in
        let desk = Adjusting(store: house.store, city: house.city)
        let outcome = try await desk.request(
          [
            Posting(.debit, account: "1110", minor: 100),
            Posting(.credit, account: "2100", operatorID: name, minor: 100),
          ], currency: uah, reason: "test", by: "olena", at: House.noon)
        #expect(outcome == .faulty(.operatorName(line: 2)))
        let account = BankAccount(name: "x", iban: "UA903052992990004149123456789", bic: nil)
        let payouts = PayoutDesk(store: house.store, city: house.city, now: { House.noon })
        await #expect(throws: MoneyRefusal.self) {
          try await payouts.setAccount(account, of: name, by: "olena")
        }
      }
    }

    @Test func aSignatureOfTheFarthestMomentIsOld() {
      let secret = CardHouse.secret
      let now = House.noon.microseconds / 1_000_000
      for seconds in [now &+ .min, .min, .max, 0] {
        let code = hexText(
          HMACSHA256.code(key: secret, message: Array("\(seconds).{}".utf8)))
        #expect(
          MessageSignature.fault(
            "t=\(seconds),v1=\(code)", body: Array("{}".utf8), secret: secret, at: House.noon)
            == "the signature is older or newer than 300 s", "\(seconds)")
      }
    }
  }
}
