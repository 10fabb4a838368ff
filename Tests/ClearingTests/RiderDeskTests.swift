import Basics
import Clearing
import Store
import Tapping
import Testing
import Transit
import Wallet

extension ClearingSuite {
  @Suite struct RiderDeskTests {
    /// Four rides on two cards: as two riders 32.00, as one rider the day's cap of 24.00.
    @Test func twoRidersWhoAreOnePayAsOneAfterwards() async throws {
      let taps = [
        try tap(1, "06:00", card: "anna"), try tap(2, "10:00", card: "olha"),
        try tap(3, "14:00", card: "anna"), try tap(4, "18:00", card: "olha"),
      ]
      try await House.with { house in
        try await house.journal(taps)
        try await house.service.drain()
        #expect(try await house.accounts() == ["1200": 3200, "2190": 3200])
        let (anna, olha) = (house.rider("anna"), house.rider("olha"))
        #expect(try await house.riders.merge(olha, into: anna, by: desk) == 2)
        try await house.service.drain()
        #expect(try await house.accounts() == ["1200": 2400, "2190": 2400])
        #expect(try await house.rides().count == 4)
        #expect(try await house.number("select count(distinct rider_id) from tap") == 1)
        // A tap of the card that came with the other rider is the same rider's now.
        try await house.journal([try tap(5, "20:00", card: "olha", day: 1)])
        try await house.service.drain()
        #expect(try await house.number("select count(distinct rider_id) from tap") == 1)
        #expect(try await house.accounts() == ["1200": 3200, "2190": 3200])
        try await house.expectSound()
        // The same as if they had been one from the beginning.
        let together = try await House.with { one in
          try await one.register("anna")
          _ = try await one.riders.register(
            .card, token: Array("olha".utf8), to: one.rider("anna"), validTo: nil, by: desk)
          try await one.journal(taps + [try tap(5, "20:00", card: "olha", day: 1)])
          try await one.service.drain()
          return try await one.rides()
        }
        #expect(try await house.rides() == together)
      }
    }

