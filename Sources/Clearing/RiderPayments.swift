package import Basics
import Store

/// A part of what a rider's days come to, and how it is paid.
package struct RiderPayment: Sendable, Equatable {
  /// How a part is paid, or why it is not.
  package enum Means: String, Sendable, CaseIterable {
    /// Taken from the account of stored value.
    case storedValue = "stored_value"
    /// How far that account is below nothing today; of no day, and no part of what the days come to.
    case belowNothing = "below_nothing"
    /// What of that account was given up; of no day, and no part of what the days come to.
    case givenUp = "given_up"
    /// By charges of the bank card or phone, which are told one by one.
    case charges
    /// Not paid: the account of stored value was short.
    case short
    /// Not paid: no money of the currency was ever put on the card.
    case noMoney = "no_money"
    /// Not charged: no payment account is known of the phone.
    case noAccount = "no_account"
    /// Given up, as the rider was erased; below zero it was taken back.
    case erased
    /// Not in a charge yet, as the rides came or changed later; below zero it is given back.
    case waiting
  }

  package let means: Means
  package let amount: Money

  /// Names a part.
  package init(_ means: Means, _ amount: Money) {
    self.means = means
    self.amount = amount
  }

  /// How it is paid, in words.
  package func sentence(in language: Language) -> String {
    let money = amount.description
    let words =
      switch means {
      case .storedValue:
        Bilingual(uk: "знято з картки: \(money)", en: "taken from stored value: \(money)")
      case .belowNothing:
        Bilingual(
          uk: "на картці нижче нуля, і це борг: \(money)",
          en: "stored value is below nothing, and this is owed: \(money)")
      case .givenUp:
        Bilingual(
          uk: "з усього знятого з картки списано як борг, і цього не сплачено: \(money)",
          en: "of all that was taken from stored value, given up as a debt and never paid: \(money)"
        )
      case .charges:
        Bilingual(
          uk: "списаннями з банківської картки чи телефону, які названо окремо: \(money)",
          en: "by charges of the bank card or phone, which are told one by one: \(money)")
      case .short:
        Bilingual(
          uk: "не сплачено, бо на картці бракує грошей: \(money)",
          en: "not paid, for there is not enough money on the card: \(money)")
      case .noMoney:
        Bilingual(
          uk: "не сплачено, бо на картку не клали грошей у цій валюті: \(money)",
          en: "not paid, for no money of this currency was ever put on the card: \(money)")
      case .noAccount:
        Bilingual(
          uk: "не сплачено, бо рахунок телефону невідомий: \(money)",
          en: "not paid, for no payment account is known of the phone: \(money)")
      case .erased where amount.minor < 0:
        Bilingual(
          uk: "зі списаного через стирання даних пасажира знято назад: \(money)",
          en: "taken back of what was given up as the rider was erased: \(money)")
      case .erased:
        Bilingual(
          uk: "не стягується, бо дані пасажира стерто: \(money)",
          en: "given up, as the rider was erased: \(money)")
      case .waiting:
        Bilingual(
          uk: "ще не списано або не повернено: \(money)",
          en: "not charged or given back yet: \(money)")
      }
    return language == .ukrainian
      ? words.ukrainian.replacing(money, with: money.replacing(".", with: ",")) : words.english
  }

  /// The parts of what days come to in one currency.
  ///
  /// What is not in windows is of a phone of which nothing is known, or else of days that are not closed, or
  /// waits for a window of its own. How the account of stored value stands is told where it is taken from.
  static func parts(
    _ paying: RiderPaying, notClosedMinor: Int64, isWithoutAccount: Bool
  ) -> [RiderPayment] {
    let charged = paying.windowsMinor + notClosedMinor
    let left = paying.bankRidesMinor - charged - paying.erasedBankMinor
    let parts: [(Means, Int64)] = [
      (.storedValue, paying.storedMinor),
      (.belowNothing, paying.storedMinor > 0 ? paying.belowNothingMinor : 0),
      (.givenUp, paying.storedMinor > 0 ? paying.givenUpMinor : 0), (.charges, charged),
      (.short, paying.shortMinor), (.noMoney, paying.withoutAccountMinor),
      (.erased, paying.erasedBankMinor + paying.erasedStoredMinor),
      (isWithoutAccount && left > 0 ? .noAccount : .waiting, left),
    ]
    return parts.filter { $0.1 != 0 }.map { means, minor in
      RiderPayment(means, Money(minor: minor, currency: paying.currency))
    }
  }
}
