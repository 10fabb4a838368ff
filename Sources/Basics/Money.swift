/// A currency by its ISO 4217 code.
package struct Currency: Hashable, Sendable, CustomStringConvertible {
  /// Three capital letters: `UAH`.
  package let code: String

  /// Makes a currency from three capital letters; nil when it is anything else.
  package init?(_ code: some StringProtocol) {
    guard code.utf8.count == 3, code.utf8.allSatisfy({ (65...90).contains($0) }) else {
      return nil
    }
    self.code = String(code)
  }

  package var description: String { code }

  /// Decimal places of the minor unit (ISO 4217): two but for a few.
  package var minorDigits: Int {
    switch code {
    case "JPY", "KRW", "VND", "CLP", "ISK", "PYG", "UGX", "XAF", "XOF": 0
    case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
    default: 2
    }
  }
}

/// Why a sum of money could not be formed.
package enum MoneyFault: Error, Equatable, Sendable {
  /// The result does not fit into 64 bits of minor units.
  case overflow
  /// Amounts of two currencies were put together.
  case currencies(Currency, Currency)
}

/// An amount in minor units (kopiykas, cents) of one currency; all maths is checked.
package struct Money: Hashable, Sendable {
  /// Minor units; may be below zero.
  package let minor: Int64
  package let currency: Currency

  /// Makes an amount.
  package init(minor: Int64, currency: Currency) {
    self.minor = minor
    self.currency = currency
  }

  /// The sum of two amounts of one currency.
  package func adding(_ other: Money) throws(MoneyFault) -> Money {
    guard currency == other.currency else { throw .currencies(currency, other.currency) }
    let (sum, overflow) = minor.addingReportingOverflow(other.minor)
    guard !overflow else { throw .overflow }
    return Money(minor: sum, currency: currency)
  }

  /// Most minor units of an amount that comes from outside the house, and of all amounts of a file together:
  /// 10^15.
  ///
  /// Thousands of them stay within 64 bits, and a program that reads numbers of JSON as doubles has each of
  /// them exactly.
  package static let outsideMinorMax: Int64 = 1_000_000_000_000_000
}

extension Money: CustomStringConvertible {
  /// The amount for people: `12.50 UAH`.
  package var description: String { "\(majorText) \(currency.code)" }

  /// The amount for people who read a language: Ukrainian writes a comma before the minor units.
  package func text(in language: Language) -> String {
    language == .ukrainian ? String(description.map { $0 == "." ? "," : $0 }) : description
  }

  /// The amount in major units with a decimal point: `-0.05`.
  package var majorText: String {
    let digits = currency.minorDigits
    guard digits > 0 else { return String(minor) }
    var scale: UInt64 = 1
    for _ in 0..<digits { scale *= 10 }
    let size = minor.magnitude
    return (minor < 0 ? "-" : "") + String(size / scale) + "."
      + padded(Int(size % scale), digits)
  }
}