    @Test func aMergeMovesStoredValueAndIsNotUndone() async throws {
      try await House.with { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        try await house.topUp(anna, 1000, key: "k1")
        try await house.topUp(olha, 3000, key: "k2")
        try await house.journal([
          try tap(1, "06:00", card: "anna"), try tap(2, "06:10", card: "olha"),
        ])
        try await house.service.drain()
        #expect(try await house.balance(olha) == 2200)
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        try await house.service.drain()
        // The second ride is a free transfer of one rider: 40.00 less 8.00.
        #expect(try await house.balance(anna) == 3200)
        #expect(try await house.accounts() == ["1110": 4000, "2200": 3200, "2190": 800])
        // Whoever asks for the old number is told of the new one, for money too.
        try await house.topUp(olha, 100, key: "k3")
        #expect(try await house.balance(anna) == 3300)
        await #expect(throws: RiderRefusal.alreadyMerged(into: anna)) {
          try await house.riders.merge(olha, into: anna, by: desk)
        }
        await #expect(throws: RiderRefusal.sameRider) {
          try await house.riders.merge(anna, into: olha, by: desk)
        }
        await #expect(throws: RiderRefusal.unknownRider) {
          try await house.riders.merge(RiderID(high: 7, low: 7), into: anna, by: desk)
        }
        try await house.expectSound()
      }
    }

    @Test func aMergedRidersPastIsToldFromBothAccountsAndADesksOldKeyStillHolds() async throws {
      try await House.with { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        try await house.topUp(anna, 1000, key: "k1")
        try await house.topUp(olha, 3000, key: "k2")
        let before = desk.at
        let merging = RiderAct(
          actor: desk.actor, reason: desk.reason, at: before.adding(seconds: 3600))
        _ = try await house.riders.merge(olha, into: anna, by: merging)
        for rider in [anna, olha] {
          for (moment, minor) in [(before, 4000), (merging.at, 4000)] as [(Instant, Int64)] {
            let balance = try await house.wallets.balance(of: rider, in: hryvnia, at: moment)
            #expect(balance == minor)
          }
          let statement = try #require(
            try await house.wallets.statement(
              of: rider, in: hryvnia, from: before.adding(seconds: -3600),
              before: merging.at.adding(seconds: 1)))
          #expect(statement.openingMinor == 0)
          #expect(statement.movements.map(\.amountMinor) == [1000, 3000, -3000, 3000])
          #expect(statement.movements.map(\.balanceMinor) == [1000, 4000, 1000, 4000])
          #expect(Set(statement.movements.map(\.accountID)).count == 2)
        }
        // The desk never heard of its answer, and asks for the rider it knows.
        let again = try await house.topUp(olha, 3000, key: "k2")
        #expect(again.isRepeated && again.rider == anna && again.movement.amountMinor == 3000)
        #expect(try await house.balance(anna) == 4000)
        await #expect(throws: RiderRefusal.keyReused) {
          try await house.topUp(olha, 3001, key: "k2")
        }
        try await house.expectSound()
      }
    }

    @Test func anAccountComesWithTheOtherRiderAndPaysTheDebts() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "06:00", card: "anna")])
        try await house.service.drain()
        let olha = try await house.register("olha")
        try await house.topUp(olha, 3000, key: "k1")
        _ = try await house.riders.merge(olha, into: house.rider("anna"), by: desk)
        try await house.service.drain()
        #expect(try await house.balance(house.rider("anna")) == 2200)
        #expect(try await house.accounts() == ["1110": 3000, "2200": 2200, "2190": 800])
        try await house.expectSound()
      }
    }

    @Test func contradictoryProofsAreSettledBeforeAMerge() async throws {
      try await House.with { house in
        let (anna, olha) = (try await house.register("anna"), try await house.register("olha"))
        let first = Day(number: 20_700)
        let proven = ProvenDays(category: "adult", first: first, last: nil)
        for (rider, category) in [(anna, "adult"), (olha, "pensioner")] {
          _ = try await house.riders.addProof(
            ProvenDays(category: category, first: first, last: nil), kind: nil, number: nil,
            note: nil, of: rider, isReplacing: false, by: desk)
        }
        await #expect(throws: RiderRefusal.proof(.contradicts(proven))) {
          try await house.riders.merge(olha, into: anna, by: desk)
        }
        _ = try await house.riders.withdrawProof(of: "adult", from: first, rider: anna, by: desk)
        _ = try await house.riders.merge(olha, into: anna, by: desk)
        #expect(
          try await house.texts("select category || ' ' || rider_id from entitlement") == [
            "pensioner \(anna)"
          ])
      }
    }

    /// The pensioner card was shown by one rider and recorded of another.
    @Test func aProofOfTheWrongRiderIsWithdrawnAndItsPaperIsTheOthers() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "06:00", card: "anna"), try tap(2, "08:00")])
        try await house.service.drain()
        let (anna, olha) = (house.rider("anna"), try await house.register("olha"))
        let day = try #require(Day("2026-11-22"))
        func prove(_ rider: RiderID) async throws {
          _ = try await house.riders.addProof(
            ProvenDays(category: "pensioner", first: day, last: nil), kind: "card",
            number: "AB 1234", note: nil, of: rider, isReplacing: false, by: desk)
          try await house.service.drain()
        }
        try await prove(anna)
        #expect(try await house.owed() == [])
        await #expect(throws: RiderRefusal.proof(.paperOfAnother)) { try await prove(olha) }
        let other = day.adding(days: 1)
        let unknown = RiderRefusal.proof(.unknown(category: "pensioner", first: other))
        #expect(unknown.code == "proof_unknown")
        await #expect(throws: unknown) {
          _ = try await house.riders.withdrawProof(
            of: "pensioner", from: other, rider: anna, by: desk)
        }
        let stale = try await house.riders.withdrawProof(
          of: "pensioner", from: day, rider: anna, by: desk)
        #expect(stale == 1)
        try await house.service.drain()
        #expect(try await house.owed() == ["2190  1600"])
        try await prove(olha)
        let profile = try #require(try await house.riders.profile(of: anna, at: House.noon))
        #expect(profile.proofs.isEmpty)
        let acts = profile.events.filter { $0.kind.hasPrefix("proof") }
          .map { "\($0.kind) \($0.detail)" }
        #expect(
          Set(acts) == [
            "proof pensioner from 2026-11-22", "proof_withdrawn pensioner from 2026-11-22",
          ])
        try await house.expectSound()
      }
    }

    @Test func anotherCategoryFromTheSameDayTakesThePlaceOfAWrongOne() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        let day = try #require(Day("2026-11-22"))
        for (category, isReplacing) in [("pensioner", false), ("adult", true)] {
          _ = try await house.riders.addProof(
            ProvenDays(category: category, first: day, last: nil), kind: nil, number: category,
            note: nil, of: anna, isReplacing: isReplacing, by: desk)
        }
        let profile = try #require(try await house.riders.profile(of: anna, at: House.noon))
        #expect(profile.proofs.map(\.days.category) == ["adult"])
        let kinds = profile.events.map(\.kind).filter { $0.hasPrefix("proof") }
        #expect(kinds.sorted() == ["proof", "proof", "proof_withdrawn"])
      }
    }

    /// The other rider never rode, so that no day of hers is moved: the proof alone changes a fare.
    @Test func aProofThatComesWithTheOtherRiderHoldsOnTheDaysOfThisOne() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "06:00", card: "anna")])
        try await house.service.drain()
        let charged =
          "select sum(charged_minor)::int8 from ride where reversed_run_id is null"
        #expect(try await house.number(charged) == 800)
        let olha = try await house.register("olha")
        _ = try await house.riders.addProof(
          ProvenDays(category: "pensioner", first: Day(number: 20_700), last: nil), kind: nil,
          number: nil, note: nil, of: olha, isReplacing: false, by: desk)
        _ = try await house.riders.merge(olha, into: house.rider("anna"), by: desk)
        try await house.service.drain()
        #expect(try await house.number(charged) == 0)
        try await house.expectSound()
      }
    }

    /// The plastic and the phone of one bank card have other numbers and one account reference.
    @Test func aPhoneIsTheSameRiderAsItsBankCard() async throws {
      try await House.with { house in
        let reference = "5001ABCDEFGHIJKLMNOPQRSTUVWX1"
        var plastic = try tap(1, "08:00", card: "plastic")
        plastic.medium = .bank
        var phone = try tap(2, "08:20", card: "phone")
        phone.medium = .phone
        try await house.journal([plastic, phone])
        try await house.service.drain()
        #expect(try await house.accounts()["1200"] == 1600)
        let (bank, mobile) = (house.medium("plastic", .bank), house.medium("phone", .phone))
        let owner = RiderID(high: bank.high, low: bank.low)
        for medium in [bank, mobile] {
          #expect(
            try await house.riders.link(medium, accountReference: reference, by: desk) == owner)
        }
        try await house.service.drain()
        // One rider changed vehicles within half an hour.
        #expect(try await house.accounts()["1200"] == 800)
        try await house.expectSound()
        await #expect(throws: RiderRefusal.notAReference) {
          try await house.riders.link(bank, accountReference: "4111111111111111", by: desk)
        }
        #expect(
          try await house.number(
            "select count(*) from medium where account_reference is not null "
              + "and octet_length(account_reference) = 16") == 2)
      }
    }

    @Test func aNewCardGoesOnWithTheOldOnesMoneyAndLateTaps() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await house.topUp(anna, 5000, key: "k1")
        #expect(
          try await house.riders.replace(
            house.medium("anna"), by: .card, token: Array("anna-2".utf8), desk) == anna)
        #expect(try await house.denials(house.medium("anna")) == [.replaced])
        // A late tap of the old card, and one of the new: the second is a transfer of the first.
        try await house.journal([
          try tap(1, "08:00", card: "anna"), try tap(2, "08:20", card: "anna-2"),
        ])
        try await house.service.drain()
        #expect(try await house.balance(anna) == 4200)
        await #expect(throws: RiderRefusal.alreadyReplaced) {
          try await house.riders.replace(
            house.medium("anna"), by: .card, token: Array("anna-3".utf8), desk)
        }
        try await house.register("bohdan")
        await #expect(throws: RiderRefusal.mediumOfAnother) {
          try await house.riders.replace(
            house.medium("anna-2"), by: .card, token: Array("bohdan".utf8), desk)
        }
        await #expect(throws: RiderRefusal.unknownMedium) {
          try await house.riders.replace(
            house.medium("nobody"), by: .card, token: Array("x".utf8), desk)
        }
        try await house.expectSound()
      }
    }

    @Test func aCardIsDeniedAsLongAsAnyReasonStands() async throws {
      try await House.with { house in
        try await house.rule(negative: 1000)
        let anna = try await house.register("anna")
        try await house.topUp(anna, 500, key: "k1")
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        #expect(try await house.riders.setBlocked(true, rider: anna, medium: nil, by: desk) == 1)
        #expect(try await house.denials(house.medium("anna")).contains(.blocked))
        await #expect(throws: RiderRefusal.wallet(.blocked)) {
          try await house.topUp(anna, 1000, key: "k2")
        }
        #expect(try await house.riders.setBlocked(true, rider: anna, medium: nil, by: desk) == 0)
        #expect(try await house.riders.setBlocked(false, rider: anna, medium: nil, by: desk) == 1)
        #expect(try await house.denials(house.medium("anna")) == [.storedValue])
        try await house.topUp(anna, 1000, key: "k3")
        #expect(try await house.denials(house.medium("anna")).isEmpty)
        let profile = try #require(try await house.riders.profile(of: anna, at: House.noon))
        #expect(profile.events.map(\.kind) == ["top_up", "unblock", "block", "top_up", "register"])
        #expect(profile.events.allSatisfy { $0.actor == "desk 1" && $0.reason == "test" })
      }
    }

    @Test func whatWasDoneToARiderIsShownAfterTheyWereMergedIntoAnother() async throws {
      try await House.with { house in
        let (olha, anna) = (try await house.register("olha"), try await house.register("anna"))
        _ = try await house.riders.setBlocked(true, rider: olha, medium: nil, by: desk)
        _ = try await house.riders.setBlocked(false, rider: olha, medium: nil, by: desk)
        let ihor = try await house.register("ihor")
        _ = try await house.riders.merge(olha, into: ihor, by: desk)
        _ = try await house.riders.merge(ihor, into: anna, by: desk)
        for rider in [anna, ihor, olha] {
          let profile = try #require(try await house.riders.profile(of: rider, at: House.noon))
          #expect(
            profile.events.map(\.kind) == [
              "merge", "merge", "merge", "merge", "register", "unblock", "block", "register",
              "register",
            ])
          #expect(
            profile.events.map(\.formerRider) == [
              nil, ihor, ihor, olha, ihor, olha, olha, nil, olha,
            ])
          #expect(profile.events.allSatisfy { $0.actor == "desk 1" && $0.reason == "test" })
        }
      }
    }

    @Test func aProofOfThePastRatesItsDaysAnewAndASecondCategoryIsRefused() async throws {
      try await House.with { house in
        try await house.journal([try tap(1, "08:00"), try tap(2, "08:00", day: 1)])
        try await house.service.drain()
        let anna = house.rider("anna")
        let first = try #require(Day(year: 2026, month: 11, day: 22))
        func prove(
          _ category: String, _ from: Day, _ to: Day?, number: String? = nil, of rider: RiderID,
          replacing: Bool = false
        ) async throws -> Int {
          try await house.riders.addProof(
            ProvenDays(category: category, first: from, last: to), kind: "card", number: number,
            note: nil, of: rider, isReplacing: replacing, by: desk)
        }
        #expect(try await prove("pensioner", first, first, number: "ab 12-34", of: anna) == 1)
        try await house.service.drain()
        #expect(try await house.accounts()["1200"] == 800)
        let standing = ProvenDays(category: "pensioner", first: first, last: first)
        await #expect(throws: RiderRefusal.proof(.contradicts(standing))) {
          try await prove("adult", first, nil, of: anna)
        }
        await #expect(throws: RiderRefusal.proof(.unknownCategory(known: ["adult", "pensioner"]))) {
          try await prove("queen", first, nil, of: anna)
        }
        // The same paper, however it is written, proves nobody else.
        let bohdan = try await house.register("bohdan")
        await #expect(throws: RiderRefusal.proof(.paperOfAnother)) {
          try await prove("pensioner", first, nil, number: "AB1234", of: bohdan)
        }
        // Made longer, it covers the second day too.
        #expect(try await prove("pensioner", first, nil, number: "AB1234", of: anna) == 2)
        try await house.service.drain()
        #expect(try await house.accounts().isEmpty)
        #expect(
          try await prove("adult", first.adding(days: 1), nil, of: anna, replacing: true) == 1)
        try await house.service.drain()
        #expect(try await house.accounts()["1200"] == 800)
        try await house.expectSound()
        let soon = try await house.riders.expiringProofs(within: 400, at: House.noon)
        #expect(soon.isEmpty)
        _ = try await prove("pensioner", first, first.adding(days: 10), of: bohdan)
        #expect(
          try await house.riders.expiringProofs(within: 30, at: House.noon).map(\.rider)
            == [bohdan])
      }
    }

    @Test func anExpiredCardIsDenied() async throws {
      try await House.with { house in
        _ = try await house.riders.register(
          .card, token: Array("old".utf8), to: nil, validTo: Day(year: 2026, month: 11, day: 22),
          by: desk)
        #expect(try await house.riders.denyExpired(at: House.noon) == 1)
        #expect(try await house.riders.denyExpired(at: House.noon) == 0)
        #expect(try await house.denials(house.medium("old")) == [.expired])
        // The clock had been ahead: on the card's last day it is let on again.
        #expect(try await house.riders.denyExpired(at: House.noon.adding(seconds: -86_400)) == 0)
        #expect(try await house.denials(house.medium("old")) == [])
      }
    }
  }
}

