import Basics
import Clearing
import Ledger
import Testing
import Wallet

/// Each business event and its entry, as `docs/accounting.md` tells it.
@Suite struct WalletEntriesTests {
  private static let day = Day(number: 20_780)

  private static func money(_ minor: Int64) -> Money { Money(minor: minor, currency: hryvnia) }

  private static func lines(_ entry: Entry) -> [String] {
    entry.postings.map { posting in
      let side = posting.debitMinor > 0 ? "Dt" : "Ct"
      let who = posting.operatorID.map { " \($0)" } ?? ""
      return "\(side) \(posting.account)\(who) \(posting.debitMinor + posting.creditMinor)"
    }
  }

  @Test func moneyPutOnACardIsOwedToItsRider() throws {
    for (channel, account) in [
      (MoneyChannel.cash, "1110"), (.bank, "1100"), (.acquirer, "1120"),
    ] {
      let entry = try WalletEntries.topUp(
        Self.money(5000), through: channel, reference: "r-1", on: Self.day)
      #expect(Self.lines(entry) == ["Dt \(account) 5000", "Ct 2200 5000"])
      #expect(entry.kind == .topUp)
    }
  }

  @Test func whatIsLeftGoesBackAndABankTransferIsOwedUntilItIsMade() throws {
    for (channel, account) in [
      (MoneyChannel.cash, "1110"), (.bank, "2220"), (.acquirer, "1120"),
    ] {
      let entry = try WalletEntries.refund(
        Self.money(4200), through: channel, reference: "r-2", on: Self.day)
      #expect(Self.lines(entry) == ["Dt 2200 4200", "Ct \(account) 4200"])
    }
  }

  @Test func ridesPaidAndGivenBackShowBothSides() throws {
    let entry = try WalletEntries.ridePayments(
      paidMinor: 1600, returnedMinor: 300, currency: hryvnia, fareDay: Self.day, on: Self.day)
    #expect(Self.lines(entry) == ["Dt 2200 1600", "Ct 1200 1600", "Dt 1200 300", "Ct 2200 300"])
    #expect(entry.fareDay == Self.day)
  }

  @Test func aPassIsDeferredWhenItIsSold() throws {
    for (channel, account) in [
      (MoneyChannel.cash, "1110"), (.bank, "1100"), (.acquirer, "1120"), (.wallet, "2200"),
    ] {
      let entry = try WalletEntries.sale(
        Self.money(30_000), product: "month", through: channel, reference: "", on: Self.day)
      #expect(Self.lines(entry) == ["Dt \(account) 30000", "Ct 2210 30000"])
    }
  }

  @Test func whatAPassEarnsIsOwedToOperators() throws {
    let entry = try WalletEntries.recognition(
      of: "month", shares: [("tram", 700), ("bus", 300), (nil, 0)], currency: hryvnia,
      fareDay: Self.day, on: Self.day)
    #expect(Self.lines(entry) == ["Dt 2210 1000", "Ct 2100 tram 700", "Ct 2100 bus 300"])
    let unknown = try WalletEntries.recognition(
      of: "month", shares: [(nil, 500)], currency: hryvnia, fareDay: Self.day, on: Self.day)
    #expect(Self.lines(unknown) == ["Dt 2210 500", "Ct 2190 500"])
  }

  @Test func theUnusedRestOfAPassGoesBack() throws {
    for (channel, account) in [
      (MoneyChannel.cash, "1110"), (.bank, "2220"), (.acquirer, "1120"), (.wallet, "2200"),
    ] {
      let entry = try WalletEntries.productRefund(
        Self.money(20_000), product: "month", through: channel, reference: "7", on: Self.day)
      #expect(Self.lines(entry) == ["Dt 2210 20000", "Ct \(account) 20000"])
    }
  }

  @Test func aCorrectionStandsAgainstReceiptsThatMatchNothing() throws {
    let more = try WalletEntries.correction(Self.money(100), reason: "x", on: Self.day)
    #expect(Self.lines(more) == ["Dt 2290 100", "Ct 2200 100"])
    let less = try WalletEntries.correction(Self.money(-100), reason: "x", on: Self.day)
    #expect(Self.lines(less) == ["Ct 2290 100", "Dt 2200 100"])
  }

  @Test func whatIsGivenUpIsACostAndPaysTheDebt() throws {
    let entry = try WalletEntries.writeOff(Self.money(100), reason: "x", on: Self.day)
    #expect(Self.lines(entry) == ["Dt 7200 100", "Ct 2200 100"])
  }
}
