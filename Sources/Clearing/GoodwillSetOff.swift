import Charging
import Ledger
import Store

extension ChargeBatch {
  /// Sets fares that fell off against what was given back before as goodwill: whoever bore that bears it no
  /// more, for the fare that fell is borne already.
  ///
  /// Of several operators each gets its part of what it still bears.
  mutating func setOffGoodwill(
    _ minor: Int64, of id: Int64, detail: String, in db: StoreSession
  ) async throws {
    guard let row = windows[id] else { throw ChargeRefusal.alreadyKnown }
    if goodwillBorne[id] == nil {
      goodwillBorne[id] = try await db.charging.goodwillBorne(ofWindow: id)
    }
    var borne = goodwillBorne[id] ?? []
    // More than anybody is found to bear waits for a person, like fares of an unknown operator.
    let missing = minor - borne.reduce(0) { $0 + $1.minor }
    if missing > 0 { borne.append(OperatorSum(operatorID: nil, minor: missing)) }
    let parts = Apportionment.split(minor, by: borne.map(\.minor))
    var postings = [Posting(.debit, account: AccountCode.riders, minor: minor)]
    for (index, part) in parts.enumerated() where part > 0 {
      borne[index].minor -= part
      let name = borne[index].operatorID
      postings.append(
        Posting(
          .credit, account: name == nil ? AccountCode.unknownOperator : AccountCode.operators,
          operatorID: name, minor: part))
    }
    goodwillBorne[id] = borne
    let entry = try await db.books.book(
      try Entry(
        kind: .refund, accountingDate: accountingDate, fareDay: row.fareDay,
        currency: row.currency,
        memo: "Goodwill that fares took back, window \(id), fare day \(row.fareDay)",
        postings: postings), at: now)
    try apply(
      .setOff(minor: minor), to: id, actor: "clock", detail: detail, entryID: entry)
  }
}