extension ClearingSuite {
  /// Cards of a city that had no names for validators when they came.
  @Suite struct NamelessCards {
    private static let salt = [UInt8](repeating: 9, count: 16)

    private func makeSalt(_ house: House) async throws {
      _ = try await house.store.write { db in
        try await db.denyList.salt(orMakeFrom: { Self.salt })
      }
    }

    private func denied(_ house: House) async throws -> [String] {
      try await house.texts(
        "select encode(fingerprint, 'hex') from deny_list where is_denied order by 1")
    }

    private func name(_ card: String) -> String {
      hexText(TokenFingerprint.of(kind: .card, token: Array(card.utf8), salt: Self.salt))
    }

    @Test func aCardRegisteredBeforeGetsItsNameFromItsFirstTap() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        try await makeSalt(house)
        try await house.journal([try tap(1, "08:00")])
        try await house.service.drain()
        _ = try await house.riders.setBlocked(true, rider: anna, medium: nil, by: desk)
        #expect(try await denied(house) == [name("anna")])
      }
    }

    @Test func aCardBlockedBeforeIsDeniedWhenItIsRegisteredAgain() async throws {
      try await House.with { house in
        let anna = try await house.register("anna")
        _ = try await house.riders.setBlocked(true, rider: anna, medium: nil, by: desk)
        try await makeSalt(house)
        #expect(try await denied(house).isEmpty)
        #expect(try await house.register("anna") == anna)
        #expect(try await denied(house) == [name("anna")])
      }
    }
  }
}
