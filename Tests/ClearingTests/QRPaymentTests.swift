import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

/// A tap of a QR code.
func qrTap(_ seq: Int64, _ time: String, code: String = "code", day: Int = 0) throws -> Tap {
  var made = try tap(seq, time, card: code, day: day)
  made.medium = .qr
  return made
}

extension ClearingSuite {
  /// A QR code pays from stored value as a card does, and both of one rider pay from one account.
  @Suite struct QRPaymentTests {
    @Test func aRideWithAQRCodeIsTakenFromStoredValueAndARatingAnewMovesTheDifference() async throws
    {
      try await House.with { house in
        let rider = try await house.register("code", .qr)
        try await house.topUp(rider, 5000, key: "k1")
        try await house.journal([try qrTap(2, "10:00")])
        try await house.service.drain()
        #expect(try await house.balance(rider) == 4200)
        #expect(try await house.accounts() == ["1110": 5000, "2200": 4200, "2190": 800])
        #expect(
          try await house.texts(
            """
            select concat_ws(' ', p.account, p.debit_minor, p.credit_minor, m.kind, m.fare_day)
            from entry e join posting p using (entry_id) join wallet_movement m using (entry_id)
            where e.kind = 'payment' order by p.line
            """) == ["2200 800 0 ride 2026-11-22", "1200 0 800 ride 2026-11-22"])
        try await house.journal([try qrTap(1, "06:00")])
        try await house.service.drain()
        #expect(try await house.balance(rider) == 3400)
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: nil),
          kind: "card", number: "AB 1", note: nil, of: rider, isReplacing: false, by: desk)
        try await house.service.drain()
        #expect(try await house.balance(rider) == 5000)
        #expect(try await house.accounts() == ["1110": 5000, "2200": 5000])
        try await house.expectSound()
      }
    }

    @Test func aQRCodeGoesBelowNothingOnceAndIsDeniedUntilItIsToppedUp() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        let rider = try await house.register("code", .qr)
        let medium = house.medium("code", .qr)
        try await house.topUp(rider, 500, key: "k1")
        try await house.journal([try qrTap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.balance(rider) == -300)
        #expect(try await house.denials(medium) == [.storedValue])
        try await house.journal([try qrTap(2, "12:00"), try qrTap(3, "16:00")])
        try await house.service.drain()
        #expect(try await house.balance(rider) == -1000)
        #expect(try await house.accounts()["1200"] == 900)
        try await house.topUp(rider, 1900, key: "k2")
        #expect(try await house.balance(rider) == 0)
        #expect(try await house.accounts()["1200"] == nil)
        #expect(try await house.denials(medium).isEmpty)
        try await house.expectSound()
      }
    }

    @Test func aCardAndAQRCodeOfOneRiderPayFromOneAccountAndAreDeniedTogether() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        let anna = try await house.register("anna")
        for (token, kind) in [("code", MediumKind.qr), ("visa", .bank)] {
          _ = try await house.riders.register(
            kind, token: Array(token.utf8), to: anna, validTo: nil, by: desk)
        }
        try await house.topUp(anna, 1000, key: "k1")
        var bank = try tap(3, "14:00", card: "visa")
        bank.medium = .bank
        try await house.journal([try tap(1, "06:00"), try qrTap(2, "10:00"), bank])
        try await house.service.drain()
        // Two rides are the account's; the third is asked of the bank card.
        #expect(try await house.balance(anna) == -600)
        #expect(
          try await house.texts("select due_minor || ' ' || paid_minor from wallet_day")
            == ["1600 1600"])
        #expect(try await house.number("select count(*) from wallet_account") == 1)
        #expect(try await house.accounts()["1200"] == 800)
        let (card, code) = (house.medium("anna"), house.medium("code", .qr))
        for medium in [card, code] {
          #expect(try await house.denials(medium) == [.storedValue])
        }
        #expect(try await house.denials(house.medium("visa", .bank)).isEmpty)
        // A further code of a rider who is denied is no way around it.
        _ = try await house.riders.register(
          .qr, token: Array("second".utf8), to: anna, validTo: nil, by: desk)
        #expect(try await house.denials(house.medium("second", .qr)) == [.storedValue])
        try await house.topUp(anna, 600, key: "k2")
        for medium in [card, code, house.medium("second", .qr)] {
          #expect(try await house.denials(medium).isEmpty)
        }
        try await house.expectSound()
      }
    }

    @Test func ridesWithAQRCodeOfSomebodyElseArePaidOnceTheTwoAreOne() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        try await house.journal([try qrTap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.accounts()["1200"] == 800)
        #expect(try await house.number("select count(*) from fare_day where owes") == 1)
        let medium = house.medium("code", .qr)
        _ = try await house.riders.merge(
          RiderID(high: medium.high, low: medium.low), into: anna, by: desk)
        try await house.service.drain()
        #expect(try await house.balance(anna) == 4200)
        #expect(try await house.accounts() == ["1110": 5000, "2200": 4200, "2190": 800])
        #expect(try await house.number("select count(*) from fare_day where owes") == 0)
        try await house.expectSound()
      }
    }

    @Test func ridesBeforeTheFirstTopUpAreADebtThatItPays() async throws {
      try await House.with { house in
        try await house.journal([try qrTap(1, "08:00"), try qrTap(2, "12:00", day: 1)])
        try await house.service.drain()
        #expect(try await house.number("select count(*) from fare_day where owes") == 2)
        let medium = house.medium("code", .qr)
        let rider = RiderID(high: medium.high, low: medium.low)
        try await house.topUp(rider, 2000, key: "k1")
        #expect(try await house.balance(rider) == 400)
        #expect(try await house.accounts() == ["1110": 2000, "2200": 400, "2190": 1600])
        #expect(try await house.number("select count(*) from fare_day where owes") == 0)
        try await house.expectSound()
      }
    }

    @Test func aMarkOfOwingThatWasChangedIsFound() async throws {
      try await House.with { house in
        try await house.journal([try qrTap(1, "08:00"), try tap(2, "08:00", card: "b")])
        try await house.service.drain()
        try await house.expectSound()
        try await house.script("update fare_day set owes = not owes")
        let audit = try await house.audit()
        #expect(audit.findings.count == 2)
        #expect(
          audit.findings.allSatisfy { $0.hasSuffix(": owes is not what the rating leaves") })
      }
    }

    @Test func aDayThatAnAccountIsNotAskedToPayIsFound() async throws {
      try await House.with { house in
        let rider = try await house.register("code", .qr)
        try await house.topUp(rider, 5000, key: "k1")
        try await house.journal([try qrTap(1, "08:00")])
        try await house.service.drain()
        try await house.expectSound()
        // As a program that forgot these rides would have left it, with seals of its own.
        try await house.script("update wallet_day set due_minor = 300, paid_minor = 300")
        let sentence =
          "stored value: account 1 is to pay 300 minor units for 2026-11-22, its rides come to 800"
        #expect(try await house.audit().findings.contains(sentence))
        // What waits for its rating is put right by it.
        try await house.script("update fare_day set stale_since = now()")
        #expect(try await !house.audit().findings.contains(sentence))
      }
    }
  }
}
