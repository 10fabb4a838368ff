import Basics
import Charging
import Clearing
import SimulatedCity

/// What the acquirer's files say of top-ups, sales and their refunds by bank card.
extension MoneyPlayer {
  /// A file of the acquirer on its way, with what it brings.
  private struct SalesFile {
    var records: [FundingRecord] = []
    /// What is on 1100 by it.
    var net: Int64 = 0
  }

  /// The acquirer pays and keeps, mostly as it should.
  mutating func fundSales(isTwice: Bool) async throws {
    var file = SalesFile()
    for place in books.cardSales.indices {
      let open = books.cardSales[place].open
      guard chance.chance(open > 0 ? 0.6 : 0.04) else { continue }
      switch chance.integer(in: 0...11) {
      case 0 where open > 1: pay(place, open / 2, "amount_differs", in: &file)
      case 1 where open > 0: pay(place, open + 7, "amount_differs", in: &file)
      case 2 where !books.cardSales[place].isRefund: tell(place, .decline(code: "late"), in: &file)
      default:
        let isOpen = open > 0
        pay(
          place, isOpen ? open : books.cardSales[place].minor, isOpen ? "matched" : "twice",
          in: &file)
      }
    }
    if chance.chance(0.3) { payNobody(in: &file) }
    guard !file.records.isEmpty else { return }
    let number = Int64(200_000 + counts["file of sales", default: 0])
    let day = today
    try await take(
      FundingFile(
        number: number, date: day, merchant: "city", currency: uah, records: file.records
      ).bytes, isTwice: isTwice)
    books.bookAtBank(.funding(number), file.net, on: day)
    count("file of sales")
  }

  private mutating func add(
    _ kind: FundingRecord.Kind, _ reference: String, _ gross: Int64, fee: Int64 = 0,
    _ category: String, in file: inout SalesFile
  ) {
    file.records.append(
      FundingRecord(
        line: file.records.count + 2, kind: kind, reference: reference, key: nil,
        grossMinor: gross, feeMinor: fee, currency: uah, valueDate: today))
    books.saleLines.append("\(category) \(reference) \(gross)")
    count("card sale \(category)")
  }

  /// Money of a payment comes, or of a refund goes, with a fee; what is more than is open waits in 2290.
  private mutating func pay(
    _ place: Int, _ gross: Int64, _ category: String, in file: inout SalesFile
  ) {
    let sale = books.cardSales[place]
    let sign: Int64 = sale.isRefund ? -1 : 1
    let settled = min(gross, sale.open)
    let fee = sale.isRefund ? 0 : gross * 15 / 1000
    books.cardSales[place].settled += settled
    books.write(.bank, .acquirer, sign * settled)
    books.write(.bank, .unmatched, sign * (gross - settled))
    books.write(.fees, .bank, fee)
    file.net += sign * gross - fee
    add(sale.isRefund ? .refund : .capture, sale.reference, gross, fee: fee, category, in: &file)
  }

  /// Something is told of a payment, and no money moves.
  private mutating func tell(_ place: Int, _ kind: FundingRecord.Kind, in file: inout SalesFile) {
    let sale = books.cardSales[place]
    add(kind, sale.reference, sale.minor, "declined", in: &file)
  }

  /// Money under a name that nobody knows.
  private mutating func payNobody(in file: inout SalesFile) {
    let gross = Int64(chance.integer(in: 100...900))
    books.write(.bank, .unmatched, gross)
    file.net += gross
    add(.capture, "X-\(key("x"))", gross, "unknown", in: &file)
  }
}
