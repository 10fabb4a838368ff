import Basics
import Charging
import Clearing
import SimulatedCity
import Transit

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
    try await settle()
    var file = SalesFile()
    for place in books.cardSales.indices {
      let open = books.cardSales[place].open
      guard chance.chance(open > 0 ? 0.6 : 0.04) else { continue }
      switch chance.integer(in: 0...11) {
      case 0 where open > 1: pay(place, open / 2, "amount_differs", in: &file)
      case 1 where open > 0: pay(place, open + 7, "amount_differs", in: &file)
      case 2 where !books.cardSales[place].isRefund: decline(place, in: &file)
      default:
        let isOpen = open > 0
        pay(
          place, isOpen ? open : books.cardSales[place].minor,
          isOpen ? "matched" : books.cardSales[place].declined > 0 ? "declined" : "twice",
          in: &file)
      }
    }
    if chance.chance(0.3) { payNobody(in: &file) }
    if chance.chance(0.5) { disputeTopUp(in: &file) }
    if chance.chance(0.4) { decideTopUp(isWon: chance.chance(0.5), in: &file) }
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

  /// The acquirer does not pay something: a top-up comes off stored value, all else waits for a person.
  private mutating func decline(_ place: Int, in file: inout SalesFile) {
    let sale = books.cardSales[place]
    func add(_ gross: Int64, isDone: Bool) {
      self.add(
        .decline(code: "late"), sale.reference, gross, isDone ? "declined" : "not_honoured",
        in: &file)
    }
    let topUp = books.people.cardTopUps.lazy.flatMap { rider, topUps in
      topUps.map { (rider, $0) }
    }.first { $0.1.reference == sale.reference }
    guard let (rider, paid) = topUp else { return add(sale.minor, isDone: false) }
    let open = max(0, paid.left - sale.settled)
    guard open > 0 else { return add(sale.minor, isDone: sale.minor <= sale.declined) }
    guard !books.people.erased.contains(rider) else { return add(sale.minor, isDone: false) }
    // As with disputes, no more than the account may go below nothing by its rule.
    let room =
      (books.people.deposits[rider] ?? 0) + MoneyPeople.negativeMaxMinor
      - books.people.paid(by: rider)
    guard room > 0 else { return }
    let gross = min(sale.minor, room)
    let off = min(gross, open)
    move(rider, sale.reference, -off)
    books.cardSales[place].declined += off
    add(gross, isDone: off == gross)
    count("top-up not paid")
  }

  // MARK: - Disputes

  /// A rider's bank takes back some of a top-up that went neither back nor was disputed before.
  private mutating func disputeTopUp(in file: inout SalesFile) {
    for rider in books.people.cardTopUps.keys.sorted() where !books.people.erased.contains(rider) {
      let topUps = books.people.cardTopUps[rider] ?? []
      // No more than the account may go below nothing by its rule: what is beyond it has tests of its own,
      // for which of two debts it then is hangs on what was paid before.
      let room =
        (books.people.deposits[rider] ?? 0) + MoneyPeople.negativeMaxMinor
        - books.people.paid(by: rider)
      guard let place = topUps.firstIndex(where: { $0.left > 0 }), room > 0 else { continue }
      let minor = min(topUps[place].left, room, Int64(chance.integer(in: 200...4000)))
      move(rider, topUps[place].reference, -minor)
      let dispute = PlainDispute(
        name: key("TB"), reference: topUps[place].reference, minor: minor, stage: "opened")
      books.disputedTopUps.append(dispute)
      add(.chargeback(caseID: dispute.name, stage: .opened), dispute, -minor, in: &file)
      count("top-up disputed")
      return
    }
  }

  private mutating func decideTopUp(isWon: Bool, in file: inout SalesFile) {
    guard let place = books.disputedTopUps.firstIndex(where: { $0.stage == "opened" }) else {
      return
    }
    let dispute = books.disputedTopUps[place]
    let holder = books.people.cardTopUps.first { _, topUps in
      topUps.contains { $0.reference == dispute.reference }
    }?.key
    guard let holder, !books.people.erased.contains(holder) else { return }
    if isWon { move(holder, dispute.reference, dispute.minor) }
    books.disputedTopUps[place].stage = isWon ? "won" : "lost"
    add(
      .chargeback(caseID: dispute.name, stage: isWon ? .won : .lost), dispute,
      isWon ? dispute.minor : 0, in: &file)
    count("top-up dispute \(isWon ? "won" : "lost")")
  }

  /// Stored value is less, or more, and the acquirer is owed as much.
  private mutating func move(_ rider: RiderID, _ reference: String, _ minor: Int64) {
    books.people.deposits[rider, default: 0] += minor
    books.write(.acquirer, minor)
    if let place = books.people.cardTopUps[rider]?.firstIndex(where: { $0.reference == reference })
    {
      books.people.cardTopUps[rider]?[place].left += minor
    }
  }

  /// A line about a dispute, with the money that the acquirer keeps or pays for it.
  private mutating func add(
    _ kind: FundingRecord.Kind, _ dispute: PlainDispute, _ money: Int64, in file: inout SalesFile
  ) {
    books.write(.bank, .acquirer, money)
    file.net += money
    add(kind, dispute.reference, dispute.minor, "matched", in: &file)
  }

  /// Money under a name that nobody knows.
  private mutating func payNobody(in file: inout SalesFile) {
    let gross = Int64(chance.integer(in: 100...900))
    books.write(.bank, .unmatched, gross)
    file.net += gross
    add(.capture, "X-\(key("x"))", gross, "unknown", in: &file)
  }
}
