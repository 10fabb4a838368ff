package import Basics

/// A file of captures and refunds for the acquirer, in lines of comma-separated values.
///
/// `H,KVYTOK-CLEARING,1,<number>,<date>,<merchant>,<currency>`; then
/// `C,<key>,<reference>,<card token, hexadecimal>,<minor>` for a capture and `R,…` for a refund;
/// then `T,<lines between>,<sum of captures>,<sum of refunds>,<SHA-256 of all bytes before>`.
package struct ClearingFile: Sendable, Hashable {
  /// Most lines between the first and the last.
  package static let linesMax = 100_000

  /// A line of it.
  package struct Line: Sendable, Hashable {
    package let key: ChargeKey
    /// The acquirer's name of the payment.
    package let reference: String
    package let cardToken: [UInt8]
    /// Minor units above zero.
    package let minor: Int64
    package let isRefund: Bool

    /// Makes a line.
    package init(
      key: ChargeKey, reference: String, cardToken: [UInt8], minor: Int64, isRefund: Bool
    ) {
      self.key = key
      self.reference = reference
      self.cardToken = cardToken
      self.minor = minor
      self.isRefund = isRefund
    }
  }

  package let number: Int64
  package let date: Day
  package let merchant: String
  package let currency: Currency
  package let lines: [Line]

  /// Makes a file; its lines are put in the order of their keys, so that it is the same each time.
  package init(number: Int64, date: Day, merchant: String, currency: Currency, lines: [Line]) {
    precondition(lines.count <= Self.linesMax, "a clearing file is longer than its limit")
    self.number = number
    self.date = date
    self.merchant = merchant
    self.currency = currency
    self.lines = lines.sorted { $0.key.description < $1.key.description }
  }

  /// The name of the file: `clearing-000017.csv`.
  package var name: String { "clearing-\(padded(Int(number), 6)).csv" }
  /// Sum of captures less refunds in minor units.
  package var netMinor: Int64 { lines.reduce(0) { $0 + ($1.isRefund ? -$1.minor : $1.minor) } }

  /// The bytes of the file.
  package var bytes: [UInt8] {
    var writer = CSVWriter()
    writer.row([
      "H", "KVYTOK-CLEARING", "1", String(number), date.description, merchant, currency.code,
    ])
    var sums: (captures: Int64, refunds: Int64) = (0, 0)
    for line in lines {
      writer.row([
        line.isRefund ? "R" : "C", line.key.description, line.reference, hexText(line.cardToken),
        String(line.minor),
      ])
      if line.isRefund { sums.refunds += line.minor } else { sums.captures += line.minor }
    }
    let digest = hexText(FileDigest.of(writer.bytes))
    writer.row([
      "T", String(lines.count), String(sums.captures), String(sums.refunds), digest,
    ])
    return writer.bytes
  }
}
